"""Alerts for formats of other tools: by column name, with what several of them need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from trailhound.errors import WrongUsage
from trailhound.formats.columns import Column, Row
from trailhound.store.alerts import COLUMNS, accounts_of, author_of, typed

Alert = dict[str, Any]
_CLASSES: dict[str, type] = {"time": datetime, "list": list, "object": dict}
SEVERITY_NUMBERS = {"low": 1, "medium": 2, "high": 3, "critical": 4}


def alerts_in(
    columns: Sequence[Column], rows: Sequence[Row], what: str = "alerts"
) -> Iterator[Alert]:
    """Each row as an alert, lists and objects parsed.

    what: all that the format is for. Raises WrongUsage if a row is anything else.
    """
    names = [column.name for column in columns]
    missing = [column.name for column in COLUMNS if column.name not in names]
    if "alert_id" in missing:
        raise WrongUsage(f"this format is for {what} only")
    if missing:
        raise WrongUsage(f"this format is for whole alerts: {', '.join(missing)} missing")
    for row in rows:
        alert = dict(zip(names, row, strict=True))
        contract = typed(tuple(alert[column.name] for column in COLUMNS))
        for column, value in zip(COLUMNS, contract, strict=True):
            if column.kind in _CLASSES and not isinstance(value, _CLASSES[column.kind]):
                raise WrongUsage(
                    f"this format is for whole alerts: {column.name} is no {column.kind}"
                )
            alert[column.name] = value
        yield alert


def summary(alert: Alert) -> str:
    """What happened, in a sentence."""
    within = f" within {alert['window_minutes']} minutes" if alert["window_minutes"] else ""
    accounts = ", ".join(accounts_of(alert))
    author = f" (rule by {author_of(alert)})" if author_of(alert) else ""
    return (
        f"{alert['title']}{author}: {alert['entity_id']} in account {accounts} reached "
        f"{alert['observed']}{within}, threshold {alert['threshold']}"
    )


def milliseconds(moment: datetime) -> int:
    """A UTC time without zone as milliseconds since 1970."""
    return int(moment.replace(tzinfo=UTC).timestamp() * 1000)


def addresses(alert: Alert) -> list[str]:
    """Those of the sources that are IP addresses, not host names of services."""
    found = []
    for source in alert["source_ips"]:
        try:
            found.append(str(ip_address(source)))
        except ValueError:
            continue
    return found


def technique_url(technique: str) -> str:
    """The page of an ATT&CK technique."""
    return f"https://attack.mitre.org/techniques/{technique.replace('.', '/')}/"
