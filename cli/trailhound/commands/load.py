"""trailhound load."""

from __future__ import annotations

from datetime import date

import click

from trailhound.commands.moments import check_range, trail_days
from trailhound.errors import TrailhoundError
from trailhound.formats import Column
from trailhound.main import command
from trailhound.screens.console import emit
from trailhound.screens.loading import load_paths, summary, tell_clashes
from trailhound.settings import Settings
from trailhound.store.files import duplicates_of_last_load
from trailhound.text import counted
from trailhound.workspace import Work

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
@trail_days
@click.pass_obj
def load(
    settings: Settings, /, paths: tuple[str, ...], since: date | None, until: date | None
) -> None:
    """Only load CloudTrail files into the store.

    PATH is a file, a folder, a glob, '-' for stdin or s3://…; what it holds is found out from the
    content, never from the name. Files that the store knows are not read again.
    """
    from trailhound.load import NothingRead

    check_range(since, until)
    work = Work(settings)
    work.need_store("load")
    nothing: TrailhoundError | None = None
    try:
        report = load_paths(work, paths, since, until)
    except NothingRead as error:
        nothing, report = error, error.report
    with work.warehouse() as warehouse:
        duplicates = duplicates_of_last_load(warehouse) if report.files_read else 0
        if duplicates:
            tell_clashes(warehouse)
    if (settings.format or "table") == "table":
        click.echo(f"{summary(report)}, {counted(duplicates, 'duplicate')}")
    else:
        counts = {**vars(report), "duplicates": duplicates}
        emit(settings.format or "table", COLUMNS, [tuple(counts[each.name] for each in COLUMNS)])
    if nothing is not None:
        raise nothing
