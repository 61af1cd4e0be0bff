"""A store of a few events, made without a build."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import duckdb
import pytest

from trailhound.formats.columns import Column
from trailhound.project.address_ranges import digits_of
from trailhound.store import alerts, events

StoreOf = Callable[..., Path]
ACCOUNT = "111122223333"
_TYPES = {"time": "timestamp", "boolean": "boolean", "integer": "bigint", "date": "date"}
_MORE = (
    "user_type", "user_account_id", "principal_id", "session_creation_date", "source_address",
    "service_event_details", "source_identity",
)  # fmt: skip


@pytest.fixture
def store_of(folder: Path) -> StoreOf:
    """Make the working folder's store of events, each told by what is special to it."""

    return partial(make_store, folder / "trailhound.duckdb")


def make_store(
    path: Path, these: Iterable[dict[str, Any]], of_alerts: Sequence[dict[str, Any]] = ()
) -> Path:
    """Make a store of events and alerts."""
    with duckdb.connect(str(path)) as connection:
        columns = (*events.COLUMNS, *map(Column, _MORE))
        _make(connection, "cloudtrail_events", columns, [_whole(each) for each in these])
        _make(connection, "alerts", alerts.COLUMNS, of_alerts)
        connection.execute(
            "create table source_addresses as select distinct source_ip, 'NL' as country "
            "from cloudtrail_events where source_address is not null"
        )
    return path


def _make(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: Sequence[Column],
    rows: Sequence[dict[str, Any]],
) -> None:
    declared = ", ".join(f"{each.name} {_TYPES.get(each.kind, 'varchar')}" for each in columns)
    connection.execute(f"create table {table} ({declared})")
    for row in rows:
        names = [each.name for each in columns if each.name in row]
        values = [_text(row[name]) for name in names]
        connection.execute(
            f"insert into {table} ({', '.join(names)}) values ({', '.join('?' for _ in names)})",
            values,
        )


def _whole(event: dict[str, Any]) -> dict[str, Any]:
    source = event.get("source_ip", "203.0.113.7")
    arn = event.get("user_arn")
    return {
        "event_id": f"e{event['event_time']:%H%M%S}",
        "account_id": ACCOUNT,
        "entity_id": arn or "unknown",
        "entity_type": "role" if ":assumed-role/" in (arn or "") else "iam_user",
        "event_source": "sts.amazonaws.com",
        "event_name": "GetCallerIdentity",
        "outcome": "succeeded",
        "source_ip": source,
        "source_address": digits_of(ip_address(source)) if (source or "")[:1].isdigit() else None,
        "user_agent": "aws-cli/2",
        **event,
    }


def _text(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def at(clock: str) -> datetime:
    """A time of the day on which all happens."""
    return datetime.fromisoformat(f"2026-01-31T{clock}")
