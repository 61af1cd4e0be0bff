"""The options that every command takes, before or after the command's name."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from trailhound.settings import DEFAULT_MEMORY_LIMIT, DEFAULT_STORE, Settings


class Vars(click.ParamType[dict[str, Any]]):
    """A YAML or JSON object, as dbt's own --vars takes it."""

    name = "YAML"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, Any]:
        """Parse the text; a value that is no object of names is a usage error."""
        if isinstance(value, dict):
            return value
        import yaml

        try:
            parsed = yaml.safe_load(value)
        except yaml.YAMLError:
            parsed = None
        if not isinstance(parsed, dict) or not all(isinstance(key, str) for key in parsed):
            self.fail(
                f"expected names and values like '{{name: value}}', got {value!r}", param, ctx
            )
        return parsed


class Size(click.ParamType[str]):
    """An amount of memory, as DuckDB reads it."""

    name = "SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the form; what is less than DuckDB can work with it says itself."""
        if not re.fullmatch(r"[0-9]+([.][0-9]+)? ?[KMGT]i?B", str(value), re.IGNORECASE):
            self.fail(f"expected a size like 500MB or 2GB, got {value!r}", param, ctx)
        return str(value)


class FormatName(click.ParamType[str]):
    """One of the output formats; the list is looked up only when a name is given."""

    name = "FORMAT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the name against the registry of formats."""
        from trailhound.formats import FORMATS

        if value not in FORMATS:
            self.fail(f"'{value}' is not one of {', '.join(FORMATS)}.", param, ctx)
        return str(value)


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Note a shared option's value on the one Settings object; a later place wins."""
    settings = ctx.find_root().ensure_object(Settings)
    if value is None or value is False or param.name is None:
        return
    setattr(settings, param.name, value)


def shared_options(*, environment: bool) -> Callable[[Any], Any]:
    """Decorate with the shared options; only the group reads the environment: an option wins."""

    def decorate(function: Any) -> Any:
        for names, attributes in reversed(_SHARED):
            extra = dict(attributes)
            envvar = extra.pop("envvar", None)
            function = click.option(
                *names,
                **extra,
                envvar=envvar if environment else None,
                expose_value=False,
                callback=_keep,
                cls=SharedOption,
            )(function)
        return _version(function)

    return decorate


class SharedOption(click.Option):
    """An option that help lists apart, because every command has it."""


_SHARED: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (
        ("--store",),
        {
            "type": click.Path(dir_okay=False, path_type=Path),
            "metavar": "FILE",
            "envvar": "TRAILHOUND_STORE",
            "help": f"The DuckDB file. [default: {DEFAULT_STORE}; env: TRAILHOUND_STORE]",
        },
    ),
    (
        ("--memory-limit",),
        {
            "type": Size(),
            "metavar": "SIZE",
            "envvar": "TRAILHOUND_MEMORY_LIMIT",
            "help": "How much memory DuckDB may use; Python takes up to 500MB beside it. "
            f"[default: {DEFAULT_MEMORY_LIMIT}; env: TRAILHOUND_MEMORY_LIMIT]",
        },
    ),
    (
        ("--target",),
        {
            "metavar": "NAME",
            "envvar": "TRAILHOUND_TARGET",
            "help": "The dbt target: duckdb, trino, athena. [env: TRAILHOUND_TARGET]",
        },
    ),
    (
        ("--project-dir",),
        {
            "type": _FOLDER,
            "metavar": "DIR",
            "help": "The dbt project. [default: the working folder if it is one, "
            "else the installed one]",
        },
    ),
    (
        ("--vars",),
        {"type": Vars(), "help": "dbt variables, like '{name: value}'."},
    ),
    (
        ("--allow-list",),
        {"type": _FILE, "metavar": "FILE", "help": "CSV in place of the project's allow_list."},
    ),
    (
        ("--overrides",),
        {
            "type": _FILE,
            "metavar": "FILE",
            "help": "CSV in place of the project's threshold_overrides.",
        },
    ),
    (
        ("--trusted-accounts",),
        {
            "type": _FILE,
            "metavar": "FILE",
            "help": "CSV in place of the project's trusted_accounts.",
        },
    ),
    (
        ("--countries",),
        {
            "type": _FILE,
            "metavar": "FILE",
            "help": "CSV start_ip,end_ip,country in place of the project's own.",
        },
    ),
    (
        ("--networks",),
        {
            "type": _FILE,
            "metavar": "FILE",
            "help": "CSV start_ip,end_ip,network: the networks that addresses belong to.",
        },
    ),
    (
        ("--indicators",),
        {
            "type": _FILE,
            "metavar": "FILE",
            "help": "CSV kind,indicator,source or STIX 2.1 bundle: what aws_indicator_seen looks "
            "for.",
        },
    ),
    (
        ("--format",),
        {
            "type": FormatName(),
            "metavar": "FORMAT",
            "help": "How to print: table, ndjson, json, csv, parquet, xlsx, ocsf, asff, ecs, "
            "timesketch, navigator.",
        },
    ),
    (
        ("--wait",),
        {
            "type": click.FloatRange(0),
            "metavar": "SECONDS",
            "help": "How long to wait for a store that another process holds. [default: 0]",
        },
    ),
    (("-q", "--quiet"), {"is_flag": True, "help": "Say nothing on stderr but errors."}),
    (("-v", "--verbose"), {"is_flag": True, "help": "Show on stderr all that dbt says."}),
)

_version = click.version_option(
    package_name="trailhound",
    prog_name="trailhound",
    message="%(prog)s %(version)s",
    cls=SharedOption,
    help="Show the version.",
)
