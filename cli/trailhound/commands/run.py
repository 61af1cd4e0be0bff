"""trailhound run."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from trailhound.alert_view import emit_alerts
from trailhound.alerts import at_least, read_alerts, value
from trailhound.building import build
from trailhound.catalog import SEVERITIES
from trailhound.dbt import BuildFailed
from trailhound.errors import TrailhoundError, WrongUsage
from trailhound.loading import load_paths
from trailhound.main import command
from trailhound.moments import Day, check_range
from trailhound.run_summary import tell_summary
from trailhound.settings import Settings
from trailhound.warehouse import connect_duckdb
from trailhound.work import Work

if TYPE_CHECKING:
    from trailhound.load import LoadReport


@command(
    "run",
    example="trailhound run logs/\ntrailhound run logs/ --format ndjson --fail-on high | jq .title",
)
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option("--since", type=Day(), help="Leave out a trail's folders of earlier days.")
@click.option("--until", type=Day(), help="Leave out a trail's folders of later days.")
@click.option("--full-refresh", is_flag=True, help="On a warehouse, build everything anew.")
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES),
    help="Exit code 1 if there is an alert of at least this severity.",
)
@click.pass_obj
def run(  # noqa: PLR0913 - each is the reader's to choose
    settings: Settings,
    /,
    paths: tuple[str, ...],
    since: date | None,
    until: date | None,
    fail_on: str | None,
    *,
    full_refresh: bool,
) -> None:
    """Load what is new under PATH, build every detection, print the alerts.

    PATH is a file, a folder, a glob, '-' for stdin or s3://…. Without PATH it builds on what the
    store holds, or on a warehouse on its own CloudTrail table.

    --since and --until leave out the folders of a trail's other days; on a warehouse they name the
    days to build anew.
    """
    check_range(since, until)
    work = Work(settings)
    if work.on_duckdb and full_refresh:
        raise WrongUsage("--full-refresh is for a warehouse: a store holds what a full build gives")
    if full_refresh and (since or until):
        raise WrongUsage("--full-refresh builds everything: leave out --since and --until")
    if not work.on_duckdb:
        days = {"since": since, "until": until}
        settings.vars |= {name: day.isoformat() for name, day in days.items() if day}
    work.check_seeds()
    report = _load(work, paths, since, until)
    failure = _build(work, full_refresh=full_refresh)
    with work.warehouse() as warehouse:
        rows = read_alerts(warehouse)
        emit_alerts(settings, rows)
        if not settings.quiet:
            tell_summary(work, warehouse, report, rows)
    if failure is not None:
        raise failure
    _fail_on(fail_on, [value(row, "severity") for row in rows])


def _load(
    work: Work, paths: tuple[str, ...], since: date | None, until: date | None
) -> LoadReport | None:
    """Load the paths, or those of the variable `logs`; without any the store must be there."""
    logs = work.project.variables(work.settings.vars).get("logs") or []
    wanted = paths or ((logs,) if isinstance(logs, str) else tuple(logs))
    if wanted:
        work.need_store("loading a PATH")
        return load_paths(work, wanted, since, until)
    if work.on_duckdb:
        connect_duckdb(work.store, read_only=True).close()
    return None


def _build(work: Work, *, full_refresh: bool) -> BuildFailed | None:
    """Build; what failed is for the end, as the other detections' alerts are there."""
    try:
        build(work, full_refresh=full_refresh)
    except BuildFailed as failure:
        if not failure.some_alerts:
            raise
        return failure
    return None


def _fail_on(severity: str | None, found: list[str]) -> None:
    if severity is None:
        return
    bad = sum(each in at_least(severity) for each in found)
    if bad:
        raise TrailhoundError(f"--fail-on {severity}: {bad} such alerts")
