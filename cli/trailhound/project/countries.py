"""Pack ranges of addresses and their countries into the seed `country_ranges`.

`python -m trailhound.project.countries IN.csv > OUT.csv` does it by hand.

A row of the seed holds the addresses from those that begin with `first_prefix` to those that begin
with `last_prefix`; the two are as long as each other and differ in their last digit at most. Its
text `--1 AU14 CN15` says: from ..14 on the country is AU, from ..15 on CN, and before that none,
where .. are the digits before the last one of the prefix, which all starts have in common. Zeros at
the end of a start are left out. So a start is not above an address when its text is not.

The seed `aws_ranges` is packed in the same way; its only code is AW.

A few thousand rows of less than a kilobyte are what every engine loads as an ordinary seed: 1,000
of them, dbt's usual batch, stay below the million characters that Trino takes in one statement.
"""

from __future__ import annotations

import csv
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple, TextIO

from trailhound.project.address_ranges import AddressRange, convert, digits_of, read_ranges

NO_COUNTRY = "--"
_UNKNOWN = "ZZ"  # a code that ISO 3166 leaves to its users, who mean "unknown" by it
LONGEST_TEXT = 900
"""Characters in one row's `ranges`."""
_DIGITS = 32
_HEX_DIGITS = "0123456789abcdef"
_ABOVE_DIGITS = "g"


class PackedRow(NamedTuple):
    """One row of the seed."""

    first_prefix: str
    last_prefix: str
    ranges: str


def pack(ranges: Sequence[AddressRange]) -> list[PackedRow]:
    """The seed's rows for ranges that are sorted and do not overlap."""
    return list(_rows("", *_changes(ranges)))


def packed(source: Path) -> list[PackedRow]:
    """The seed's rows for a user's CSV of start_ip, end_ip, country.

    Raises TrailhoundError with one line for each wrong row, twenty at most.
    """
    return pack(read_ranges(source, "country", _country_code))


def write_seed(source: Path, file: TextIO) -> None:
    """Write the seed that is made of a user's CSV. Raises TrailhoundError as packed() does."""
    rows = packed(source)
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(PackedRow._fields)
    writer.writerows(rows)


def lookup(rows: Iterable[PackedRow], address: str) -> str | None:
    """The country of an address, or None: what macros/cross_db/range_codes.sql computes."""
    digits = digits_of(ip_address(address))
    for first, last, ranges in rows:
        if first <= digits < last + _ABOVE_DIGITS:
            rest = digits[len(first) - 1 :]
            starts = [(entry[2:], entry[:2]) for entry in ranges.split(" ")]
            country = max(start for start in starts if start[0] <= rest)[1]
            return None if country == NO_COUNTRY else country
    return None


def _country_code(text: str) -> str:
    country = text.upper()
    if not (len(country) == len(NO_COUNTRY) and country.isascii() and country.isalpha()):
        raise ValueError(f"country {text!r} is not two letters")
    return country


def _changes(ranges: Iterable[AddressRange]) -> tuple[list[str], list[str]]:
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
        change(each.first, NO_COUNTRY if each.value == _UNKNOWN else each.value)
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


if __name__ == "__main__":
    sys.exit(convert(sys.argv[1:], "trailhound.project.countries", write_seed))
