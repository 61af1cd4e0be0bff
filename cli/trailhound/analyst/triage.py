"""An alert's values in the triage queries of its detection, ready to be pasted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from trailhound.engines import MissingRelation, Warehouse
from trailhound.errors import TrailhoundError
from trailhound.project.detections import Detection
from trailhound.project.project import installed_project
from trailhound.text import literal
from trailhound.workspace import Work

EVENTS = "cloudtrail_events"

_TEXTS, _TIMES = (
    ("account_id", "entity_id", "correlated_by"), ("triggered_at", "first_seen", "last_seen"),
)  # fmt: skip
PLACEHOLDERS = _TEXTS + _TIMES
"""The columns of an alert that a query may name with a colon before, as `:account_id`."""
# Not `::account_id`, which is a cast.
_PLACEHOLDER = re.compile(rf"(?<![:\w]):({'|'.join(PLACEHOLDERS)})\b")


def fill(sql: str, alert: Mapping[str, Any]) -> str:
    """The query with each `:account_id`, `:first_seen` and so on as a SQL literal.

    alert: its columns by name; texts are quoted, times (UTC) become casts that mean the same on
    DuckDB, Trino and Athena.
    """
    return "".join(
        literal(alert[piece]) if place % 2 else piece for place, piece in enumerate(pieces(sql))
    )


def ready(sql: str, alert: Mapping[str, Any], events: str) -> str:
    """As `fill`, and with the events named as the warehouse does."""
    return fill(sql.replace(f"from {EVENTS}", f"from {events}"), alert)


class TriageFault(NamedTuple):
    """A triage query that does not run."""

    detection: str
    question: str
    reason: str


def triage_faults(
    detections: Iterable[Detection], ask: Callable[[str], object], events: str
) -> list[TriageFault]:
    """The queries that the database does not take; none is run.

    ask: runs SQL, raises TrailhoundError. events: the name of the events there, which are built.
    """
    alert = dict.fromkeys(_TEXTS, "") | dict.fromkeys(_TIMES, datetime(2026, 1, 31))
    found = []
    for each in detections:
        for step in each.triage:
            try:
                ask(f"explain {ready(step.sql, alert, events)}")
            except TrailhoundError as error:
                found.append(TriageFault(each.name, step.question, str(error)))
    return found


def own_triage_faults(
    work: Work, detections: Iterable[Detection], warehouse: Warehouse
) -> list[str]:
    """The same in one line each, of the user's own detections: the others are tested.

    None before the first build, and none on a warehouse, where each question takes a second.
    """
    if not work.on_duckdb:
        return []
    installed = installed_project().root
    own = [each for each in detections if not each.path.is_relative_to(installed)]
    try:
        warehouse.query(f"explain select 1 from {warehouse.relation(EVENTS)}")
    except MissingRelation:
        return []
    return [
        f"{each.detection}: the triage query '{each.question}' does not run: {each.reason}"
        for each in triage_faults(own, warehouse.query, warehouse.relation(EVENTS))
    ]


def pieces(sql: str) -> list[str]:
    """The query cut at its placeholders: SQL and column names in turn, SQL first and last."""
    return _PLACEHOLDER.split(sql)
