"""Section 1 of the second page: what an address, an account or a client is."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from oracle.events import Event, at_path, text
from oracle.tuning import Countries, parsed

PRIVATE = [
    ipaddress.ip_network(each)
    for each in [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        "::/127",
        "64:ff9b:1::/48",
        "100::/64",
        "2001:db8::/32",
        "fc00::/7",
        "fe80::/10",
        "ff00::/8",
    ]
]
IAC = ("terraform", "opentofu", "pulumi", "cloudformation", "ansible")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Context(Countries):
    """The tables of addresses and accounts that rules ask."""

    def __init__(
        self,
        countries: Sequence[tuple[str, str, str]] = (),
        aws_ranges: Sequence[tuple[str, str]] = (),
        networks: Sequence[tuple[str, str, str]] = (),
        distances: Mapping[tuple[str, str], int] | None = None,
        trusted: Collection[str] = (),
    ) -> None:
        super().__init__(countries)
        self._aws = Countries([(low, high, "aws") for low, high in aws_ranges])
        self._networks = Countries(networks)
        self._distances = distances or {}
        self._trusted = set(trusted)

    def is_aws(self, source_ip: str | None) -> bool:
        """Whether the address lies in AWS's ranges."""
        return self._aws.of(source_ip) is not None

    def network(self, source_ip: str | None) -> str | None:
        """`aws`, the network table's text, or the address's prefix (6.9)."""
        address = parsed(source_ip)
        if address is None or is_private(address):
            return None
        if self.is_aws(source_ip):
            return "aws"
        known = self._networks.of(str(address))
        if known:
            return known
        if address.version == 4:
            return ".".join(str(address).split(".")[:2])
        return ":".join(address.exploded.split(":")[:2])

    def is_outside_aws(self, event: Event) -> bool:
        """Whether the call came from an address that is not AWS's (6.11)."""
        address = parsed(event.source_ip)
        if address is None or self.is_aws(event.source_ip):
            return False
        if is_private(address) and text(event.record.get("vpcEndpointId")):
            owner = text(event.record.get("vpcEndpointAccountId"))
            return owner is not None and owner != event.account_id and owner not in self._trusted
        return True

    def km(self, one: str, other: str) -> int:
        """The distance of two countries' borders; 0 where unknown."""
        return self._distances.get((one, other), self._distances.get((other, one), 0))

    def foreign(self, principal: Any, event: Event) -> str | None:
        """The foreign account that a principal names; None if it names none."""
        found = text(principal) or ""
        if found.startswith("arn:"):
            found = (found.split(":") + [""] * 5)[4]
        if len(found) != 12 or not (found.isascii() and found.isdigit()):
            return None
        if event.account_id in ("unknown", found) or found in self._trusted:
            return None
        return found


def is_private(address: Address) -> bool:
    """Whether an address is private or reserved (6.8)."""
    return any(address in net for net in PRIVATE if net.version == address.version)


def is_address(source_ip: str | None) -> bool:
    """Whether a source is an address and no host name."""
    return parsed(source_ip) is not None


def client(event: Event) -> str:
    """`console`, `iac` or `other` (6.10)."""
    agent = event.user_agent or ""
    marks = ("console.", "signin.amazonaws.com", "S3Console", "aws-internal")
    if (
        from_console(event)
        or agent.startswith("Mozilla/")
        or agent == "AWS Internal"
        or any(mark in agent for mark in marks)
    ):
        return "console"
    return "iac" if any(each in agent.lower() for each in IAC) else "other"


def from_console(event: Event) -> bool:
    """Whether the session's credential came from the console."""
    return is_true(event.record.get("sessionCredentialFromConsole"))


def is_true(value: Any) -> bool:
    """True as a boolean or a text in any case."""
    return (text(value) or "").lower() == "true"


def is_false(value: Any) -> bool:
    """False as a boolean or a text in any case."""
    return (text(value) or "").lower() == "false"


def is_instance(event: Event) -> bool:
    """Whether the session is an instance's or a function's (row 26)."""
    return event.entity_type == "role" and has_marks_of_instance(event)


def has_marks_of_instance(event: Event) -> bool:
    """Whether a session bears the marks of an instance's or a function's."""
    import re

    context = event.identity.get("sessionContext")
    issued_to = at_path(event.identity, "inScopeOf", "issuerType")
    session = (event.user_arn or "").partition(":assumed-role/")[2].partition("/")[2]
    return (
        text(at_path(context, "ec2RoleDelivery")) is not None
        or issued_to in ("AWS::EC2::Instance", "AWS::Lambda::Function")
        or re.fullmatch("i-[0-9a-f]{8,17}", session.lower()) is not None
    )
