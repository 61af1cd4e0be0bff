"""Two sets of alerts or events held against each other, told so that a person sees why."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from oracle.alerts import Alert
from oracle.events import Event
from oracle.incidents import Incident

LISTS = (
    "event_ids",
    "regions",
    "source_ips",
    "user_agents",
    "access_key_ids",
    "session_names",
    "resources",
    "tactics",
    "techniques",
)
EVIDENCE_OF_ALL = {"event_names", "actors", "busiest_day"}
SQL_NAMES = {
    "time": "event_time",
    "source": "event_source",
    "name": "event_name",
    "region": "aws_region",
}
_CONTENT_HASH = re.compile(r"[0-9a-f]{64}")
_HASHED = "(content hash)"
MOST_SHOWN = 10


def compare(sql: Iterable[Mapping[str, Any]], alerts: Iterable[Alert | Incident]) -> str:
    """What differs between the rows of the relation `alerts` and these alerts; empty if nothing.

    Rows may hold lists and evidence as JSON text or as values, times as texts or datetimes.
    Events without an id are compared by number alone, as nothing says how their id is made.
    Of the evidence only the keys that both sides have are compared, and those of every alert.
    """
    left = [_alert_row(row) for row in sql]
    right = [_alert_row(dataclasses.asdict(alert)) for alert in alerts]
    return _difference(left, right, ("detection", "account_id", "entity_id", "triggered_at"))


def compare_events(sql: Iterable[Mapping[str, Any]], events: Iterable[Event]) -> str:
    """What differs between the rows of `cloudtrail_events` and these events; empty if nothing."""
    left = [_event_row(row) for row in sql]
    right = [_event_row(_as_row(event)) for event in events]
    # The definition keeps the whole record beside; only what is a column can differ.
    columns = set().union(*left)
    right = [{name: row[name] for name in row if name in columns or not left} for row in right]
    return _difference(left, right, ("event_id", "account_id", "event_time"))


def _difference(
    sql: list[dict[str, Any]], oracle: list[dict[str, Any]], key: tuple[str, ...]
) -> str:
    by_sql, by_oracle = _grouped(sql, key), _grouped(oracle, key)
    lines = []
    for identity in sorted(by_sql.keys() | by_oracle.keys()):
        ours, theirs = by_sql.get(identity, []), by_oracle.get(identity, [])
        name = " ".join(identity)
        if not ours:
            lines.append(f"missing in SQL: {name}: {theirs}")
        elif not theirs:
            lines.append(f"only in SQL: {name}: {ours}")
        elif len(ours) != len(theirs):
            lines.append(f"{name}: {len(ours)} in SQL, {len(theirs)} by definition")
        else:
            for one, other in zip(_ordered(ours), _ordered(theirs), strict=True):
                told = _columns_that_differ(one, other)
                lines += [f"{name}: {each}" for each in told]
    hidden = len(lines) - MOST_SHOWN
    return "\n".join(lines[:MOST_SHOWN] + ([f"... and {hidden} more"] if hidden > 0 else []))


def _columns_that_differ(sql: dict[str, Any], oracle: dict[str, Any]) -> list[str]:
    told = []
    for column, expected in oracle.items():
        found = sql.get(column)
        if column == "evidence":
            found = found if isinstance(found, dict) else {}
            shared = (found.keys() | EVIDENCE_OF_ALL) & expected.keys()
            told += [
                f"evidence.{each}: {found.get(each)} in SQL, {expected[each]} by definition"
                for each in sorted(shared)
                if found.get(each) != expected[each]
            ]
        elif found != expected:
            told.append(f"{column}: {found!r} in SQL, {expected!r} by definition")
    return told


def _alert_row(row: Mapping[str, Any]) -> dict[str, Any]:
    plain = {column: _plain(value) for column, value in row.items()}
    for column in (*LISTS, "evidence"):
        if isinstance(plain.get(column), str):
            plain[column] = json.loads(plain[column])
    ids = plain["event_ids"]
    if any(_CONTENT_HASH.fullmatch(each) for each in ids):
        plain["event_ids"] = sorted(_CONTENT_HASH.sub(_HASHED, each) for each in ids)
        if plain["window_minutes"] is None:
            plain["alert_id"] = _HASHED
    return plain


def _as_row(event: Event) -> dict[str, Any]:
    row = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    row["resources"] = list(event.resources) or None
    return {
        SQL_NAMES.get(name, name): value
        for name, value in row.items()
        if name not in ("request", "response")
    }


def _event_row(row: Mapping[str, Any]) -> dict[str, Any]:
    plain = {column: _plain(value) for column, value in row.items()}
    plain["event_id"] = _CONTENT_HASH.sub(_HASHED, str(plain["event_id"]))
    if isinstance(plain["resources"], str):
        plain["resources"] = json.loads(plain["resources"])
    if plain["resources"] is not None:
        plain["resources"] = sorted(plain["resources"]) or None
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.isoformat() if isinstance(value, date) else value


def _grouped(
    rows: list[dict[str, Any]], key: tuple[str, ...]
) -> dict[tuple[str, ...], list[dict[str, Any]]]:
    found: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(tuple(str(row[each]) for each in key), []).append(row)
    return found


def _ordered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True, default=str))
