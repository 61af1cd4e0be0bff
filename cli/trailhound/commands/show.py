"""trailhound show."""

from __future__ import annotations

import click

from trailhound.catalog import Detection, find, read_detections
from trailhound.dbt import Dbt
from trailhound.main import command
from trailhound.output import Column, Row
from trailhound.output.console import emit
from trailhound.page import detection_page
from trailhound.profile import find_target
from trailhound.project import find_project
from trailhound.settings import Settings
from trailhound.workplace import workplace_for

COLUMNS = (
    Column("detection"),
    Column("service"),
    Column("title"),
    Column("description"),
    Column("severity", "severity"),
    Column("tactics", "list"),
    Column("techniques", "list"),
    Column("threshold", "integer"),
    Column("window_minutes", "integer"),
    Column("needs_data_events", "boolean"),
    Column("enabled", "boolean"),
    Column("false_positives", "list"),
    Column("blind_spots", "list"),
    Column("triage", "object"),
    Column("references", "list"),
    Column("file"),
    Column("sql"),
)


@command("show", example="trailhound show iam_multiple_failed_api_calls --sql")
@click.argument("name", metavar="NAME")
@click.option("--sql", "with_sql", is_flag=True, help="Add the compiled SQL; takes some seconds.")
@click.pass_obj
def show(settings: Settings, /, name: str, *, with_sql: bool) -> None:
    """Show one detection in full: what it finds, its blind spots, what to ask of an alert."""
    project = find_project(settings.project_dir)
    detection = find(read_detections(project, settings.vars), name)
    sql = None
    if with_sql:
        target = find_target(project, settings)
        dbt = Dbt(project, workplace_for(project, "compile"), target.name, settings.vars)
        sql = dbt.compile(detection, settings.store_path)
    if (settings.format or "table") == "table":
        click.echo(detection_page(detection, sql))
    else:
        emit(settings.format or "table", COLUMNS, [_row(detection, sql)])


def _row(each: Detection, sql: str | None) -> Row:
    return (
        each.name,
        each.service,
        each.title,
        each.description,
        each.severity,
        list(each.tactics),
        list(each.techniques),
        each.threshold,
        each.minutes,
        each.needs_data_events,
        each.enabled,
        list(each.false_positives),
        list(each.blind_spots),
        [step._asdict() for step in each.triage],
        list(each.references),
        str(each.path.with_suffix(".sql")),
        sql,
    )
