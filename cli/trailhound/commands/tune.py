"""trailhound tune."""

from __future__ import annotations

import click

from trailhound.building import compiled
from trailhound.catalog import find
from trailhound.main import command
from trailhound.output import Column, Row
from trailhound.output.console import emit
from trailhound.settings import Settings
from trailhound.tuning import Tuning
from trailhound.tuning import tune as tune_detection
from trailhound.tuning_page import tuning_page
from trailhound.work import Work

COLUMNS = (
    Column("threshold", "integer"),
    Column("window_minutes", "integer"),
    Column("in_force", "boolean"),
    Column("alerts", "integer"),
    Column("entities", "integer"),
)


@command("tune", example="trailhound tune iam_multiple_failed_api_calls")
@click.argument("name", metavar="NAME")
@click.pass_obj
def tune(settings: Settings, /, name: str) -> None:
    """Show what other thresholds and windows would have given on the data at hand.

    The allow-list is in force, threshold overrides are not.
    """
    work = Work(settings)
    detection = find(work.detections, name)
    sql = compiled(work, detection)
    with work.warehouse() as warehouse:
        found = tune_detection(warehouse, detection, sql)
    if (settings.format or "table") == "table":
        click.echo(tuning_page(found, detection))
    else:
        emit(settings.format or "table", COLUMNS, _rows(found))


def _rows(found: Tuning) -> list[Row]:
    return [
        (setting.threshold, setting.minutes, setting == found.in_force, *result)
        for setting, result in sorted(
            found.results.items(), key=lambda each: (each[0].minutes or 0, each[0].threshold)
        )
    ]
