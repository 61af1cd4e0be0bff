"""Names of events that a detection filters on and that AWS does not seem to have: typing errors.

What the logs at hand hold is there too, whatever AWS's models say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

from trailhound.analyst.counted import Counting
from trailhound.engines import Warehouse
from trailhound.errors import near_matches
from trailhound.project.aws_names import aws_names, without_version

_SOURCE = re.compile(r"([a-z0-9-]+)\.amazonaws\.com")


class UnknownName(NamedTuple):
    """An event name, or a pattern of them, that nothing matches."""

    detection: str
    name: str
    near: tuple[str, ...]
    """Known names that resemble it."""
    services: tuple[str, ...]
    """The event sources that the detection reads."""


def unknown_names(countings: Iterable[Counting], warehouse: Warehouse) -> list[UnknownName]:
    """The names in the detections' SQL that neither AWS nor the logs know.

    A detection that reads an event source without a model is passed over. Raises ImportError
    without botocore.
    """
    found = []
    for each in countings:
        names, sources = _names(each)
        known = _known(sources) if names else None
        if known is not None:
            found += [
                UnknownName(
                    each.detection, name, tuple(near_matches(name, known)), tuple(sorted(sources))
                )
                for name in names
                if not _is_among(name, known)
            ]
    logged = _logged(warehouse, [each.name for each in found])
    return [
        each
        for each in found
        if not any((f"{source}.amazonaws.com", each.name) in logged for source in each.services)
    ]


def _names(counting: Counting) -> tuple[list[str], set[str]]:
    """The event names and LIKE patterns that a detection compares with, and its event sources."""
    from sqlglot import exp

    names: list[str] = []
    sources: set[str] = set()
    for cte in counting.own_ctes:
        for node in cte.find_all(exp.EQ, exp.Like, exp.In, exp.Literal):
            if isinstance(node, exp.Literal):
                sources |= {found[1] for found in [_SOURCE.fullmatch(node.name)] if found}
            elif node.this.name == "event_name":
                texts = node.expressions or [node.expression]
                names += [each.name for each in texts if isinstance(each, exp.Literal)]
    return list(dict.fromkeys(names)), sources


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


def _logged(warehouse: Warehouse, names: list[str]) -> set[tuple[str, str]]:
    """Those of the names that the logs hold events of, each with its source."""
    if not names:
        return set()
    rows = warehouse.query(
        f"select distinct event_source, event_name from {warehouse.relation('cloudtrail_events')} "
        f"where event_name in ({', '.join('?' for _ in names)})",
        names,
    ).rows
    return {(source, name) for source, name in rows}
