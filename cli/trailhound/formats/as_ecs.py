"""Elastic Common Schema 8.11, an alert or an event a line.

https://www.elastic.co/guide/en/ecs/8.11/ecs-field-reference.html
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any, TextIO

from trailhound.formats.alert_fields import (
    SEVERITY_NUMBERS,
    Alert,
    addresses,
    alerts_in,
    summary,
    technique_url,
)
from trailhound.formats.as_json import iso, to_json
from trailhound.formats.columns import Column, Row
from trailhound.formats.event_fields import Event, event_summary, events_in, is_events
from trailhound.store.alerts import accounts_of, author_of

VERSION = "8.11.0"


def write_ecs(columns: Sequence[Column], rows: Sequence[Row], stream: TextIO) -> None:
    """One document a line."""
    if is_events(columns):
        for event in events_in(columns, rows):
            stream.write(to_json(event_document(event)) + "\n")
        return
    for alert in alerts_in(columns, rows, "alerts and events"):
        stream.write(to_json(document(alert)) + "\n")


def document(alert: Alert) -> dict[str, Any]:
    """An alert as an ECS document; what ECS has no field for stands under `trailhound`."""
    found = addresses(alert)
    whole = [each for each in alert["techniques"] if "." not in each]
    parts = [each for each in alert["techniques"] if "." in each]
    tactics, techniques = alert["tactics"], sorted({*whole, *(each[:5] for each in parts)})
    return {
        "@timestamp": iso(alert["triggered_at"]),
        "ecs": {"version": VERSION},
        "message": summary(alert),
        "event": {
            "id": alert["alert_id"],
            "kind": "alert",
            "category": ["intrusion_detection"],
            "type": ["info"],
            "module": "trailhound",
            "dataset": "trailhound.store.alerts",
            "provider": "cloudtrail",
            "severity": SEVERITY_NUMBERS[alert["severity"]],
            "start": iso(alert["first_seen"]),
            "end": iso(alert["last_seen"]),
        },
        "rule": {
            "id": alert["detection"],
            "name": alert["title"],
            "ruleset": "trailhound",
            **({"author": [author]} if (author := author_of(alert)) else {}),
            **({"reference": technique_url(alert["techniques"][0])} if alert["techniques"] else {}),
        },
        "threat": {
            "framework": "MITRE ATT&CK",
            "tactic": {"name": tactics},
            "technique": {"id": techniques, **({"subtechnique": {"id": parts}} if parts else {})},
        },
        "cloud": {
            "provider": "aws",
            "account": {"id": accounts_of(alert)[0]},
            "region": alert["regions"],
        },
        "user": {"id": alert["entity_id"]},
        "source": {"address": alert["source_ips"], "ip": found},
        "user_agent": {"original": alert["user_agents"]},
        "related": {"ip": found, "user": [alert["entity_id"], *alert["session_names"]]},
        "trailhound": {
            key: alert[key]
            for key in (
                "severity", "alert_date", "entity_type", "observed", "threshold",
                "window_minutes", "event_count", "is_continuation", "event_ids",
                "access_key_ids", "resources", "evidence",
            )
        },
    }  # fmt: skip


def event_document(event: Event) -> dict[str, Any]:
    """An event as an ECS document; what ECS has no field for stands under `trailhound`."""
    address = event["source_ip"]
    is_ip = address is not None and is_address(address)
    return {
        "@timestamp": iso(event["event_time"]),
        "ecs": {"version": VERSION},
        "message": event_summary(event),
        "event": {
            "id": event["event_id"],
            "kind": "event",
            "module": "trailhound",
            "dataset": "aws.cloudtrail",
            "provider": event["event_source"],
            "action": event["event_name"],
            "outcome": "success" if event["outcome"] == "succeeded" else "failure",
        },
        "cloud": {
            "provider": "aws",
            "account": {"id": event["account_id"]},
            "region": event["aws_region"],
        },
        "user": {"id": event["entity_id"]},
        "source": {"address": address, **({"ip": address} if is_ip else {})},
        "user_agent": {"original": event["user_agent"]},
        "trailhound": {
            key: event[key]
            for key in (
                "entity_type", "user_arn", "session_name", "access_key_id", "error_code",
                "error_message", "request_parameters", "response_elements", "resources",
            )
        },
    }  # fmt: skip


def is_address(text: str) -> bool:
    """Whether the text is an IP address: AWS services call from host names."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
