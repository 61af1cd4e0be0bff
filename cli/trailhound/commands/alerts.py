"""trailhound alerts."""

from __future__ import annotations

from typing import Any

import click

from trailhound.alert_options import alert_options, filters_from
from trailhound.alert_view import emit_alerts
from trailhound.alerts import read_alerts
from trailhound.freshness import tell_if_stale
from trailhound.main import command
from trailhound.output.console import say
from trailhound.settings import Settings
from trailhound.work import Work


@command("alerts", example="trailhound alerts --severity high --since 2026-01-31 --format ndjson")
@alert_options
@click.pass_obj
def alerts(settings: Settings, /, **options: Any) -> None:
    """Print stored alerts, the oldest first."""
    work = Work(settings)
    filters = filters_from(work.detections, options)
    with work.warehouse() as warehouse:
        rows = read_alerts(warehouse, filters)
        tell_if_stale(work, warehouse)
    emit_alerts(settings, rows)
    if not rows:
        say(settings, "no such alert" if any(options.values()) else "no alert")
