"""trailhound simulate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from trailhound.commands.moments import Moment
from trailhound.errors import WrongUsage
from trailhound.main import command
from trailhound.project.detections import find
from trailhound.screens.console import say
from trailhound.settings import Settings
from trailhound.simulate import simulate as simulate_records
from trailhound.simulate import write_trail
from trailhound.simulate.files import document
from trailhound.text import counted
from trailhound.workspace import Work


@command(
    "simulate",
    example="trailhound simulate s3_buckets_enumerated | trailhound run -\n"
    "trailhound simulate s3_buckets_enumerated --output trail/ --quiet-below",
)
@click.argument("name", metavar="NAME")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write files below DIR as CloudTrail lays them out.  [default: one document to stdout]",
)
@click.option("--quiet-below", is_flag=True, help="Stop one short of the threshold.")
@click.option(
    "--start", type=Moment(), help="When it begins (UTC).  [default: so that it ends about now]"
)
@click.pass_obj
def simulate(
    settings: Settings,
    /,
    name: str,
    output: Path | None,
    *,
    quiet_below: bool,
    start: datetime | None,
) -> None:
    """Write CloudTrail records that make a detection fire, to test a pipeline from end to end."""
    if settings.format not in (None, "json"):
        raise WrongUsage("a simulation is CloudTrail's own JSON: leave out --format")
    detection = find(Work(settings).detections, name)
    if not detection.enabled:
        say(settings, f"{detection.name} is disabled: nothing fires until it is enabled")
    now = datetime.now(UTC).replace(tzinfo=None, second=0, microsecond=0)
    start = start or now - timedelta(minutes=(detection.minutes or 0) + 1)
    records = simulate_records(
        detection.name,
        start=start,
        threshold=detection.threshold,
        minutes=detection.minutes,
        quiet_below=quiet_below,
        sample=detection.path.with_suffix(".json"),
        # Another simulation has other event ids, or a store would take it for copies.
        seed=f"{detection.name} {start.isoformat()} {quiet_below}",
    )
    if output is None:
        click.echo(document(records))
        return
    paths = write_trail(records, output)
    say(settings, f"{counted(len(records), 'record')} in {counted(len(paths), 'file')}:")
    for path in paths:
        say(settings, f"  {path}")
