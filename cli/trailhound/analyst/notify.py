"""New alerts and incidents to people: each at least once, a burst that goes on not twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from types import MappingProxyType

from trailhound.engines import Warehouse
from trailhound.errors import extra
from trailhound.formats.as_json import to_json
from trailhound.formats.columns import Row
from trailhound.project.detections import SEVERITIES
from trailhound.store.alerts import (
    Alert,
    Filters,
    accounts_of,
    is_incident,
    named,
    read_alerts,
    value,
)
from trailhound.store.told import Told
from trailhound.text import counted, visible

_NOBODY: Mapping[str, str] = MappingProxyType({})
Send = Callable[[str, str, str, Sequence[Alert]], bool]
"""Takes a destination, a title, a text and the alerts told; says whether it went out."""

_MOST_IN_GROUP = 10
_MOST_SOURCES = 5
_PRINTED = "run --new"
"""Stands for a destination: what `trailhound run --new` printed."""


def stored_alerts(warehouse: Warehouse, filters: Filters, relation: str = "alerts") -> list[Alert]:
    """The alerts, or incidents, that pass, by column name, the oldest first."""
    return [named(row) for row in read_alerts(warehouse, filters, relation)]


def not_printed(told: Told, rows: Sequence[Row]) -> list[Row]:
    """Those of the alerts, rows of COLUMNS, whose ids no `run --new` printed."""
    printed = {each["alert_id"] for each in told.to(_PRINTED)}
    return [row for row in rows if value(row, "alert_id") not in printed]


def note_printed(told: Told, rows: Sequence[Row]) -> None:
    """Note that a `run --new` printed these alerts."""
    told.note(_PRINTED, [named(row) for row in rows])


def new_alerts(alerts: Sequence[Alert], told: Sequence[Alert]) -> list[Alert]:
    """Those of the alerts, the oldest first, that are not among those told.

    An alert that overlaps in time one that was told, of the same detection, entity and what it is
    correlated by, is the same burst, even if a late event gave it another id. One that goes on over
    midnight is none of its own, if its beginning was told or is told now.
    """
    ids = {each["alert_id"] for each in told}
    spans: dict[tuple[str, ...], list[tuple[datetime, datetime]]] = {}
    for each in told:
        spans.setdefault(_burst(each), []).append((each["first_seen"], each["last_seen"]))
    new = []
    for alert in alerts:
        known = spans.setdefault(_burst(alert), [])
        if alert["alert_id"] not in ids and not _is_told(alert, known):
            new.append(alert)
        known.append((alert["first_seen"], alert["last_seen"]))
    return new


def _burst(alert: Alert) -> tuple[str, ...]:
    """What bursts have in common that may be one. Stores of 0.1.0 noted no correlated_by."""
    names = ("detection", "account_id", "entity_id", "correlated_by")
    return tuple(alert.get(name) or "" for name in names)


def _is_told(alert: Alert, spans: Sequence[tuple[datetime, datetime]]) -> bool:
    """Whether one of the spans belongs to the burst of the alert."""
    if not alert["window_minutes"]:
        return False
    since = alert["first_seen"]
    if alert["is_continuation"]:
        since = min(since, alert["triggered_at"] - timedelta(minutes=alert["window_minutes"]))
    return any(first <= alert["last_seen"] and last >= since for first, last in spans)


def notify(
    told: Told,
    destination: str,
    alerts: Sequence[Alert],
    send: Send,
    message_of: Callable[[Sequence[Alert]], tuple[str, str]],
) -> tuple[int, int]:
    """Send the alerts, a message a detection or an incident; note those that went out at once.

    message_of: gives a title and a text, as message() does. Returns how many went out and how many
    did not. A run that is cut off between the two tells them once more: at least once, not at most
    once.
    """
    sent = failed = 0
    for group in groups(alerts):
        if send(destination, *message_of(group), group):
            told.note(destination, group)
            sent += len(group)
        else:
            failed += len(group)
    return sent, failed


def groups(alerts: Sequence[Alert]) -> Iterator[list[Alert]]:
    """Alerts by detection, the most severe first; each incident alone."""

    def order(alert: Alert) -> tuple[int, str, str]:
        alone = alert["alert_id"] if is_incident(alert) else ""
        return -SEVERITIES.index(alert["severity"]), alert["detection"], alone

    for _, group in groupby(sorted(alerts, key=order), key=order):
        yield list(group)


def message(
    alerts: Sequence[Alert], acts: Mapping[str, str], authors: Mapping[str, str] = _NOBODY
) -> tuple[str, str]:
    """A title and a text for alerts of one detection, or for one incident.

    acts: the act that each detection sees of; authors: of the rules that detections were made of.
    What comes from logs is made visible.
    """
    first = alerts[0]
    if is_incident(first):
        return _of_incident(first, acts, authors)
    title = f"{str(first['severity']).upper()}: {first['title']} ({counted(len(alerts), 'alert')})"
    lines = []
    for alert in alerts[:_MOST_IN_GROUP]:
        within = f" in {alert['window_minutes']} min" if alert["window_minutes"] else ""
        lines.append(
            f"{alert['triggered_at']:%Y-%m-%d %H:%M} UTC  {visible(alert['entity_id'])}  "
            f"account {visible(alert['account_id'])}  {alert['observed']} of "
            f"{alert['threshold']}{within}  (trailhound explain {alert['alert_id'][:8]})"
        )
    if len(alerts) > _MOST_IN_GROUP:
        lines.append(f"and {len(alerts) - _MOST_IN_GROUP} more")
    if first["detection"] in authors:
        lines.append(f"rule by {visible(authors[first['detection']])}")
    return title, "\n".join(lines)


def _of_incident(
    incident: Alert, acts: Mapping[str, str], authors: Mapping[str, str]
) -> tuple[str, str]:
    """Who, what, from where and how many acts."""
    detections = incident["evidence"]["detections"]
    done = list(dict.fromkeys(acts.get(each, each) for each in detections))
    sources = incident["source_ips"]
    more = f" and {len(sources) - _MOST_SOURCES} more" if len(sources) > _MOST_SOURCES else ""
    lines = [
        f"who    {incident['entity_id']} ({incident['entity_type']})",
        f"where  account {', '.join(accounts_of(incident))}",
        f"what   {counted(len(done), 'act')} in {counted(incident['event_count'], 'finding')}: "
        f"{', '.join(detections)}",
        f"from   {', '.join(sources[:_MOST_SOURCES])}{more}",
        f"when   {incident['first_seen']:%Y-%m-%d %H:%M} to {incident['last_seen']:%Y-%m-%d %H:%M} "
        f"UTC, risk {incident['observed']} of {incident['threshold']} in "
        f"{incident['window_minutes']} min",
        f"next   trailhound explain {incident['alert_id'][:8]}",
    ]
    if named := sorted({authors[each] for each in detections if each in authors}):
        lines.append(f"rules  by {', '.join(named)}")
    title = (
        f"{str(incident['severity']).upper()}: {incident['title']} ({counted(len(done), 'act')})"
    )
    return title, "\n".join(map(visible, lines))


def send_with_apprise(destination: str, title: str, text: str, alerts: Sequence[Alert]) -> bool:
    """Send to a URL of https://appriseit.com/services/. Raises TrailhoundError without apprise.

    A webhook of apprise's own JSON gets the alerts too, under `alerts`, in the columns of ndjson.
    """
    with extra("notify", "trailhound notify"):
        import apprise
        from apprise.plugins.custom_json import NotifyJSON
    sender = apprise.Apprise()
    if not sender.add(destination):
        return False
    for service in sender:
        if isinstance(service, NotifyJSON):
            service.payload_extras["alerts"] = json.loads(to_json(alerts))
    return bool(sender.notify(body=text, title=title, body_format=apprise.NotifyFormat.TEXT))


def is_destination(url: str) -> bool:
    """Whether apprise knows what to do with a URL."""
    with extra("notify", "trailhound notify"):
        import apprise
    return bool(apprise.Apprise().add(url))
