"""trailhound alerts."""

from __future__ import annotations

from typing import Any

import click

from trailhound.alert_options import alert_options, filters_from
from trailhound.alert_view import emit_alerts
from trailhound.alerts import read_alerts
from trailhound.main import command
from trailhound.profile import find_target
from trailhound.project import find_project
from trailhound.settings import Settings
from trailhound.warehouse import open_warehouse


@command("alerts", example="trailhound alerts --severity high --since 2026-01-31 --format ndjson")
@alert_options
@click.pass_obj
def alerts(settings: Settings, /, **options: Any) -> None:
    """Print stored alerts, the oldest first."""
    project = find_project(settings.project_dir)
    filters = filters_from(project, settings, options)
    with open_warehouse(find_target(project, settings)) as warehouse:
        rows = read_alerts(warehouse, filters)
    emit_alerts(settings, rows)
