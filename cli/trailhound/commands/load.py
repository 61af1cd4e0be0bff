"""trailhound load."""

from __future__ import annotations

from datetime import date

import click

from trailhound.loading import load_paths, summary
from trailhound.main import command
from trailhound.moments import Day, check_range
from trailhound.output import Column
from trailhound.output.console import emit
from trailhound.output.text import counted
from trailhound.settings import Settings
from trailhound.stored import duplicates_of_last_load
from trailhound.work import Work

COLUMNS = (
    Column("files_read", "integer"),
    Column("files_known", "integer"),
    Column("files_partial", "integer"),
    Column("files_rejected", "integer"),
    Column("files_skipped", "integer"),
    Column("records", "integer"),
    Column("duplicates", "integer"),
    Column("rejected", "integer"),
    Column("skipped", "integer"),
)


@command(
    "load", example="trailhound load logs/ more/*.json.gz\naws s3 cp s3://… - | trailhound load -"
)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--since", type=Day(), help="Leave out a trail's folders of earlier days.")
@click.option("--until", type=Day(), help="Leave out a trail's folders of later days.")
@click.pass_obj
def load(
    settings: Settings, /, paths: tuple[str, ...], since: date | None, until: date | None
) -> None:
    """Only load CloudTrail files into the store.

    PATH is a file, a folder, a glob, '-' for stdin or s3://…; what it holds is found out from the
    content, never from the name. Files that the store knows are not read again.
    """
    check_range(since, until)
    work = Work(settings)
    work.need_store("load")
    report = load_paths(work, paths, since, until)
    with work.warehouse() as warehouse:
        duplicates = duplicates_of_last_load(warehouse) if report.files_read else 0
    if (settings.format or "table") == "table":
        click.echo(f"{summary(report)}, {counted(duplicates, 'duplicate')}")
        return
    row = (
        report.files_read,
        report.files_known,
        report.files_partial,
        report.files_rejected,
        report.files_skipped,
        report.records,
        duplicates,
        report.rejected,
        report.skipped,
    )
    emit(settings.format or "table", COLUMNS, [row])
