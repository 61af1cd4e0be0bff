"""The two ways out: data to stdout or a file, talk to stderr."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from trailhound.errors import TrailhoundError, WrongUsage
from trailhound.output import FORMATS, write
from trailhound.output.columns import Column, Row
from trailhound.output.text import visible, visible_lines
from trailhound.settings import Settings

# Where DuckDB's own files have it: https://duckdb.org/docs/stable/internals/storage
_DUCKDB = b"DUCK"


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


def emit(format_name: str, columns: Sequence[Column], rows: Sequence[Row]) -> None:
    """Write the rows to stdout. Raises WrongUsage for a binary format on a terminal."""
    if FORMATS[format_name].is_binary:
        if sys.stdout.isatty():
            raise WrongUsage(f"{format_name} is not for a terminal: redirect it to a file")
        write(format_name, columns, rows, click.get_binary_stream("stdout"))
        return
    # Whatever the locale is: a name that it cannot spell must not end the output.
    stream = click.get_text_stream("stdout", encoding="utf-8", errors="backslashreplace")
    write(format_name, columns, rows, stream)
    stream.flush()


def save(format_name: str, columns: Sequence[Column], rows: Sequence[Row], path: Path) -> None:
    """Write the rows to a file, whole or not at all. Raises TrailhoundError if it cannot."""
    with written_whole(path) as beside, _open(format_name, beside) as stream:
        write(format_name, columns, rows, stream)


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A path to write to that takes the place of `path` in the end, if nothing went wrong.

    A link stays one, a file keeps its mode; what is no regular file, as a pipe, is written to as it
    is. Raises TrailhoundError if it cannot be written, or is a store.
    """
    try:
        if path.exists() and not path.is_file():
            yield path
            return
        target = path.resolve()
        if target.exists():
            _refuse_store(target)
        beside = target.with_name(f".{target.name}.partial")
        try:
            yield beside
            if target.exists():
                shutil.copymode(target, beside)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise TrailhoundError(f"{path} cannot be written: {error.strerror or error}") from error


def _refuse_store(path: Path) -> None:
    with path.open("rb+") as file:  # which also says whether it may be written
        if file.read(12)[8:] == _DUCKDB:
            raise TrailhoundError(f"{path} is a store: it would be lost")


def _open(format_name: str, path: Path) -> IO[Any]:
    if FORMATS[format_name].is_binary:
        return path.open("wb")
    return path.open("w", encoding="utf-8", newline="", errors="backslashreplace")
