"""trailhound test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from trailhound.analyst.triage import EVENTS, triage_faults
from trailhound.build.dbt import Outcome
from trailhound.errors import TrailhoundError, WrongUsage
from trailhound.formats import Column, Row
from trailhound.main import command
from trailhound.project.detections import Detection
from trailhound.screens.console import complain, complain_lines, emit, say
from trailhound.screens.progress import progress_bar
from trailhound.settings import Settings
from trailhound.text import counted
from trailhound.workspace import Work

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

    NAME is a detection, a glob, or the .sql or .yml file of one. No logs are needed, and the store
    is not touched. Exit code 1 if a test fails, or if a detection has none.
    """
    work = Work(settings)
    chosen, faults = work.chosen([_name(each) for each in names])
    wanted = [each for each in chosen if each.enabled]
    if not wanted:
        disabled = ", ".join(each.name for each in chosen)
        raise TrailhoundError(*faults) if faults else WrongUsage(f"{disabled}: disabled")
    dbt = work.dbt("test")
    with progress_bar(settings, "preparing the tests", "testing") as tell:
        outcomes = dbt.unit_test(wanted, tell)
    if work.on_duckdb:
        outcomes += [
            Outcome(each.detection, f"triage '{each.question}'", "error", each.reason, 0)
            for each in triage_faults(wanted, dbt.ask, work.table(EVENTS))
        ]
    for fault in faults:
        complain(fault)
    _print(settings, wanted, outcomes)
    if faults:
        raise TrailhoundError(f"{counted(len(faults), 'detection')} not tested")


def _name(text: str) -> str:
    """The detection that a file is of; any other text as it is."""
    path = Path(text)
    return path.stem if path.suffix in (".sql", ".yml") else text


def _print(settings: Settings, wanted: Sequence[Detection], outcomes: Sequence[Outcome]) -> None:
    failures = [each for each in outcomes if each.failed]
    if (settings.format or "table") == "table":
        emit("table", FOR_PEOPLE, [_summary(each, outcomes) for each in wanted])
    else:
        emit(settings.format or "table", COLUMNS, [_row(each) for each in outcomes])
    for each in failures:
        complain_lines(f"{each.test or each.name}: {each.status}\n{each.message.strip()}")
    untested = [d.name for d in wanted if not any(o.name == d.name for o in outcomes)]
    made_of_rules = {each.name for each in wanted if each.sigma_id}
    for name in made_of_rules.intersection(untested):
        say(settings, f"{name}: no unit tests, none could be made of its rule")
        untested.remove(name)
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
