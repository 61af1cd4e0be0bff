"""trailhound notify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trailhound.alert_options import alert_options, filters_from
from trailhound.errors import TrailhoundError, WrongUsage
from trailhound.freshness import tell_if_stale
from trailhound.main import command
from trailhound.notify import (
    groups,
    is_destination,
    message,
    new_alerts,
    send_with_apprise,
    stored_alerts,
)
from trailhound.notify import notify as send_alerts
from trailhound.output.console import say
from trailhound.output.text import counted
from trailhound.settings import Settings
from trailhound.warehouse import connect_duckdb
from trailhound.work import Work

if TYPE_CHECKING:
    import duckdb


@command(
    "notify",
    example="trailhound notify slack://TokenA/TokenB/TokenC/#security --severity high\n"
    "trailhound notify json://127.0.0.1:8080/ --dry-run",
)
@click.argument("urls", metavar="URL...", nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Print what would be sent, and send nothing.")
@alert_options
@click.pass_obj
def notify(settings: Settings, /, urls: tuple[str, ...], *, dry_run: bool, **options: Any) -> None:
    """Send the alerts that each URL was not told of yet, a message a detection.

    URL is any that the library apprise takes: https://appriseit.com/services/. Quote it: it may
    hold secrets and signs that the shell reads. What was sent is kept in the store; on a warehouse
    in the file that --store names. Exit code 1 if a message did not go out: it is sent next time.
    """
    for url in urls:
        if not is_destination(url):
            raise WrongUsage(f"'{url.partition('://')[0]}://…' is no URL that apprise can send to")
    work = Work(settings)
    filters = filters_from(work.detections, options)
    with work.warehouse() as warehouse:
        alerts = stored_alerts(warehouse, filters)
        tell_if_stale(work, warehouse)
    state = _what_was_sent(work, writable=not dry_run)
    failed = 0
    try:
        for url in urls:
            wanted = new_alerts(alerts, state, url)
            if dry_run:
                for group in groups(wanted):
                    title, text = message(group)
                    click.echo(f"{title}\n{text}\n")
                continue
            sent, unsent = send_alerts(state, url, wanted, send_with_apprise)
            failed += unsent
            say(settings, f"{counted(sent, 'alert')} sent to {url.partition('://')[0]}://…")
    finally:
        state.close()
    if failed:
        raise TrailhoundError(f"{counted(failed, 'alert')} did not go out; try again")


def _what_was_sent(work: Work, *, writable: bool) -> duckdb.DuckDBPyConnection:
    """The file that knows what was sent; an empty one in memory rather than one for a dry run."""
    path = work.store if work.on_duckdb else work.settings.store_path
    if not writable and not path.exists():
        return connect_duckdb(Path(":memory:"))
    return connect_duckdb(path, read_only=not writable)
