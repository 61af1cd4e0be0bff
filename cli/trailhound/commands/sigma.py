"""trailhound sigma."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trailhound.commands.events_at_hand import events_at_hand
from trailhound.commands.moments import Moment, check_range
from trailhound.errors import TrailhoundError, WrongUsage, extra
from trailhound.formats import Column
from trailhound.main import command
from trailhound.project.scaffold import folder_of_new
from trailhound.screens.console import complain, emit, say
from trailhound.screens.progress import progress_bar
from trailhound.settings import Settings
from trailhound.sigma import LEVELS
from trailhound.text import counted
from trailhound.workspace import Work

if TYPE_CHECKING:
    from trailhound.sigma.detection import Maker
    from trailhound.sigma.rules import Unread
    from trailhound.sigma.write import Outcome

_MATCHES = (
    Column("level", "severity"), Column("rule"), Column("account_id", "word"),
    Column("entity_id"), Column("events", "integer"), Column("first_seen", "time"),
    Column("last_seen", "time"), Column("techniques", "list"), Column("author"),
    Column("sigma_id"),
)  # fmt: skip
_SHOWN = 8  # columns that a table has
_FOLDER = Path("detections", "sigma")


@command(
    "sigma",
    example="trailhound sigma import rules/cloud/aws --dry-run\n"
    "trailhound load logs/ && trailhound sigma hunt rules/cloud/aws",
)
@click.argument("action", type=click.Choice(["import", "hunt"]))
@click.argument("rules", metavar="RULES…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--into", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
    help="import: where the detections go. [default: detections/sigma of the project]",
)  # fmt: skip
@click.option(
    "--min-level", type=click.Choice(LEVELS), default="low", show_default=True,
    help="import: leave rules of a lower level out.",
)  # fmt: skip
@click.option(
    "--minutes", type=click.IntRange(1), default=60, show_default=True, metavar="N",
    help="import: events so far apart are one alert.",
)  # fmt: skip
@click.option(
    "--literal-group-by", is_flag=True,
    help="import: group by the fields as written, where else who made the call is the entity.",
)  # fmt: skip
@click.option(
    "--pipeline", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE",
    help="A pipeline of pySigma to apply to each rule, for placeholders.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="import: say what would be made, write nothing.")
@click.option("--since", type=Moment(), help="hunt: events of this date or UTC time, or later.")
@click.option(
    "--until", type=Moment(ends_day=True), help="hunt: events of this date or UTC time, or earlier."
)
@click.pass_obj
def sigma(  # noqa: PLR0913 - each is a user's choice
    settings: Settings,
    /,
    action: str,
    rules: tuple[Path, ...],
    *,
    into: Path | None,
    min_level: str,
    minutes: int,
    literal_group_by: bool,
    pipeline: Path | None,
    dry_run: bool,
    since: datetime | None,
    until: datetime | None,
) -> None:
    """Use Sigma rules on CloudTrail: files or folders of them.

    import makes a detection of each rule, with tests, in your project: true sliding windows,
    allow-lists, every engine. hunt asks the events at hand and writes nothing. Rules that cannot
    be used are named with the reason; exit code 1 if there is no other.
    """
    for path in rules:
        if not path.exists():
            raise WrongUsage(f"there is no {path}")
    check_range(since, until)
    work = Work(settings)
    with extra("sigma", f"sigma {action}"):
        maker = _maker(work, rules, pipeline, minutes=minutes, is_literal=literal_group_by)
        if action == "hunt":
            _hunt(work, maker, since, until)
        else:
            _import(work, maker, into, min_level, dry_run=dry_run)


def _maker(
    work: Work, paths: tuple[Path, ...], pipeline: Path | None, *, minutes: int, is_literal: bool
) -> Maker:
    import duckdb

    from trailhound.project.aws_names import aws_names
    from trailhound.project.macros import Macros
    from trailhound.sigma.detection import Maker
    from trailhound.sigma.examples import Examples
    from trailhound.sigma.names import Names
    from trailhound.sigma.rules import read_rules

    macros = Macros(work.project.package / "macros", "duckdb", {})
    names = Names(aws_names())
    return Maker(
        read_rules(paths, pipeline),
        names,
        Examples(macros, names, duckdb.connect()),
        minutes,
        is_literal,
    )


def _import(work: Work, maker: Maker, into: Path | None, min_level: str, *, dry_run: bool) -> None:
    from trailhound.sigma.write import Outcome, make_all, write_all

    project, settings = work.project, work.settings
    if into is None and not dry_run:
        folder_of_new(project)
    outcome = Outcome()
    rules = len(maker.collection.rules)
    with progress_bar(settings, "reading rules", "making detections") as tell:
        for outcome in make_all(maker, work.detections, min_level, work.project.reserved_names):
            if tell:
                tell(len(outcome.made), rules)
    folder = into or project.root / _FOLDER
    if not dry_run:
        write_all(outcome, folder)
    _tell(settings, outcome, maker.collection.files, folder, dry_run=dry_run)
    if not outcome.made:
        raise TrailhoundError("no detection could be made of any rule")


def _tell(settings: Settings, outcome: Outcome, files: int, folder: Path, *, dry_run: bool) -> None:
    rows = [
        (made.rule.level, made.name, made.rule.title, made.rule.author) for made in outcome.made
    ]
    columns = (Column("level", "severity"), Column("detection", "word"), Column("title"),
               Column("author"))  # fmt: skip
    emit(settings.format or "table", columns, rows)
    for made in outcome.made:
        for note in made.notes:
            say(settings, f"{made.name}: {note}")
    for path in outcome.edited:
        complain(f"{path} was edited: the new text is in {path.name}.new")
    count = f"{counted(files, 'file')}: {counted(len(outcome.made), 'detection')} made, "
    if outcome.refused:
        complain(f"{count}{len(outcome.refused)} not:")
    else:
        say(settings, f"{count}0 not")
    _name_refused(outcome.refused)
    written = (
        "Nothing was written: without --dry-run it will be."
        if dry_run
        else f"{counted(len(outcome.written), 'file')} written to {folder}."
    )
    say(settings, f"{written} Calls of AWS services do not count, as in every detection.")


def _name_refused(refused: list[Unread]) -> None:
    for each in refused:
        complain(f"{each.path.name}: {each.title}: {each.reason}")


def _hunt(work: Work, maker: Maker, since: datetime | None, until: datetime | None) -> None:
    from trailhound.project.macros import Macros
    from trailhound.sigma.hunt import hunt, names_of

    settings = work.settings
    macros = Macros(
        work.project.package / "macros", work.target.type, work.project.variables(settings.vars)
    )
    with events_at_hand(work) as warehouse:
        found, refused = hunt(maker, macros, warehouse, since, until)
    rows = [
        (
            match.rule.level, match.rule.title, match.account_id, match.entity_id, match.events,
            match.first_seen, match.last_seen, match.rule.attack[1],
            match.rule.author, match.rule.id,
        )
        for match in found
    ]  # fmt: skip
    form = settings.format or "table"
    shown = _SHOWN if form == "table" else len(_MATCHES)
    emit(form, _MATCHES[:shown], [row[:shown] for row in rows])
    if form == "table":
        for title, author in dict.fromkeys((each.rule.title, each.rule.author) for each in found):
            say(settings, f"{title}: rule by {author}")
    _name_refused(refused)
    rules = len(maker.collection.rules) + len(maker.collection.unread)
    say(settings, f"{counted(names_of(found), 'rule')} of {rules} matched; {len(refused)} could "
        "not be asked. Calls of AWS services do not count.")  # fmt: skip
    if len(refused) == rules:
        raise TrailhoundError("no rule could be asked")
