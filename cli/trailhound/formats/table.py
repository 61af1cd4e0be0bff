"""Tables for people."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from operator import add, sub
from shutil import get_terminal_size
from typing import Any, NamedTuple, TextIO

from rich.cells import cell_len, chop_cells

from trailhound.formats.as_json import to_json
from trailhound.formats.columns import Column, Row
from trailhound.text import visible, visible_lines

SEVERITY_STYLES = {
    "low": "36",
    "medium": "33",
    "high": "31",
    "critical": "1;37;41",
}
"""What a terminal colours a text with, as the parameters of its SGR sequence."""
WIDTH_WITHOUT_TERMINAL = 120
_BOLD, _DIM = "1", "2"
_GAP = 2
_UNBROKEN = {"severity", "integer", "boolean", "date", "time", "word", "words"}


class _Cell(NamedTuple):
    """Lines that are safe on a terminal, and the styles of the first one and of the others."""

    lines: Sequence[str]
    first: str = ""
    others: str = ""


def write_table(
    columns: Sequence[Column], rows: Sequence[Row], stream: TextIO, width: int | None = None
) -> None:
    """A table as wide as the terminal, or `width` characters; nothing at all for no rows.

    Rich's own tables take a millisecond a row, and its import as long as a search of the store.
    """
    if not rows:
        return
    # A query may make names of columns out of what the log says.
    heads = [
        _Cell(visible_lines(each.name).replace("_", " ").split("\n"), _BOLD, _BOLD)
        for each in columns
    ]
    table = [heads] + [list(map(_cell, columns, row)) for row in rows]
    widths = _fitted(columns, table, width or page_width())
    is_coloured = _takes_colours(stream)
    for place, row in enumerate(table):
        cells = [_folded(each, room) for each, room in zip(row, widths, strict=True)]
        height = max(map(len, cells))
        for cell in cells:
            missing = [("", "")] * (height - len(cell))
            # A head stands right above its column.
            cell[:] = cell + missing if place else missing + cell
        for line in zip(*cells, strict=True):
            stream.write(f"{_drawn(columns, line, widths, is_coloured=is_coloured)}\n")
        if not place:
            is_ascii = not str(stream.encoding or "utf-8").lower().startswith("utf")
            rule = "-" if is_ascii else "─"
            stream.write(rule * (sum(widths) + _GAP * (len(widths) - 1)) + "\n")


def page_width() -> int:
    """How wide a page of text may be: the terminal's width, or COLUMNS where there is none."""
    return get_terminal_size((WIDTH_WITHOUT_TERMINAL, 24)).columns


def _takes_colours(stream: TextIO) -> bool:
    """Whether it is a terminal that shows colours, and nobody forbids them (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _fitted(columns: Sequence[Column], table: Sequence[Sequence[_Cell]], room: int) -> list[int]:
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


_OUR_MARKS = str.maketrans("", "", "·…≥")


def _width(cell: _Cell) -> int:
    return max(map(_cells, cell.lines))


def _cells(text: str) -> int:
    # rich looks at each character, and most of what is no ASCII is a mark of ours, one cell wide.
    if text.isascii() or text.translate(_OUR_MARKS).isascii():
        return len(text)
    return cell_len(text)


def _folded(cell: _Cell, width: int) -> list[tuple[str, str]]:
    """The cell's lines, none of them wider, each with its style."""
    return [
        (part.rstrip(), cell.others if place else cell.first)
        for place, line in enumerate(cell.lines)
        for part in ([line] if _cells(line) <= width else _parts(line, width))
    ]


def _parts(line: str, width: int) -> Iterator[str]:
    """The line broken between words, and a word that is wider than that within."""
    part = ""
    for word in re.findall(r"\s*\S+\s*", line):
        if _cells(part + word.rstrip()) <= width:
            part += word
            continue
        if part:
            yield part
        part = word
        if _cells(word.rstrip()) > width:
            *whole, part = _chopped(word, max(width, 1))
            yield from whole
    yield part


def _chopped(word: str, width: int) -> list[str]:
    # The tenth part of the time, and most words are of ASCII.
    if word.isascii():
        return [word[start : start + width] for start in range(0, len(word), width)]
    return chop_cells(word, width)


def _drawn(
    columns: Sequence[Column],
    line: Sequence[tuple[str, str]],
    widths: Sequence[int],
    *,
    is_coloured: bool,
) -> str:
    """The parts of a line side by side, without blanks at its end."""
    drawn, blanks = "", ""
    for column, (text, style), width in zip(columns, line, widths, strict=True):
        blank = " " * (width - _cells(text))
        is_number = column.kind == "integer"
        if text:
            drawn += blanks + (blank if is_number else "")
            drawn += f"\x1b[{style}m{text}\x1b[0m" if style and is_coloured else text
            blanks = ""
        blanks += (blank if not (text and is_number) else "") + " " * _GAP
    return drawn


def _cell(column: Column, value: Any) -> _Cell:
    """A value as text that is safe on a terminal, and coloured if it is a severity."""
    if column.kind in ("pair", "words"):
        first, second = (visible(_plain(each)) for each in value)
        return _Cell([first, second] if second else [first], "", _DIM)
    style = SEVERITY_STYLES.get(str(value), "") if column.kind == "severity" else ""
    return _Cell([visible(_plain(value))], style, style)


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
