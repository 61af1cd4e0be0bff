"""trailhound events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from trailhound.commands.events_at_hand import events_at_hand
from trailhound.commands.moments import Moment, check_range
from trailhound.errors import WrongUsage
from trailhound.formats import Column
from trailhound.main import command
from trailhound.screens.console import emit, say
from trailhound.screens.events import columns_for, shaped_events
from trailhound.settings import Settings
from trailhound.store.alerts import AROUND, find_alert
from trailhound.store.events import COLUMNS, EventFilters, Position, count_events, read_events
from trailhound.text import counted
from trailhound.workspace import Work

_TIMES = (Column("events", "integer"), Column("first_seen", "time"), Column("last_seen", "time"))


@command(
    "events",
    example="trailhound events --key AKIAIOSFODNN7EXAMPLE --since 2026-01-31\n"
    "trailhound events --around 3fa9c1 --format timesketch > case.jsonl\n"
    "trailhound events --ip 198.51.100.0/24 --count-by event_name",
)
@click.option("--entity", metavar="NAME", help="Who: the whole id or ARN, its end, or a glob.")
@click.option("--key", metavar="ID", help="The access key; may be a glob.")
@click.option("--ip", metavar="ADDRESS", help="The address, a range (CIDR), or a glob.")
@click.option("--session", metavar="NAME", help="The role session's name; may be a glob.")
@click.option("--user-agent", metavar="TEXT", help="A text in the user agent.")
@click.option("--name", metavar="CALL", help="The call, as GetObject; may be a glob.")
@click.option("--source", metavar="SERVICE", help="The service, as s3 or s3.amazonaws.com.")
@click.option(
    "--outcome",
    type=click.Choice(["succeeded", "denied", "failed"]),
    help="Only calls that ended so.",
)
@click.option("--resource", metavar="TEXT", help="A text in the resources or parameters.")
@click.option("--account", metavar="ID", help="The account; may be a glob.")
@click.option("--region", metavar="NAME", help="The region; may be a glob.")
@click.option("--text", metavar="TEXT", help="A text anywhere in the request or its answer.")
@click.option("--since", type=Moment(), help="At this date or UTC time, or later.")
@click.option("--until", type=Moment(ends_day=True), help="At this date or UTC time, or earlier.")
@click.option(
    "--around",
    metavar="ALERT_ID",
    help="What the alert's entity did from an hour before the alert to an hour after.",
)
@click.option("--count-by", metavar="COLUMN", help="Count the events by a column's values.")
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=1000, show_default=True, metavar="N",
    help="How many to print.",
)  # fmt: skip
@click.option("--after", metavar="POSITION", help="Go on where a page ended, as it said.")
@click.pass_obj
def events(
    settings: Settings,
    /,
    around: str | None,
    count_by: str | None,
    limit: int,
    after: str | None,
    **options: Any,
) -> None:
    """Search events, the oldest first: who did what, from where, and how it ended."""
    if count_by is not None and after is not None:
        raise WrongUsage("--after is for events, not for counts")
    check_range(options["since"], options["until"])
    position = None if after is None else Position.parsed(after)
    filters = EventFilters(**options)
    format_name = settings.format or "table"
    with events_at_hand(Work(settings)) as warehouse:
        if around is not None:
            if options["entity"] or options["account"] or options["since"] or options["until"]:
                raise WrongUsage("--around chooses the entity, the account and the time itself")
            alert = find_alert(warehouse, around)
            if "*" in alert["entity_id"]:
                raise WrongUsage("the alert's entity has a * in its name: use --key or --session")
            filters = replace(
                filters,
                entity=alert["entity_id"],
                account=alert["account_id"],
                since=alert["first_seen"] - AROUND,
                until=alert["last_seen"] + AROUND,
            )
        if count_by is not None:
            counts = count_events(warehouse, filters, count_by, limit)
            kind = next((each for each in COLUMNS if each.name == count_by), Column(count_by))
            emit(format_name, (kind, *_TIMES), counts.rows)
            return
        columns = columns_for(format_name)
        found = read_events(warehouse, filters, limit + 1, position, columns).rows
    page = found[:limit]
    emit(format_name, *shaped_events(format_name, page))
    if not page:
        say(settings, "no such event")
    elif len(found) > limit:
        next_page = Position.of(page[-1], columns)
        say(settings, f"{counted(limit, 'event')}; there are more: --after {next_page}")
