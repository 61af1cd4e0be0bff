"""Tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from operator import add, sub
from shutil import get_terminal_size
from typing import Any, TextIO

from rich.cells import cell_len
from rich.console import Console
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
_GAP = 2
_UNBROKEN = {"severity", "integer", "boolean", "date", "time", "word", "words"}


def write_table(
    columns: Sequence[Column], rows: Sequence[Row], stream: TextIO, width: int | None = None
) -> None:
    """A table as wide as the terminal, or `width` characters; nothing at all for no rows.

    Rich folds and colours the texts; its own tables take a millisecond a row.
    """
    if not rows:
        return
    heads = [Text(each.name.replace("_", " "), style="bold") for each in columns]
    table = [heads] + [list(map(cell, columns, row)) for row in rows]
    console = console_for(stream, width)
    widths = _fitted(columns, table, console.width)
    for place, row in enumerate(table):
        cells = [_folded(text, each, console) for text, each in zip(row, widths, strict=True)]
        height = max(map(len, cells))
        for cell_lines in cells:
            missing = [Text()] * (height - len(cell_lines))
            # A head stands right above its column.
            cell_lines[:] = cell_lines + missing if place else missing + cell_lines
        for line in zip(*cells, strict=True):
            drawn = _drawn(columns, line, widths)
            if console.is_terminal:
                console.print(drawn, soft_wrap=True)
            else:
                stream.write(f"{drawn.plain}\n")
        if not place:
            rule = "-" if console.options.ascii_only else "─"
            stream.write(rule * (sum(widths) + _GAP * (len(widths) - 1)) + "\n")


def _fitted(columns: Sequence[Column], table: Sequence[Sequence[Text]], room: int) -> list[int]:
    """How wide each column is: what does not fit is taken from the widest that may be folded.

    What is not to be broken is not cut off either, and the others keep the width of their heads:
    the terminal folds what is wider than it is.
    """
    # Half of the gap behind it counts as a column's own.
    gap = [_GAP // 2] * (len(columns) - 1) + [0]
    widths = [max(map(_width, cells)) for cells in zip(*table, strict=True)]
    widths = list(map(add, widths, gap))
    foldable = [place for place, each in enumerate(columns) if each.kind not in _UNBROKEN]
    least = [
        _width(table[0][place]) + gap[place] if place in foldable else each
        for place, each in enumerate(widths)
    ]
    excess = sum(widths) - max(room - sum(gap), sum(least))
    while excess > 0:
        top = max(widths[place] for place in foldable)
        widest = [place for place in foldable if widths[place] == top]
        below = max((widths[place] for place in foldable if widths[place] < top), default=0)
        for left, place in zip(range(len(widest), 0, -1), widest, strict=True):
            taken = min(top - below, round(excess / left))
            widths[place] -= taken
            excess -= taken
    return list(map(sub, widths, gap))


def _width(text: Text) -> int:
    return max(map(cell_len, text.plain.split("\n")))


def _folded(text: Text, width: int, console: Console) -> list[Text]:
    if _width(text) <= width:
        return list(text.split("\n", allow_blank=True))
    return list(text.wrap(console, width, overflow="fold"))


def _drawn(columns: Sequence[Column], line: Sequence[Text], widths: Sequence[int]) -> Text:
    """The parts of a line side by side, without blanks at its end."""
    drawn = Text()
    for column, part, width in zip(columns, line, widths, strict=True):
        blank = " " * (width - cell_len(part.plain))
        drawn.append(blank if column.kind == "integer" else "")
        drawn.append_text(part)
        drawn.append(("" if column.kind == "integer" else blank) + " " * _GAP)
    drawn.rstrip()
    return drawn


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
