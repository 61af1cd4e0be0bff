"""Section 5: allow-list, overrides, and the country of an address."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from oracle.events import Event, matches_glob

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class AllowRow:
    """A row of the allow-list; an empty field means any."""

    detection: str = ""
    account_id: str = ""
    entity_id: str = ""
    source_ip: str = ""
    region: str = ""
    user_agent: str = ""
    event_name: str = ""
    expires_on: date | None = None

    def removes(self, detection: str, entity_id: str, event: Event) -> bool:
        """Whether it takes this event from the detection whose alerts show `entity_id`."""
        return (
            (self.expires_on is None or event.time.date() <= self.expires_on)
            and _fits(self.detection, detection)
            and _fits(self.account_id, event.account_id)
            and _fits(self.entity_id, entity_id)
            and _fits(self.region, event.region)
            and _fits(self.user_agent, event.user_agent)
            and _fits(self.event_name, event.name)
            and _lies_in(self.source_ip, event.source_ip)
        )


@dataclass(frozen=True)
class Override:
    """A row of the threshold overrides; an empty field means any."""

    threshold: int
    detection: str = ""
    account_id: str = ""
    entity_id: str = ""

    def specificity(self) -> tuple[bool, bool, bool, int]:
        """What decides between rows: the greatest wins."""
        return (
            _is_exact(self.entity_id),
            _is_exact(self.account_id),
            _is_exact(self.detection),
            self.threshold,
        )


def threshold_for(
    overrides: Iterable[Override], detection: str, account_id: str, entity_id: str, default: int
) -> int:
    """The threshold in force for one entity."""
    fitting = [
        row
        for row in overrides
        if _fits(row.detection, detection)
        and _fits(row.account_id, account_id)
        and _fits(row.entity_id, entity_id)
    ]
    return max(fitting, key=Override.specificity).threshold if fitting else default


class Countries:
    """Ranges of addresses, each `(first, last, country)`, both ends included."""

    def __init__(self, ranges: Sequence[tuple[str, str, str]] = ()) -> None:
        self._ranges = [
            (ipaddress.ip_address(low), ipaddress.ip_address(high), country)
            for low, high, country in ranges
        ]

    def of(self, source_ip: str | None) -> str | None:
        """The country of an address; None for one that is unknown or no address."""
        address = parsed(source_ip)
        if address is None:
            return None
        for low, high, country in self._ranges:
            if low.version == address.version and int(low) <= int(address) <= int(high):
                return country
        return None


def parsed(source_ip: str | None) -> Address | None:
    """An address; an IPv4-mapped one is IPv4. None for what is no address."""
    try:
        found = None if not source_ip or "%" in source_ip else ipaddress.ip_address(source_ip)
    except ValueError:
        return None
    return (found.version == 6 and found.ipv4_mapped) or found if found else None


def _lies_in(allowed: str, source_ip: str | None) -> bool:
    if not allowed:
        return True
    address = parsed(source_ip)
    return address is not None and address in ipaddress.ip_network(allowed)


def _fits(pattern: str, value: str | None) -> bool:
    return not pattern or (value is not None and matches_glob(pattern, value))


def _is_exact(pattern: str) -> bool:
    return bool(pattern) and "*" not in pattern
