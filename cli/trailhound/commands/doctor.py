"""trailhound doctor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import ceil
from textwrap import wrap

import click

from trailhound.doctor import NOTE, OK, PROBLEM, Finding, RegionDays, examine
from trailhound.errors import TrailhoundError
from trailhound.main import command
from trailhound.output import Column, Row
from trailhound.output.console import emit
from trailhound.output.text import counted, visible
from trailhound.settings import Settings
from trailhound.work import Work

COLUMNS = (Column("state", "word"), Column("subject"), Column("found"), Column("advice"))
_SHADES = "░▒▓█"
_LEAST_MARKS = 24  # as the head of their column
_MARKS = {OK: ("✓", "green"), NOTE: ("·", "yellow"), PROBLEM: ("✗", "red")}


@command("doctor", example="trailhound doctor")
@click.pass_obj
def doctor(settings: Settings, /) -> None:
    """Say what the detections cannot see: missing days, data events, files, stale allow-list rows.

    The table at the end covers all days of the store. Exit code 1 if there is a problem.
    """
    work = Work(settings)
    with work.warehouse() as warehouse:
        findings, coverage = examine(work, warehouse)
    if (settings.format or "table") == "table":
        _print(findings, coverage)
    else:
        emit(settings.format or "table", COLUMNS, findings)
    problems = sum(each.state == PROBLEM for each in findings)
    if problems:
        raise TrailhoundError(counted(problems, "problem"))


def _print(findings: Sequence[Finding], coverage: Sequence[RegionDays]) -> None:
    from trailhound.output.table import page_width

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

    All days of the store are there: the more there are, the more stand together in a mark, so that
    the table is no wider than `width` where that can be. The darker a mark, the more events.
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
