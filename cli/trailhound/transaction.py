"""All or nothing: a transaction on DuckDB, a file written whole."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from trailhound.errors import TrailhoundError

if TYPE_CHECKING:
    import duckdb

# Where DuckDB's own files have it: https://duckdb.org/docs/stable/internals/storage
_DUCKDB = b"DUCK"


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit what is done within; after any error, or an interruption, nothing of it is left."""
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


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
