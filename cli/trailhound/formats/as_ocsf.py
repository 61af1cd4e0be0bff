"""OCSF Detection Finding, class 2004, a finding a line.

https://schema.ocsf.io/1.5.0/classes/detection_finding
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, TextIO

from trailhound.formats.alert_fields import (
    Alert,
    addresses,
    alerts_in,
    milliseconds,
    summary,
    technique_url,
)
from trailhound.formats.as_json import to_json
from trailhound.formats.columns import Column, Row
from trailhound.store.alerts import accounts_of

VERSION = "1.5.0"
_CLASS, _CREATE, _RULE, _NEW = 2004, 1, 1, 1
_SEVERITIES = {"low": 2, "medium": 3, "high": 4, "critical": 5}
_AWS_ACCOUNT = 10


def write_ocsf(columns: Sequence[Column], rows: Sequence[Row], stream: TextIO) -> None:
    """One Detection Finding a line."""
    for alert in alerts_in(columns, rows):
        stream.write(to_json(finding(alert)) + "\n")


def finding(alert: Alert) -> dict[str, Any]:
    """An alert as a Detection Finding with the profile `cloud`."""
    return {
        "activity_id": _CREATE,
        "activity_name": "Create",
        "category_name": "Findings",
        "category_uid": 2,
        "class_name": "Detection Finding",
        "class_uid": _CLASS,
        "type_name": "Detection Finding: Create",
        "type_uid": _CLASS * 100 + _CREATE,
        "severity": str(alert["severity"]).capitalize(),
        "severity_id": _SEVERITIES[alert["severity"]],
        "status": "New",
        "status_id": _NEW,
        "is_alert": True,
        "message": summary(alert),
        "count": alert["event_count"],
        "time": milliseconds(alert["triggered_at"]),
        "start_time": milliseconds(alert["first_seen"]),
        "end_time": milliseconds(alert["last_seen"]),
        "metadata": {
            "version": VERSION,
            "profiles": ["cloud"],
            "product": {
                "name": "trailhound",
                "vendor_name": "trailhound",
                "version": version("trailhound"),
            },
        },
        "cloud": {
            "provider": "AWS",
            "account": {
                "uid": accounts_of(alert)[0],
                "type": "AWS Account",
                "type_id": _AWS_ACCOUNT,
            },
            **({"region": alert["regions"][0]} if len(alert["regions"]) == 1 else {}),
        },
        "finding_info": {
            "uid": alert["alert_id"],
            "title": alert["title"],
            "desc": summary(alert),
            "types": alert["tactics"],
            "created_time": milliseconds(alert["triggered_at"]),
            "first_seen_time": milliseconds(alert["first_seen"]),
            "last_seen_time": milliseconds(alert["last_seen"]),
            "analytic": {
                "uid": alert["detection"],
                "name": alert["title"],
                "type": "Rule",
                "type_id": _RULE,
            },
            "attacks": [
                {"technique": {"uid": technique, "src_url": technique_url(technique)}}
                for technique in alert["techniques"]
            ],
            "related_events": [
                {"uid": event_id, "type_uid": 0} for event_id in alert["event_ids"]
            ],
            "related_events_count": alert["event_count"],
        },
        "evidences": [
            {
                "actor": {"user": {"uid": alert["entity_id"], "type": alert["entity_type"]}},
                "src_endpoint": {"ip": address},
            }
            for address in addresses(alert)
        ]
        or [{"actor": {"user": {"uid": alert["entity_id"], "type": alert["entity_type"]}}}],
        "resources": [{"uid": arn} for arn in alert["resources"]],
        "unmapped": {
            key: alert[key]
            for key in (
                "boc", "observed", "threshold", "window_minutes", "is_continuation", "evidence",
                "user_agents", "access_key_ids", "session_names", "source_ips", "regions",
            )
        },
    }  # fmt: skip
