"""New alerts to people: each at least once, a burst that goes on not twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from trailhound.alerts import COLUMNS, Filters, read_alerts
from trailhound.catalog import SEVERITIES
from trailhound.errors import extra
from trailhound.output.text import counted, visible
from trailhound.warehouse import Warehouse

if TYPE_CHECKING:
    import duckdb

Alert = dict[str, Any]
Send = Callable[[str, str, str], bool]
"""Takes a destination, a title and a text; says whether it went out."""

_TABLE = '"main"."trailhound_notified"'
_MOST_IN_GROUP = 10


def stored_alerts(warehouse: Warehouse, filters: Filters) -> list[Alert]:
    """The alerts that pass, by column name, the oldest first."""
    names = [column.name for column in COLUMNS]
    return [dict(zip(names, row, strict=True)) for row in read_alerts(warehouse, filters)]


def new_alerts(
    alerts: Sequence[Alert], state: duckdb.DuckDBPyConnection, destination: str
) -> list[Alert]:
    """Those of the alerts, the oldest first, that a destination was not told of.

    An alert that overlaps in time one that was told, of the same detection and entity, is the same
    burst, even if a late event gave it another id. One that goes on over midnight is none of its
    own, if its beginning was told or is told now.
    """
    told = _told(state, destination)
    ids = {row[0] for row in told}
    spans: dict[tuple[str, ...], list[tuple[datetime, datetime]]] = {}
    for _, *who, first, last in told:
        spans.setdefault(tuple(who), []).append((first, last))
    new = []
    for alert in alerts:
        known = spans.setdefault((alert["detection"], alert["account_id"], alert["entity_id"]), [])
        if alert["alert_id"] not in ids and not _is_told(alert, known):
            new.append(alert)
        known.append((alert["first_seen"], alert["last_seen"]))
    return new


def _is_told(alert: Alert, spans: Sequence[tuple[datetime, datetime]]) -> bool:
    """Whether one of the spans belongs to the burst of the alert."""
    if not alert["window_minutes"]:
        return False
    since = alert["first_seen"]
    if alert["is_continuation"]:
        since = min(since, alert["triggered_at"] - timedelta(minutes=alert["window_minutes"]))
    return any(first <= alert["last_seen"] and last >= since for first, last in spans)


def notify(
    state: duckdb.DuckDBPyConnection, destination: str, alerts: Sequence[Alert], send: Send
) -> tuple[int, int]:
    """Send the alerts, a message a detection; note those that went out as soon as they did.

    Returns how many went out and how many did not. A run that is cut off between the two tells
    them once more: at least once, not at most once.
    """
    _ensure_table(state)
    sent = failed = 0
    for group in groups(alerts):
        if send(destination, *message(group)):
            _note(state, destination, group)
            sent += len(group)
        else:
            failed += len(group)
    return sent, failed


def groups(alerts: Sequence[Alert]) -> Iterator[list[Alert]]:
    """Alerts by detection, the most severe first."""

    def order(alert: Alert) -> tuple[int, str]:
        return -SEVERITIES.index(alert["severity"]), alert["detection"]

    for _, group in groupby(sorted(alerts, key=order), key=order):
        yield list(group)


def message(alerts: Sequence[Alert]) -> tuple[str, str]:
    """A title and a text for alerts of one detection. What comes from logs is made visible."""
    first = alerts[0]
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
    return title, "\n".join(lines)


def send_with_apprise(destination: str, title: str, text: str) -> bool:
    """Send to a URL of https://appriseit.com/services/. Raises TrailhoundError without apprise."""
    with extra("notify", "trailhound notify"):
        import apprise
    sender = apprise.Apprise()
    return bool(
        sender.add(destination)
        and sender.notify(body=text, title=title, body_format=apprise.NotifyFormat.TEXT)
    )


def is_destination(url: str) -> bool:
    """Whether apprise knows what to do with a URL."""
    with extra("notify", "trailhound notify"):
        import apprise
    return bool(apprise.Apprise().add(url))


def key_of(destination: str) -> str:
    """What stands for a destination in the store: its URL holds secrets."""
    return hashlib.sha256(destination.encode()).hexdigest()[:16]


def _told(state: duckdb.DuckDBPyConnection, destination: str) -> list[tuple[Any, ...]]:
    import duckdb

    try:
        return state.execute(
            f"select alert_id, detection, account_id, entity_id, first_seen, last_seen "
            f"from {_TABLE} where destination = ?",
            [key_of(destination)],
        ).fetchall()
    except duckdb.CatalogException:  # nothing was ever sent
        return []


def _ensure_table(state: duckdb.DuckDBPyConnection) -> None:
    state.execute(
        f"create table if not exists {_TABLE} (destination varchar, alert_id varchar, "
        "detection varchar, account_id varchar, entity_id varchar, first_seen timestamp, "
        "last_seen timestamp, notified_at timestamp)"
    )


def _note(state: duckdb.DuckDBPyConnection, destination: str, alerts: Sequence[Alert]) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    state.executemany(
        f"insert into {_TABLE} values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                key_of(destination),
                *(alert[key] for key in ("alert_id", "detection", "account_id", "entity_id")),
                alert["first_seen"],
                alert["last_seen"],
                now,
            )
            for alert in alerts
        ],
    )
