"""trailhound explain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal

import click

from trailhound.analyst.counted import counting
from trailhound.analyst.explain import countries_of, timeline_query
from trailhound.analyst.explain import explain as explain_alert
from trailhound.analyst.incident import findings_of
from trailhound.analyst.triage import EVENTS, ready
from trailhound.engines import Rows, Warehouse
from trailhound.errors import WrongUsage
from trailhound.formats import Column, Row
from trailhound.formats.columns import Kind
from trailhound.main import command
from trailhound.project.detections import Detection
from trailhound.screens.console import emit, say
from trailhound.screens.explain import explanation_page
from trailhound.screens.incident import incident_page
from trailhound.settings import Settings
from trailhound.store.alerts import Alert, find_alert, is_incident
from trailhound.text import visible_lines
from trailhound.workspace import Work

COLUMNS = (
    Column("alert", "object"),
    Column("timeline", "object"),
    Column("history", "object"),
    Column("baseline", "object"),
    Column("sessions", "object"),
    Column("countries", "object"),
    Column("around", "object"),
    Column("triage", "object"),
    Column("allow_list_row"),
    Column("override_row"),
)
OF_INCIDENT = (
    Column("incident", "object"),
    Column("timeline", "object"),
    Column("countries", "object"),
)


@command("explain", example="trailhound explain 3fa9c1\ntrailhound explain 3fa9c1 --ask 2")
@click.argument("alert_id", metavar="ALERT_ID")
@click.option("--sql", "only_sql", is_flag=True, help="Print the query behind the timeline.")
@click.option("--ask", type=int, metavar="N", help="Run the Nth query of 'Ask next'.")
@click.pass_obj
def explain(settings: Settings, /, alert_id: str, *, only_sql: bool, ask: int | None) -> None:
    """Say why an alert fired, who it was, what else they did and how to silence it.

    Of an incident it tells the findings in the order of time. The beginning of an id is enough.
    """
    work = Work(settings)
    with work.warehouse() as warehouse:
        alert = find_alert(warehouse, alert_id)
        if is_incident(alert):
            if only_sql or ask is not None:
                raise WrongUsage("an incident has no query: ask one of its findings")
            _incident(work, warehouse, alert)
            return
        detection = work.detection(alert["detection"])
        if ask is not None:
            _ask(settings, warehouse, detection, alert, ask)
            return
        counted = counting(work, detection)
        if only_sql:
            click.echo(visible_lines(timeline_query(alert, detection, counted)[0]))
            return
        history_days = work.project.variables(dict(settings.vars))["history_days"]
        found = explain_alert(warehouse, alert, detection, counted, history_days)
    if (settings.format or "table") == "table":
        click.echo(explanation_page(found, detection))
        return
    parts = asdict(found)
    parts["timeline"], parts["around"] = _dicts(found.timeline), _dicts(found.around)
    if found.baseline is not None:
        parts["baseline"] = _dicts(found.baseline)
    if found.history is not None:
        parts["history"] = {**found.history._asdict(), "values": _dicts(found.history.values)}
    parts["sessions"] = [each._asdict() for each in found.sessions]
    emit(settings.format or "table", COLUMNS, [tuple(parts[column.name] for column in COLUMNS)])


def _incident(work: Work, warehouse: Warehouse, incident: Alert) -> None:
    """Print an incident's findings in the order of time."""
    findings = findings_of(warehouse, [incident], work.detections)[incident["alert_id"]]
    countries = countries_of(warehouse, incident["source_ips"])
    format_name = work.settings.format or "table"
    if format_name == "table":
        click.echo(incident_page(incident, findings, countries))
        return
    row = (incident, [each._asdict() for each in findings], countries)
    emit(format_name, OF_INCIDENT, [row])


def _dicts(rows: Rows) -> list[dict[str, object]]:
    return [dict(zip(rows.columns, row, strict=True)) for row in rows.rows]


def _ask(
    settings: Settings, warehouse: Warehouse, detection: Detection, alert: Alert, number: int
) -> None:
    """Print the answer to one of the detection's questions."""
    if not 1 <= number <= len(detection.triage):
        raise WrongUsage(f"--ask takes a number from 1 to {len(detection.triage)}, not {number}")
    step = detection.triage[number - 1]
    say(settings, step.question)
    answer = warehouse.query(ready(step.sql, alert, warehouse.relation(EVENTS)))
    emit(settings.format or "table", columns_of(answer), answer.rows)


def columns_of(answer: Rows) -> list[Column]:
    """The columns of any query's answer, each with the kind of its first value."""
    return [Column(name, _kind(answer.rows, place)) for place, name in enumerate(answer.columns)]


def _kind(rows: Sequence[Row], place: int) -> Kind:
    """The kind of a column, by its first value."""
    first = next((row[place] for row in rows if row[place] is not None), None)
    match first:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float() | Decimal():
            return "number"
        case datetime():
            return "time"
        case date():
            return "date"
    return "text"
