"""The entities that a report tells most about: what they did over time, and their lineage."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from trailhound.analyst.incident import Finding
from trailhound.engines import Warehouse
from trailhound.lineage.calls import marks
from trailhound.lineage.seeds import seeds_of
from trailhound.lineage.tree import Lineage, lineages
from trailhound.project.detections import severity_rank

_ENTITIES = 10
_FINDINGS = 12
_KEYS = 2
_BRANCHES = 6
_MOST_COLUMNS = 60
_BARS = 36  # the height of the greatest, below the marks
_HOURS = (1, 3, 6, 24, 7 * 24, 28 * 24, 364 * 24)


class Who(NamedTuple):
    """An entity of an account."""

    account_id: str
    entity_id: str


class Column(NamedTuple):
    """A stretch of an entity's time."""

    calls: int
    denied: int
    severity: str
    """The greatest of the findings in it; empty: none."""


@dataclass(frozen=True)
class Activity:
    """An entity's calls in columns of so many hours, from its first to its last call or finding."""

    first: datetime
    """UTC, as all times here: when the first column begins."""
    last: datetime
    """When the last one ends."""
    hours: int
    columns: Sequence[Column]

    @property
    def calls(self) -> int:
        """Calls in all."""
        return sum(column.calls for column in self.columns)

    @property
    def denied(self) -> int:
        """Those that were denied."""
        return sum(column.denied for column in self.columns)

    @property
    def most(self) -> int:
        """The calls of the busiest column."""
        return max(column.calls for column in self.columns)


@dataclass(frozen=True)
class Entity:
    """An entity with what was found of it."""

    who: Who
    severity: str
    """The greatest of its findings."""
    alerts: int
    signals: int
    findings: Sequence[Finding]
    """In the order of time, at most 12: the most severe, of those the latest."""
    activity: Activity
    lineage: Lineage
    """Of the keys that most of its findings name; without seeds if it has no credential."""


def entities_of(
    warehouse: Warehouse,
    findings: Sequence[tuple[Finding, Sequence[str]]],
    urgent: Sequence[str],
) -> tuple[list[Entity], int]:
    """At most ten entities, and how many there are.

    findings: alerts and signals in the order of time, each with its access key ids. Those with the
    most severe alert come first; of those the ones with a finding whose alert_id is in `urgent`,
    then the ones whose detections' risk adds up to the most.
    """
    own: dict[Who, list[tuple[Finding, Sequence[str]]]] = defaultdict(list)
    for finding, keys in findings:
        own[Who(finding.account_id, finding.entity_id)].append((finding, keys))
    chosen = sorted(
        own,
        key=lambda who: _weight([finding for finding, _ in own[who]], set(urgent)),
        reverse=True,
    )[:_ENTITIES]
    if not chosen:
        return [], 0
    found_keys = {
        who: Counter(key for _, keys in own[who] for key in keys if key).most_common()
        for who in chosen
    }
    trees = lineages(
        warehouse,
        {
            who: seeds_of(warehouse, who.entity_id, [key for key, _ in found_keys[who]], _KEYS)
            for who in chosen
        },
        _BRANCHES,
    )
    calls = _calls_by_hour(warehouse, chosen)
    entities = [
        _entity(who, [finding for finding, _ in own[who]], calls.get(who, {}), trees[who])
        for who in chosen
    ]
    return entities, len(own)


def _weight(findings: Sequence[Finding], urgent: set[str]) -> tuple[int, bool, int, int]:
    risks: dict[str, int] = {}
    for each in findings:
        risks[each.detection] = max(each.risk, risks.get(each.detection, 0))
    of_alerts = [severity_rank(each.severity) for each in findings if not each.is_signal]
    return (
        max(of_alerts, default=-1),
        any(each.alert_id in urgent for each in findings),
        sum(risks.values()),
        len(findings),
    )


def _entity(
    who: Who,
    findings: Sequence[Finding],
    calls: Mapping[datetime, tuple[int, int]],
    tree: Lineage,
) -> Entity:
    worst = sorted(findings, key=lambda each: (severity_rank(each.severity), each.triggered_at))
    signals = sum(each.is_signal for each in findings)
    return Entity(
        who=who,
        severity=worst[-1].severity,
        alerts=len(findings) - signals,
        signals=signals,
        findings=sorted(worst[-_FINDINGS:], key=lambda each: each.triggered_at),
        activity=_activity(findings, calls),
        lineage=tree,
    )


def _calls_by_hour(
    warehouse: Warehouse, whos: Sequence[Who]
) -> dict[Who, dict[datetime, tuple[int, int]]]:
    """Calls and denied ones of each entity by the hour; entities that are no callers have none."""
    names = sorted({who.entity_id for who in whos})
    rows = warehouse.query(
        f"""
select account_id, entity_id, date_trunc('hour', event_time) as began, count(*) as calls,
    sum(case when outcome = 'denied' then 1 else 0 end) as denied
from {warehouse.relation("cloudtrail_events")}
where entity_id in ({marks(names)})
group by account_id, entity_id, date_trunc('hour', event_time)""",
        names,
    ).rows
    found: dict[Who, dict[datetime, tuple[int, int]]] = defaultdict(dict)
    for account, entity, hour, calls, denied in rows:
        found[Who(account, entity)][hour] = (int(calls), int(denied))
    return found


def _activity(findings: Sequence[Finding], calls: Mapping[datetime, tuple[int, int]]) -> Activity:
    times = [*calls, *(each.triggered_at for each in findings)]
    begin = min(times).replace(minute=0, second=0, microsecond=0)
    hours_in_all = int((max(times) - begin) / timedelta(hours=1)) + 1
    step = next((each for each in _HOURS if hours_in_all <= each * _MOST_COLUMNS), hours_in_all)
    if step >= 24:
        begin = begin.replace(hour=0)
    span = timedelta(hours=step)
    count = int((max(times) - begin) / span) + 1
    made = [[0, 0] for _ in range(count)]
    for hour, (calls_then, denied) in calls.items():
        column = made[int((hour - begin) / span)]
        column[0] += calls_then
        column[1] += denied
    worst = [""] * count
    for each in findings:
        place = int((each.triggered_at - begin) / span)
        worst[place] = max(worst[place], each.severity, key=severity_rank)
    columns = [
        Column(all_calls, denied, severity)
        for (all_calls, denied), severity in zip(made, worst, strict=True)
    ]
    return Activity(begin, begin + count * span, step, columns)


def paths(activity: Activity) -> Iterator[tuple[str, str]]:
    """Classes and SVG paths that draw the columns, each one wide, on a ground of 44 in height."""
    calls: list[str] = []
    denied: list[str] = []
    marks_of: dict[str, list[str]] = defaultdict(list)
    for place, column in enumerate(activity.columns):
        for bars, count in ((calls, column.calls), (denied, column.denied)):
            if count:
                height = max(1.5, _BARS * count / activity.most)
                bars.append(
                    f"M{place + 0.1:g} {_BARS - height + 8:.1f}v{height:.1f}h.8v-{height:.1f}z"
                )
        if column.severity:
            marks_of[column.severity].append(f"M{place + 0.1:g} 0v5h.8v-5z")
    drawn = {"calls": calls, "denied": denied}
    drawn |= {f"mark {severity}": bars for severity, bars in marks_of.items()}
    return ((name, "".join(bars)) for name, bars in drawn.items() if bars)


def hours_in_words(hours: int) -> str:
    """`an hour`, `6 hours`, `a day`, `7 days`."""
    if hours % 24:
        return "an hour" if hours == 1 else f"{hours} hours"
    return "a day" if hours == 24 else f"{hours // 24} days"
