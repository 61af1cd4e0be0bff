"""trailhound ingest."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import click

from trailhound.commands.moments import check_range, trail_days
from trailhound.errors import TrailhoundError
from trailhound.main import command
from trailhound.screens.loading import load_paths, summary
from trailhound.settings import Settings
from trailhound.text import counted
from trailhound.workspace import Work


@command(
    "ingest",
    example="trailhound ingest s3://my-trail/AWSLogs/ --since 2d --to s3://my-tables/ingested "
    "--store ingested.duckdb",
)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--to", metavar="URL", required=True, help="The folder that the warehouse reads.")
@trail_days
@click.pass_obj
def ingest(
    settings: Settings, /, paths: tuple[str, ...], to: str, since: date | None, until: date | None
) -> None:
    """Hand on new CloudTrail files to a warehouse, each once, as Parquet.

    Reads all that `load` reads. The store keeps which files were read, and no records: give it one
    of its own with --store. What to tell the warehouse is in docs/warehouse.md.
    """
    from trailhound.load import NoSuchFile, NothingRead
    from trailhound.load.ingest import folder_of, hand_on

    check_range(since, until)
    folder = folder_of(to, paths)
    work = Work(replace(settings, target="duckdb"), ingests=True)
    failure: TrailhoundError | None = None
    said = ""
    try:
        said = f"{summary(load_paths(work, paths, since, until))}; "
    except NothingRead as error:
        failure, said = error, f"{summary(error.report)}; "
    except NoSuchFile as error:
        if not work.store.exists():
            raise
        failure = error  # what an earlier run could not hand on waits all the same
    connection = work.open_store()
    try:
        records = hand_on(connection, work.table("cloudtrail_logs"), folder)
    finally:
        connection.close()
    click.echo(f"{said}{counted(records, 'record')} to {to}")
    if failure is not None:
        raise failure
