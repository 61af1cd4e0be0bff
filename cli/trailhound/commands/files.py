"""trailhound files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from trailhound.errors import WrongUsage
from trailhound.main import command
from trailhound.output import Column, Row
from trailhound.output.console import emit, say
from trailhound.output.text import counted
from trailhound.settings import Settings
from trailhound.stored import FILE_COLUMNS, ODD_COLUMNS, known_files, rejected, skipped
from trailhound.work import Work

ODD_FOR_PEOPLE = (Column("record", "integer"), Column("reason"), Column("file", "pair"))
_RAW_LENGTH = 60


@command(
    "files", example="trailhound files --rejected\ntrailhound files --forget logs/broken.json.gz"
)
@click.option("--rejected", "kind", flag_value="rejected", help="What could not be read, and why.")
@click.option(
    "--skipped", "kind", flag_value="skipped", help="What is no CloudTrail log, and what it is."
)
@click.option(
    "--forget",
    "names",
    multiple=True,
    metavar="PATH",
    help="Take a file, or all under a folder or a glob, out of the store; may be given again.",
)
@click.pass_obj
def files(settings: Settings, /, kind: str | None, names: tuple[str, ...]) -> None:
    """List the files that the store knows: records, duplicates, errors.

    With --rejected or --skipped a line for each record or file; record 0 is the file as a whole.
    With --forget those that were taken out: the next run builds without them.
    """
    work = Work(settings)
    work.need_store("files")
    if names and kind:
        raise WrongUsage(f"--forget takes whole files out: leave out --{kind}")
    format_name = settings.format or "table"
    rows = _forget(work, names) if names else _rows(work, kind)
    if format_name != "table":
        emit(format_name, FILE_COLUMNS if kind is None else ODD_COLUMNS, rows)
    elif kind is None:
        emit("table", *_for_people(rows))
    else:
        emit("table", ODD_FOR_PEOPLE, [_odd_for_people(*row) for row in rows])
    if not rows:
        say(settings, f"nothing was {kind or 'loaded'}")


def _rows(work: Work, kind: str | None) -> list[Row]:
    read = {None: known_files, "rejected": rejected, "skipped": skipped}[kind]
    with work.warehouse() as warehouse:
        return read(warehouse)


def _forget(work: Work, names: Sequence[str]) -> list[Row]:
    from trailhound.forgetting import forget

    rows = forget(work, names)
    say(work.settings, f"forgot {counted(len(rows), 'file')}: `trailhound run` builds without them")
    return rows


def _for_people(rows: Sequence[Row]) -> tuple[Sequence[Column], Sequence[Row]]:
    """The counts that are not nought everywhere, then each file's name above its folder."""
    counts = [
        place
        for place, column in enumerate(FILE_COLUMNS)
        if column.name == "records"
        or (column.kind != "time" and place and any(row[place] for row in rows))
    ]
    columns = [*(FILE_COLUMNS[place] for place in counts), Column("file", "pair")]
    shown = []
    for row in rows:
        folder, _, name = _near(row[0]).rpartition("/")
        shown.append((*(row[place] for place in counts), (name, folder)))
    return columns, shown


def _odd_for_people(file: str, record: int, reason: str, raw: str | None) -> Row:
    text = " ".join((raw or "")[: 3 * _RAW_LENGTH].split())
    shown = text if len(text) <= _RAW_LENGTH else f"{text[: _RAW_LENGTH - 1]}…"
    return (record, reason, (_near(file), shown))


def _near(file: str) -> str:
    """A path below the working folder relative to it."""
    here = f"{Path.cwd()}/"
    return file.removeprefix(here)
