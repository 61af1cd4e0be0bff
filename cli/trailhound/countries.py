"""Pack ranges of addresses and their countries into the seed `country_ranges`.

`python -m trailhound.countries IN.csv > OUT.csv` does it by hand.

All addresses are 32 hex digits here, IPv4 as IPv6 sees it (::ffff:1.2.3.4). A row of the seed
holds the addresses from those that begin with `first_prefix` to those that begin with
`last_prefix`; the two are as long as each other and differ in their last digit at most. Its text
`--1 AU14 CN15` says: from ..14 on the country is AU, from ..15 on CN, and before that none, where
.. are the digits before the last one of the prefix, which all starts have in common. Zeros at the
end of a start are left out. So a start is not above an address when its text is not.

A few thousand rows of less than a kilobyte are what every engine loads as an ordinary seed: 1,000
of them, dbt's usual batch, stay below the million characters that Trino takes in one statement.
"""

from __future__ import annotations

import csv
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from socket import AF_INET, AF_INET6, inet_pton
from typing import NamedTuple, TextIO

from trailhound.csv_rows import UnreadableCsv, csv_rows
from trailhound.errors import TrailhoundError, WrongUsage

HEADER = ("start_ip", "end_ip", "country")
NO_COUNTRY = "--"
_UNKNOWN = "ZZ"  # a code that ISO 3166 leaves to its users, who mean "unknown" by it
LONGEST_TEXT = 900
"""Characters in one row's `ranges`."""
_MOST_ERRORS = 20
_DIGITS = 32
_HEX_DIGITS = "0123456789abcdef"
_ABOVE_DIGITS = "g"
_IPV4_DIGITS = "0" * 20 + "ffff"
_FIRST_IPV4, _LAST_IPV4 = _IPV4_DIGITS + "0" * 8, _IPV4_DIGITS + "f" * 8
_BELOW_IPV4, _ABOVE_IPV4 = "0" * 20 + "fffe" + "f" * 8, "0" * 19 + "1" + "0" * 12


class CountryRange(NamedTuple):
    """Addresses of one country, from the first to the last, both included, as 32 hex digits."""

    first: str
    last: str
    country: str
    line: int = 0


class PackedRow(NamedTuple):
    """One row of the seed."""

    first_prefix: str
    last_prefix: str
    ranges: str


def read_ranges(path: Path) -> tuple[list[CountryRange], list[str]]:
    """Read a CSV of start_ip, end_ip, country, with or without that header.

    Returns the ranges in the order of their addresses, and one line for each row that is wrong,
    with the file's name and the row's line in it.
    """
    ranges: list[CountryRange] = []
    errors: list[str] = []
    try:
        for line, fields in csv_rows(path):
            if not ranges and not errors and _is_header(fields):
                continue
            try:
                ranges += _outside_ipv4(_range(fields, line))
            except ValueError as error:
                errors.append(f"{path.name}, line {line}: {error}")
    except UnreadableCsv as error:
        errors.append(str(error))
    ranges.sort(key=lambda each: (each.first, each.line))
    errors += [f"{path.name}, {overlap}" for overlap in _overlaps(ranges)]
    if not ranges and not errors:
        errors.append(f"{path.name}: it holds no range {','.join(HEADER)}")
    return ranges, errors


def pack(ranges: Sequence[CountryRange]) -> list[PackedRow]:
    """The seed's rows for ranges that are sorted and do not overlap."""
    return list(_rows("", *_changes(ranges)))


def packed(source: Path) -> list[PackedRow]:
    """The seed's rows for a user's CSV of ranges.

    Raises TrailhoundError with one line for each wrong row, twenty at most.
    """
    ranges, errors = read_ranges(source)
    if len(errors) > _MOST_ERRORS:
        rest = len(errors) - _MOST_ERRORS
        errors[_MOST_ERRORS:] = [f"{source.name}: {rest} more rows are wrong"]
    if errors:
        raise TrailhoundError("\n".join(errors))
    return pack(ranges)


