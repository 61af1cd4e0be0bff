"""Events made of a rule's condition, so that its detection has tests from the first day.

What is made is tried: DuckDB says whether the condition holds for it.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
)
from sigma.types import (
    SigmaBool,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaString,
    SpecialChars,
)

from trailhound.project.address_ranges import digits_of
from trailhound.project.macros import Macros
from trailhound.sigma.fields import (
    BOOLEANS,
    COLUMNS,
    JSON_COLUMNS,
    Field,
    Refused,
    field,
)
from trailhound.sigma.names import Names
from trailhound.sigma.sql import Condition, one_line

if TYPE_CHECKING:
    import duckdb

_MOST_TRIES = 64

Event = Mapping[str, Any]
# What kind of wish it is, and its text: `is` a value or absent (None), `has` the text somewhere or
# `starts` with it, is the same `as` another field.
Wish = tuple[str, str | None]
_PARTS = ("starts", "has")
Wishes = dict[str, Wish]


@dataclass
class Examples:
    """Makes and tries examples on an in-memory database."""

    macros: Macros
    names: Names
    connection: duckdb.DuckDBPyConnection

    def of(self, condition: Condition, tree: object) -> Event | None:
        """The columns of an event that meets a condition; None if none is found."""
        sql = self.macros.render(one_line(condition))
        for wishes in itertools.islice(_alternatives(tree, want=True), _MOST_TRIES):
            event = self._spelt(_event(wishes))
            if event is not None and self._meets(sql, event):
                return event
        return None

    def _spelt(self, event: dict[str, Any] | None) -> dict[str, Any] | None:
        """The event with its source and its name in AWS's spelling."""
        if event is None:
            return None
        source, name = event.get("event_source", ""), event.get("event_name", "")
        source = self.names.source(source) or source
        name = self.names.event(name, (source,)) or self.names.event(name, ()) or name
        spelt = {"event_source": source, "event_name": name}
        return {key: spelt.get(key, value) for key, value in event.items()}

    def unlike(self, condition: Condition, event: Event) -> Event | None:
        """The event with one column changed, so that it does not meet the condition."""
        sql = self.macros.render(one_line(condition))
        for column in reversed(list(event)):
            if column in BOOLEANS:
                changes: tuple[Any, ...] = (not event[column],)
            else:
                changes = ("other", None) if column not in JSON_COLUMNS else ("{}", None)
            for value in changes:
                changed = {**event, column: value}
                if not self._meets(sql, changed):
                    return {key: each for key, each in changed.items() if each is not None}
        return None

    def varied(
        self, condition: Condition, event: Event, place: Field, values: Iterable[str]
    ) -> list[Event]:
        """The event with each of some values in a field, where it still meets the condition."""
        sql = self.macros.render(one_line(condition))
        found: list[Event] = []
        for value in values:
            changed = dict(event)
            of_field = _event({place.name: ("is", value)}) or {}
            if place.path:
                document = json.loads(changed.get(place.stored) or "{}")
                document |= json.loads(of_field[place.stored])
                changed[place.stored] = _json(document)
            else:
                changed |= {each: of_field[each] for each in of_field.keys() - _GIVEN.keys()}
                changed |= {place.stored: value}
            if self._meets(sql, changed):
                found.append(changed)
        return found

    @staticmethod
    def values(place: Field, number: int) -> list[str]:
        """So many different values for a field."""
        if place.name == "sourceIPAddress":
            return [f"198.51.100.{each + 1}" for each in range(number)]
        return [f"value{each}" for each in range(number)]

    def meets(self, condition: Condition, event: Event) -> bool:
        """Whether a condition holds for an event."""
        return self._meets(self.macros.render(one_line(condition)), event)

    def _meets(self, sql: str, event: Event) -> bool:
        columns = ", ".join(
            f"cast(${number} as {'boolean' if name in BOOLEANS else 'varchar'}) as {name}"
            for number, name in enumerate(COLUMNS, 1)
        )
        row = self.connection.execute(
            f"select ({sql}) is true from (select {columns})",
            [event.get(name) for name in COLUMNS],
        ).fetchone()
        return bool(row and row[0])


_GIVEN = {"event_source": "example.amazonaws.com", "event_name": "Example"}


