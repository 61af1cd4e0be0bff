"""How a person sees events: when, who, the call and its outcome, from where, with what."""

from __future__ import annotations

from collections.abc import Sequence

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
_LENGTH = 60


def shaped_events(format_name: str, rows: Sequence[Row]) -> tuple[Sequence[Column], Sequence[Row]]:
    """Columns and rows as the format wants them: for a table only what a person needs."""
    if format_name != "table":
        return COLUMNS, rows
    return FOR_PEOPLE, [_for_people(row) for row in rows]


def _for_people(row: Row) -> Row:
    event = dict(zip((column.name for column in COLUMNS), row, strict=True))
    return (
        event["event_time"],
        (
            short_entity(event["entity_id"], event["account_id"]),
            event["session_name"] or event["access_key_id"],
        ),
        (event["event_name"], str(event["event_source"]).removesuffix(".amazonaws.com")),
        event["error_code"] or event["outcome"],
        (event["source_ip"], _cut(event["user_agent"])),
        _cut(event["request_parameters"]),
    )


def _cut(text: object) -> str:
    whole = "" if text is None else str(text)
    return whole if len(whole) <= _LENGTH else f"{whole[: _LENGTH - 1]}…"
