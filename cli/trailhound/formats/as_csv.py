"""CSV that is safe to open in a spreadsheet and to print on a terminal."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date
from typing import Any, TextIO

from trailhound.formats.as_json import iso, to_json
from trailhound.formats.columns import Column, Row
from trailhound.text import visible

# A spreadsheet runs a field that starts with one of these as a formula, or after dropping it; some
# take the full-width forms for the same.
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def write_csv(columns: Sequence[Column], rows: Sequence[Row], stream: TextIO) -> None:
    """A header line, then a line a row; lists and objects as JSON text, absent values empty."""
    writer = csv.writer(stream, lineterminator="\n")
    # A query may make names of columns out of what the log says.
    writer.writerow([_field(column.name) for column in columns])
    writer.writerows([_field(value) for value in row] for row in rows)


def _field(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case date():
            return iso(value)
        case list() | dict():
            return to_json(value)
    text = str(value)
    harmless = visible(text)
    return f"'{harmless}" if text.startswith(_STARTS_FORMULA) else harmless
