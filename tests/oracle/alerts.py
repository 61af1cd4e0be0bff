"""Section 3: from events to alerts."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from oracle.context import Context
from oracle.engine import alerts_of
from oracle.events import DENIED_CODES, HUMAN_ROLES, Event, Trail, read_records
from oracle.incidents import LOGIN_KEYED, Incident, incidents_of
from oracle.metadata import METADATA
from oracle.rows import KINDS
from oracle.rules import RULES, Rule
from oracle.tuning import AllowRow, Countries, Override, threshold_for

LONGEST_LIST = 100


@dataclass(frozen=True)
class Settings:
    """What a user may set. Thresholds and minutes by detection, where they are not the default."""

    thresholds: Mapping[str, int] = field(default_factory=dict)
    minutes: Mapping[str, int] = field(default_factory=dict)
    allow_list: Sequence[AllowRow] = ()
    overrides: Sequence[Override] = ()
    countries: Sequence[tuple[str, str, str]] = ()
    denied_codes: Sequence[str] = DENIED_CODES
    human_roles: Sequence[str] = HUMAN_ROLES
    aws_ranges: Sequence[tuple[str, str]] = ()
    networks: Sequence[tuple[str, str, str]] = ()
    country_distances: Mapping[tuple[str, str], int] = field(default_factory=dict)
    trusted_accounts: Sequence[str] = ()
    history_days: int = 30
    history_floor_days: int = 14
    travel_kmh: int = 1000


@dataclass(frozen=True)
class Alert:
    """One alert in the contract's columns."""

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
    window_minutes: int | None
    event_count: int
    event_ids: list[str]
    regions: list[str]
    source_ips: list[str]
    user_agents: list[str]
    access_key_ids: list[str]
    session_names: list[str]
    resources: list[str]
    evidence: dict[str, Any]
    correlated_by: str = ""


@dataclass(frozen=True)
class Result:
    """Everything that follows from a set of records; `removed` has one number an allow-list row."""

    trail: Trail
    alerts: list[Alert]
    removed: list[int]
    signals: list[Alert]
    incidents: list[Incident]


def evaluate(
    records: Iterable[Any],
    settings: Settings | None = None,
    *,
    detections: Collection[str] | None = None,
) -> Result:
    """The events, the alerts and signals of all detections (or those named), and what was removed."""
    settings = settings or Settings()
    trail = read_records(
        records, denied_codes=settings.denied_codes, human_roles=settings.human_roles
    )
    countries = Context(
        settings.countries,
        settings.aws_ranges,
        settings.networks,
        settings.country_distances,
        settings.trusted_accounts,
    )
    events = [event for event in trail.events if not event.is_network_activity]
    removed = [0] * len(settings.allow_list)
    alerts: list[Alert] = []
    for rule in RULES.values():
        if detections is not None and rule.name not in detections:
            continue
        partitions: dict[tuple[str, str], list[Event]] = {}
        for event in events:
            if event.entity_type == "service" or not rule.matches(event, countries):
                continue
            key = rule.key(event)
            hits = [row.removes(rule.name, key, event) for row in settings.allow_list]
            removed = [count + hit for count, hit in zip(removed, hits, strict=True)]
            if not any(hits):
                partitions.setdefault((event.account_id, key), []).append(event)
        for (account_id, entity_id), matching in partitions.items():
            partition = _Partition(rule, account_id, entity_id, matching, settings, countries)
            alerts += partition.alerts()
    for kind in KINDS.values():
        if detections is None or kind.name in detections:
            alerts += alerts_of(kind, events, settings, countries, removed)
    alerts.sort(key=lambda alert: (alert.triggered_at, alert.detection, alert.alert_id))
    signals = [alert for alert in alerts if METADATA[alert.detection].kind == "signal"]
    shown = [alert for alert in alerts if METADATA[alert.detection].kind == "alert"]
    return Result(trail, shown, removed, signals, incidents_of([*shown, *signals]))


