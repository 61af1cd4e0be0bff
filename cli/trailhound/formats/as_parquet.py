"""Parquet with real types; objects stay JSON text, as their keys differ from row to row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from trailhound.formats.as_json import to_json
from trailhound.formats.columns import Column, Row

_TYPES = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "time": pa.timestamp("us", tz="UTC"),
    "list": pa.list_(pa.string()),
}


def write_parquet(columns: Sequence[Column], rows: Sequence[Row], stream: BinaryIO) -> None:
    """One file; its columns have their types even when there is no row."""
    arrays = [
        pa.array([_value(column, row[index]) for row in rows], _TYPES.get(column.kind, pa.string()))
        for index, column in enumerate(columns)
    ]
    pq.write_table(pa.table(arrays, names=[column.name for column in columns]), stream)


def _value(column: Column, value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    if column.kind == "number":
        return float(value)
    if column.kind in _TYPES:
        return value
    # The answer to a query may hold what has no kind.
    return to_json(value) if isinstance(value, list | dict) else str(value)
