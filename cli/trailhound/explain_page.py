"""An explanation as a page of text for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import StringIO
from textwrap import indent
from typing import Any

import click

from trailhound.catalog import Detection
from trailhound.explain import Explanation
from trailhound.output.columns import Column, Row
from trailhound.output.table import page_width, write_table
from trailhound.output.text import counted, visible, visible_lines
from trailhound.sessions import Session

_TIMELINE_LINES = 30
_BAR = 20
_WIDE = 110
_SHOWN = 8


def explanation_page(found: Explanation, detection: Detection) -> str:
    """Everything that `explain` found, headed."""
    return "\n".join(_lines(found, detection))


def _lines(found: Explanation, detection: Detection) -> Iterator[str]:
    alert = found.alert
    yield click.style(visible(alert["title"]), bold=True)
    yield f"{alert['alert_id']} · {alert['severity']} · {detection.name}"
    entity, account = visible(alert["entity_id"]), visible(alert["account_id"])
    yield f"{entity} ({alert['entity_type']}) in {account}"
    yield ""
    yield _why(alert)
    if alert["is_continuation"]:
        yield "It goes on from an alert of the day before, over midnight."
    yield _head("What happened (UTC)")
    yield from _timeline(found)
    yield _head("Who")
    yield from _who(found)
    yield _head("What")
    yield from _values({**alert["evidence"], "resources": alert["resources"]})
    yield _head("The same entity, from an hour before to an hour after")
    yield from _around(found)
    yield _head("Ask next")
    for number, (question, sql) in enumerate(found.triage, 1):
        yield f"  {number}. {visible(question)}"
        yield indent(visible_lines(sql.strip()), "     ")
    yield from _noise(found, detection)


def _why(alert: dict[str, Any]) -> str:
    events = counted(alert["event_count"], "event")
    if alert["threshold"] == 1 and alert["window_minutes"] is None:
        return "Each such call is an alert."
    if alert["window_minutes"] is None:
        return f"One request counted {alert['observed']}; it takes {alert['threshold']}."
    return (
        f"Up to {alert['observed']} within {alert['window_minutes']} minutes, and it takes "
        f"{alert['threshold']}: {events} from {alert['first_seen']:%Y-%m-%d %H:%M:%S} to "
        f"{alert['last_seen']:%Y-%m-%d %H:%M:%S}, fired at {alert['triggered_at']:%H:%M:%S}."
    )


def _timeline(found: Explanation) -> Iterator[str]:
    rows = found.timeline.rows
    half = _TIMELINE_LINES // 2
    left_out = len(rows) - 2 * half
    shown = rows if left_out <= 0 else [*rows[:half], *rows[-half:]]
    highest = max([found.alert["observed"], found.alert["threshold"]])
    table: list[Row] = []
    for place, (time, observed, name, region, source, *_) in enumerate(shown):
        if left_out > 0 and place == half:
            table.append((None, None, f"… {left_out:,} more …", *[None] * 3))
        fires = observed >= found.alert["threshold"]
        table.append((time, observed, _bar(observed, highest, fires=fires), name, region, source))
    columns: tuple[Column, ...] = (
        Column("time", "time"),
        Column("count", "integer"),
        Column("so_far", "word"),
        Column("call"),
        Column("region"),
        Column("from"),
    )
    if page_width() < _WIDE:
        columns = (*columns[:4], columns[5])
        table = [(*row[:4], row[5]) for row in table]
    yield from _table(columns, table)


def _bar(observed: int, highest: int, *, fires: bool) -> str:
    length = max(1, round((_BAR if page_width() >= _WIDE else _BAR // 3) * observed / highest))
    return "█" * length + (" fires" if fires else "")


def _who(found: Explanation) -> Iterator[str]:
    alert = found.alert
    addresses = [
        f"{each} ({found.countries[each]})" if each in found.countries else each
        for each in alert["source_ips"]
    ]
    yield from _values(
        {
            "sessions": alert["session_names"],
            "source identity": _each({each.source_identity for each in found.sessions}),
            "assumed by": list(dict.fromkeys(map(_origin, found.sessions))),
            "access keys": alert["access_key_ids"],
            "addresses": addresses,
            "user agents": alert["user_agents"],
            "regions": alert["regions"],
        }
    )


def _origin(session: Session) -> str:
    """Who assumed a role, from where and when."""
    if session.caller is None:
        return f"unknown: the call that gave {session.session_name} is not in these logs"
    return (
        f"{session.caller} from {session.source_ip}, {session.event_name} of "
        f"{session.event_time:%Y-%m-%d %H:%M:%S}"
    )


def _each(texts: set[str | None]) -> list[str]:
    return sorted(text for text in texts if text)


def _values(lists: dict[str, Sequence[Any]]) -> Iterator[str]:
    """Each list that holds something under its name."""
    for name, values in lists.items():
        for place, value in enumerate(values[:_SHOWN]):
            label = name.replace("_", " ") if place == 0 else ""
            yield f"  {label:<16} {visible(str(value))}"
        if len(values) > _SHOWN:
            yield f"  {'':<16} and {len(values) - _SHOWN} more"


def _around(found: Explanation) -> Iterator[str]:
    columns = (
        Column("service"),
        Column("outcome"),
        Column("calls", "integer"),
        Column("before", "integer"),
        Column("during", "integer"),
        Column("after", "integer"),
    )
    yield from _table(columns, found.around.rows)


def _noise(found: Explanation, detection: Detection) -> Iterator[str]:
    yield _head("If it is noise")
    if detection.threshold is not None:
        yield f"  `trailhound tune {detection.name}` counts what other settings would give."
    if found.allow_list_row is None:
        yield "  No row can mean this entity alone: there is a * in its name, which is a wildcard."
        return
    yield "  This row in allow_list.csv would have removed its events (give it an expires_on):"
    yield f"    {visible(found.allow_list_row)}"
    if found.override_row is not None:
        yield "  or this one in threshold_overrides.csv would have kept it from firing:"
        yield f"    {visible(found.override_row)}"
    for each in detection.false_positives:
        yield f"  - {visible(each)}"


def _table(columns: Sequence[Column], rows: Sequence[Row]) -> Iterator[str]:
    text = StringIO()
    write_table(columns, rows, text, page_width() - 2)
    yield indent(text.getvalue().rstrip("\n"), "  ")


def _head(text: str) -> str:
    return "\n" + click.style(text, bold=True)
