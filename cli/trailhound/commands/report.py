"""trailhound report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from trailhound.commands.alert_options import alert_options, filters_from
from trailhound.errors import WrongUsage
from trailhound.main import command
from trailhound.report.data import collect
from trailhound.report.page import page
from trailhound.screens.alerts import tell_if_stale
from trailhound.screens.console import say
from trailhound.settings import Settings
from trailhound.text import counted
from trailhound.transaction import written_whole
from trailhound.workspace import Work


@command(
    "report",
    example="trailhound report --output report.html\n"
    "trailhound report --severity high --since 2026-01-31",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    default=Path("report.html"),
    show_default=True,
    help="The file to write; '-': stdout.",
)
@alert_options
@click.pass_obj
def report(settings: Settings, /, output: Path, **options: Any) -> None:
    """Write alerts and coverage as one HTML file, to read offline or to hand on.

    It opens in any browser, loads nothing and sends nothing: charts, a list to search and filter,
    each alert with its evidence and its triage queries filled in, and what the logs cover.
    """
    if settings.format is not None:
        raise WrongUsage("a report is HTML: other formats are written by `trailhound export`")
    work = Work(settings)
    filters = filters_from(work.detections, options)
    with work.warehouse() as warehouse:
        found = collect(work, warehouse, filters)
        tell_if_stale(work, warehouse)
    text = page(found)
    if str(output) == "-":
        click.echo(text.encode(), nl=False)
        return
    with written_whole(output) as beside:
        beside.write_text(text, encoding="utf-8")
    say(settings, f"{counted(len(found.alerts), 'alert')} written to {output}")
