"""How DuckDB is set while a load runs, and how the store is left afterwards."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb

_MEMORY_OF_A_THREAD = 230 << 20
_SOME_VACUUM = 100  # tasks, DuckDB's own default


@contextmanager
def loading_settings(connection: duckdb.DuckDBPyConnection, memory_limit: str) -> Iterator[None]:
    """DuckDB's settings while a load runs: those of the caller come back afterwards.

    Rows go in in any order, which is a quarter faster: no one asked for theirs. The memory limit
    only ever gets lower, and so do the threads, for each fills row groups of its own.
    """
    before = connection.execute(
        """select current_setting('preserve_insertion_order'), current_setting('threads'),
            current_setting('enable_progress_bar'), current_setting('max_vacuum_tasks'),
            memory, parse_formatted_bytes(?)
        from (select parse_formatted_bytes(current_setting('memory_limit')) as memory)""",
        [memory_limit],
    ).fetchone()
    order, threads, bar, vacuum, memory, limit = before or (True, 1, False, _SOME_VACUUM, 0, 0)
    fewer = max(1, min(threads, min(memory, limit) // _MEMORY_OF_A_THREAD))
    # The progress bar would be drawn on stdout, and stdout is data.
    _set(
        connection,
        preserve_insertion_order=False,
        threads=fewer,
        enable_progress_bar=False,
        max_vacuum_tasks=0,
    )
    if memory > limit:
        _set(connection, memory_limit=memory_limit)
    try:
        yield
    finally:
        with suppress(duckdb.Error):  # refused after a failure in the caller's transaction
            _set(
                connection,
                preserve_insertion_order=order,
                threads=threads,
                enable_progress_bar=bar,
                max_vacuum_tasks=vacuum,
            )
            if memory > limit:
                # DuckDB shows tenths of a unit, cut off: half of one more keeps it from sinking.
                unit = 1024 ** int(math.log(max(memory, 1), 1024))
                _set(connection, memory_limit=f"{memory + unit // 20}B")


def _set(connection: duckdb.DuckDBPyConnection, **settings: object) -> None:
    for name, value in settings.items():
        connection.execute(f"set {name} = $value", {"value": value})


def checkpoint(connection: duckdb.DuckDBPyConnection, *, tidy: bool) -> None:
    """Bring what was committed into the store's file; `tidy` takes the room of deleted rows back.

    Tidying joins row groups that are not full, and packs all that is in them a second time: after
    rows were only added that costs a third of a load, and leaves a larger file.
    """
    if tidy:
        _set(connection, max_vacuum_tasks=_SOME_VACUUM)
    with suppress(duckdb.TransactionException):  # another connection of this process is writing
        connection.execute("checkpoint")
