"""trailhound explain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime

import click

from trailhound.building import compiled
from trailhound.catalog import Detection, find
from trailhound.errors import WrongUsage
from trailhound.explain import Alert, find_alert, timeline_query
from trailhound.explain import explain as explain_alert
from trailhound.explain_page import explanation_page
from trailhound.main import command
from trailhound.output import Column, Row
from trailhound.output.columns import Kind
from trailhound.output.console import emit, say
from trailhound.output.text import visible_lines
from trailhound.settings import Settings
from trailhound.triage import fill
from trailhound.warehouse import Warehouse
from trailhound.work import Work

EVENTS = "cloudtrail_events"

COLUMNS = (
    Column("alert", "object"),
    Column("timeline", "object"),
    Column("sessions", "object"),
    Column("countries", "object"),
    Column("around", "object"),
    Column("triage", "object"),
    Column("allow_list_row"),
    Column("override_row"),
)


@command("explain", example="trailhound explain 3fa9c1\ntrailhound explain 3fa9c1 --ask 2")
@click.argument("alert_id", metavar="ALERT_ID")
@click.option("--sql", "only_sql", is_flag=True, help="Print the query behind the timeline.")
@click.option("--ask", type=int, metavar="N", help="Run the Nth query of 'Ask next'.")
@click.pass_obj
def explain(settings: Settings, /, alert_id: str, *, only_sql: bool, ask: int | None) -> None:
    """Say why an alert fired, who it was, what else they did and how to silence it.

    The beginning of an alert's id is enough.
    """
    work = Work(settings)
    with work.warehouse() as warehouse:
        alert = find_alert(warehouse, alert_id)
        detection = find(work.detections, alert["detection"])
        if ask is not None:
            _ask(settings, warehouse, detection, alert, ask)
            return
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
    parts["sessions"] = [each._asdict() for each in found.sessions]
    emit(settings.format or "table", COLUMNS, [tuple(parts[column.name] for column in COLUMNS)])


def _ask(
    settings: Settings, warehouse: Warehouse, detection: Detection, alert: Alert, number: int
) -> None:
    """Print the answer to one of the detection's questions."""
    if not 1 <= number <= len(detection.triage):
        raise WrongUsage(f"--ask takes a number from 1 to {len(detection.triage)}, not {number}")
    step = detection.triage[number - 1]
    say(settings, step.question)
    sql = step.sql.replace("from cloudtrail_events", f"from {warehouse.relation(EVENTS)}")
    answer = warehouse.query(fill(sql, alert))
    columns = [Column(name, _kind(answer.rows, place)) for place, name in enumerate(answer.columns)]
    emit(settings.format or "table", columns, answer.rows)


def _kind(rows: Sequence[Row], place: int) -> Kind:
    """The kind of a column, by its first value."""
    first = next((row[place] for row in rows if row[place] is not None), None)
    match first:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case datetime():
            return "time"
        case date():
            return "date"
    return "text"
