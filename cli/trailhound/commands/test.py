"""trailhound test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click

from trailhound.catalog import Detection, select
from trailhound.dbt import Outcome
from trailhound.errors import TrailhoundError, WrongUsage
from trailhound.main import command
from trailhound.output import Column, Row
from trailhound.output.console import complain_lines, emit, say
from trailhound.settings import Settings
from trailhound.work import Work

COLUMNS = (
    Column("detection"),
    Column("test"),
    Column("status"),
    Column("message"),
)
FOR_PEOPLE = (Column("detection"), Column("passed", "integer"), Column("failed", "integer"))


@command("test", example="trailhound test iam_multiple_failed_api_calls")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.pass_obj
def test(settings: Settings, /, names: tuple[str, ...]) -> None:
    """Run the unit tests of some or all detections.

    NAME is a detection or a glob. No logs are needed, and the store is not touched. Exit code 1
    if a test fails, or if a detection has none.
    """
    work = Work(settings)
    chosen = select(work.detections, names)
    wanted = [each for each in chosen if each.enabled]
    if not wanted:
        raise WrongUsage(f"{', '.join(each.name for each in chosen)}: disabled")
    with _progress_bar(settings) as tell:
        outcomes = work.dbt("test").unit_test(wanted, tell)
    _print(settings, wanted, outcomes)


@contextmanager
def _progress_bar(settings: Settings) -> Iterator[Callable[[int, int], None] | None]:
    """A bar over the tests, if stderr is a terminal; it pulses while dbt prepares them."""
    if settings.quiet or settings.verbose or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bars:
        task = bars.add_task("preparing the tests", total=None)

        def tell(done: int, total: int) -> None:
            bars.update(task, description="testing", completed=done, total=total)

        yield tell


def _print(settings: Settings, wanted: Sequence[Detection], outcomes: Sequence[Outcome]) -> None:
    failures = [each for each in outcomes if each.failed]
    if (settings.format or "table") == "table":
        emit("table", FOR_PEOPLE, [_summary(each, outcomes) for each in wanted])
    else:
        emit(settings.format or "table", COLUMNS, [_row(each) for each in outcomes])
    for each in failures:
        complain_lines(f"{each.test}: {each.status}\n{each.message.strip()}")
    untested = [d.name for d in wanted if not any(o.name == d.name for o in outcomes)]
    if untested:
        raise TrailhoundError(f"no unit tests: {', '.join(untested)}")
    if failures:
        raise TrailhoundError(f"{len(failures)} of {len(outcomes)} tests failed")
    say(settings, f"{len(outcomes)} tests passed")


def _summary(detection: Detection, outcomes: Sequence[Outcome]) -> Row:
    own = [each for each in outcomes if each.name == detection.name]
    failed = sum(each.failed for each in own)
    return (detection.name, len(own) - failed, failed)


def _row(each: Outcome) -> Row:
    return (each.name, each.test, each.status, each.message)
