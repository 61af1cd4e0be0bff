"""JSON Lines for a Timesketch timeline: https://timesketch.org/guides/user/import-from-json-csv/."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from trailhound.formats.alert_fields import Alert, alerts_in, milliseconds, summary
from trailhound.formats.as_json import to_json
from trailhound.formats.columns import Column, Row
from trailhound.formats.event_fields import Event, event_summary, events_in, is_events

_MOMENTS = {
    "first_seen": "First Seen",
    "triggered_at": "Alert Triggered",
    "last_seen": "Last Seen",
}


def write_timesketch(columns: Sequence[Column], rows: Sequence[Row], stream: TextIO) -> None:
    """A line an event, or for each moment of each alert: first seen, triggered, last seen."""
    if is_events(columns):
        for event in events_in(columns, rows):
            stream.write(to_json(event_entry(event)) + "\n")
        return
    for alert in alerts_in(columns, rows, "alerts and events"):
        for entry in entries(alert):
            stream.write(to_json(entry) + "\n")


def entries(alert: Alert) -> Iterator[dict[str, Any]]:
    """An alert's moments, each once, with all its columns."""
    seen = set()
    for column in ("triggered_at", "first_seen", "last_seen"):
        moment = alert[column]
        if moment in seen:
            continue
        seen.add(moment)
        yield {
            "message": summary(alert),
            "datetime": f"{moment:%Y-%m-%dT%H:%M:%S}+00:00",
            "timestamp": milliseconds(moment) * 1000,
            "timestamp_desc": _MOMENTS[column],
            "data_type": "trailhound:alert",
            "tag": [alert["severity"], *alert["techniques"]],
            **{
                key: value if isinstance(value, str | int) else to_json(value)
                for key, value in alert.items()
                if value is not None
            },
        }


def event_entry(event: Event) -> dict[str, Any]:
    """An event with all its columns."""
    moment = event["event_time"]
    return {
        "message": event_summary(event),
        "datetime": f"{moment:%Y-%m-%dT%H:%M:%S}+00:00",
        "timestamp": milliseconds(moment) * 1000,
        "timestamp_desc": "Event Logged",
        "data_type": "aws:cloudtrail:entry",
        **{key: value for key, value in event.items() if value is not None and value != moment},
    }
