"""How a person sees events: when, who, the call and its outcome, from where, with what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trailhound.formats import Column, Row
from trailhound.screens.alerts import short_entity
from trailhound.store.events import COLUMNS

FOR_PEOPLE = (
    Column("time_(UTC)", "time"),
    Column("who", "pair"),
    Column("call", "pair"),
    Column("outcome", "word"),
    Column("from", "pair"),
    Column("what"),
)
_NARROW = (
    Column("time_(UTC)\noutcome", "words"),
    Column("call\nwhat", "pair"),
    Column("who\nwith,_from", "pair"),
)
_READ = {
    "event_time", "event_id", "account_id", "entity_id", "session_name", "access_key_id",
    "event_source", "event_name", "outcome", "error_code", "source_ip", "user_agent",
    "request_parameters",
}  # fmt: skip
_LENGTH = 60
_WIDE = 110


def columns_for(format_name: str) -> Sequence[Column]:
    """The columns of events that a format is made of."""
    return [each for each in COLUMNS if format_name != "table" or each.name in _READ]


def shaped_events(format_name: str, rows: Sequence[Row]) -> tuple[Sequence[Column], Sequence[Row]]:
    """Columns and rows of columns_for() as a format wants them: in a table what a person needs."""
    if format_name != "table":
        return COLUMNS, rows
    from trailhound.formats.table import page_width

    names = [column.name for column in columns_for(format_name)]
    events = [dict(zip(names, row, strict=True)) for row in rows]
    if page_width() < _WIDE:
        return _NARROW, list(map(_for_narrow_screens, events))
    return FOR_PEOPLE, list(map(_for_people, events))


def _for_people(event: dict[str, Any]) -> Row:
    return (
        event["event_time"],
        (_who(event), _credential(event)),
        (event["event_name"], _service(event)),
        event["error_code"] or event["outcome"],
        (event["source_ip"], _cut(event["user_agent"])),
        _cut(event["request_parameters"]),
    )


def _for_narrow_screens(event: dict[str, Any]) -> Row:
    """Six columns would break names and addresses; the user agent is left out."""
    return (
        (event["event_time"], event["error_code"] or event["outcome"]),
        (f"{event['event_name']} {_service(event)}", _cut(event["request_parameters"])),
        (_who(event), " ".join(filter(None, (_credential(event), event["source_ip"])))),
    )


def _who(event: dict[str, Any]) -> str:
    return short_entity(event["entity_id"], event["account_id"])


def _credential(event: dict[str, Any]) -> str:
    return event["session_name"] or event["access_key_id"] or ""


def _service(event: dict[str, Any]) -> str:
    return str(event["event_source"]).removesuffix(".amazonaws.com")


def _cut(text: object) -> str:
    whole = "" if text is None else str(text)
    return whole if len(whole) <= _LENGTH else f"{whole[: _LENGTH - 1]}…"
