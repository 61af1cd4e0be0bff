"""Output formats: each is one function (columns, rows, stream) in a module of its own."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import IO, Any, NamedTuple

from trailhound.formats.columns import Column, Row

__all__ = ["FORMATS", "Column", "Format", "Row", "write"]


class Format(NamedTuple):
    """Where a writer is, whether it writes bytes, and the file name endings that mean it.

    Formats of other tools are for alerts, some for events too. They raise WrongUsage for other
    rows.
    """

    target: str
    endings: tuple[str, ...]
    is_binary: bool = False


FORMATS = {
    "table": Format("table:write_table", (".txt",)),
    "ndjson": Format("as_json:write_ndjson", (".ndjson", ".jsonl")),
    "json": Format("as_json:write_json", (".json",)),
    "csv": Format("as_csv:write_csv", (".csv",)),
    "parquet": Format("as_parquet:write_parquet", (".parquet",), is_binary=True),
    "xlsx": Format("as_xlsx:write_xlsx", (".xlsx",), is_binary=True),
    "ocsf": Format("as_ocsf:write_ocsf", (".ocsf.ndjson",)),
    "asff": Format("as_asff:write_asff", (".asff.json",)),
    "ecs": Format("as_ecs:write_ecs", (".ecs.ndjson",)),
    "timesketch": Format("as_timesketch:write_timesketch", (".timesketch.jsonl",)),
    "navigator": Format("as_navigator:write_navigator", (".navigator.json",)),
}


def write(name: str, columns: Sequence[Column], rows: Sequence[Row], stream: IO[Any]) -> None:
    """Write the rows in the named format. The stream takes bytes if the format is binary."""
    module, function = FORMATS[name].target.split(":")
    getattr(import_module(f"{__name__}.{module}"), function)(columns, rows, stream)


def format_of(file_name: str) -> str | None:
    """The format that a file's name ends in, the longest ending first; or None."""
    endings = {ending: name for name, found in FORMATS.items() for ending in found.endings}
    for ending in sorted(endings, key=len, reverse=True):
        if file_name.lower().endswith(ending):
            return endings[ending]
    return None
