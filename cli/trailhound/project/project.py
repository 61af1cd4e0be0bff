"""Which dbt project is meant, and what its dbt_project.yml says."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from trailhound.errors import TrailhoundError, WrongUsage

NAME = "trailhound"
PROJECT_FILE = "dbt_project.yml"
INSTALLED = "dbt_project"
"""The folder of the wheel that holds the dbt project."""
PARTS = ("dbt_project.yml", "analyses", "models", "detections", "macros", "seeds")
"""What the dbt project consists of, beside its profiles.yml."""
RECORD = Path(".trailhound") / "made.json"
"""What `trailhound init` wrote into a project, and of which version it was."""
LINKED = Path(".trailhound") / "package"
"""The installed dbt project as a package that has the user's CSV files and detections in it."""


@dataclass(frozen=True)
class Project:
    """A dbt project: trailhound's own, or one that has trailhound as a package."""

    root: Path

    @cached_property
    def config(self) -> dict[str, Any]:
        """What dbt_project.yml says, its Jinja not rendered."""
        return read_yaml(self.root / PROJECT_FILE)

    @cached_property
    def record(self) -> dict[str, Any]:
        """What `trailhound init` noted: `version`, and `files` with their SHA-256; else empty.

        Raises TrailhoundError if the file was broken.
        """
        path = self.root / RECORD
        if not path.is_file():
            return {}
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            return {"version": str(record["version"]), "files": dict(record["files"])}
        except (ValueError, KeyError, TypeError) as error:
            raise TrailhoundError(
                f"{path} is not what trailhound wrote: take it from your version control"
            ) from error

    @property
    def is_whole(self) -> bool:
        """Whether it holds all the SQL itself."""
        return self.config.get("name") == NAME

    @property
    def uses_installed(self) -> bool:
        """Whether it is one that `trailhound init` made to use the installed project."""
        return not self.is_whole and bool(self.record)

    @property
    def package(self) -> Path:
        """The folder of trailhound's own dbt project: the root, the installed one or a package."""
        if self.is_whole:
            return self.root
        if self.uses_installed:
            return installed_project().root
        return self.packages / NAME

    @property
    def packages(self) -> Path:
        """The folder in which dbt looks for packages."""
        return self.root / str(self.config.get("packages-install-path", "dbt_packages"))

    @property
    def detection_folders(self) -> list[Path]:
        """Where detections are: trailhound's, then those of the project that uses it."""
        own = self.root if self.uses_installed or self.builds_detections else self.package
        return [root / "detections" for root in dict.fromkeys((self.package, own))]

    @property
    def reserved_names(self) -> set[str]:
        """The names of what is built beside the detections, which none of these may have."""
        folders = (self.package / "models", self.package / "seeds")
        found = {path.stem for folder in folders for path in folder.rglob("*.*")}
        return found | {"incidents", "signals", "trailhound_builds"}

    @property
    def builds_detections(self) -> bool:
        """Whether dbt_project.yml says that dbt finds models in the folder detections/."""
        return "detections" in self.config.get("model-paths", ["models"])

    @property
    def seeds(self) -> Path:
        """The folder of all CSV files to build with."""
        return (self.root / LINKED if self.uses_installed else self.package) / "seeds"

    @property
    def own_seeds(self) -> Path | None:
        """The folder of the CSV files that are the user's to edit; None if they are not."""
        if self.uses_installed:
            return self.root / "seeds"
        if self.is_whole and self.root.name != INSTALLED:
            return self.root / "seeds"
        return None

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


def version_of(folder: Path) -> str | None:
    """The version of trailhound that made the project in a folder; None if none did."""
    if not (folder / PROJECT_FILE).is_file():
        return None
    project = Project(folder.resolve())
    if project.record:
        return str(project.record["version"])
    # Before there were notes, a project was whole and had trailhound's own version.
    if project.is_whole and project != installed_project() and "version" in project.config:
        return str(project.config["version"])
    return None


def link_package(project: Project) -> None:
    """Make the installed project a package of this one, where it is not so already.

    These are links, so that another installation takes effect with no more than this.
    """
    wanted = _links(project)
    for path, target in wanted.items():
        if path.is_symlink() and str(path.readlink()) == target:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir() and not path.is_symlink():  # what `dbt deps` copied
            shutil.rmtree(path)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        beside.symlink_to(target)
        beside.replace(path)
    for path in (project.root / LINKED / "seeds").glob("*.csv"):
        if path not in wanted:
            path.unlink()


def _links(project: Project) -> dict[Path, str]:
    """The links of the package, and what each points to."""
    root, source = project.root, installed_project().root
    package = root / LINKED
    links = {package / part: source / part for part in PARTS if part != "seeds"}
    # As dbt_project.yml names it: dbt follows a link to such a folder, and none below it.
    links[package / "own" / "detections"] = root / "detections"
    for path in (source / "seeds").glob("*.csv"):
        own = root / "seeds" / path.name
        links[package / "seeds" / path.name] = own if own.is_file() else path
    links[project.packages / NAME] = package
    return {
        # Within the project relative, so that it can be moved.
        path: os.path.relpath(target, path.parent) if target.is_relative_to(root) else str(target)
        for path, target in links.items()
    }


def installed_project() -> Project:
    """The project that came with the package, or the clone that the package is run from."""
    here = Path(__file__).resolve().parents[1]
    for folder in (here / INSTALLED, here.parents[1]):
        project = _project_at(folder)
        if project is not None:
            return project
    raise TrailhoundError(f"the dbt project is missing from the installation at {here}")


def _project_at(folder: Path) -> Project | None:
    if not (folder / PROJECT_FILE).is_file():
        return None
    project = Project(folder)
    if project.uses_installed:
        link_package(project)
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
