"""trailhound explain."""

from __future__ import annotations

from dataclasses import asdict

import click

from trailhound.building import compiled
from trailhound.catalog import find
from trailhound.explain import explain as explain_alert
from trailhound.explain import find_alert, timeline_query
from trailhound.explain_page import explanation_page
from trailhound.main import command
from trailhound.output import Column
from trailhound.output.console import emit
from trailhound.output.text import visible_lines
from trailhound.settings import Settings
from trailhound.work import Work

COLUMNS = (
    Column("alert", "object"),
    Column("timeline", "object"),
    Column("countries", "object"),
    Column("around", "object"),
    Column("triage", "object"),
    Column("allow_list_row"),
    Column("override_row"),
)


@command("explain", example="trailhound explain 3fa9c1")
@click.argument("alert_id", metavar="ALERT_ID")
@click.option("--sql", "only_sql", is_flag=True, help="Print the query behind the timeline.")
@click.pass_obj
def explain(settings: Settings, /, alert_id: str, *, only_sql: bool) -> None:
    """Say why an alert fired, who it was, what else they did and how to silence it.

    The beginning of an alert's id is enough.
    """
    work = Work(settings)
    with work.warehouse() as warehouse:
        alert = find_alert(warehouse, alert_id)
        detection = find(work.detections, alert["detection"])
        sql = compiled(work, detection)
        if only_sql:
            click.echo(visible_lines(timeline_query(alert, sql)[0]))
            return
        found = explain_alert(warehouse, alert, detection, sql)
    if (settings.format or "table") == "table":
        click.echo(explanation_page(found, detection))
        return
    parts = asdict(found)
    for name in ("timeline", "around"):
        rows = getattr(found, name)
        parts[name] = [dict(zip(rows.columns, row, strict=True)) for row in rows.rows]
    emit(settings.format or "table", COLUMNS, [tuple(parts[column.name] for column in COLUMNS)])
