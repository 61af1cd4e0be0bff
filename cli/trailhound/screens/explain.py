"""An explanation as a page of text for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from textwrap import indent
from typing import Any

import click

from trailhound.analyst.explain import BASELINE_DAYS, Explanation, History
from trailhound.analyst.sessions import Session
from trailhound.engines import Rows
from trailhound.formats.columns import Column, Row
from trailhound.formats.table import page_width, write_table
from trailhound.project.detections import Detection
from trailhound.store.alerts import Alert
from trailhound.text import counted, visible, visible_lines

_TIMELINE_LINES = 30
_BAR = 20
WIDE = 110
_SHOWN = 8


def explanation_page(found: Explanation, detection: Detection) -> str:
    """Everything that `explain` found, headed."""
    return "\n".join(_lines(found, detection))


def _lines(found: Explanation, detection: Detection) -> Iterator[str]:
    alert = found.alert
    yield click.style(visible(alert["title"]), bold=True)
    yield f"{alert['alert_id']} · {alert['severity']} · {detection.name}" + (
        f" · rule by {visible(detection.author)}" if detection.author else ""
    )
    entity, account = visible(alert["entity_id"]), visible(alert["account_id"])
    yield f"{entity} ({alert['entity_type']}) in {account}"
    yield ""
    yield _why(alert, is_new=found.history is not None)
    if alert["is_continuation"]:
        yield "It goes on from an alert of the day before, over midnight."
    yield head("What happened (UTC)")
    yield from _timeline(found)
    if found.history is not None:
        yield head(f"The {found.history.days} days before")
        yield from _history(found.history)
    if found.baseline is not None:
        yield head(f"The {BASELINE_DAYS} days before")
        yield from _baseline(found.baseline)
    yield head("Who")
    yield from _who(found)
    yield head("What")
    evidence = {
        name: values if isinstance(values, list) else [values]
        for name, values in alert["evidence"].items()
    }
    yield from value_lines({**evidence, "resources": alert["resources"]})
    yield head("The same entity, from an hour before to an hour after")
    yield from _around(found)
    yield head("Ask next")
    for number, (question, sql) in enumerate(found.triage, 1):
        yield f"  {number}. {visible(question)}"
        yield indent(visible_lines(sql.strip()), "     ")
    yield from _noise(found, detection)


def _why(alert: Alert, *, is_new: bool) -> str:
    events = counted(alert["event_count"], "event")
    if is_new:
        return f"New on {alert['alert_date']}: {visible(alert['correlated_by'])}, by {events}."
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
    table: list[Row] = []
    for place, row in enumerate(shown):
        time, observed, name, region, source, *_ = row
        if left_out > 0 and place == half:
            table.append((None, None, f"… {left_out:,} more …", *[None] * 3))
        table.append((time, observed, _so_far(found, row), name, region, source))
    columns: tuple[Column, ...] = (
        Column("time", "time"),
        Column("count", "integer"),
        Column("so_far", "word"),
        Column("call"),
        Column("region"),
        Column("from"),
    )
    if page_width() < WIDE:
        columns = (*columns[:4], columns[5])
        table = [(*row[:4], row[5]) for row in table]
    yield from table_lines(columns, table)


def _so_far(found: Explanation, row: Row) -> str:
    """How far it is with a call: the step of a sequence, else the count as a bar."""
    if found.history is not None:
        return "new"
    alert = found.alert
    observed, step = row[1], row[-1]
    length = _BAR if page_width() >= WIDE else _BAR // 3
    so_far = (
        bar(observed, max(alert["observed"], alert["threshold"]), length)
        if step is None
        else f"step {step}"
    )
    return so_far + (" fires" if observed >= alert["threshold"] else "")


def bar(value: int, highest: int, length: int) -> str:
    """A bar of at most so many characters; nothing for 0."""
    return "█" * max(1, round(length * value / highest)) if value else ""


def _history(history: History) -> Iterator[str]:
    yield (
        f"  The account has events on {history.account_days} of them, this entity such ones on "
        f"{history.entity_days}."
    )
    last = f"last seen on {history.last_seen_on}" if history.last_seen_on else "never seen before"
    yield f"  The new value was {last}. What was seen:"
    columns = (
        Column("value"),
        Column("first_seen", "time"),
        Column("last_seen", "time"),
        Column("events", "integer"),
    )
    yield from table_lines(columns, history.values.rows)


def _baseline(baseline: Rows) -> Iterator[str]:
    if not baseline.rows:
        yield "  Nothing of this entity: the threshold alone decided."
        return
    busiest = max(events for _, events in baseline.rows)
    columns = (Column("day", "date"), Column("events", "integer"), Column("", "word"))
    rows = [(day, events, bar(events, busiest, _BAR)) for day, events in baseline.rows]
    yield from table_lines(columns, rows)


def _who(found: Explanation) -> Iterator[str]:
    alert = found.alert
    yield from value_lines(
        {
            "sessions": alert["session_names"],
            "source identity": _each({each.source_identity for each in found.sessions}),
            "assumed by": list(dict.fromkeys(map(_origin, found.sessions))),
            "access keys": alert["access_key_ids"],
            "addresses": addresses(alert, found.countries),
            "user agents": alert["user_agents"],
            "regions": alert["regions"],
        }
    )


def addresses(alert: Alert, countries: Mapping[str, str]) -> list[str]:
    """The alert's sources, with the countries of those that have one."""
    return [
        f"{each} ({countries[each]})" if each in countries else each for each in alert["source_ips"]
    ]


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


def value_lines(lists: dict[str, Sequence[Any]]) -> Iterator[str]:
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
    yield from table_lines(columns, found.around.rows)


def _noise(found: Explanation, detection: Detection) -> Iterator[str]:
    yield head("If it is noise")
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


def table_lines(columns: Sequence[Column], rows: Sequence[Row]) -> Iterator[str]:
    """A table, indented."""
    text = StringIO()
    write_table(columns, rows, text, page_width() - 2)
    yield indent(text.getvalue().rstrip("\n"), "  ")


def head(text: str) -> str:
    """The heading of a part of the page."""
    return "\n" + click.style(text, bold=True)
