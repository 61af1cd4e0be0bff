"""Stored alerts: which columns they have, how they are read and how a person sees them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from trailhound.engines import MissingRelation, Warehouse, nothing_built
from trailhound.errors import TrailhoundError, WrongUsage
from trailhound.formats.columns import Column, Row
from trailhound.project.detections import SEVERITIES

COLUMNS = (
    Column("alert_id"),
    Column("detection"),
    Column("title"),
    Column("boc"),
    Column("severity", "severity"),
    Column("tactics", "list"),
    Column("techniques", "list"),
    Column("alert_date", "date"),
    Column("account_id"),
    Column("entity_id"),
    Column("entity_type"),
    Column("triggered_at", "time"),
    Column("first_seen", "time"),
    Column("last_seen", "time"),
    Column("is_continuation", "boolean"),
    Column("observed", "integer"),
    Column("threshold", "integer"),
    Column("window_minutes", "integer"),
    Column("event_count", "integer"),
    Column("event_ids", "list"),
    Column("regions", "list"),
    Column("source_ips", "list"),
    Column("user_agents", "list"),
    Column("access_key_ids", "list"),
    Column("session_names", "list"),
    Column("resources", "list"),
    Column("evidence", "object"),
    Column("correlated_by"),
    Column("risk", "integer"),
)
INCIDENTS = "incidents"
"""What incidents have for a detection, and their relation."""
Alert = dict[str, Any]
"""An alert's values by the names of COLUMNS."""
AROUND = timedelta(hours=1)
"""How long before and after an alert one looks at what its entity did."""
_SHORTEST_PREFIX = 4
_MOST_LISTED = 20
"""Names in a list: DuckDB makes a join of a longer one, for each table below the view, which takes
more memory than there is."""
_PLACE = {column.name: place for place, column in enumerate(COLUMNS)}


@dataclass(frozen=True)
class Filters:
    """Which alerts are wanted; None or empty: any."""

    detections: Sequence[str] = ()
    """Names of detections."""
    severity: str | None = None
    """This severity or a higher one."""
    account: str | None = None
    """An account id or a glob."""
    entity: str | None = None
    """An entity id, what stands in it after a `/` or `:`, or a glob."""
    since: datetime | None = None
    """Triggered at this UTC time or later."""
    until: datetime | None = None
    """Triggered at this UTC time or earlier."""


def read_alerts(
    warehouse: Warehouse, filters: Filters = Filters(), relation: str = "alerts"
) -> list[Row]:
    """The alerts that pass, as rows of COLUMNS in the order of time, detection and id.

    relation: `alerts`, or `signals` or `incidents`, which have the same columns. Raises
    TrailhoundError if nothing was built yet.
    """
    try:
        return _read(warehouse, filters, relation)
    except MissingRelation as error:
        raise nothing_built(warehouse) from error


def _read(warehouse: Warehouse, filters: Filters, relation: str) -> list[Row]:
    conditions, parameters = _conditions(filters, of_incidents=relation == "incidents")
    where = f"where {' and '.join(conditions)}" if conditions else ""
    names = ", ".join(column.name for column in COLUMNS)
    found = warehouse.query(
        f"select {names} from {warehouse.relation(relation)} {where} "
        "order by triggered_at, detection, alert_id",
        parameters,
    )
    return [typed(row) for row in found.rows]


def find_alert(warehouse: Warehouse, prefix: str) -> Alert:
    """The alert, signal or incident whose id begins so.

    Raises WrongUsage if there is none or more than one.
    """
    if len(prefix) < _SHORTEST_PREFIX or not prefix.isalnum():
        raise WrongUsage(f"'{prefix}' is no alert id: give at least four of its hex digits")
    rows = read_alerts(warehouse)
    for relation in ("signals", "incidents"):
        # A store that an older version built has alerts only.
        with suppress(MissingRelation):
            rows += _read(warehouse, Filters(), relation)
    found = [named(row) for row in rows if row[0].startswith(prefix.lower())]
    if not found:
        raise WrongUsage(f"there is no alert '{prefix}': `trailhound alerts` lists them")
    if len(found) > 1:
        ids = ", ".join(each["alert_id"][: len(prefix) + 4] for each in found[:5])
        raise WrongUsage(f"'{prefix}' is the beginning of {len(found)} alert ids: {ids}")
    return found[0]


