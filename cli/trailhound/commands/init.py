"""trailhound init."""

from __future__ import annotations

from pathlib import Path

import click

from trailhound.main import command
from trailhound.output import Column
from trailhound.output.console import emit, say
from trailhound.scaffold import copy_project
from trailhound.settings import Settings


@command("init", example="trailhound init detections-of-ours")
@click.argument(
    "folder", metavar="[DIR]", type=click.Path(file_okay=False, path_type=Path), default="."
)
@click.pass_obj
def init(settings: Settings, /, folder: Path) -> None:
    """Put the dbt project into DIR (the working folder if left out), to edit and to version.

    Commands that are run there use it from then on. Nothing that is there is overwritten.
    """
    made = copy_project(folder)
    emit(settings.format or "table", (Column("file"),), [(str(path),) for path in made])
    say(settings, f"Your project is in {folder}: edit it, and run trailhound from there.")
    if settings.store_path.exists():
        say(settings, f"To go on with this folder's store: --store {settings.store_path}")
