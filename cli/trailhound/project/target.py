"""What the project's profiles.yml says of a target, read without dbt: its import takes seconds."""

from __future__ import annotations

import os
import re
from ast import literal_eval
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from trailhound.errors import TrailhoundError, WrongUsage, unknown
from trailhound.project.project import Project, read_yaml
from trailhound.settings import DEFAULT_MEMORY_LIMIT, Settings

_TEXT = r"""'([^'"\\{}]*)'"""
_PLAIN = re.compile(rf"{{{{ *env_var\('(\w+)'(?:, *{_TEXT})?\)(?: or {_TEXT})? *}}}}")


class Target(NamedTuple):
    """One output of a profile, rendered."""

    name: str
    config: dict[str, Any]

    @property
    def type(self) -> str:
        """The adapter: duckdb, trino or athena."""
        return str(self.config.get("type"))


def find_target(project: Project, settings: Settings) -> Target:
    """The target in force. Raises WrongUsage if the profile does not have it."""
    environment = {**os.environ, **settings.environment}
    name = settings.target or str(_render(_profile(project).get("target", "default"), environment))
    config = output(project, name, environment)
    if config.get("type") == "duckdb":
        config["path"] = str(project.root / str(config.get("path", ":memory:")))
        if settings.store is not None and Path(config["path"]) != settings.store_path:
            raise WrongUsage(
                f"--store has no effect: the profile says path: {config['path']}; write there "
                "path: \"{{ env_var('TRAILHOUND_STORE') }}\""
            )
        limits = {"memory_limit": DEFAULT_MEMORY_LIMIT, **(config.get("settings") or {})}
        if settings.memory_limit:
            limits["memory_limit"] = settings.memory_limit
        config["settings"] = limits
    return Target(name, config)


def output(project: Project, target: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """What the profile says of a target; `environment` is what its env_var() reads."""
    outputs = _profile(project).get("outputs") or {}
    if target not in outputs:
        raise unknown("target", target, outputs)
    return {str(key): value for key, value in _render(outputs[target], environment).items()}


def profiles_folder(project: Project) -> Path:
    """The folder whose profiles.yml counts: the first with the project's profile, as dbt searches.

    The environment may name the folder of another project.
    """
    there = [folder for folder in _profiles_folders(project) if (folder / "profiles.yml").is_file()]
    if not there:
        raise TrailhoundError(f"there is no profiles.yml in {project.root} nor in ~/.dbt")
    name = _profile_name(project)
    for folder in there:
        if name in read_yaml(folder / "profiles.yml"):
            return folder
    return there[0]


def _profiles_folders(project: Project) -> Iterator[Path]:
    if "DBT_PROFILES_DIR" in os.environ:
        yield Path(os.environ["DBT_PROFILES_DIR"])
    yield project.root
    yield Path.home() / ".dbt"


def _profile(project: Project) -> dict[str, Any]:
    path = profiles_folder(project) / "profiles.yml"
    name = _profile_name(project)
    profile = read_yaml(path).get(name)
    if not isinstance(profile, dict):
        raise TrailhoundError(f"{path} has no profile '{name}'")
    return profile


def _profile_name(project: Project) -> str:
    return str(project.config.get("profile", "default"))


def _render(value: Any, environment: Mapping[str, str]) -> Any:
    """Render the Jinja that profiles.yml may hold: env_var, its default, dbt's filters of types."""
    if isinstance(value, dict):
        return {key: _render(each, environment) for key, each in value.items()}
    if isinstance(value, list):
        return [_render(each, environment) for each in value]
    if not isinstance(value, str) or "{" not in value:
        return value
    asked: set[str] = set()

    def filter_of(name: str) -> Callable[[object], object]:
        def as_it_is(text: object) -> object:
            asked.add(name)
            return text

        return as_it_is

    def env_var(name: str, default: str | None = None) -> str:
        found = environment.get(name, default)
        if found is None:
            raise WrongUsage(f"the environment variable {name} is not set: profiles.yml needs it")
        return found

    # What the project's own profile says; importing Jinja costs half as much as opening a store.
    if (plain := _PLAIN.fullmatch(value)) is not None:
        name, default, instead = plain.groups()
        return env_var(name, default) or instead or ""
    from jinja2 import Environment

    # Without such a filter everything stays a text, as with dbt: a password may look like a number.
    jinja = Environment()  # noqa: S701 - what comes out is no HTML
    jinja.filters |= {name: filter_of(name) for name in ("as_number", "as_bool", "as_native")}
    rendered = jinja.from_string(value).render(env_var=env_var)
    try:
        return literal_eval(rendered) if asked else rendered
    except (ValueError, SyntaxError) as error:
        if asked == {"as_native"}:
            return rendered
        raise WrongUsage(f"profiles.yml: '{rendered}' is no value for {value}") from error
