"""trailhound notify."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Any

import click

from trailhound.analyst.incident import acts_of, authors_of
from trailhound.analyst.notify import (
    groups,
    is_destination,
    message,
    new_alerts,
    send_with_apprise,
    stored_alerts,
)
from trailhound.analyst.notify import notify as send_alerts
from trailhound.commands.alert_options import alert_options, filters_from
from trailhound.errors import TrailhoundError, WrongUsage
from trailhound.main import command
from trailhound.screens.alerts import tell_if_stale
from trailhound.screens.console import say
from trailhound.settings import Settings
from trailhound.store.told import open_told
from trailhound.text import counted
from trailhound.workspace import Work


@command(
    "notify",
    example="trailhound notify slack://TokenA/TokenB/TokenC/#security --severity high\n"
    "trailhound notify json://127.0.0.1:8080/ --dry-run",
)
@click.argument("urls", metavar="URL...", nargs=-1, required=True, envvar="TRAILHOUND_NOTIFY_URLS")
@click.option("--dry-run", is_flag=True, help="Print what would be sent, and send nothing.")
@alert_options
@click.pass_obj
def notify(settings: Settings, /, urls: tuple[str, ...], *, dry_run: bool, **options: Any) -> None:
    """Send the incidents and alerts that each URL was not told of yet.

    A message an incident, then a message a detection; json:// gets all their columns too. URL is
    any that the library apprise takes: https://appriseit.com/services/. Quote it: it may hold
    secrets and signs that the shell reads; or set TRAILHOUND_NOTIFY_URLS, which no list of
    processes shows. What was sent is kept in the store, or in the warehouse. Exit code 1 if a
    message did not go out: it is sent next time.
    """
    for url in urls:
        if not is_destination(url):
            raise WrongUsage(f"'{url.partition('://')[0]}://…' is no URL that apprise can send to")
    work = Work(settings)
    filters = filters_from(work.detections, options)
    with work.warehouse() as warehouse:
        stored = {
            noun: stored_alerts(warehouse, filters, f"{noun}s") for noun in ("incident", "alert")
        }
        tell_if_stale(work, warehouse)
    acts, authors = acts_of(work.detections), authors_of(work.detections)
    message_of = partial(message, acts=acts, authors=authors)
    failed = 0
    with open_told(work, writable=not dry_run) as told:
        for url, noun in product(urls, stored):
            wanted = new_alerts(stored[noun], told.to(url))
            if dry_run:
                for group in groups(wanted):
                    title, text = message_of(group)
                    click.echo(f"{title}\n{text}\n")
                continue
            sent, unsent = send_alerts(told, url, wanted, send_with_apprise, message_of)
            failed += unsent
            say(settings, f"{counted(sent, noun)} sent to {url.partition('://')[0]}://…")
    if failed:
        raise TrailhoundError(f"{failed:,} did not go out; try again")
