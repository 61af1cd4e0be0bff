"""trailhound who."""

from __future__ import annotations

from dataclasses import asdict

import click

from trailhound.commands.events_at_hand import events_at_hand, tell_if_without_alerts
from trailhound.formats import Column
from trailhound.lineage.tree import lineage
from trailhound.main import command
from trailhound.screens.console import emit
from trailhound.screens.lineage import lineage_page
from trailhound.settings import Settings
from trailhound.workspace import Work

COLUMNS = (
    Column("asked"),
    Column("kind"),
    Column("seeds", "object"),
    Column("left_out", "integer"),
    Column("logs_begin", "time"),
    Column("logs_end", "time"),
    Column("is_cut", "boolean"),
)


@command(
    "who",
    example="trailhound who AKIAIOSFODNN7EXAMPLE\n"
    "trailhound who arn:aws:iam::111122223333:user/ana\n"
    "trailhound who 3fa9c1 --format json",
)
@click.argument("asked", metavar="KEY|ARN|IP|SESSION|ALERT_ID")
@click.pass_obj
def who(settings: Settings, /, asked: str) -> None:
    """Show who gave a credential, what came of it, what each did and whether it is still used.

    Upwards: roles assumed, tokens, console logins, who created the key or the user. Downwards: the
    sessions, keys and users that it made. What the logs do not hold is named.
    """
    work = Work(settings)
    with events_at_hand(work) as warehouse:
        tell_if_without_alerts(work, warehouse)
        found = lineage(warehouse, asked)
    if (settings.format or "table") == "table":
        click.echo(lineage_page(found))
        return
    parts = asdict(found)
    emit(settings.format or "table", COLUMNS, [tuple(parts[column.name] for column in COLUMNS)])
