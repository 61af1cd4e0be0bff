"""trailhound files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click

from trailhound.commands.moments import Moment
from trailhound.errors import WrongUsage
from trailhound.formats import Column, Row
from trailhound.main import command
from trailhound.screens.console import emit, say
from trailhound.settings import Settings
from trailhound.store.files import FILE_COLUMNS, ODD_COLUMNS, known_files, rejected, skipped
from trailhound.text import counted
from trailhound.workspace import Work

ODD_FOR_PEOPLE = (Column("record", "integer"), Column("reason"), Column("file", "pair"))
_RAW_LENGTH = 60


@command(
    "files",
    example="trailhound files --rejected\ntrailhound files --forget logs/broken.json.gz\n"
    "trailhound files --forget --before 90d",
)
@click.option("--rejected", "kind", flag_value="rejected", help="What could not be read, and why.")
@click.option(
    "--skipped", "kind", flag_value="skipped", help="What is no CloudTrail log, and what it is."
)
@click.option(
    "--forget",
    "names",
    multiple=True,
    is_flag=False,
    flag_value="",
    metavar="[PATH]",
    help="Take a file, or all under a folder or a glob, out of the store; may be given again.",
)
@click.option(
    "--before",
    type=Moment(whole_day=True),
    help="Only files whose events are all of UTC days before this one.",
)
@click.pass_obj
def files(
    settings: Settings, /, kind: str | None, names: tuple[str, ...], before: date | None
) -> None:
    """List the files that the store knows: records, duplicates, errors.

    With --rejected or --skipped a line for each record or file; record 0 is the file as a whole.
    With --forget those that were taken out: the next run builds without them, and what they alone
    showed is no alert any more. --forget --before DATE takes out all that is older; --before alone
    lists what that would be.
    """
    work = Work(settings)
    work.need_store("files")
    if (names or before) and kind:
        which = "--forget takes" if names else "--before is for"
        raise WrongUsage(f"{which} whole files: leave out --{kind}")
    if "" in names and before is None:
        raise WrongUsage("--forget needs a PATH, or --before DATE")
    format_name = settings.format or "table"
    if names:
        rows = _forget(work, [name for name in names if name], before)
    else:
        rows = _rows(work, kind, before)
    if format_name != "table":
        emit(format_name, FILE_COLUMNS if kind is None else ODD_COLUMNS, rows)
    elif kind is None:
        emit("table", *_for_people(rows))
    else:
        emit("table", ODD_FOR_PEOPLE, [_odd_for_people(*row) for row in rows])
    if not rows and not names:
        say(settings, f"nothing was {kind or 'loaded'}{f' before {before}' if before else ''}")


def _rows(work: Work, kind: str | None, before: date | None) -> list[Row]:
    with work.warehouse() as warehouse:
        if kind is None:
            return known_files(warehouse, before)
        return {"rejected": rejected, "skipped": skipped}[kind](warehouse)


def _forget(work: Work, names: Sequence[str], before: date | None) -> list[Row]:
    from trailhound.load.forget import forget

    rows = forget(work, names, before)
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
