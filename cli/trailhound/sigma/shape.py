"""What a correlation counts, over which window, and for whom."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as data_field
from typing import Any

from sigma.correlations import (
    SigmaCorrelationRule,
    SigmaCorrelationTimespan,
    SigmaExtendedCorrelationCondition,
)

from trailhound.sigma.fields import IDENTITY, Field, Refused, field
from trailhound.sigma.sql import Condition, any_of, one_line

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2592000, "y": 31536000}


@dataclass
class Shape:
    """What differs between the kinds of rules; the template has the rest.

    steps:          conditions of the events that count, with further columns
    by:             fields that events are grouped by
    also:           the further columns, by name
    ordered_steps:  how many steps a sequence has; 0 where order does not matter
    value:          the field whose values are counted or summed up
    distinct:       the column whose distinct values are counted; empty where none are
    """

    steps: list[tuple[Condition, list[str]]]
    observed: str = "count(*) over recent"
    threshold: int | None = 1
    minutes: int = 60
    kind: str = "count"
    by: list[Field] = data_field(default_factory=list)
    also: list[str] = data_field(default_factory=list)
    ordered_steps: int = 0
    value: Field | None = None
    distinct: str = ""
    evidence: dict[str, str] = data_field(default_factory=lambda: {"event_names": "event_name"})

    @property
    def has_steps(self) -> bool:
        """Whether events of each rule are needed."""
        return "step" in self.also


def correlation_shape(
    rule: SigmaCorrelationRule, conditions: Sequence[Condition], notes: list[str]
) -> Shape:
    """The shape of a correlation of rules with these conditions. Raises Refused."""
    kind = rule.type.name.lower()
    if isinstance(rule.condition, SigmaExtendedCorrelationCondition):
        raise Refused("its condition combines rules by and, or and not")
    if rule.aliases.aliases:
        raise Refused("aliases of fields are not supported")
    shape = Shape([(any_of(conditions), [])], minutes=_minutes(rule.timespan, notes))
    shape.by = [field(name) for name in rule.group_by or ()]
    if kind in ("temporal", "temporal_ordered"):
        if rule.condition is not None and getattr(rule.condition, "op", None) is not None:
            _threshold(rule)  # refuses what has no meaning
        _steps(shape, conditions, is_ordered=kind == "temporal_ordered")
        return shape
    shape.threshold = _threshold(rule)
    if kind == "event_count":
        return shape
    reference = getattr(rule.condition, "fieldref", None)
    if kind not in ("value_count", "value_sum"):
        raise Refused(f"{kind} has no meaning over a sliding window that events fire in")
    if not isinstance(reference, str):
        raise Refused(f"{kind} needs one field to look at")
    value = shape.value = field(reference)
    shape.steps = [(shape.steps[0][0], [f"{value.text} as counted_value"])]
    shape.also.append("counted_value")
    shape.evidence["values"] = "counted_value"
    if kind == "value_count":
        _count_distinct(shape, "counted_value")
    else:
        shape.observed = "sum(coalesce(try_cast(counted_value as double), 0)) over recent"
    return shape


def _steps(shape: Shape, conditions: Sequence[Condition], *, is_ordered: bool) -> None:
    """What a correlation of several rules counts: their order, or how many of them matched."""
    shape.also.append("step")
    if is_ordered:
        whens = [
            f"when {one_line(each)} then {number}" for number, each in enumerate(conditions, 1)
        ]
        shape.steps = [(any_of(conditions), [f"case {' '.join(whens)} end as step"])]
        shape.kind, shape.threshold, shape.ordered_steps = "sequence", None, len(conditions)
        return
    shape.steps = [(each, [f"{number} as step"]) for number, each in enumerate(conditions, 1)]
    shape.threshold = len(conditions)
    _count_distinct(shape, "step")


def _count_distinct(shape: Shape, column: str) -> None:
    shape.kind, shape.distinct = "distinct", column
    shape.observed = "{{ trailhound.distinct_over('recent') }}"


def _threshold(rule: SigmaCorrelationRule) -> int:
    operator = getattr(getattr(rule.condition, "op", None), "name", "")
    count = getattr(rule.condition, "count", 1)
    if operator not in ("GTE", "GT"):
        raise Refused(
            f"its condition is `{operator.lower() or 'not a number'}`: only gte and gt say when "
            "something is too much"
        )
    if not isinstance(count, int):
        raise Refused(f"its condition counts to {count}, no whole number")
    threshold = count + (operator == "GT")
    if threshold < 1:
        raise Refused("its condition always holds")
    return threshold


def _minutes(timespan: SigmaCorrelationTimespan | None, notes: list[str]) -> int:
    if timespan is None:
        raise Refused("it has no timespan")
    seconds = timespan.count * _SECONDS[timespan.unit]
    minutes = math.ceil(seconds / 60)
    if minutes * 60 != seconds:
        notes.append(f"its timespan of {timespan.spec} is rounded up to {minutes} min")
    return max(minutes, 1)


def grouped(
    shape: Shape, *, is_correlation: bool, is_literal: bool
) -> tuple[dict[str, Any] | None, str, str]:
    """Who is counted: adds the column `group_value` to the steps where the entity does not do.

    Gives the key of the alerts if it is not the entity, the columns that windows are apart by, and
    the column of what makes alerts of one entity differ, or an empty text.
    """
    own = [each for each in shape.by if each.name not in IDENTITY or is_literal]
    has_entity = len(own) < len(shape.by) or not is_correlation
    if has_entity and not own:
        return None, "account_id, entity_id", ""
    parts = [f"coalesce({each.text}, '')" for each in own]
    if len(parts) > 1:  # who makes a call chooses some of the texts: no two groups may look alike
        parts = [rf"replace(replace({each}, '\', '\\'), '|', '\|')" for each in parts]
    joined = " || '|' || ".join(parts)
    value = joined if has_entity or len(own) > 1 else own[0].text if own else "account_id"
    shape.steps = [
        (condition, [*columns, f"{value} as group_value"]) for condition, columns in shape.steps
    ]
    if has_entity:
        return None, "account_id, entity_id, group_value", "group_value"
    names = [each.name.rsplit(".", 1)[-1] for each in own]
    kinds = {"": "account", "recipientAccountId": "account", "sourceIPAddress": "address"}
    kind = "_and_".join(names)
    shape.evidence["actors"] = "actor_id"
    key = {"type": kinds.get(kind, re.sub(r"\W", "_", kind)), "also": shape.also}
    return key, "account_id, entity_id", ""
