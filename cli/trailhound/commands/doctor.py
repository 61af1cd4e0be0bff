"""trailhound doctor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

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
_SHADES = " ░▒▓█"
_SHOWN_DAYS = 60
_MARKS = {OK: ("✓", "green"), NOTE: ("·", "yellow"), PROBLEM: ("✗", "red")}


@command("doctor", example="trailhound doctor")
@click.pass_obj
def doctor(settings: Settings, /) -> None:
    """Say what the detections cannot see: missing days, data events, files, stale allow-list rows.

    Exit code 1 if there is a problem.
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
    for each in findings:
        mark, colour = _MARKS[each.state]
        click.echo(f"{click.style(mark, fg=colour)} {each.subject}: {visible(each.found)}")
        if each.advice:
            click.echo(f"    → {each.advice}")
    if coverage:
        click.echo()
        emit("table", *day_table(coverage))


def day_table(coverage: Sequence[RegionDays]) -> tuple[Sequence[Column], Sequence[Row]]:
    """A row for each account and region with a mark a day, the darker the more events it has."""
    last = max(day for each in coverage for day in each.days)
    first = max(
        min(day for each in coverage for day in each.days), last - timedelta(days=_SHOWN_DAYS - 1)
    )
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    most = max(events for each in coverage for events in each.days.values())
    columns = (
        Column("account", "word"),
        Column("region", "word"),
        Column(f"{first} to {last}", "word"),
    )
    rows = [
        (
            each.account_id,
            each.region,
            "".join(_shade(each.days.get(day, 0), most) for day in days),
        )
        for each in coverage
    ]
    return columns, rows


def _shade(events: int, most: int) -> str:
    if events == 0:
        return "·"
    return _SHADES[1 + min(3, int(4 * events / (most + 1)))]
