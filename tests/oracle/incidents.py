"""Incidents: several acts of one actor within a day (3.11, 6.17 to 6.20)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from oracle.metadata import METADATA

if TYPE_CHECKING:
    from oracle.alerts import Alert

WINDOW = timedelta(days=1)
TITLE = "Incident - Several detections by one actor"
PERSONS = ("sso_user", "identity_center_user")
LOGIN_KEYED = (
    "iam_multiple_worldwide_console_logins",
    "signin_console_login_after_failures",
    "signin_mfa_challenges_failed",
    "signin_impossible_travel",
    "signin_login_from_new_country",
)


@dataclass(frozen=True)
class Incident:
    """One incident in the contract's columns; its events are findings."""

    alert_id: str
    detection: str
    title: str
    boc: str
    severity: str
    risk: int
    tactics: list[str]
    techniques: list[str]
    alert_date: date
    account_id: str
    entity_id: str
    entity_type: str
    triggered_at: datetime
    first_seen: datetime
    last_seen: datetime
    is_continuation: bool
    observed: int
    threshold: int
    window_minutes: int
    event_count: int
    event_ids: list[str]
    regions: list[str]
    source_ips: list[str]
    user_agents: list[str]
    access_key_ids: list[str]
    session_names: list[str]
    resources: list[str]
    evidence: dict[str, list[str]]
    correlated_by: str = ""


def incidents_of(findings: Iterable[Alert]) -> list[Incident]:
    """The incidents of these alerts and signals."""
    actors: dict[tuple[str, str, str], list[Alert]] = {}
    for each in findings:
        if not each.is_continuation:
            actors.setdefault(_actor(each), []).append(each)
    found = []
    for (_, account_id, entity_id), group in actors.items():
        found += _of_actor(account_id, entity_id, group)
    return sorted(found, key=lambda each: (each.triggered_at, each.account_id, each.entity_id))


def _actor(finding: Alert) -> tuple[str, str, str]:
    actor = finding.entity_id
    if finding.detection in LOGIN_KEYED:
        actors = finding.evidence.get("actors", [])
        actor = next((each for each in actors if each.startswith("arn:")), actor)
    if finding.entity_type in PERSONS:
        return (
            "person",
            "",
            actor.rsplit("/", 1)[-1] if finding.entity_type == "sso_user" else actor,
        )
    kind = finding.entity_type if finding.entity_type in ("address", "account") else "entity"
    return kind, finding.account_id, actor


def _acts(findings: Iterable[Alert]) -> dict[str, int]:
    acts: dict[str, int] = {}
    for each in findings:
        known = METADATA[each.detection]
        act = known.act or each.detection
        acts[act] = max(acts.get(act, 0), known.risk)
    return acts


def _of_actor(account_id: str, entity_id: str, group: list[Alert]) -> list[Incident]:
    group = sorted(group, key=lambda each: (each.triggered_at, each.alert_id))
    firing: list[tuple[datetime, int]] = []
    for each in group:
        at = each.triggered_at
        acts = _acts(one for one in group if at - WINDOW <= one.triggered_at <= at)
        if sum(acts.values()) >= 100 and len(acts) >= 2:
            firing.append((at, sum(acts.values())))
    bursts: list[list[tuple[datetime, int]]] = []
    for fired in firing:
        last = bursts[-1][-1][0] if bursts else None
        if last and fired[0] - last <= WINDOW and fired[0].date() == last.date():
            bursts[-1].append(fired)
        else:
            bursts.append([fired])
    found = []
    for burst in bursts:
        at, end = burst[0][0], burst[-1][0]
        inside = [each for each in group if at - WINDOW <= each.triggered_at <= end]
        observed = max(seen for _, seen in burst)
        known = [METADATA[each.detection] for each in inside]
        is_critical = observed >= 200 or len({each.tactics[0] for each in known}) >= 4
        identity = f"incidents|{account_id}|{entity_id}|{at:%Y-%m-%dT%H:%M:%SZ}"
        lists: dict[str, Any] = {
            name: _union(getattr(each, name) for each in inside)
            for name in (
                "regions",
                "source_ips",
                "user_agents",
                "access_key_ids",
                "session_names",
                "resources",
            )
        }
        found.append(
            Incident(
                alert_id=hashlib.sha256(identity.encode()).hexdigest()[:32],
                detection="incidents",
                title=TITLE,
                boc=TITLE.lower(),
                severity="critical" if is_critical else "high",
                risk=100 if is_critical else 50,
                tactics=_union(each.tactics for each in known),
                techniques=_union(each.techniques for each in known),
                alert_date=at.date(),
                account_id=account_id,
                entity_id=entity_id,
                entity_type=min(each.entity_type for each in inside),
                triggered_at=at,
                first_seen=inside[0].triggered_at,
                last_seen=end,
                is_continuation=any(t.date() < at.date() and at - t <= WINDOW for t, _ in firing),
                observed=observed,
                threshold=100,
                window_minutes=1440,
                event_count=len(inside),
                event_ids=[each.alert_id for each in inside][:100],
                evidence={
                    "detections": _union([each.detection] for each in inside),
                    "severities": _union([each.severity] for each in known),
                    "account_ids": _union([each.account_id] for each in inside),
                },
                **lists,
            )
        )
    return found


def _union(lists: Iterable[Iterable[str]]) -> list[str]:
    return sorted({value for values in lists for value in values})[:100]
