"""JSON with real types. Text beyond ASCII is escaped: no byte of it can drive a terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any, TextIO

from trailhound.formats.columns import Column, Row


def write_ndjson(columns: Sequence[Column], rows: Sequence[Row], stream: TextIO) -> None:
    """One object a line."""
    for row in rows:
        stream.write(_object(columns, row) + "\n")


def write_json(columns: Sequence[Column], rows: Sequence[Row], stream: TextIO) -> None:
    """One array of objects, an object a line."""
    lines = ",\n".join("  " + _object(columns, row) for row in rows)
    stream.write(f"[\n{lines}\n]\n" if rows else "[]\n")


def to_json(value: Any) -> str:
    """A value as JSON text; times as `2026-01-31T23:59:00Z`, dates as `2026-01-31`.

    What else a query may answer, and JSON has no type for, is text, as are infinity and no number;
    a decimal is a number.
    """
    try:
        return json.dumps(value, default=_plain, separators=(",", ":"), allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), default=_plain, separators=(",", ":"))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return str(value) if isinstance(value, float) and not isfinite(value) else value


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return iso(value)
    return float(value) if isinstance(value, Decimal) else str(value)


def iso(value: date | datetime) -> str:
    """A UTC time, with its zone or without, or a date as ISO text.

    Fractions are not kept, CloudTrail has none.
    """
    if isinstance(value, datetime):
        return f"{value.replace(tzinfo=None).isoformat(timespec='seconds')}Z"
    return value.isoformat()


def _object(columns: Sequence[Column], row: Row) -> str:
    return to_json(dict(zip((column.name for column in columns), row, strict=True)))