def is_incident(alert: Alert) -> bool:
    """Whether it is an incident, whose events are alerts and signals."""
    return bool(alert["detection"] == INCIDENTS)


def accounts_of(alert: Alert) -> list[str]:
    """The account; of a person's incident, which has none of its own, those of its findings."""
    if alert["account_id"] or not is_incident(alert):
        return [alert["account_id"]]
    return [str(each) for each in alert["evidence"].get("account_ids") or [""]]


def author_of(alert: Alert) -> str:
    """Who wrote the detection's rule, if it is an imported one; else empty.

    The licence of most Sigma rules wants the author named wherever a match is told.
    """
    evidence = alert["evidence"]
    return ", ".join(map(str, evidence.get("author") or ())) if isinstance(evidence, dict) else ""


def named(row: Row) -> Alert:
    """A row of COLUMNS by their names."""
    return {column.name: each for column, each in zip(COLUMNS, row, strict=True)}


def value(row: Row, name: str) -> Any:
    """The value of an alert's column."""
    return row[_PLACE[name]]


def at_least(severity: str) -> tuple[str, ...]:
    """This severity and the higher ones."""
    return SEVERITIES[SEVERITIES.index(severity) :]


def _conditions(filters: Filters, *, of_incidents: bool) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    parameters: list[Any] = []

    def add(condition: str, *values: Any) -> None:
        conditions.append(condition)
        parameters.extend(values)

    if filters.detections and of_incidents:
        # One passes if one of its findings is of such a detection.
        among = " or ".join(["evidence like ? escape '!'"] * len(filters.detections))
        patterns = (
            f'%"detections":[%"{like(each)}"%],"severities"%' for each in filters.detections
        )
        add(f"({among})", *patterns)
    elif len(filters.detections) > _MOST_LISTED:
        add("strpos(?, concat('|', detection, '|')) > 0", f"|{'|'.join(filters.detections)}|")
    elif filters.detections:
        add(_is_one_of("detection", filters.detections), *filters.detections)
    if filters.severity:
        wanted = at_least(filters.severity)
        add(_is_one_of("severity", wanted), *wanted)
    if filters.account and of_incidents:
        # One of a person is of several accounts.
        pattern = like(filters.account)
        add(
            "(account_id like ? escape '!' or (account_id = '' and evidence like ? escape '!'))",
            pattern,
            f'%"account_ids":[%"{pattern}"%',
        )
    elif filters.account:
        add("account_id like ? escape '!'", like(filters.account))
    if filters.entity:
        pattern = like(filters.entity)
        ends = [pattern] if "*" in filters.entity else [pattern, f"%/{pattern}", f"%:{pattern}"]
        likes = " or ".join(["entity_id like ? escape '!'"] * len(ends))
        add(f"({likes})", *ends)
    if filters.since:
        add("triggered_at >= ?", filters.since)
    if filters.until:
        add("triggered_at <= ?", filters.until)
    return conditions, parameters


def _is_one_of(column: str, values: Iterable[str]) -> str:
    return f"{column} in ({', '.join('?' for _ in values)})"


def like(glob: str) -> str:
    """A glob, in which `*` is the only wildcard, as a LIKE pattern with `!` for escape."""
    for special in "!%_":
        glob = glob.replace(special, f"!{special}")
    return glob.replace("*", "%")


_JSON = [place for place, each in enumerate(COLUMNS) if each.kind in ("list", "object")]


def typed(row: Row) -> Row:
    """A row of COLUMNS with its lists and objects, which every engine gives as JSON text, parsed.

    Raises TrailhoundError for a text that is no JSON.
    """
    values = list(row)
    try:
        for place in _JSON:
            if isinstance(values[place], str):
                values[place] = json.loads(values[place])
        return tuple(values)
    except ValueError as error:
        raise TrailhoundError("a list or an object of an alert is no JSON text") from error
