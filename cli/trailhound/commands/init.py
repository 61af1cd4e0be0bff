"""trailhound init."""

from __future__ import annotations

from pathlib import Path

import click

from trailhound import __version__
from trailhound.errors import WrongUsage
from trailhound.formats import Column
from trailhound.main import command
from trailhound.project.made import make_project, upgrade_project
from trailhound.screens.console import complain, emit, say
from trailhound.settings import Settings
from trailhound.text import counted


@command("init", example="trailhound init my-detections\ntrailhound init --upgrade")
@click.argument(
    "folder", metavar="[DIR]", type=click.Path(file_okay=False, path_type=Path), default="."
)
@click.option("--whole", is_flag=True, help="Put all the SQL there, to edit that too.")
@click.option("--upgrade", is_flag=True, help="Bring a project up to date with this version.")
@click.pass_obj
def init(settings: Settings, /, folder: Path, *, whole: bool, upgrade: bool) -> None:
    """Make a dbt project of your own in DIR (the working folder if left out).

    It holds your detections, CSV files and variables, and uses the installed trailhound as a
    package. Commands that are run there use it from then on. Nothing that is there is overwritten.

    --upgrade rewrites what another version made and you did not edit; what you edited stays, is
    named, and has the new text beside it as NAME.new. It is for a fresh clone of a project, too.
    """
    if whole and upgrade:
        raise WrongUsage("--upgrade keeps a project whole or small as it is: leave out --whole")
    if upgrade:
        _upgrade(settings, folder)
        return
    made = make_project(folder, whole=whole)
    emit(settings.format or "table", (Column("file"),), [(str(path),) for path in made])
    say(settings, f"Your project is in {folder}: edit it, and run trailhound from there.")
    if settings.store_path.exists():
        say(settings, f"To go on with this folder's store: --store {settings.store_path}")


def _upgrade(settings: Settings, folder: Path) -> None:
    changes = upgrade_project(folder)
    emit(settings.format or "table", (Column("file"), Column("state")), changes)
    say(settings, f"{folder} is a project of trailhound {__version__} now.")
    if edited := sum(each.state == "edited" for each in changes):
        complain(f"{counted(edited, 'edited file')} stayed: the new text is in NAME.new beside it")
