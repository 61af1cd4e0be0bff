"""Alerts of rows 16-98: who fires, by the definition of each kind, and what the alert shows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from oracle.context import Context
from oracle.events import Event
from oracle.kinds import Kind, key_of, values_of
from oracle.metadata import METADATA
from oracle.tuning import threshold_for

if TYPE_CHECKING:
    from oracle.alerts import Alert, Settings

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
Row = tuple[Event, int]
Partition = tuple[str, str, str]


def alerts_of(
    rule: Kind, events: Sequence[Event], settings: Settings, context: Context, removed: list[int]
) -> list[Alert]:
    """The alerts of one detection; adds what each allow-list row took to `removed`."""
    days: dict[str, set[date]] = {}
    for event in events:
        days.setdefault(event.account_id, set()).add(event.time.date())
    rows, types = _rows(rule, events, context)
    found: list[Alert] = []
    taken: list[set[Event]] = [set() for _ in removed]
    for partition, all_rows in rows.items():
        kept = []
        for event, step in sorted(all_rows, key=lambda row: (row[0].time, row[0].event_id)):
            hits = [row.removes(rule.name, partition[1], event) for row in settings.allow_list]
            for each, hit in zip(taken, hits, strict=True):
                if hit:
                    each.add(event)
            if not any(hits):
                kept.append((event, step))
        work = _Work(rule, partition, types.get(partition, {}), all_rows, kept, settings, context)
        if rule.kind == "first_seen":
            found += work.first_seen(days[partition[0]], events)
        else:
            found += work.bursts()
    for index, each in enumerate(taken):
        removed[index] += len(each)
    return found


def _rows(
    rule: Kind, events: Sequence[Event], context: Context
) -> tuple[dict[Partition, list[Row]], dict[Partition, dict[Event, str]]]:
    rows: dict[Partition, list[Row]] = {}
    types: dict[Partition, dict[Event, str]] = {}
    shared: list[tuple[Event, int, str]] = []
    for event in events:
        is_service = event.entity_type == "service" and not rule.services
        key = key_of(rule, event)
        if not rule.steps:
            if is_service or key is None or not (rule.test and rule.test(event, context)):
                continue
            if rule.values and not values_of(rule, event, context):
                continue
            corrs = values_of(rule, event, context) if rule.kind == "first_seen" else {key[2]}
            for corr in corrs:
                partition = (event.account_id, key[0], corr)
                rows.setdefault(partition, []).append((event, 1))
                types.setdefault(partition, {})[event] = key[1]
            continue
        done: set[str] = set()
        for number, step in enumerate(rule.steps, 1):
            if not step.test(event, context):
                continue
            fresh = {each for each in step.keys(event, context) if each is not None} - done
            done |= fresh
            for each in fresh:
                if step.anyone:
                    shared.append((event, number, each))
                elif not is_service and key is not None:
                    partition = (event.account_id, key[0], each)
                    rows.setdefault(partition, []).append((event, number))
                    types.setdefault(partition, {})[event] = key[1]
    for event, number, each in shared:
        for partition, own in rows.items():
            if partition[0] == event.account_id and partition[2] == each:
                own.append((event, number))
                if event.entity_id == partition[1]:
                    types[partition][event] = event.entity_type
    return rows, types


class _Work:
    """One partition of one detection."""

    def __init__(  # noqa: PLR0917
        self,
        rule: Kind,
        partition: Partition,
        types: dict[Event, str],
        all_rows: list[Row],
        rows: list[Row],
        settings: Settings,
        context: Context,
    ) -> None:
        self.rule, self.partition, self.types = rule, partition, types
        self.all_rows, self.rows = all_rows, rows
        self.settings, self.context = settings, context
        self.minutes = settings.minutes.get(rule.name, rule.minutes)
        self.window = timedelta(minutes=self.minutes or 0)
        self.threshold = rule.threshold or 1
        if rule.threshold is not None:
            default = settings.thresholds.get(rule.name, rule.threshold)
            self.threshold = threshold_for(
                settings.overrides, rule.name, partition[0], partition[1], default
            )

    def bursts(self) -> list[Alert]:
        if self.rule.kind == "request":
            return [
                self._alert([event], event.time, event.event_id, seen)
                for event, _ in self.rows
                if (seen := self._count([(event, 1)])) >= self.threshold
            ]
        firing = [
            (event, seen) for event, step in self.rows if (seen := self._observed(event, step))
        ]
        groups: list[list[tuple[Event, int]]] = []
        for event, seen in firing:
            last = groups[-1][-1][0].time if groups else None
            same = last and event.time - last <= self.window and event.time.date() == last.date()
            if same:
                groups[-1].append((event, seen))
            else:
                groups.append([(event, seen)])
        found = []
        for group in groups:
            at, last_seen = group[0][0].time, group[-1][0].time
            first_seen = self._first(group[0][0], at)
            found.append(
                self._alert(
                    [event for event, _ in self._between(first_seen, last_seen)],
                    at,
                    f"{self._name()}|{at:%Y-%m-%dT%H:%M:%SZ}",
                    max(seen for _, seen in group),
                    continuation=any(
                        each.time.date() < at.date() and at - each.time <= self.window
                        for each, _ in firing
                    ),
                    busiest=self._busiest(group[0][0]) if self.rule.kind == "baseline" else None,
                    last_seen=last_seen,
                    first_seen=first_seen,
                )
            )
        return found

    def first_seen(self, days: set[date], events: Sequence[Event]) -> list[Alert]:
        history, floor = self.settings.history_days, self.settings.history_floor_days
        known = {event.time.date() for event, _ in self.all_rows}
        entity_days = self._entity_days(events)
        found = []
        for day in sorted(known):
            before = {day - DAY * number for number in range(1, history + 1)}
            of_day = [event for event, _ in self.all_rows if event.time.date() == day]
            at = min(event.time for event in of_day)
            kept = [event for event, _ in self.rows if event.time.date() == day]
            if (
                known & before
                or len(days & before) < floor
                or (self.rule.by != "account" and len(entity_days & before) < 3)
                or not any(event.time == at for event in kept)
            ):
                continue
            identity = f"{self._name()}|{at:%Y-%m-%dT%H:%M:%SZ}"
            found.append(self._alert(kept, at, identity, 1))
        return found

    def _entity_days(self, events: Sequence[Event]) -> set[date]:
        days = set()
        for event in events:
            if event.account_id != self.partition[0] or event.entity_type == "service":
                continue
            key = key_of(self.rule, event)
            if key is None or key[0] != self.partition[1]:
                continue
            test = self.rule.test
            if self.rule.any_day or (
                test and test(event, self.context) and values_of(self.rule, event, self.context)
            ):
                days.add(event.time.date())
        return days

    def _name(self) -> str:
        corr = f"|{self.partition[2]}" if self.partition[2] else ""
        return f"{self.partition[1]}{corr}"

    def _between(self, start: datetime, end: datetime) -> list[Row]:
        return [row for row in self.rows if start <= row[0].time <= end]

    def _first(self, event: Event, at: datetime) -> datetime:
        if self.rule.kind == "travel":
            before = self._predecessor(event)
            return before.time if before else at
        rows = self._between(at - self.window, at)
        if self.rule.kind == "sequence":
            rows = [row for row in rows if row[1] == 1]
        return min(row[0].time for row in rows)

    def _count(self, rows: list[Row]) -> int:
        if not self.rule.values:
            return len(rows)
        values: set[str] = set()
        for event, _ in rows:
            values |= values_of(self.rule, event, self.context)
        return len(values)

    def _observed(self, event: Event, step: int) -> int:
        """The measure if the event fires, else 0."""
        rule, rows = self.rule, self._between(event.time - self.window, event.time)
        if rule.kind == "sequence":
            return self._sequence(event, step, rows)
        if rule.kind == "travel":
            return self._travel(event)
        if rule.kind == "combination":
            counts = [
                sum(row[1] == number for row in rows) for number in range(1, len(rule.steps) + 1)
            ]
            needed = [each.times for each in rule.steps[:-1]] + [self.threshold]
            spread = rule.spread is None or rule.spread([row[0] for row in rows], self.context)
            enough = all(count >= need for count, need in zip(counts, needed, strict=True))
            return counts[-1] if enough and spread else 0
        if rule.kind == "ratio":
            assert rule.hit
            hits = sum(rule.hit(row[0], self.context) for row in rows)
            enough = hits * 100 >= rule.percent * len(rows) and hits >= self.threshold
            return hits if enough else 0
        seen = self._count(rows)
        if seen < self.threshold:
            return 0
        if rule.kind == "baseline":
            busiest = self._busiest(event)
            if busiest is not None and self._known_days(event) >= 3 and seen < 3 * busiest:
                return 0
        return seen

    def _chain(self, end: Event, step: int) -> bool:
        """Whether events of all steps, in order and within the window, end here."""
        least = SECOND if self.rule.later else timedelta(0)

        def reaches(number: int, latest: datetime) -> bool:
            if number == 0:
                return True
            return any(
                row[1] == number
                and end.time - self.window <= row[0].time <= latest
                and reaches(number - 1, row[0].time - (least if number > 1 else timedelta(0)))
                for row in self.rows
            )

        return step == len(self.rule.steps) and reaches(step - 1, end.time - least)

    def _sequence(self, event: Event, step: int, rows: list[Row]) -> int:
        if not self._chain(event, step):
            return 0
        if self.rule.steps[0].times > 1:
            seen = sum(row[1] == 1 for row in rows)
        else:
            seen = sum(self._chain(*row) for row in rows)
        return seen if seen >= self.threshold else 0

    def _days(self, event: Event) -> dict[date, int]:
        before = {event.time.date() - DAY * number for number in range(1, 15)}
        totals: dict[date, int] = {}
        for each, _ in self.all_rows:
            if each.time.date() in before:
                totals[each.time.date()] = totals.get(each.time.date(), 0) + 1
        return totals

    def _known_days(self, event: Event) -> int:
        return len(self._days(event))

    def _busiest(self, event: Event) -> int | None:
        return max(self._days(event).values(), default=None)

    def _predecessor(self, event: Event) -> Event | None:
        events = [row[0] for row in self.rows]
        index = events.index(event)
        return events[index - 1] if index else None

    def _travel(self, event: Event) -> int:
        before = self._predecessor(event)
        if before is None:
            return 0
        one, other = (self.context.of(each.source_ip) or "" for each in (before, event))
        km = self.context.km(one, other) if one != other else 0
        gap = event.time - before.time
        bound = timedelta(minutes=km * 60 // self.settings.travel_kmh)
        return km if km >= self.threshold and gap <= self.window and gap < bound else 0

    def _alert(
        self,
        events: list[Event],
        at: datetime,
        identity: str,
        observed: int,
        *,
        continuation: bool = False,
        busiest: int | None = None,
        last_seen: datetime | None = None,
        first_seen: datetime | None = None,
    ) -> Alert:
        from oracle.alerts import LONGEST_LIST, Alert, listed

        rule, (account_id, entity_id, corr) = self.rule, self.partition
        evidence: dict[str, Any] = {"event_names": listed(event.name for event in events)}
        if rule.by != "entity" or any(step.anyone for step in rule.steps):
            evidence["actors"] = listed(event.entity_id for event in events)
        if rule.kind == "baseline":
            evidence["busiest_day"] = busiest
        types = [self.types[event] for event in events if event in self.types]
        return Alert(
            alert_id=hashlib.sha256(f"{rule.name}|{account_id}|{identity}".encode()).hexdigest()[
                :32
            ],
            detection=rule.name,
            title=rule.title,
            boc=rule.title.lower(),
            **METADATA[rule.name].columns(),
            alert_date=at.date(),
            account_id=account_id,
            entity_id=entity_id,
            entity_type=min(types or self.types.values()),
            triggered_at=at,
            first_seen=first_seen or events[0].time,
            last_seen=last_seen or events[-1].time,
            is_continuation=continuation,
            observed=observed,
            threshold=self.threshold,
            window_minutes=None if rule.kind in ("request", "first_seen") else self.minutes,
            event_count=len(events),
            event_ids=[event.event_id for event in events][:LONGEST_LIST],
            regions=listed(event.region for event in events),
            source_ips=listed(event.source_ip for event in events),
            user_agents=listed(event.user_agent for event in events),
            access_key_ids=listed(event.access_key_id for event in events),
            session_names=listed(event.session_name for event in events),
            resources=listed(arn for event in events for arn in event.resources),
            evidence=evidence,
            correlated_by=corr,
        )
