"""trailhound export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from trailhound.commands.alert_options import alert_options, filters_from
from trailhound.errors import WrongUsage
from trailhound.formats import FORMATS, format_of
from trailhound.main import command
from trailhound.screens.alerts import shaped, tell_if_stale
from trailhound.screens.console import emit, save, say
from trailhound.settings import Settings
from trailhound.store.alerts import read_alerts
from trailhound.text import counted
from trailhound.workspace import Work


@command(
    "export",
    example="trailhound export --output alerts.parquet\n"
    "trailhound export --format csv --severity high > alerts.csv",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The file to write; '-' or nothing: stdout.",
)
@alert_options
@click.pass_obj
def export(settings: Settings, /, output: Path | None, **options: Any) -> None:
    """Write alerts to a file or to stdout.

    The format is what --format says, else what the file's name ends in; on stdout ndjson.
    """
    to_stdout = output is None or str(output) == "-"
    format_name = settings.format or ("ndjson" if to_stdout else _meant(output))
    work = Work(settings)
    filters = filters_from(work.detections, options)
    with work.warehouse() as warehouse:
        rows = read_alerts(warehouse, filters)
        tell_if_stale(work, warehouse)
    columns, shown = shaped(format_name, rows)
    if to_stdout or output is None:
        emit(format_name, columns, shown)
    else:
        save(format_name, columns, shown, output)
        say(settings, f"{counted(len(rows), 'alert')} written to {output}")


def _meant(output: Path | None) -> str:
    """The format that the file's name ends in. Raises WrongUsage if it ends in none."""
    found = format_of(str(output))
    if found is None:
        endings = ", ".join(ending for each in FORMATS.values() for ending in each.endings)
        raise WrongUsage(
            f"'{output}' does not say which format it is to have: let it end in one of "
            f"{endings}, or name one with --format"
        )
    return found
