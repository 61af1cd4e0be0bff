"""Elastic Common Schema 8.11, an alert a line.

https://www.elastic.co/guide/en/ecs/8.11/ecs-field-reference.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TextIO

from trailhound.output.alert_fields import (
    SEVERITY_NUMBERS,
    Alert,
    addresses,
    alerts_in,
    summary,
    technique_url,
)
from trailhound.output.as_json import iso, to_json
from trailhound.output.columns import Column, Row

VERSION = "8.11.0"


def write_ecs(columns: Sequence[Column], rows: Sequence[Row], stream: TextIO) -> None:
    """One document a line."""
    for alert in alerts_in(columns, rows):
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
            "dataset": "trailhound.alerts",
            "provider": "cloudtrail",
            "severity": SEVERITY_NUMBERS[alert["severity"]],
            "start": iso(alert["first_seen"]),
            "end": iso(alert["last_seen"]),
        },
        "rule": {
            "id": alert["detection"],
            "name": alert["title"],
            "ruleset": "trailhound",
            **({"reference": technique_url(alert["techniques"][0])} if alert["techniques"] else {}),
        },
        "threat": {
            "framework": "MITRE ATT&CK",
            "tactic": {"name": tactics},
            "technique": {"id": techniques, **({"subtechnique": {"id": parts}} if parts else {})},
        },
        "cloud": {
            "provider": "aws",
            "account": {"id": alert["account_id"]},
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
