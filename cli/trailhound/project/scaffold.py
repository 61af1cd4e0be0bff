"""New files for the user: a detection, a row in the catalogue."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from trailhound.errors import TrailhoundError, WrongUsage
from trailhound.project.detections import Detection, read_detections
from trailhound.project.project import INSTALLED, PROJECT_FILE, Project, installed_project

if TYPE_CHECKING:
    from jinja2 import Template

_CATALOGUE = re.compile(r"(<!-- catalogue -->\n).*?(<!-- end of catalogue -->)", re.DOTALL)
# Numbers that the scaffolded tests are written for.
_THRESHOLD, _MINUTES = 5, 10


def folder_of_new(project: Project) -> Path:
    """The folder for new detections of a project.

    Raises WrongUsage if the project is the installed one, or if dbt would not look there.
    """
    if project == installed_project() and project.root.name == INSTALLED:
        raise WrongUsage("this project is the installed one: make your own with `trailhound init`")
    if not (project.uses_installed or project.builds_detections):
        raise WrongUsage(
            f"dbt would not find it: write model-paths: [models, detections] in {project.root}/"
            f"{PROJECT_FILE}"
        )
    return project.root / "detections"


def new_detection(
    project: Project, place: tuple[str, str], *, title: str, severity: str, event_name: str
) -> list[Path]:
    """Write the two files of a detection that counts calls, and its row in the catalogue.

    `place` is the service and the detection's name; the three texts go into its files.

    Raises WrongUsage if the name is taken, or as folder_of_new().
    """
    folder = folder_of_new(project)
    service, name = place
    if any(each.name == name for each in read_detections(project)):
        raise WrongUsage(f"there is a detection '{name}' already")
    if name in project.reserved_names:
        raise WrongUsage(f"trailhound has a relation '{name}' of its own: choose another name")
    base = folder / service / name
    base.parent.mkdir(parents=True, exist_ok=True)
    made = []
    for ending in (".sql", ".yml"):
        path = base.with_suffix(ending)
        text = render_template(
            f"detection{ending}.jinja",
            name=name,
            title=title,
            severity=severity,
            event_source=f"{service}.amazonaws.com",
            event_name=event_name,
            threshold=_THRESHOLD,
            minutes=_MINUTES,
        )
        path.write_text(text, encoding="utf-8")
        made.append(path)
    return [*made, *update_catalogue(project)]


def update_catalogue(project: Project) -> list[Path]:
    """Write the table of detections into detections/README.md, if there is one to hold it.

    Gives the file if it was changed. Raises TrailhoundError if the file has no place for the table.
    """
    path = project.root / "detections" / "README.md"
    if not path.is_file():
        return []
    before = path.read_text(encoding="utf-8")
    after = with_catalogue(before, read_detections(project), path)
    if after == before:
        return []
    path.write_text(after, encoding="utf-8")
    return [path]


def with_catalogue(text: str, detections: Sequence[Detection], path: Path) -> str:
    """Put the table of detections between the two comments that mark its place in a text."""
    if not _CATALOGUE.search(text):
        raise TrailhoundError(
            f"{path} lacks the lines <!-- catalogue --> and <!-- end of catalogue -->"
        )
    table = catalogue(detections, path.parent)
    return _CATALOGUE.sub(lambda match: f"{match[1]}{table}{match[2]}", text)


def catalogue(detections: Sequence[Detection], folder: Path) -> str:
    """Make the table of detections in Markdown, with links relative to the folder."""
    rows = [
        f"| [`{each.name}`]({each.path.relative_to(folder).with_suffix('.sql').as_posix()}) "
        f"| {each.title} | {each.severity} | {', '.join(each.techniques)} | {each.fires_at} "
        f"| {'yes' if each.needs_data_events else ''} |\n"
        for each in detections
        if each.path.is_relative_to(folder)
    ]
    head = "| detection | title | severity | ATT&CK | fires at | needs data events |\n"
    return f"{head}|---|---|---|---|---|---|\n{''.join(rows)}"


def render_template(template: str, **values: object) -> str:
    """Fill a template; its own brackets are square, for what it writes is full of Jinja."""
    return _template(template).render(**values)


@cache
def _template(name: str) -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(  # noqa: S701 - it writes SQL and YAML, no HTML
        variable_start_string="[[",
        variable_end_string="]]",
        block_start_string="[%",
        block_end_string="%]",
        comment_start_string="[#",
        comment_end_string="#]",
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    source = files("trailhound.project").joinpath("templates", name).read_text(encoding="utf-8")
    return environment.from_string(source)
