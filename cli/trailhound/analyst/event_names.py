"""Names of events that a detection filters on and that AWS does not seem to have: typing errors.

What the logs at hand hold is there too, whatever AWS's models say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from trailhound.analyst.allow_list import matching_sql
from trailhound.engines import Warehouse
from trailhound.errors import near_matches
from trailhound.project.aws_names import aws_names, without_version

_SOURCE = re.compile(r"'([a-z0-9-]+)\.amazonaws\.com'")
_NAME = re.compile(r"event_name\s*(?:=|like)\s*'([^']*)'|event_name\s+in\s*\(([^)]*)\)", re.I)


class UnknownName(NamedTuple):
    """An event name, or a pattern of them, that nothing matches."""

    detection: str
    name: str
    near: tuple[str, ...]
    """Known names that resemble it."""


def unknown_names(compiled: Mapping[str, str], warehouse: Warehouse) -> list[UnknownName]:
    """The names in the detections' compiled SQL that neither AWS nor the logs know.

    A detection that reads an event source without a model is passed over. Raises ImportError
    without botocore.
    """
    found = []
    for detection, sql in compiled.items():
        text = matching_sql(sql)
        names = _names(text)
        known = _known(_SOURCE.findall(text)) if names else None
        if known is not None:
            found += [
                UnknownName(detection, name, tuple(near_matches(name, known)))
                for name in names
                if not _is_among(name, known)
            ]
    logged = _logged(warehouse, [each.name for each in found])
    return [each for each in found if each.name not in logged]


def _names(sql: str) -> list[str]:
    """The event names and LIKE patterns that a query compares with."""
    found: list[str] = []
    for one, several in _NAME.findall(sql):
        found += [one] if one else re.findall(r"'([^']*)'", several)
    return list(dict.fromkeys(found))


def _known(sources: Iterable[str]) -> frozenset[str] | None:
    """All names of the event sources; None if one of them has no model, or there is none."""
    by_service = aws_names().by_service
    if any(source not in by_service for source in sources):
        return None
    return frozenset().union(*(by_service[source] for source in sources)) or None


def _is_among(name: str, known: Iterable[str]) -> bool:
    if "%" in name or "_" in name:
        return any(fnmatchcase(each, name.replace("%", "*").replace("_", "?")) for each in known)
    return name in known or without_version(name) in map(without_version, known)


def _logged(warehouse: Warehouse, names: list[str]) -> set[str]:
    """Those of the names that the logs hold events of."""
    if not names:
        return set()
    rows = warehouse.query(
        f"select distinct event_name from {warehouse.relation('cloudtrail_events')} "
        f"where event_name in ({', '.join('?' for _ in names)})",
        names,
    ).rows
    return {name for (name,) in rows}
