"""An Excel workbook: a row an alert, nothing in it ever a formula or a link."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import IO, Any

from trailhound.errors import extra
from trailhound.formats.as_json import to_json
from trailhound.formats.columns import Column, Row
from trailhound.text import visible

_LONGEST_CELL = 32_767
_WIDTHS = {"time": 20, "date": 12, "integer": 10, "boolean": 10}


def write_xlsx(columns: Sequence[Column], rows: Sequence[Row], stream: IO[bytes]) -> None:
    """One sheet with a header that stays in sight and a filter on every column."""
    with extra("xlsx", "the format xlsx"):
        import xlsxwriter

    out = BytesIO()
    settings = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    workbook = xlsxwriter.Workbook(out, {**settings, "strings_to_numbers": False})
    # The same alerts give the same bytes.
    workbook.set_properties({"created": datetime(2000, 1, 1)})
    sheet = workbook.add_worksheet("alerts")
    bold = workbook.add_format({"bold": True})
    formats = {
        "time": workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        "date": workbook.add_format({"num_format": "yyyy-mm-dd"}),
    }
    for place, column in enumerate(columns):
        sheet.write_string(0, place, column.name, bold)
        sheet.set_column(place, place, _WIDTHS.get(column.kind, 24))
        for number, row in enumerate(rows, 1):
            _write(sheet, number, place, row[place], formats)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(len(rows), 1), len(columns) - 1)
    workbook.close()
    stream.write(out.getvalue())


def _write(sheet: Any, row: int, place: int, value: Any, formats: dict[str, Any]) -> None:
    match value:
        case None:
            return
        case bool():
            sheet.write_boolean(row, place, value)
        case int() | float() | Decimal():
            sheet.write_number(row, place, value)
        case datetime():
            sheet.write_datetime(row, place, value.replace(tzinfo=None), formats["time"])
        case date():
            sheet.write_datetime(row, place, value, formats["date"])
        case list() | dict():
            sheet.write_string(row, place, to_json(value)[:_LONGEST_CELL])
        case _:
            sheet.write_string(row, place, visible(str(value))[:_LONGEST_CELL])
