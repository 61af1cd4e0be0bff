"""trailhound files."""

from __future__ import annotations

import click

from trailhound.errors import WrongUsage
from trailhound.main import command
from trailhound.output.columns import Row
from trailhound.output.console import emit
from trailhound.settings import Settings
from trailhound.stored import FILE_COLUMNS, ODD_COLUMNS, known_files, rejected, skipped
from trailhound.work import Work

_RAW_LENGTH = 60


@command("files", example="trailhound files --rejected")
@click.option("--rejected", "want_rejected", is_flag=True, help="What could not be read, and why.")
@click.option("--skipped", "want_skipped", is_flag=True, help="What is no CloudTrail log, and why.")
@click.pass_obj
def files(settings: Settings, /, *, want_rejected: bool, want_skipped: bool) -> None:
    """List the files that the store knows: records, duplicates, errors.

    With --rejected or --skipped a line for each record or file; record 0 is the file as a whole.
    """
    if want_rejected and want_skipped:
        raise WrongUsage("--rejected or --skipped, one of them")
    work = Work(settings)
    work.need_store("files")
    format_name = settings.format or "table"
    with work.warehouse() as warehouse:
        if not want_rejected and not want_skipped:
            emit(format_name, FILE_COLUMNS, known_files(warehouse))
            return
        rows = rejected(warehouse) if want_rejected else skipped(warehouse)
    emit(
        format_name,
        ODD_COLUMNS,
        [_shortened(row) for row in rows] if format_name == "table" else rows,
    )


def _shortened(row: Row) -> Row:
    *others, raw = row
    text = raw or ""
    return (*others, text if len(text) <= _RAW_LENGTH else f"{text[:_RAW_LENGTH]}…")
