"""Tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from shutil import get_terminal_size
from typing import Any, TextIO

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from trailhound.formats.as_json import to_json
from trailhound.formats.columns import Column, Row
from trailhound.text import visible

SEVERITY_STYLES = {
    "low": "cyan",
    "medium": "yellow",
    "high": "red",
    "critical": "bold white on red",
}
WIDTH_WITHOUT_TERMINAL = 120
_UNBROKEN = {"severity", "integer", "boolean", "date", "time", "word", "words"}


def write_table(
    columns: Sequence[Column], rows: Sequence[Row], stream: TextIO, width: int | None = None
) -> None:
    """A table as wide as the terminal, or `width` characters; nothing at all for no rows."""
    if not rows:
        return
    table = Table(
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        header_style="bold",
        show_edge=False,
    )
    for column in columns:
        table.add_column(
            column.name.replace("_", " "),
            justify="right" if column.kind == "integer" else "left",
            no_wrap=column.kind in _UNBROKEN,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(cell(column, value) for column, value in zip(columns, row, strict=True)))
    console = console_for(stream, width)
    # What is not to be broken is not cut off either: the terminal folds what is wider than it is.
    console.width = max(console.width, _least_width(columns, rows))
    with console.capture() as captured:
        console.print(table)
    stream.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def _least_width(columns: Sequence[Column], rows: Sequence[Row]) -> int:
    """How wide the columns are that are not to be broken, with a little for each of the others."""
    width = 0
    for place, column in enumerate(columns):
        lines = column.name.replace("_", " ").split("\n")
        if column.kind in _UNBROKEN:
            for row in rows:
                lines += cell(column, row[place]).plain.split("\n")
        width += max(map(cell_len, lines)) + 2
    return width - 2


def console_for(stream: TextIO, width: int | None = None) -> Console:
    """A console on the stream, that interprets no markup and guesses no highlights."""
    return Console(
        file=stream, width=width or page_width(), markup=False, highlight=False, emoji=False
    )


def page_width() -> int:
    """How wide a page of text may be: the terminal's width, or COLUMNS where there is none."""
    return get_terminal_size((WIDTH_WITHOUT_TERMINAL, 24)).columns


def cell(column: Column, value: Any) -> Text:
    """A value as text that is safe on a terminal, and coloured if it is a severity."""
    if column.kind in ("pair", "words"):
        first, second = (visible(_plain(each)) for each in value)
        return Text.assemble(first, ("\n" + second if second else "", "dim"))
    style = SEVERITY_STYLES.get(str(value), "") if column.kind == "severity" else ""
    return Text(visible(_plain(value)), style=style)


def _plain(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S")
        case list():
            return ", ".join(map(str, value))
        case dict():
            return to_json(value)
    return str(value)
