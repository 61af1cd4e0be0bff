"""trailhound files."""

from __future__ import annotations

from pathlib import Path

import click

from trailhound.main import command
from trailhound.output import Column, Row
from trailhound.output.console import emit
from trailhound.settings import Settings
from trailhound.stored import FILE_COLUMNS, ODD_COLUMNS, known_files, rejected, skipped
from trailhound.work import Work

FILES_FOR_PEOPLE = (*FILE_COLUMNS[1:-1], FILE_COLUMNS[0])
ODD_FOR_PEOPLE = (Column("record", "integer"), Column("reason"), Column("file", "pair"))
_RAW_LENGTH = 60


@command("files", example="trailhound files --rejected")
@click.option("--rejected", "kind", flag_value="rejected", help="What could not be read, and why.")
@click.option(
    "--skipped", "kind", flag_value="skipped", help="What is no CloudTrail log, and what it is."
)
@click.pass_obj
def files(settings: Settings, /, kind: str | None) -> None:
    """List the files that the store knows: records, duplicates, errors.

    With --rejected or --skipped a line for each record or file; record 0 is the file as a whole.
    """
    work = Work(settings)
    work.need_store("files")
    format_name = settings.format or "table"
    with work.warehouse() as warehouse:
        if kind is None:
            rows = known_files(warehouse)
        else:
            rows = rejected(warehouse) if kind == "rejected" else skipped(warehouse)
    if format_name != "table":
        emit(format_name, FILE_COLUMNS if kind is None else ODD_COLUMNS, rows)
    elif kind is None:
        emit("table", FILES_FOR_PEOPLE, [(*row[1:-1], _near(row[0])) for row in rows])
    else:
        emit("table", ODD_FOR_PEOPLE, [_odd_for_people(*row) for row in rows])


def _odd_for_people(file: str, record: int, reason: str, raw: str | None) -> Row:
    text = " ".join((raw or "")[: 3 * _RAW_LENGTH].split())
    shown = text if len(text) <= _RAW_LENGTH else f"{text[: _RAW_LENGTH - 1]}…"
    return (record, reason, (_near(file), shown))


def _near(file: str) -> str:
    """A path below the working folder relative to it."""
    here = f"{Path.cwd()}/"
    return file.removeprefix(here)
