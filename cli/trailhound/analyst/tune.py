"""What other thresholds and windows of a detection would have given, on the data at hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from trailhound.analyst.counted import Counting
from trailhound.engines import MissingRelation, Warehouse, nothing_built
from trailhound.project.detections import Detection

_WINDOW_FACTORS = (0.25, 0.5, 1, 2, 4)
_THRESHOLD_FACTORS = (0.4, 0.6, 0.8, 1, 1.5, 2, 4)


class Count(NamedTuple):
    """The count that an entity's events had reached at a time."""

    account_id: str
    entity_id: str
    event_time: datetime
    observed: int


class Setting(NamedTuple):
    """A threshold, and a window in minutes that is None for a request rule."""

    threshold: int
    minutes: int | None


class Result(NamedTuple):
    """What a setting would have given."""

    alerts: int
    entities: int


class Entity(NamedTuple):
    """How an entity stands with the setting in force."""

    account_id: str
    entity_id: str
    highest: int
    """Its largest count."""
    alerts: int


@dataclass(frozen=True)
class Tuning:
    """Results of all settings, and the entities with the largest count first."""

    in_force: Setting
    results: Mapping[Setting, Result]
    entities: Sequence[Entity]


def tune(warehouse: Warehouse, detection: Detection, counting: Counting) -> Tuning:
    """Count for every setting around the one in force: one query a window, all thresholds from it.

    Threshold overrides are left out; the allow-list is in force.
    """
    in_force = Setting(detection.threshold or 1, detection.minutes)
    thresholds = around(in_force.threshold, _THRESHOLD_FACTORS)
    windows = [None] if in_force.minutes is None else around(in_force.minutes, _WINDOW_FACTORS)
    results: dict[Setting, Result] = {}
    entities: list[Entity] = []
    for minutes in windows:
        tried = counting
        if minutes is not None and in_force.minutes is not None:
            tried = counting.with_window(in_force.minutes, minutes)
        counts = count_events(warehouse, tried, minutes)
        for threshold in thresholds:
            results[Setting(threshold, minutes)] = _result(counts, threshold, minutes)
        if minutes == in_force.minutes:
            entities = _entities(counts, in_force)
    return Tuning(in_force, results, entities)


def around(number: int, factors: Iterable[float]) -> list[int]:
    """Whole numbers around one that is among them, each once, the smallest first."""
    return sorted({max(1, round(number * factor)) for factor in factors})


def counts_sql(counting: Counting, minutes: int | None) -> str:
    """A query for the counts, by event where there is no window."""
    # A request is an event of its own, however many of them come in a second.
    request = ", event_id" if minutes is None else ""
    return f"""{counting.ctes}
select account_id, entity_id, event_time, max(observed) as observed
from {counting.name}
group by account_id, entity_id, event_time{request}
order by account_id, entity_id, event_time"""


def count_events(warehouse: Warehouse, counting: Counting, minutes: int | None) -> list[Count]:
    """The counts by account, entity and time, in that order.

    minutes: the window of the detection, if it has one. Raises TrailhoundError before the first
    build.
    """
    try:
        return [Count(*row) for row in warehouse.query(counts_sql(counting, minutes)).rows]
    except MissingRelation as error:
        raise nothing_built(warehouse) from error


def by_entity(counts: Sequence[Count]) -> Iterable[tuple[tuple[str, str], list[Count]]]:
    """The counts of each account and entity; rows of one entity must be adjacent."""
    for key, group in groupby(counts, key=lambda count: (count.account_id, count.entity_id)):
        yield key, list(group)


def _result(counts: Sequence[Count], threshold: int, minutes: int | None) -> Result:
    alerts = [bursts(group, threshold, minutes) for _, group in by_entity(counts)]
    return Result(sum(alerts), sum(1 for each in alerts if each))


def bursts(counts: Sequence[Count], threshold: int, minutes: int | None) -> int:
    """How many alerts one entity's counts, in order of time, give at a threshold."""
    firing = [count.event_time for count in counts if count.observed >= threshold]
    if minutes is None:
        return len(firing)
    window = timedelta(minutes=minutes)
    return sum(
        1
        for place, time in enumerate(firing)
        if place == 0
        or time - firing[place - 1] > window
        or time.date() != firing[place - 1].date()
    )


def _entities(counts: Sequence[Count], in_force: Setting) -> list[Entity]:
    found = [
        Entity(
            *key,
            highest=max(count.observed for count in group),
            alerts=bursts(group, *in_force),
        )
        for key, group in by_entity(counts)
    ]
    return sorted(found, key=lambda each: (-each.highest, each.account_id, each.entity_id))
