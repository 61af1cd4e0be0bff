"""Alerts for formats of other tools: by column name, with what several of them need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from trailhound.errors import WrongUsage
from trailhound.output.columns import Column, Row

Alert = dict[str, Any]
SEVERITY_NUMBERS = {"low": 1, "medium": 2, "high": 3, "critical": 4}


def alerts_in(columns: Sequence[Column], rows: Sequence[Row]) -> Iterator[Alert]:
    """Each row as an alert. Raises WrongUsage if the rows are of something else."""
    names = [column.name for column in columns]
    if "alert_id" not in names:
        raise WrongUsage("this format is for alerts only")
    for row in rows:
        yield dict(zip(names, row, strict=True))


def summary(alert: Alert) -> str:
    """What happened, in a sentence."""
    within = f" within {alert['window_minutes']} minutes" if alert["window_minutes"] else ""
    return (
        f"{alert['title']}: {alert['entity_id']} in account {alert['account_id']} reached "
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
