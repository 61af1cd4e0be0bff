"""Unit tests of a detection, made of the rule itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trailhound.sigma.examples import Event, Examples
from trailhound.sigma.fields import BOOLEANS
from trailhound.sigma.predicates import named
from trailhound.sigma.shape import Shape
from trailhound.sigma.sql import Condition

_MOST_EVENTS = 20
_ACCOUNT = "012345678901"
_QUIET = {
    "otherwise": "An event that the rule does not mean.",
    "short": "One event fewer.",
    "late": "The last event comes a second after the window.",
}


def unit_tests(
    name: str,
    shape: Shape,
    conditions: Sequence[Condition],
    trees: Sequence[object],
    examples: Examples,
) -> list[dict[str, Any]]:
    """Tests that fire at the threshold and stay quiet below it.

    None if no event can be made, or if an event is one of several steps. conditions and trees are
    those of the rules whose events count.
    """
    found = [
        examples.of(condition, tree) for condition, tree in zip(conditions, trees, strict=True)
    ]
    events = [_with_groups(shape, each) for each in found if each is not None]
    if len(events) < len(conditions):
        return []
    if shape.has_steps and _overlap(conditions, events, examples):
        return []
    if any("\r" in str(value) for event in events for value in event.values()):
        return []  # dbt reads it as \n
    number = min(shape.threshold or 1, _MOST_EVENTS)
    if shape.value is not None:
        events = _events_of_values(shape, events[0], trees[0], number, examples)
        if not events:
            return []
    elif not shape.has_steps:
        events = [events[0]] * number
    if shape.value is None or shape.kind != "count":
        number = min(number, len(events))
    else:
        number = shape.threshold or 1
    variables: dict[str, Any] = {f"{name}__minutes": shape.minutes}
    if shape.threshold is not None:
        variables[f"{name}__threshold"] = number
    tests = _Tests(name, variables)
    if len(events) == 1:
        other = examples.unlike(conditions[0], events[0])
        quiet = {"otherwise": [_row(other, 1, 0)]} if other else {"short": []}
        return tests.of([_row(events[0], 1, 0)], quiet)
    seconds = shape.minutes * 60
    last = len(events) - 1
    firing = [_row(each, n, 0 if n < last else seconds) for n, each in enumerate(events)]
    late = [*firing[:-1], _row(events[-1], last, seconds + 1)]
    return tests.of(firing, {"short": firing[:-1], "late": late})


def _overlap(conditions: Sequence[Condition], events: Sequence[Event], examples: Examples) -> bool:
    return any(
        examples.meets(condition, event)
        for number, event in enumerate(events)
        for condition in [*conditions[:number], *conditions[number + 1 :]]
    )


def _with_groups(shape: Shape, event: Event) -> Event:
    """The event with a value in each column that events are grouped by."""
    groups = {
        place.stored: Examples.values(place, 1)[0]
        for place in shape.by
        if not place.is_json and place.stored not in BOOLEANS
    }
    return {**groups, **event}


def _events_of_values(
    shape: Shape, event: Event, tree: object, number: int, examples: Examples
) -> list[Event]:
    """Events that differ in the field whose values are counted, or whose values come to a sum."""
    assert shape.value is not None  # noqa: S101 - for the type checker
    if shape.kind == "distinct":
        values = [*named(tree, shape.value.name), *examples.values(shape.value, number)]
    else:
        values, number = [str((shape.threshold or 1) - 1), "1"], 2
    found = examples.varied(shape.steps[0][0], event, shape.value, values)[:number]
    return found if len(found) == number else []


class _Tests:
    """Writes the tests of one detection."""

    def __init__(self, name: str, variables: Mapping[str, Any]) -> None:
        self._name = name
        self._variables = dict(variables)

    def of(
        self, firing: Sequence[Event], quiet: Mapping[str, Sequence[Event]]
    ) -> list[dict[str, Any]]:
        alert = {"account_id": _ACCOUNT, "event_count": len(firing)}
        return [
            self._test("fires", "Events that the rule counts.", firing, [alert]),
            *(self._test(f"quiet_{key}", _QUIET[key], rows, []) for key, rows in quiet.items()),
        ]

    def _test(
        self, what: str, description: str, rows: Sequence[Event], alerts: Sequence[Any]
    ) -> dict[str, Any]:
        return {
            "name": f"{self._name}_{what}",
            "description": description,
            "model": self._name,
            "overrides": {"vars": self._variables},
            "given": [
                {"input": "ref('allow_list_rows')", "rows": []},
                {"input": "ref('threshold_rules')", "rows": []},
                {"input": "ref('cloudtrail_events')", "rows": [dict(row) for row in rows]},
            ],
            "expect": {"rows": list(alerts)},
        }


def _row(event: Event, number: int, seconds: int) -> dict[str, Any]:
    """A row of cloudtrail_events: an example's columns, so many seconds into a day."""
    day, rest = divmod(seconds, 86400)
    time = f"2026-01-{10 + day:02} {rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return {
        "event_id": f"e{number}",
        "account_id": _ACCOUNT,
        "entity_id": f"arn:aws:iam::{_ACCOUNT}:user/mallory",
        "entity_type": "iam_user",
        "event_time": time,
        "event_date": time[:10],
        **event,
    }
