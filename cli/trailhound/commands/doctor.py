"""trailhound doctor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from math import ceil
from pathlib import Path
from textwrap import wrap

import click

from trailhound.analyst.acknowledged import FILE_NAME, read_acknowledged_file
from trailhound.analyst.doctor import examine
from trailhound.analyst.findings import NOTE, OK, PROBLEM, Finding
from trailhound.analyst.silence import DEFAULT_MAX_AGE, RegionDays
from trailhound.commands.moments import Age
from trailhound.errors import FOUND
from trailhound.formats import Column, Row
from trailhound.main import command
from trailhound.screens.console import emit
from trailhound.settings import Settings
from trailhound.text import visible
from trailhound.workspace import Work

COLUMNS = (Column("state", "word"), Column("subject"), Column("found"), Column("advice"))
_SHADES = "░▒▓█"
_LEAST_MARKS = 24  # as the head of their column
_MARKS = {OK: ("✓", "green"), NOTE: ("·", "yellow"), PROBLEM: ("✗", "red")}


@command("doctor", example="trailhound doctor\ntrailhound doctor --max-age 2d --format ndjson")
@click.option(
    "--max-age",
    type=Age(),
    default=DEFAULT_MAX_AGE,
    help="A problem if the newest event is older, or an account's is so much older than that of "
    "the others: 90m, 26h or 2d. For an old trail: 9999d.  [default: 26h]",
)
@click.option(
    "--acknowledged",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="CSV kind,name,reason,owner,expires_on of findings that are known and meant.  "
    f"[default: {FILE_NAME} in the project's folder, if it is there]",
)
@click.pass_obj
def doctor(settings: Settings, /, max_age: timedelta, path: Path | None) -> None:
    """Say what the detections cannot see: a dead trail, missing days, data events, broken files.

    The table at the end covers all days of the store. Exit code 3 if there is a problem that no row
    of the acknowledged ones covers.
    """
    work = Work(settings)
    now = datetime.now(UTC)
    acknowledged = read_acknowledged_file(path or work.project.root / FILE_NAME, now.date())
    with work.warehouse() as warehouse:
        findings, coverage = examine(work, warehouse, now, max_age, acknowledged)
    if (settings.format or "table") == "table":
        _print(findings, coverage)
    else:
        emit(settings.format or "table", COLUMNS, findings)
    if any(each.state == PROBLEM for each in findings):
        click.get_current_context().exit(FOUND)


def _print(findings: Sequence[Finding], coverage: Sequence[RegionDays]) -> None:
    from trailhound.formats.table import page_width

    width = page_width()
    for each in findings:
        mark, colour = _MARKS[each.state]
        parts = [(f"{click.style(mark, fg=colour)} ", f"{each.subject}: {each.found}")]
        if each.advice:
            parts.append(("    → ", each.advice))
        for head, text in parts:
            lines = wrap(visible(text), width - 6, break_long_words=False, break_on_hyphens=False)
            click.echo(head + "\n      ".join(lines))
    if coverage:
        click.echo()
        columns, rows, days = day_table(coverage, width)
        emit("table", columns, rows)
        mark = "a day" if days == 1 else f"{days} days"
        click.echo(f"A mark is {mark}: · no event, {_SHADES} few to many.")


def day_table(
    coverage: Sequence[RegionDays], width: int
) -> tuple[Sequence[Column], Sequence[Row], int]:
    """A row for each account and region, a mark for one or more days, and how many these are.

    All days of the store are shown; with many, a mark stands for several, to keep the table within
    `width` columns where possible. The darker a mark, the more events.
    """
    first = min(day for each in coverage for day in each.days)
    last = max(day for each in coverage for day in each.days)
    named = max(len(visible(f"{each.account_id}  {each.region}  ")) for each in coverage)
    days = ceil(((last - first).days + 1) / max(_LEAST_MARKS, width - named))
    marks = ceil(((last - first).days + 1) / days)
    events = [_by_mark(each, first, days, marks) for each in coverage]
    most = max(map(max, events))
    columns = (
        Column("account", "word"),
        Column("region", "word"),
        Column(f"{first} to {last}", "word"),
    )
    rows = [
        (each.account_id, each.region, "".join(_shade(count, most) for count in counts))
        for each, counts in zip(coverage, events, strict=True)
    ]
    return columns, rows, days


def _by_mark(region: RegionDays, first: date, days: int, marks: int) -> list[int]:
    """Events in each stretch of so many days."""
    counts = [0] * marks
    for day, events in region.days.items():
        counts[(day - first).days // days] += events
    return counts


def _shade(events: int, most: int) -> str:
    return "·" if events == 0 else _SHADES[min(3, int(4 * events / (most + 1)))]
