"""Stores made by hand for the tests of the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
from click.testing import Result

from trailhound.store.alerts import COLUMNS

_SQL_TYPES = {
    "integer": "bigint",
    "boolean": "boolean",
    "date": "date",
    "time": "timestamp",
}

ALERT: dict[str, Any] = {
    "alert_id": "0" * 32,
    "detection": "iam_multiple_failed_api_calls",
    "title": "IAM - Multiple failed API calls from a single user (Unauthorized Access)",
    "boc": "iam - multiple failed api calls from a single user (unauthorized access)",
    "severity": "medium",
    "tactics": ["Discovery"],
    "techniques": ["T1087.004"],
    "alert_date": "2026-01-31",
    "account_id": "012345678901",
    "entity_id": "arn:aws:iam::012345678901:user/mallory",
    "entity_type": "iam_user",
    "triggered_at": "2026-01-31T23:59:00Z",
    "first_seen": "2026-01-31T23:55:00Z",
    "last_seen": "2026-01-31T23:59:00Z",
    "is_continuation": False,
    "observed": 7,
    "threshold": 5,
    "window_minutes": 10,
    "event_count": 7,
    "event_ids": ["e1", "e2"],
    "regions": ["us-east-1"],
    "source_ips": ["203.0.113.9"],
    "user_agents": ["aws-cli/2.0"],
    "access_key_ids": ["AKIA0123456789ABCDEF"],
    "session_names": [],
    "resources": [],
    "evidence": {"event_names": ["GetUser", "ListUsers"], "error_codes": ["AccessDenied"]},
    "correlated_by": "",
    "risk": 25,
}


def alert(**changes: Any) -> dict[str, Any]:
    """An alert as ndjson shows it, with some values changed."""
    return {**ALERT, **changes}


def incident(**changes: Any) -> dict[str, Any]:
    """An incident as ndjson shows it, with some values changed."""
    return alert(
        **{
            "alert_id": "f" * 32,
            "detection": "incidents",
            "title": "Incident - Several detections by one actor",
            "boc": "incident - several detections by one actor",
            "severity": "high",
            "observed": 115,
            "threshold": 100,
            "window_minutes": 1440,
            "event_count": 2,
            "event_ids": ["0" * 32],
            "risk": 50,
            "evidence": {
                "detections": ["iam_multiple_failed_api_calls", "s3_buckets_enumerated"],
                "severities": ["medium"],
                "account_ids": ["012345678901"],
            },
            **changes,
        }
    )


def write_alerts(
    store: Path, *alerts: Mapping[str, Any], incidents: Sequence[Mapping[str, Any]] = ()
) -> Path:
    """Make a store that holds these alerts and incidents, and nothing else."""
    columns = ", ".join(f"{c.name} {_SQL_TYPES.get(c.kind, 'varchar')}" for c in COLUMNS)
    places = ", ".join("?" for _ in COLUMNS)
    with duckdb.connect(str(store)) as connection:
        for relation, rows in (("alerts", alerts), ("signals", ()), ("incidents", incidents)):
            connection.execute(f"create table {relation} ({columns})")
            for each in rows:
                values = [_stored(each[column.name]) for column in COLUMNS]
                connection.execute(f"insert into {relation} values ({places})", values)
    return store


def _stored(value: Any) -> Any:
    return json.dumps(value, separators=(",", ":")) if isinstance(value, list | dict) else value


def errors_of(result: Result) -> list[str]:
    """The lines on stderr."""
    return result.stderr.splitlines()


def denied(day: str, minute: int) -> dict[str, object]:
    """The record of a call in January 2026 that was refused, so many minutes past twelve."""
    return {
        "eventID": f"{day}-{minute}",
        "eventTime": f"2026-01-{day}T12:0{minute}:00Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": "ListUsers",
        "errorCode": "AccessDenied",
        "recipientAccountId": "012345678901",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::012345678901:user/mallory"},
    }