def write_seed(rows: Iterable[PackedRow], file: TextIO) -> None:
    """Write the seed as CSV."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(PackedRow._fields)
    writer.writerows(rows)


def lookup(rows: Iterable[PackedRow], address: str) -> str | None:
    """The country of an address, or None: what macros/detection/address_countries.sql computes."""
    digits = digits_of(ip_address(address))
    for first, last, ranges in rows:
        if first <= digits < last + _ABOVE_DIGITS:
            rest = digits[len(first) - 1 :]
            starts = [(entry[2:], entry[:2]) for entry in ranges.split(" ")]
            country = max(start for start in starts if start[0] <= rest)[1]
            return None if country == NO_COUNTRY else country
    return None


def _is_header(fields: Sequence[str]) -> bool:
    return tuple(field.strip().lower() for field in fields) == HEADER


def _range(fields: Sequence[str], line: int) -> CountryRange:
    if len(fields) != len(HEADER):
        raise ValueError(f"{len(fields)} fields instead of {len(HEADER)}: {','.join(HEADER)}")
    start, end, country = fields[0].strip(), fields[1].strip(), fields[2].strip().upper()
    first, last = _address(start, HEADER[0]), _address(end, HEADER[1])
    if (":" in start) != (":" in end):
        raise ValueError(f"start_ip {start} and end_ip {end} are not of one family")
    if first > last:
        raise ValueError(f"start_ip {start} is above end_ip {end}")
    if not (len(country) == len(NO_COUNTRY) and country.isascii() and country.isalpha()):
        raise ValueError(f"country {fields[2]!r} is not two letters")
    return CountryRange(first, last, country, line)


def _outside_ipv4(each: CountryRange) -> Iterator[CountryRange]:
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


def digits_of(address: IPv4Address | IPv6Address) -> str:
    """The 32 hex digits of an address."""
    return f"{_IPV4_DIGITS}{int(address):08x}" if address.version == 4 else f"{int(address):032x}"


def _overlaps(ranges: Sequence[CountryRange]) -> Iterator[str]:
    """One line for each of the sorted ranges that begins before an earlier one ends."""
    widest = None
    for each in ranges:
        if widest is not None and each.first <= widest.last:
            yield f"line {each.line}: it overlaps the range in line {widest.line}"
        if widest is None or each.last > widest.last:
            widest = each


def _changes(ranges: Iterable[CountryRange]) -> tuple[list[str], list[str]]:
    """Where the country changes, from address 0 on, and what it is from there on."""
    starts, countries = ["0" * _DIGITS], [NO_COUNTRY]

    def change(start: str, country: str) -> None:
        if starts[-1] == start:
            starts.pop()
            countries.pop()
        if not countries or countries[-1] != country:
            starts.append(start)
            countries.append(country)

    for each in ranges:
        change(each.first, NO_COUNTRY if each.country == _UNKNOWN else each.country)
        if each.last != "f" * _DIGITS:
            change(f"{int(each.last, 16) + 1:0{_DIGITS}x}", NO_COUNTRY)
    return starts, countries


def _rows(parent: str, starts: list[str], countries: list[str]) -> Iterator[PackedRow]:
    """The rows for the addresses that begin with `parent`, as many together as one text takes.

    starts: where the country changes there, and before the first of these the last one earlier.
    """
    held: list[str] = []
    first = last = ""
    for digit in _HEX_DIGITS:
        prefix = parent + digit
        since = bisect_right(starts, prefix.ljust(_DIGITS, "0")) - 1
        until = bisect_left(starts, prefix + _ABOVE_DIGITS)
        # Not even looked at where there are too many: a country and a space each at the least.
        too_long = (until - since) * (len(NO_COUNTRY) + 1) - 1 > LONGEST_TEXT
        entries: list[str] = []
        if not too_long:
            entries = _entries(prefix, starts[since:until], countries[since:until])
            too_long = _length(entries) > LONGEST_TEXT
        if held and (too_long or _length(held + entries) > LONGEST_TEXT):
            yield PackedRow(first, last, " ".join(held))
            held = []
        if too_long:
            yield from _rows(prefix, starts[since:until], countries[since:until])
        elif held:
            last = prefix
            held += entries[1:] if _country(held[-1]) == _country(entries[0]) else entries
        elif entries != [NO_COUNTRY + digit]:
            held, first, last = entries, prefix, prefix
    if held:
        yield PackedRow(first, last, " ".join(held))


def _entries(prefix: str, starts: list[str], countries: list[str]) -> list[str]:
    """What a row's text says of the addresses that begin with a prefix."""
    known = len(prefix) - 1
    rest = [prefix[known:], *(start[known:].rstrip("0") for start in starts[1:])]
    return [country + start for country, start in zip(countries, rest, strict=True)]


def _length(entries: list[str]) -> int:
    """Characters of the entries with a space after each but the last."""
    return sum(map(len, entries)) + len(entries) - 1


def _country(entry: str) -> str:
    return entry[: len(NO_COUNTRY)]


def main(arguments: Sequence[str]) -> int:
    """Pack the file that is named and print the seed."""
    if len(arguments) != 1:
        print("usage: python -m trailhound.countries IN.csv > OUT.csv", file=sys.stderr)
        return WrongUsage.exit_code
    try:
        rows = packed(Path(arguments[0]))
    except (TrailhoundError, OSError) as error:
        print(error, file=sys.stderr)
        return TrailhoundError.exit_code
    write_seed(rows, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
