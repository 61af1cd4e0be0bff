"""Load files into the store, with a progress bar for who watches and lines for what broke."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

from trailhound.engines import Warehouse
from trailhound.screens.console import complain
from trailhound.settings import Settings
from trailhound.store.files import told_clashes
from trailhound.text import counted
from trailhound.workspace import Work

if TYPE_CHECKING:
    import duckdb

    # Not at the start: it brings DuckDB and Arrow, which --help does without.
    from trailhound.load import LoadReport, Problem, Progress

_PROBLEMS_TOLD = 20
_PLACE = " at "  # comes before a record's path in its file, which differs from record to record


def load_paths(
    work: Work, paths: Sequence[str], since: date | None, until: date | None
) -> LoadReport:
    """Load what is new under the paths, telling on stderr how far it is and what is broken.

    Raises NoSuchFile for a path that leads to no file, LoadError if nothing at all can be read.
    """
    from trailhound.load import NothingRead, load

    was_there = work.store.exists()
    connection = work.open_store()
    try:
        with _progress_bar(work.settings) as tell:
            report = load(
                connection,
                paths,
                table=work.table("cloudtrail_logs"),
                since=since,
                until=until,
                memory_limit=work.target.config["settings"]["memory_limit"],
                progress=tell,
            )
    except NothingRead as error:
        if len(error.problems) > 1:
            _tell_problems(error.problems, 0)
        raise
    except BaseException:
        if not was_there and _is_empty(connection, work.table("cloudtrail_logs")):
            connection.close()
            work.store.unlink(missing_ok=True)
        raise
    finally:
        connection.close()
    _tell_problems(report.problems, report.rejected)
    return report


def _is_empty(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether a load that failed has kept nothing, not even what was wrong with a file."""
    import duckdb

    try:
        return connection.execute(f"select 1 from {table} limit 1").fetchone() is None
    except duckdb.Error:
        return True


def summary(report: LoadReport) -> str:
    """What a load brought, on one line."""
    files = [f"{counted(report.files_read, 'file')} read"]
    for count, what in (
        (report.files_known, "known already"),
        (report.files_partial, "partly broken"),
        (report.files_rejected, "rejected"),
        (report.files_skipped, "skipped"),
    ):
        if count:
            files.append(f"{count:,} {what}")
    records = [counted(report.records, "record")]
    if report.rejected:
        records.append(f"{report.rejected:,} rejected")
    if report.skipped:
        records.append(f"{report.skipped:,} skipped")
    return f"{', '.join(files)}; {', '.join(records)}"


def tell_clashes(warehouse: Warehouse) -> None:
    """Say on stderr if records of the last load share an eventID without being the same."""
    if told := told_clashes(warehouse):
        complain(told)


def _tell_problems(problems: Sequence[Problem], rejected: int) -> None:
    """A line for each broken file, and one for file and reason of rejected records, if not many.

    rejected: how many records are in all, of which a report lists the first.
    """
    alike: dict[tuple[str, str, bool], list[int]] = {}
    for each in problems:
        reason = each.reason.rpartition(_PLACE)[0] if each.row else ""
        alike.setdefault((each.file, reason or each.reason, each.row > 0), []).append(each.row)
    untold = 0
    for number, ((file, reason, is_record), rows) in enumerate(alike.items()):
        if is_record and number >= _PROBLEMS_TOLD:
            untold += 1
            continue
        what = f" {counted(len(rows), 'record')} rejected:" if is_record else ""
        complain(f"{file}:{what} {reason}")
    if untold:
        complain(f"… and {untold:,} more: trailhound files --rejected")
    listed = sum(each.row > 0 for each in problems)
    if rejected > listed:
        complain(f"these are the first {listed:,} of {rejected:,}: trailhound files --rejected")


@contextmanager
def _progress_bar(settings: Settings) -> Iterator[Callable[[Progress], None] | None]:
    """A bar over the bytes of the files, if stderr is a terminal."""
    if settings.quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars

    bars = Bars(
        TextColumn("loading"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[files]} files"),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        transient=True,
    )
    with bars:
        task = bars.add_task("loading", total=None, files="")

        def tell(progress: Progress) -> None:
            bars.update(
                task,
                completed=progress.bytes_read,
                total=progress.bytes_total,
                files=f"{progress.files:,}/{progress.files_total:,}",
            )

        yield tell
