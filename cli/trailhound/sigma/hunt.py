"""What the events at hand match of a folder of rules: one query, nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from trailhound.engines import Warehouse
from trailhound.project.macros import Macros
from trailhound.sigma import LEVELS
from trailhound.sigma.detection import Maker
from trailhound.sigma.fields import Refused
from trailhound.sigma.rules import Rule, Unread
from trailhound.sigma.sql import one_line
from trailhound.text import literal

# A statement of this many branches is still planned in a moment, on every engine.
_RULES_A_QUERY = 200


class Match(NamedTuple):
    """The events of one entity that match a rule."""

    rule: Rule
    account_id: str
    entity_id: str
    events: int
    first_seen: datetime
    last_seen: datetime


def hunt(
    maker: Maker,
    macros: Macros,
    warehouse: Warehouse,
    since: datetime | None,
    until: datetime | None,
) -> tuple[list[Match], list[Unread]]:
    """The matches, the worst first, and the rules that cannot be asked.

    Events of AWS services do not count, nor the second record of a call at a VPC endpoint. The two
    times are UTC and inclusive.
    """
    conditions: list[tuple[Rule, str]] = []
    refused = list(maker.collection.unread)
    for rule in maker.collection.rules:
        try:
            conditions.append((rule, one_line(maker.condition_of(rule))))
        except Refused as reason:
            refused.append(Unread(rule.path, rule.title, str(reason)))
    is_call = macros.render("{{ trailhound.is_call('event') }}")
    within = "".join(
        f" and event_time {sign} {literal(time)}"
        for sign, time in ((">=", since), ("<=", until))
        if time
    )
    events = warehouse.relation("cloudtrail_events")
    found: list[Match] = []
    for start in range(0, len(conditions), _RULES_A_QUERY):
        branches = [
            f"select {number} as rule, account_id, entity_id, count(*), min(event_time), "
            f"max(event_time) from {events} as event where ({condition}) "
            f"and entity_type <> 'service' and {is_call}{within} "
            "group by account_id, entity_id"
            for number, (_, condition) in enumerate(
                conditions[start : start + _RULES_A_QUERY], start
            )
        ]
        rows = warehouse.query(macros.render(" union all ".join(branches))).rows
        found += [Match(conditions[int(number)][0], *rest) for number, *rest in rows]
    return sorted(found, key=_gravest_first), refused


def _gravest_first(match: Match) -> tuple[int, str, str, str]:
    grave = -LEVELS.index(match.rule.level)
    return grave, match.rule.title, match.account_id, match.entity_id


def names_of(matches: Sequence[Match]) -> int:
    """How many different rules matched."""
    return len({id(match.rule) for match in matches})
