"""trailhound alerts."""

from __future__ import annotations

from typing import Any

import click

from trailhound.commands.alert_options import alert_options, filters_from
from trailhound.main import command
from trailhound.screens.alerts import emit_alerts, tell_if_stale
from trailhound.screens.console import say
from trailhound.settings import Settings
from trailhound.store.alerts import read_alerts
from trailhound.workspace import Work


@command("alerts", example="trailhound alerts --severity high --since 2026-01-31 --format ndjson")
@click.option("--signals", is_flag=True, help="Signals in their place: worth knowing, no alarm.")
@alert_options
@click.pass_obj
def alerts(settings: Settings, /, *, signals: bool, **options: Any) -> None:
    """Print stored alerts, the oldest first."""
    _print(settings, "signals" if signals else "alerts", options)


@command("incidents", example="trailhound incidents --severity critical --format ndjson")
@alert_options
@click.pass_obj
def incidents(settings: Settings, /, **options: Any) -> None:
    """Print incidents, the oldest first: several acts of one actor within a day."""
    _print(settings, "incidents", options)


def _print(settings: Settings, relation: str, options: dict[str, Any]) -> None:
    work = Work(settings)
    filters = filters_from(work.detections, options)
    with work.warehouse() as warehouse:
        rows = read_alerts(warehouse, filters, relation)
        tell_if_stale(work, warehouse)
    emit_alerts(settings, rows)
    if not rows:
        one = relation.removesuffix("s")
        say(settings, f"no such {one}" if any(options.values()) else f"no {one}")
