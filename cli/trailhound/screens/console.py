"""Output: data to stdout or a file, messages to stderr."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any

import click

from trailhound.errors import WrongUsage
from trailhound.formats import FORMATS, write
from trailhound.formats.columns import Column, Row
from trailhound.pipe import reader_may_leave
from trailhound.settings import Settings
from trailhound.text import visible, visible_lines
from trailhound.transaction import written_whole


def say(settings: Settings, message: str) -> None:
    """One line of talk, unless --quiet."""
    if not settings.quiet:
        complain(message)


def complain(message: str) -> None:
    """One line that even --quiet does not silence."""
    click.echo(visible(message), err=True)


def complain_lines(message: str) -> None:
    """As `complain`, for text of several lines."""
    click.echo(visible_lines(message), err=True)


def emit(format_name: str, columns: Sequence[Column], rows: Sequence[Row]) -> bool:
    """Write the rows to stdout; false if its reader left before the end.

    Raises WrongUsage for a binary format on a terminal.
    """
    if FORMATS[format_name].is_binary:
        if sys.stdout.isatty():
            raise WrongUsage(f"{format_name} is not for a terminal: redirect it to a file")
        with reader_may_leave() as reader:
            write(format_name, columns, rows, sys.stdout.buffer)
        return not reader.has_left
    # Whatever the locale is: a name that it cannot spell must not end the output.
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    with reader_may_leave() as reader:
        write(format_name, columns, rows, sys.stdout)
        sys.stdout.flush()
    return not reader.has_left


def save(format_name: str, columns: Sequence[Column], rows: Sequence[Row], path: Path) -> None:
    """Write the rows to a file, whole or not at all. Raises TrailhoundError if it cannot."""
    with written_whole(path) as beside, _open(format_name, beside) as stream:
        write(format_name, columns, rows, stream)


def _open(format_name: str, path: Path) -> IO[Any]:
    if FORMATS[format_name].is_binary:
        return path.open("wb")
    return path.open("w", encoding="utf-8", newline="", errors="backslashreplace")
