"""trailhound new."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from trailhound.formats import Column
from trailhound.main import command
from trailhound.project.detections import SEVERITIES
from trailhound.project.project import find_project
from trailhound.project.scaffold import new_detection
from trailhound.screens.console import emit, say
from trailhound.settings import Settings


class ServiceAndName(click.ParamType[tuple[str, str]]):
    """The folder and the name of a detection."""

    name = "SERVICE/NAME"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Split and check the two: they become file names and names in SQL."""
        parts = re.fullmatch(r"([a-z][a-z0-9_]*)/([a-z][a-z0-9_]*)", value)
        if not parts:
            self.fail(
                f"'{value}' is not like iam/iam_access_keys_created: "
                "lower-case letters, digits and underscores",
                param,
                ctx,
            )
        return parts[1], parts[2]


class EventName(click.ParamType[str]):
    """The name of an API call."""

    name = "NAME"

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:  # noqa: ARG002
        """Show what it looks like."""
        return f"Name the API call to count, such as {param.opts[0]} CreateAccessKey."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the name: it becomes part of SQL."""
        if not re.fullmatch(r"[A-Za-z0-9]+", value):
            self.fail(f"'{value}' is no name of an API call, such as CreateAccessKey", param, ctx)
        return str(value)


@command("new", example="trailhound new iam/iam_access_keys_created --event-name CreateAccessKey")
@click.argument("detection", metavar="SERVICE/NAME", type=ServiceAndName())
@click.option(
    "--event-name",
    type=EventName(),
    required=True,
    help="The API call to count, as CloudTrail names it.",
)
@click.option("--title", help="The title that alerts show. [default: made of the name]")
@click.option(
    "--severity",
    type=click.Choice(SEVERITIES),
    default="medium",
    show_default=True,
    help="The severity of its alerts.",
)
@click.pass_obj
def new(
    settings: Settings,
    /,
    detection: tuple[str, str],
    event_name: str,
    title: str | None,
    severity: str,
) -> None:
    """Scaffold a detection that passes its tests: counts calls of one entity within a window."""
    service, name = detection
    words = name.removeprefix(f"{service}_").replace("_", " ")
    made = new_detection(
        find_project(settings.project_dir),
        detection,
        title=title or f"{service.upper()} - {words[:1].upper()}{words[1:]}",
        severity=severity,
        event_name=event_name,
    )
    emit(settings.format or "table", (Column("file"),), [(_shown(path),) for path in made])
    say(settings, f"Edit them, then: trailhound test {name}")


def _shown(path: Path) -> str:
    """A path below the working folder relative to it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