class _Partition:
    """The matching events of one detection, account and entity."""

    def __init__(  # noqa: PLR0917
        self,
        rule: Rule,
        account_id: str,
        entity_id: str,
        events: list[Event],
        settings: Settings,
        countries: Countries,
    ) -> None:
        self.rule, self.account_id, self.entity_id = rule, account_id, entity_id
        self.events = sorted(events, key=lambda event: (event.time, event.event_id))
        self.countries = countries
        self.minutes = settings.minutes.get(rule.name, rule.minutes)
        self.threshold = 1
        if rule.threshold is not None:
            default = settings.thresholds.get(rule.name, rule.threshold)
            self.threshold = threshold_for(
                settings.overrides, rule.name, account_id, entity_id, default
            )

    def alerts(self) -> list[Alert]:
        if self.minutes is None:
            return [
                self._alert([event], event.time, event.event_id, observed, continuation=False)
                for event in self.events
                if (observed := self._measure([event])) >= self.threshold
            ]
        return self._bursts(timedelta(minutes=self.minutes))

    def _bursts(self, window: timedelta) -> list[Alert]:
        observed = {
            event: self._measure(self._between(event.time - window, event.time))
            for event in self.events
        }
        firing = [event for event in self.events if observed[event] >= self.threshold]
        bursts: list[list[Event]] = []
        for event in firing:
            last = bursts[-1][-1] if bursts else None
            if (
                last is not None
                and event.time - last.time <= window
                and event.time.date() == last.time.date()
            ):
                bursts[-1].append(event)
            else:
                bursts.append([event])
        alerts = []
        for burst in bursts:
            triggered_at, last_seen = burst[0].time, burst[-1].time
            first_seen = min(e.time for e in self._between(triggered_at - window, triggered_at))
            continuation = any(
                event.time.date() < triggered_at.date() and triggered_at - event.time <= window
                for event in firing
            )
            alerts.append(
                self._alert(
                    self._between(first_seen, last_seen),
                    triggered_at,
                    f"{self.entity_id}|{triggered_at:%Y-%m-%dT%H:%M:%SZ}",
                    max(observed[event] for event in burst),
                    continuation=continuation,
                )
            )
        return alerts

    def _measure(self, events: Sequence[Event]) -> int:
        return self.rule.measure(events, self.countries)

    def _between(self, start: datetime, end: datetime) -> list[Event]:
        return [event for event in self.events if start <= event.time <= end]

    def _alert(
        self,
        events: list[Event],
        triggered_at: datetime,
        identity: str,
        observed: int,
        *,
        continuation: bool,
    ) -> Alert:
        name = self.rule.name
        identity = f"{name}|{self.account_id}|{identity}"
        evidence: dict[str, list[str]] = {}
        for event in events:
            for key, values in self.rule.evidence(event, self.countries).items():
                evidence[key] = listed([*evidence.get(key, ()), *values], limit=None)
        if name in LOGIN_KEYED:
            evidence["actors"] = listed((event.entity_id for event in events), limit=None)
        return Alert(
            alert_id=hashlib.sha256(identity.encode()).hexdigest()[:32],
            detection=name,
            title=self.rule.title,
            boc=self.rule.title.lower(),
            **METADATA[name].columns(),
            alert_date=triggered_at.date(),
            account_id=self.account_id,
            entity_id=self.entity_id,
            entity_type=min(event.entity_type for event in events),
            triggered_at=triggered_at,
            first_seen=events[0].time,
            last_seen=events[-1].time,
            is_continuation=continuation,
            observed=observed,
            threshold=self.threshold,
            window_minutes=self.minutes,
            event_count=len(events),
            event_ids=[event.event_id for event in events][:LONGEST_LIST],
            regions=listed(event.region for event in events),
            source_ips=listed(event.source_ip for event in events),
            user_agents=listed(event.user_agent for event in events),
            access_key_ids=listed(event.access_key_id for event in events),
            session_names=listed(event.session_name for event in events),
            resources=listed(arn for event in events for arn in event.resources),
            evidence={key: values[:LONGEST_LIST] for key, values in evidence.items()},
        )


def listed(values: Iterable[str | None], *, limit: int | None = LONGEST_LIST) -> list[str]:
    # Python compares texts by code point.
    return sorted({value for value in values if value is not None})[:limit]
