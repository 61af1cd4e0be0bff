"""What an incident is made of: its findings, which are alerts and signals, in the order of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from trailhound.engines import Warehouse
from trailhound.project.detections import Detection
from trailhound.store.alerts import Alert, Filters, author_of, named, read_alerts


class Finding(NamedTuple):
    """An alert or a signal of an incident."""

    triggered_at: datetime
    """UTC."""
    alert_id: str
    detection: str
    title: str
    severity: str
    risk: int
    act: str
    """What its detection sees of; of each act the greatest risk counts."""
    tactic: str
    """The first of its ATT&CK tactics: an incident with four is critical."""
    account_id: str
    entity_id: str
    is_signal: bool
    author: str
    """Of its detection's rule, if that is an imported one; else empty."""


def findings_of(
    warehouse: Warehouse, incidents: Sequence[Alert], detections: Sequence[Detection]
) -> dict[str, list[Finding]]:
    """The findings of each incident by its alert_id, as many as its event_ids name (100)."""
    if not incidents:
        return {}
    of_their_time = Filters(
        since=min(each["first_seen"] for each in incidents),
        until=max(each["last_seen"] for each in incidents),
    )
    acts = acts_of(detections)
    known = {
        found.alert_id: found
        for relation in ("alerts", "signals")
        for row in read_alerts(warehouse, of_their_time, relation)
        for found in [finding(named(row), acts, is_signal=relation == "signals")]
    }
    return {
        each["alert_id"]: [known[name] for name in each["event_ids"] if name in known]
        for each in incidents
    }


def authors_of(detections: Sequence[Detection]) -> dict[str, str]:
    """Who wrote the rule of each detection that is an imported one."""
    return {each.name: each.author for each in detections if each.author}


def acts_of(detections: Sequence[Detection]) -> dict[str, str]:
    """The act that each detection sees of."""
    return {each.name: each.act for each in detections}


def finding(alert: Alert, acts: Mapping[str, str], *, is_signal: bool) -> Finding:
    """An alert or a signal as a finding; acts: as acts_of() gives them."""
    own: dict[str, Any] = {name: alert[name] for name in Finding._fields if name in alert}
    return Finding(
        **own,
        act=acts.get(alert["detection"], alert["detection"]),
        tactic=alert["tactics"][0] if alert["tactics"] else "",
        is_signal=is_signal,
        author=author_of(alert),
    )
