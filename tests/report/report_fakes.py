"""Stores made by hand, with as many alerts of whatever kind a test needs."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from trailhound.engines import STORE_VERSION
from trailhound.project.detections import read_detections
from trailhound.project.project import installed_project
from trailhound.store.alerts import COLUMNS
from trailhound.store.events import COLUMNS as EVENTS

START = datetime(2026, 1, 5)
_TYPES = {
    "date": pa.date32(),
    "time": pa.timestamp("us"),
    "boolean": pa.bool_(),
    "integer": pa.int64(),
}


def make_store(
    path: Path,
    alerts: Iterable[dict[str, Any]],
    events: Iterable[tuple[str, str, date, int]] = (),
    odd: Iterable[tuple[str, int, str | None, str | None]] = (),
    *,
    incidents: Iterable[dict[str, Any]] = (),
    signals: Iterable[dict[str, Any]] = (),
    calls: Iterable[dict[str, Any]] = (),
) -> Path:
    """A DuckDB store in the shape that a build leaves.

    events: account, region, day and how many; calls: events one by one.
    odd: file, record, error, reason to skip.
    """
    with duckdb.connect(str(path)) as connection:
        relations = {"alerts": alerts, "incidents": incidents, "signals": signals}
        for relation, rows in relations.items():
            connection.register(f"given_{relation}", _table(list(rows)))
            connection.execute(f"create table {relation} as select * from given_{relation}")
        connection.execute(
            f"""create table cloudtrail_events (
                {", ".join(f"{each.name} varchar" for each in EVENTS if each.name != "event_time")},
                event_date date, event_time timestamp, built_at timestamp,
                user_account_id varchar, session_creation_date varchar, source_address varchar
            )"""
        )
        connection.register("given_events", _events(events))
        connection.execute(
            "insert into cloudtrail_events by name select account_id, aws_region, event_date, "
            "event_date + interval 12 hour as event_time, 's3.amazonaws.com' as event_source, "
            "'ListBuckets' as event_name, timestamp '2026-02-01 00:00:00' as built_at "
            "from given_events, range(calls)"
        )
        for each in calls:
            call = {**each, "event_date": each["event_time"].date()}
            names, given = ", ".join(call), ", ".join("?" for _ in call)
            connection.execute(
                f"insert into cloudtrail_events ({names}) values ({given})", list(call.values())
            )
        connection.execute(
            """create table cloudtrail_logs as
            select 'trail/all.json.gz' as file_path, 1 as position, cast(null as varchar) as error,
                cast(null as varchar) as skipped, timestamp '2026-01-31 00:00:00' as loaded_at
            from cloudtrail_events"""
        )
        connection.execute(f"comment on table cloudtrail_logs is '{STORE_VERSION}'")
        for row in odd:
            connection.execute("insert into cloudtrail_logs values (?, ?, ?, ?, null)", row)
    return path


def _events(events: Iterable[tuple[str, str, date, int]]) -> pa.Table:
    names, types = ("account_id", "aws_region", "event_date", "calls"), "string string date32 int64"
    schema = pa.schema(list(zip(names, map(pa.type_for_alias, types.split()), strict=True)))
    return pa.Table.from_pylist(
        [dict(zip(names, each, strict=True)) for each in events], schema=schema
    )


def _table(alerts: list[dict[str, Any]]) -> pa.Table:
    arrays = [
        pa.array([alert[column.name] for alert in alerts], _TYPES.get(column.kind, pa.string()))
        for column in COLUMNS
    ]
    return pa.table(arrays, names=[column.name for column in COLUMNS])


def an_alert(number: int = 0, **values: Any) -> dict[str, Any]:
    """An alert in the contract columns; lists and objects may be given as such."""
    at = values.get("triggered_at", START + timedelta(hours=9, minutes=number))
    alert: dict[str, Any] = {
        "alert_id": f"{number:032x}",
        "detection": "iam_multiple_failed_api_calls",
        "title": "IAM - Multiple failed API calls from a single user (Unauthorized Access)",
        "boc": "iam - multiple failed api calls from a single user (unauthorized access)",
        "severity": "medium",
        "tactics": ["Discovery"],
        "techniques": ["T1087.004"],
        "alert_date": at.date(),
        "account_id": "012345678901",
        "entity_id": "arn:aws:iam::012345678901:user/mallory",
        "entity_type": "iam_user",
        "triggered_at": at,
        "first_seen": at - timedelta(minutes=5),
        "last_seen": at + timedelta(minutes=2),
        "is_continuation": False,
        "observed": 7,
        "threshold": 5,
        "window_minutes": 10,
        "event_count": 9,
        "event_ids": [f"event-{number}-{i}" for i in range(9)],
        "regions": ["us-east-1"],
        "source_ips": ["198.51.100.7"],
        "user_agents": ["aws-cli/2.22.4 md/awscrt#0.23.2 os/linux#6.8.0 lang/python#3.12.6"],
        "access_key_ids": ["AKIAIOSFODNN7EXAMPLE"],
        "session_names": [],
        "resources": [],
        "evidence": {"event_names": ["ListRoles", "ListUsers"], "error_codes": ["AccessDenied"]},
        "correlated_by": "",
        "risk": 20,
        **values,
    }
    return {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
        for name, value in alert.items()
    }


def an_incident(number: int, *findings: dict[str, Any], **values: Any) -> dict[str, Any]:
    """An incident of these findings."""
    times = [each["triggered_at"] for each in findings]
    return an_alert(
        number,
        **{
            "alert_id": f"{number:x}".rjust(32, "f"),
            "detection": "incidents",
            "title": "Incident - Several detections by one actor",
            "severity": "high",
            "triggered_at": times[-1],
            "first_seen": times[0],
            "last_seen": times[-1],
            "observed": 115,
            "threshold": 100,
            "window_minutes": 1440,
            "event_count": len(findings),
            "event_ids": [each["alert_id"] for each in findings],
            "evidence": {"detections": [], "severities": [], "account_ids": ["012345678901"]},
            **values,
        },
    )


def many_alerts(count: int, days: int = 45, seed: int = 1) -> list[dict[str, Any]]:
    """Alerts of all detections and many entities, uneven over days and hours."""
    rng = random.Random(seed)
    detections = read_detections(installed_project())
    accounts = [f"{rng.randrange(10**12):012d}" for _ in range(6)]
    entities = [_entity(rng, account) for account in accounts for _ in range(40)]
    return [_one_of_many(rng, number, days, detections, entities) for number in range(count)]


def _one_of_many(
    rng: random.Random, number: int, days: int, detections: list[Any], entities: list[Any]
) -> dict[str, Any]:
    detection = detections[min(len(detections) - 1, int(rng.expovariate(0.25)))]
    account, entity_type, entity = entities[int(len(entities) * rng.random() ** 2.5)]
    hour = min(23.9, max(0, rng.gauss(13, 5)))
    at = START + timedelta(days=int(days * rng.random() ** 0.7), hours=hour)
    at = at.replace(microsecond=0)
    minutes = detection.minutes
    threshold = detection.threshold or 1
    observed = threshold + int(rng.expovariate(0.3)) if detection.threshold else 1
    severity = "critical" if rng.random() < 0.02 else detection.severity
    return an_alert(
        number,
        detection=detection.name,
        title=detection.title,
        boc=detection.title.lower(),
        severity="low" if rng.random() < 0.08 else severity,
        tactics=list(detection.tactics),
        techniques=list(detection.techniques),
        account_id=account,
        entity_id=entity,
        entity_type=entity_type,
        triggered_at=at,
        first_seen=at - timedelta(minutes=rng.random() * (minutes or 0)),
        last_seen=at + timedelta(minutes=rng.random() * (minutes or 0)),
        is_continuation=rng.random() < 0.02,
        observed=observed,
        threshold=threshold,
        window_minutes=minutes,
        event_count=observed if minutes else 1,
        source_ips=[f"203.0.113.{rng.randrange(256)}" for _ in range(1 + rng.randrange(2))],
        regions=[rng.choice(["us-east-1", "eu-central-1", "ap-southeast-2"])],
        access_key_ids=[f"ASIA{rng.randrange(16**16):016X}"],
    )


def _entity(rng: random.Random, account: str) -> tuple[str, str, str]:
    name = rng.choice(["deploy", "backup", "ci", "alice", "bob", "app-server", "terraform"])
    kind = rng.choice(["user", "role"])
    arn = f"arn:aws:iam::{account}:{kind}/{name}-{rng.randrange(1000)}"
    return account, "iam_user" if kind == "user" else "role", arn


def month_of_events(days: int = 45) -> list[tuple[str, str, date, int]]:
    """Events in three accounts with a gap, a silent region and weekends."""
    rng = random.Random(2)
    rows = []
    for account, regions in {
        "012345678901": ["us-east-1", "eu-central-1"],
        "111122223333": ["us-east-1"],
        "444455556666": ["us-east-1", "us-west-2", "sa-east-1"],
    }.items():
        for region in regions:
            for day in range(days):
                when = (START + timedelta(days=day)).date()
                is_silent = region == "sa-east-1" and day > 30
                if not is_silent and not (account == "111122223333" and 12 <= day <= 14):
                    busy = 4 if when.weekday() < 5 else 1
                    rows.append((account, region, when, 1 + int(rng.random() * 40 * busy)))
    return rows
