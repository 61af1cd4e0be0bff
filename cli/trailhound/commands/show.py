"""trailhound show."""

from __future__ import annotations

import click

from trailhound.build.build import compiled
from trailhound.formats import Column, Row
from trailhound.main import command
from trailhound.project.detections import Detection
from trailhound.screens.console import emit
from trailhound.screens.detection import detection_page
from trailhound.settings import Settings
from trailhound.workspace import Work

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
    work = Work(settings)
    detection = work.detection(name)
    sql = compiled(work, detection) if with_sql else None
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
