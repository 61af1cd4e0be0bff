"""trailhound run."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trailhound.analyst.notify import not_printed, note_printed
from trailhound.build.build import build
from trailhound.build.dbt import BuildFailed
from trailhound.commands.moments import check_range, trail_days
from trailhound.engines import connect_duckdb
from trailhound.errors import FOUND, WrongUsage
from trailhound.main import command
from trailhound.project.detections import SEVERITIES
from trailhound.run_stats import Clock, stats_of, write_stats
from trailhound.screens.alerts import emit_alerts
from trailhound.screens.console import say
from trailhound.screens.loading import load_paths, summary, tell_clashes
from trailhound.screens.run_summary import tell_summary
from trailhound.settings import Settings
from trailhound.store.alerts import at_least, read_alerts, value
from trailhound.store.told import open_told
from trailhound.text import counted
from trailhound.workspace import Work

if TYPE_CHECKING:
    from trailhound.formats.columns import Row
    from trailhound.load import LoadReport


@command(
    "run",
    example="trailhound run logs/\ntrailhound run logs/ --format ndjson --fail-on high | jq .title",
)
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@trail_days
@click.option("--full-refresh", is_flag=True, help="On a warehouse, rebuild everything.")
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES),
    help="Exit code 3 if there is an alert of at least this severity.",
)
@click.option("--new", is_flag=True, help="Print only alerts that no earlier run --new printed.")
@click.option(
    "--stats",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write what the run did: JSON, or text for Prometheus if the name ends in .prom.",
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
    stats: Path | None,
    full_refresh: bool,
    new: bool,
) -> None:
    """Load what is new under PATH, build every detection, print the alerts.

    PATH is a file, a folder, a glob, '-' for stdin or s3://…. Without PATH it builds on what the
    store holds, or on a warehouse on its own CloudTrail table.

    --since and --until leave out the folders of a trail's other days; on a warehouse they name the
    days to rebuild.

    With --new the store, or the warehouse, keeps what was printed, and --fail-on looks only at what
    is new. --stats is written when everything was built.
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
    clock = Clock()
    with clock.phase("load"):
        report = _load(work, paths, since, until)
    with clock.phase("build"):
        failure = _build(work, full_refresh=full_refresh)
    with clock.phase("alerts"), work.warehouse() as warehouse:
        rows = read_alerts(warehouse)
        unseen = _unseen(work, rows) if new else None
        shown = rows if unseen is None else unseen
        printed = emit_alerts(settings, shown)
        if report is not None and report.files_read:
            tell_clashes(warehouse)
        if not settings.quiet:
            tell_summary(work, warehouse, report, rows, unseen)
        figures = stats_of(warehouse, report, rows, unseen) if stats else None
    if unseen is not None and printed:
        with open_told(work, writable=True) as told:
            note_printed(told, unseen)
    if failure is not None:
        raise failure
    if stats and figures:
        write_stats(stats, figures, clock)
    _fail_on(settings, fail_on, [value(row, "severity") for row in shown])


def _unseen(work: Work, rows: list[Row]) -> list[Row]:
    with open_told(work, writable=False) as told:
        return not_printed(told, rows)


def _load(
    work: Work, paths: tuple[str, ...], since: date | None, until: date | None
) -> LoadReport | None:
    """Load the paths, or those of the variable `logs`; without any the store must be there."""
    logs = work.project.variables(work.settings.vars).get("logs") or []
    wanted = paths or ((logs,) if isinstance(logs, str) else tuple(logs))
    if wanted:
        work.need_store("loading a PATH")
        from trailhound.load import NothingRead

        try:
            return load_paths(work, wanted, since, until)
        except NothingRead as nothing:
            say(work.settings, f"loaded    {summary(nothing.report)}")
            raise
    if work.on_duckdb:
        work.when_free(lambda: connect_duckdb(work.store, read_only=True)).close()
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


def _fail_on(settings: Settings, severity: str | None, found: list[str]) -> None:
    if severity is None:
        return
    bad = sum(each in at_least(severity) for each in found)
    if bad:
        say(settings, f"--fail-on {severity}: {counted(bad, 'such alert')}")
        click.get_current_context().exit(FOUND)
