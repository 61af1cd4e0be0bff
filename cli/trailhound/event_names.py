"""Names of events that a detection filters on and that AWS does not seem to have: typing errors.

What AWS has is what botocore's models of its services say. CloudTrail has a few names of its own
besides, and what the logs at hand hold is there too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import NamedTuple

from trailhound.allow_list_report import matching_sql
from trailhound.errors import near_matches
from trailhound.warehouse import Warehouse

# Event sources whose name is not that of botocore's model.
_MODELS = {
    "elasticloadbalancing": ("elb", "elbv2"),
    "monitoring": ("cloudwatch",),
    "s3express": ("s3",),
    "ses": ("ses", "sesv2"),
    "sso": ("sso", "sso-admin"),
    "states": ("stepfunctions",),
}
# Events that are no API calls, or that CloudTrail names in its own way.
_OTHERS = {
    "signin": {"ConsoleLogin", "CheckMfa", "ExitRole", "RenewRole", "SwitchRole"},
    "s3": {"ListObjects", "UploadPartCopy"},
}
_SOURCE = re.compile(r"'([a-z0-9-]+)\.amazonaws\.com'")
_NAME = re.compile(r"event_name\s*(?:=|like)\s*'([^']*)'|event_name\s+in\s*\(([^)]*)\)", re.I)
# Lambda and CloudFront put the version of the API behind the name.
_VERSION = re.compile(r"(\d{8}|\d{4}_\d{2}_\d{2})(v\d+)?$")


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
        known = _known(frozenset(_SOURCE.findall(text))) if names else None
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


@cache
def _known(sources: frozenset[str]) -> frozenset[str] | None:
    """All names of the event sources; None if one of them has no model, or there is none."""
    from botocore.session import Session

    loader = Session().get_component("data_loader")
    models = set(loader.list_available_services("service-2"))
    names: set[str] = set()
    for source in sources:
        wanted = [each for each in _MODELS.get(source, (source,)) if each in models]
        if not wanted and source not in _OTHERS:
            return None
        names |= _OTHERS.get(source, set())
        for each in wanted:
            names |= loader.load_service_model(each, "service-2")["operations"].keys()
    return frozenset(names) or None


def _is_among(name: str, known: Iterable[str]) -> bool:
    if "%" in name or "_" in name:
        return any(fnmatchcase(each, name.replace("%", "*").replace("_", "?")) for each in known)
    return name in known or _VERSION.sub("", name) in {_VERSION.sub("", each) for each in known}


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
