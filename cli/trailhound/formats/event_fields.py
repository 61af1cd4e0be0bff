"""What the formats of other tools need of an event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from trailhound.errors import WrongUsage
from trailhound.formats.columns import Column, Row

Event = dict[str, Any]
NEEDED = {
    "event_time", "event_id", "account_id", "aws_region", "entity_id", "entity_type", "user_arn",
    "session_name", "access_key_id", "event_source", "event_name", "outcome", "error_code",
    "error_message", "source_ip", "user_agent", "request_parameters", "response_elements",
    "resources",
}  # fmt: skip
"""The columns that the formats read."""


def is_events(columns: Sequence[Column]) -> bool:
    """Whether the rows are events, as far as their column names tell."""
    return {"event_id", "event_time"} <= {column.name for column in columns}


def events_in(columns: Sequence[Column], rows: Sequence[Row]) -> Iterator[Event]:
    """Each row as an event. Raises WrongUsage if they are not whole."""
    names = [column.name for column in columns]
    missing = sorted(NEEDED - set(names))
    if missing:
        raise WrongUsage(f"this format is for whole events: {', '.join(missing)} missing")
    for row in rows:
        event = dict(zip(names, row, strict=True))
        if not isinstance(event["event_time"], datetime):
            raise WrongUsage("this format is for whole events: event_time is no time")
        yield event


def event_summary(event: Event) -> str:
    """One line: who called what, from where, and how it ended."""
    return (
        f"{event['entity_id']} called {event['event_source']} {event['event_name']} "
        f"from {event['source_ip']}: {event['error_code'] or event['outcome']}"
    )