def _alternatives(node: object, *, want: bool) -> Iterable[Wishes]:
    """Ways in which a tree comes out as wanted."""
    if isinstance(node, ConditionNOT):
        yield from _alternatives(node.args[0], want=not want)
    elif isinstance(node, ConditionAND | ConditionOR):
        if isinstance(node, ConditionAND) == want:
            ways = [
                list(itertools.islice(_alternatives(each, want=want), 12)) for each in node.args
            ]
            for chosen in itertools.product(*ways):
                merged = _merged(chosen)
                if merged is not None:
                    yield merged
        else:
            for each in node.args:
                yield from _alternatives(each, want=want)
    elif isinstance(node, ConditionFieldEqualsValueExpression):
        wish = _wish(node.value, want=want)
        if wish is not None:
            yield {str(node.field): wish}
        if not want:
            yield {}  # whatever it is


def _wish(value: object, *, want: bool) -> Wish | None:  # noqa: PLR0911 - one a kind of value
    if isinstance(value, SigmaNull) or (isinstance(value, SigmaString) and not value.s):
        return ("is", None) if want else ("has", "x")
    if isinstance(value, SigmaExists):
        return ("has", "x") if value.exists == want else ("is", None)
    if not want:
        return "is", None
    if isinstance(value, SigmaString):
        parts = value.s
        text = "".join("x" if part is SpecialChars.WILDCARD_SINGLE else str(part)
                       for part in parts if part is not SpecialChars.WILDCARD_MULTI)  # fmt: skip
        has_wildcard = SpecialChars.WILDCARD_MULTI in parts
        if not has_wildcard:
            return "is", text
        starts = parts[0] is not SpecialChars.WILDCARD_MULTI
        return ("starts" if starts else "has", text or "x")
    if isinstance(value, SigmaBool):
        return "is", "true" if value.boolean else "false"
    if isinstance(value, SigmaNumber):
        return "is", str(value.number)
    if isinstance(value, SigmaCompareExpression):
        shift = {"LT": -1, "GT": 1}.get(value.op.name, 0)
        return "is", str(float(str(value.number)) + shift).removesuffix(".0")
    if isinstance(value, SigmaCIDRExpression):
        return "is", str(value.network.network_address)
    if isinstance(value, SigmaFieldReference):
        return "as", value.field
    return None


def _merged(chosen: Iterable[Wishes]) -> Wishes | None:
    merged: Wishes = {}
    for wishes in chosen:
        for name, wish in wishes.items():
            if name not in merged:
                merged[name] = wish
                continue
            (kind, text), (other, more) = merged[name], wish
            if kind in _PARTS and other in _PARTS:
                merged[name] = ("has", f"{more}{text}" if other == "starts" else f"{text}{more}")
            elif kind in _PARTS and more is not None:
                merged[name] = wish
            elif (other not in _PARTS and merged[name] != wish) or text is None:
                return None
    return merged


def _event(wishes: Wishes) -> dict[str, Any] | None:
    """The columns that wishes come to; None where two of them cannot both be."""
    event: dict[str, Any] = dict(_GIVEN)
    same = {str(text): ("is", "same") for kind, text in wishes.values() if kind == "as"}
    documents: dict[str, dict[str, Any]] = {}
    for name, (kind, text) in {**wishes, **same}.items():
        value = "same" if kind == "as" else text
        try:
            place = field(name)
        except Refused:
            return None
        if not place.is_json:
            _put(event, place, value)
        elif value is not None and not _put_inside(
            documents.setdefault(place.column, {}), place.path or "x", value
        ):
            return None
    return event | {column: _json(document) for column, document in documents.items()}


def _put(event: dict[str, Any], place: Field, value: str | None) -> None:
    if value is None:
        event.pop(place.stored, None)
        return
    event[place.stored] = value.lower() == "true" if place.stored in BOOLEANS else value
    if place.stored == "source_ip":
        event |= _address(value)


def _put_inside(document: dict[str, Any], path: str, value: str) -> bool:
    """Put a value where a path leads; False where something else than an object is in the way."""
    *keys, last = path.split(".")
    for key in keys:
        document = document.setdefault(key, {})
        if not isinstance(document, dict):
            return False
    document[last] = value
    return True


def _json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _address(text: str) -> dict[str, str]:
    from ipaddress import ip_address

    try:
        return {"source_address": digits_of(ip_address(text))}
    except ValueError:
        return {}
