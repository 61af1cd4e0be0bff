"""Ranges of IP addresses that a person wrote down as CSV: start_ip, end_ip and what they stand for.

All addresses are 32 hex digits here, IPv4 as IPv6 sees it (::ffff:1.2.3.4), as the macro
address_hex() gives them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from socket import AF_INET, AF_INET6, inet_pton
from typing import NamedTuple, TextIO

from trailhound.errors import TrailhoundError, WrongUsage
from trailhound.project.csv_rows import UnreadableCsv, csv_rows

_MOST_ERRORS = 20
_IPV4_DIGITS = "0" * 20 + "ffff"
_FIRST_IPV4, _LAST_IPV4 = _IPV4_DIGITS + "0" * 8, _IPV4_DIGITS + "f" * 8
_BELOW_IPV4, _ABOVE_IPV4 = "0" * 20 + "fffe" + "f" * 8, "0" * 19 + "1" + "0" * 12


class AddressRange(NamedTuple):
    """Addresses from the first to the last, both included, as 32 hex digits, and their value."""

    first: str
    last: str
    value: str
    line: int = 0


def read_ranges(path: Path, name: str, checked: Callable[[str], str]) -> list[AddressRange]:
    """Read a CSV of start_ip, end_ip and a value, with or without that header.

    name:     what the third column is called
    checked:  gives a value as it is meant; raises ValueError with what is wrong with it

    Returns the ranges in the order of their addresses. Raises TrailhoundError with one line for
    each wrong row, twenty at most, with the file's name and the row's line; ranges that overlap are
    wrong.
    """
    header = ("start_ip", "end_ip", name)
    ranges: list[AddressRange] = []
    errors: list[str] = []
    try:
        for line, fields in csv_rows(path):
            if not ranges and not errors and _is_header(fields, header):
                continue
            try:
                ranges += _outside_ipv4(_range(fields, header, checked, line))
            except ValueError as error:
                errors.append(f"{path.name}, line {line}: {error}")
    except UnreadableCsv as error:
        errors.append(str(error))
    ranges.sort(key=lambda each: (each.first, each.line))
    errors += [f"{path.name}, {overlap}" for overlap in _overlaps(ranges)]
    if not ranges and not errors:
        errors.append(f"{path.name}: it holds no range {','.join(header)}")
    if len(errors) > _MOST_ERRORS:
        rest = len(errors) - _MOST_ERRORS
        errors[_MOST_ERRORS:] = [f"{path.name}: {rest} more rows are wrong"]
    if errors:
        raise TrailhoundError(*errors)
    return ranges


def digits_of(address: IPv4Address | IPv6Address) -> str:
    """The 32 hex digits of an address."""
    return f"{_IPV4_DIGITS}{int(address):08x}" if address.version == 4 else f"{int(address):032x}"


def convert(
    arguments: Sequence[str], module: str, write_seed: Callable[[Path, TextIO], None]
) -> int:
    """`python -m MODULE IN.csv > OUT.csv`: print the seed that is made of a file of ranges.

    Returns the exit code.
    """
    if len(arguments) != 1:
        print(f"usage: python -m {module} IN.csv > OUT.csv", file=sys.stderr)
        return WrongUsage.exit_code
    try:
        write_seed(Path(arguments[0]), sys.stdout)
    except (TrailhoundError, OSError) as error:
        print(error, file=sys.stderr)
        return TrailhoundError.exit_code
    return 0


def _is_header(fields: Sequence[str], header: Sequence[str]) -> bool:
    return [field.strip().lower() for field in fields] == list(header)


def _range(
    fields: Sequence[str], header: Sequence[str], checked: Callable[[str], str], line: int
) -> AddressRange:
    if len(fields) != len(header):
        raise ValueError(f"{len(fields)} fields instead of {len(header)}: {','.join(header)}")
    start, end = fields[0].strip(), fields[1].strip()
    first, last = _address(start, header[0]), _address(end, header[1])
    if (":" in start) != (":" in end):
        raise ValueError(f"start_ip {start} and end_ip {end} are not of one family")
    if first > last:
        raise ValueError(f"start_ip {start} is above end_ip {end}")
    return AddressRange(first, last, checked(fields[2].strip()), line)


def _outside_ipv4(each: AddressRange) -> Iterator[AddressRange]:
    """The range, but for the IPv4 addresses that an IPv6 range passes over as ::ffff:0:0/96."""
    if each.first >= _FIRST_IPV4 and each.last <= _LAST_IPV4:
        yield each
        return
    if each.first < _FIRST_IPV4:
        yield each._replace(last=min(each.last, _BELOW_IPV4))
    if each.last > _LAST_IPV4:
        yield each._replace(first=max(each.first, _ABOVE_IPV4))


def _address(text: str, name: str) -> str:
    """The digits of an address."""
    # Ten times as fast as ipaddress, which matters for half a million rows; as strict, and it takes
    # no zone.
    try:
        if ":" in text:
            return inet_pton(AF_INET6, text).hex()
        return _IPV4_DIGITS + inet_pton(AF_INET, text).hex()
    except (OSError, ValueError):
        what = "has a zone" if ":" in text and "%" in text else "is no address"
        raise ValueError(f"{name} {text!r} {what}") from None


def _overlaps(ranges: Sequence[AddressRange]) -> Iterator[str]:
    """One line for each of the sorted ranges that begins before an earlier one ends."""
    widest = None
    for each in ranges:
        if widest is not None and each.first <= widest.last:
            yield f"line {each.line}: it overlaps the range in line {widest.line}"
        if widest is None or each.last > widest.last:
            widest = each
