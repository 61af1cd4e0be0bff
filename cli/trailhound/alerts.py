"""Stored alerts: which columns they have, how they are read and how a person sees them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trailhound.catalog import SEVERITIES
from trailhound.output.columns import Column, Row
from trailhound.warehouse import MissingRelation, Warehouse, nothing_built

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
)
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


def read_alerts(warehouse: Warehouse, filters: Filters = Filters()) -> list[Row]:
    """The alerts that pass, as rows of COLUMNS in the order of time, detection and id.

    Raises TrailhoundError if nothing was built yet.
    """
    conditions, parameters = _conditions(filters)
    where = f"where {' and '.join(conditions)}" if conditions else ""
    names = ", ".join(column.name for column in COLUMNS)
    try:
        found = warehouse.query(
            f"select {names} from {warehouse.relation('alerts')} {where} "
            "order by triggered_at, detection, alert_id",
            parameters,
        )
    except MissingRelation as error:
        raise nothing_built() from error
    return [_typed(row) for row in found.rows]


def value(row: Row, name: str) -> Any:
    """The value of an alert's column."""
    return row[_PLACE[name]]


def at_least(severity: str) -> tuple[str, ...]:
    """This severity and the higher ones."""
    return SEVERITIES[SEVERITIES.index(severity) :]


def _conditions(filters: Filters) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    parameters: list[Any] = []

    def add(condition: str, *values: Any) -> None:
        conditions.append(condition)
        parameters.extend(values)

    if filters.detections:
        add(_is_one_of("detection", filters.detections), *filters.detections)
    if filters.severity:
        wanted = at_least(filters.severity)
        add(_is_one_of("severity", wanted), *wanted)
    if filters.account:
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


def _typed(row: Row) -> Row:
    """Lists and objects come as JSON text, the same from every engine."""
    return tuple(
        json.loads(value) if isinstance(value, str) and column.kind in ("list", "object") else value
        for column, value in zip(COLUMNS, row, strict=True)
    )
