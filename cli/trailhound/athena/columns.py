"""The types of CloudTrail's table in the words of Athena and of Trino."""

from __future__ import annotations

from trailhound.cloudtrail import TEXT, TEXTS_BY_NAME, Kind


def hive_type(kind: Kind) -> str:
    """The type in the words of Hive's DDL, as Athena takes it."""
    if isinstance(kind, dict):
        return f"struct<{', '.join(f'{name}: {hive_type(each)}' for name, each in kind.items())}>"
    if isinstance(kind, list):
        return f"array<{hive_type(kind[0])}>"
    return {TEXT: "string", TEXTS_BY_NAME: "map<string, string>"}[kind]


def trino_type(kind: Kind) -> str:
    """The same type in Trino's words."""
    if isinstance(kind, dict):
        return f"row({', '.join(f'{name} {trino_type(each)}' for name, each in kind.items())})"
    if isinstance(kind, list):
        return f"array({trino_type(kind[0])})"
    return {TEXT: "varchar", TEXTS_BY_NAME: "map(varchar, varchar)"}[kind]


def fields_missing(kind: Kind, found: str) -> list[str]:
    """The fields of a struct that a Hive type's text does not name, as paths joined by dots."""
    return [path for path in _paths(kind) if f"{path.rpartition('.')[2]}:" not in found]


def _paths(kind: Kind, before: str = "") -> list[str]:
    if not isinstance(kind, dict):
        return []
    paths = []
    for name, each in kind.items():
        paths += [before + name, *_paths(each, f"{before}{name}.")]
    return paths
