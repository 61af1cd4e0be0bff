"""Which dbt project is meant, and what its dbt_project.yml says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from trailhound.errors import TrailhoundError, WrongUsage

NAME = "trailhound"
PROJECT_FILE = "dbt_project.yml"


@dataclass(frozen=True)
class Project:
    """A dbt project: trailhound's own, or one that has trailhound as a package."""

    root: Path

    @cached_property
    def config(self) -> dict[str, Any]:
        """What dbt_project.yml says, its Jinja not rendered."""
        return read_yaml(self.root / PROJECT_FILE)

    @property
    def package(self) -> Path:
        """The folder of trailhound's own dbt project: the root, or the package below it."""
        if self.config.get("name") == NAME:
            return self.root
        return self.root / str(self.config.get("packages-install-path", "dbt_packages")) / NAME

    @property
    def detection_folders(self) -> list[Path]:
        """Where detections are: trailhound's, then those of the project that uses it."""
        return [root / "detections" for root in dict.fromkeys((self.package, self.root))]

    @property
    def seeds(self) -> Path:
        """The folder of the analyst's CSV files."""
        return self.package / "seeds"

    def variables(self, given: dict[str, Any]) -> dict[str, Any]:
        """The dbt variables in force, nearest last: the package's, the project's, --vars."""
        found: dict[str, Any] = {}
        if self.package != self.root:
            found |= _own_variables(read_yaml(self.package / PROJECT_FILE))
        return found | _own_variables(self.config) | given


def find_project(given: Path | None) -> Project:
    """The project at `given`; without it the working folder's if it is one, else the installed.

    Raises WrongUsage if `given` holds no project that knows trailhound.
    """
    if given is not None:
        project = _project_at(given.resolve())
        if project is None:
            raise WrongUsage(
                f"{given} is no dbt project of trailhound: it needs a {PROJECT_FILE} with the "
                f"name {NAME}, or the package {NAME} (run `dbt deps` there)"
            )
        return project
    return _project_at(Path.cwd()) or installed_project()


def installed_project() -> Project:
    """The project that came with the package, or the clone that the package is run from."""
    here = Path(__file__).resolve().parent
    for folder in (here / "project", here.parents[1]):
        project = _project_at(folder)
        if project is not None:
            return project
    raise TrailhoundError(f"the dbt project is missing from the installation at {here}")


def _project_at(folder: Path) -> Project | None:
    if not (folder / PROJECT_FILE).is_file():
        return None
    project = Project(folder)
    return project if (project.package / PROJECT_FILE).is_file() else None


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file that holds an object. Raises TrailhoundError naming the file if it does not."""
    return parse_yaml(path.read_text(encoding="utf-8"), path)


def parse_yaml(text: str, path: Path) -> dict[str, Any]:
    """As `read_yaml`, for text that was read from `path`."""
    try:
        parsed = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except yaml.YAMLError as error:
        raise TrailhoundError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(parsed, dict):
        raise TrailhoundError(f"{path} holds no YAML object")
    return parsed


def _own_variables(config: dict[str, Any]) -> dict[str, Any]:
    """The variables of one dbt_project.yml; those under the package's name are nearer."""
    variables = config.get("vars") or {}
    return {**variables, **(variables.get(NAME) or {})}
