"""The country of an address on DuckDB, against a search through the ranges themselves."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailhound.project import countries
from trailhound.project.address_ranges import AddressRange
from trailhound.project.countries import PackedRow, lookup, pack

SEED = Path(__file__).parents[2] / "seeds" / "country_ranges.csv"
MAPPED = 0xFFFF << 32


def digits_of(number: int) -> str:
    return f"{number:032x}"


def text_of(number: int) -> str:
    """An address as CloudTrail writes it."""
    if number >> 32 == 0xFFFF:
        return str(IPv4Address(number & 0xFFFFFFFF))
    return str(IPv6Address(number))


def search(ranges: Sequence[AddressRange], number: int) -> str | None:
    digits = digits_of(number)
    return next((each.value for each in ranges if each.first <= digits <= each.last), None)


@st.composite
def ranges_and_addresses(draw: st.DrawFn) -> tuple[list[AddressRange], list[int]]:
    """Ranges in order, close together and far apart, and addresses in them and at their edges."""
    near = st.integers(0, 300)
    aligned = st.integers(0, 2**16 - 1).map(lambda number: number << 16)
    ipv4 = st.one_of(near, aligned).map(lambda number: MAPPED + (10 << 24) + number)
    ipv6 = st.one_of(
        st.integers(0, 2**128 - 1), st.integers(0, 2**20).map(lambda n: (0x2001 << 112) + (n << 64))
    )
    corners = st.sampled_from([0, 1, 2**128 - 1, 2**128 - 2, MAPPED, MAPPED + 2**32 - 1])
    points = draw(st.lists(st.one_of(ipv4, ipv6, corners), min_size=2, max_size=60, unique=True))
    points.sort()
    found = []
    for first, last in zip(points[::2], points[1::2], strict=False):
        country = draw(st.sampled_from(["AU", "DE", "US"]))
        end = draw(st.sampled_from([first, last]))
        found.append(AddressRange(digits_of(first), digits_of(end), country))
    edges = [edge + step for edge in points for step in (-1, 0, 1)]
    return found, [edge for edge in edges if 0 <= edge < 2**128]


@pytest.fixture(scope="module")
def query(rendered: Mapping[str, str]) -> str:
    return _query(rendered, "range_codes")


@pytest.fixture(scope="module")
def default_query(rendered: Mapping[str, str]) -> str:
    """As the engines without ASOF joins have it."""
    return _query(rendered, "default_range_codes")


def _query(rendered: Mapping[str, str], range_codes: str) -> str:
    return (
        "with logins as (select distinct unnest(?::varchar[]) as source_ip), "
        f"known as (select source_ip, {rendered['address_hex_of_source']} as address from logins), "
        "addresses as (select distinct address from known where address is not null), "
        f"codes as ({rendered[range_codes]}) "
        "select source_ip, code from known inner join codes using (address)"
    )


def countries_of(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    rows: Sequence[PackedRow],
    addresses: Sequence[str | None],
) -> dict[str, str]:
    columns = [[row[column] for row in rows] for column in range(3)]
    connection.execute(
        "create or replace table country_ranges as select unnest(?::varchar[]) as first_prefix, "
        "unnest(?::varchar[]) as last_prefix, unnest(?::varchar[]) as ranges",
        columns,
    )
    found = connection.execute(query, [list(addresses)]).fetchall()
    assert len(found) == len(dict(found)), "an address has two countries"
    return dict(found)


@settings(max_examples=60)
@given(case=ranges_and_addresses(), longest=st.sampled_from([20, 60, 200, 900]))
def test_it_finds_what_a_search_finds(
    database: duckdb.DuckDBPyConnection,
    query: str,
    default_query: str,
    case: tuple[list[AddressRange], list[int]],
    longest: int,
) -> None:
    ranges, numbers = case
    expected = {text_of(number): search(ranges, number) for number in numbers}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(countries, "LONGEST_TEXT", max(longest, 40))
        rows = pack(ranges)
    assert all(len(row.ranges) <= max(longest, 40) for row in rows)
    assert {text: lookup(rows, text) for text in expected} == expected
    known = {text: country for text, country in expected.items() if country}
    assert countries_of(database, query, rows, list(expected)) == known
    assert countries_of(database, default_query, rows, list(expected)) == known


@pytest.fixture(scope="module")
def vendored() -> list[PackedRow]:
    with SEED.open(encoding="utf-8", newline="") as file:
        return [PackedRow(**row) for row in csv.DictReader(file)]


def test_the_projects_own_table(
    database: duckdb.DuckDBPyConnection, query: str, vendored: list[PackedRow]
) -> None:
    expected = {
        "8.8.8.8": "US",
        "194.25.0.60": "DE",
        "212.27.48.10": "FR",
        "200.160.2.3": "BR",
        "133.11.0.1": "JP",
        "2a02:2e0::1": "DE",
        "2A02:02E0:0:0:0:0:0:1": "DE",
        "::ffff:194.25.0.60": "DE",
        "2804:14c::1": "BR",
        "240e::1": "CN",
    }
    nowhere = [
        *("10.0.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.168.1.1", "100.64.0.1"),
        *("192.0.2.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "255.255.255.255", "0.0.0.0"),
        *("::", "::1", "fe80::1", "fc00::1", "2001:db8::1", "ff02::1"),
        *("AWS Internal", "cloudformation.amazonaws.com", "", None, "8.8.8", "8.8.8.8 "),
    ]
    found = countries_of(database, query, vendored, [*expected, *nowhere])
    assert found == expected
    assert {text: lookup(vendored, text) for text in expected} == expected


def test_an_address_in_two_spellings_is_two_rows_of_one_country(
    database: duckdb.DuckDBPyConnection, query: str
) -> None:
    address = digits_of(int(ip_address("2001:db8::1")))
    rows = pack([AddressRange(address, address, "DE")])
    asked = ["2001:db8::1", "2001:DB8::0:1", "2001:db8::1", "2001:db8::2"]
    found = countries_of(database, query, rows, asked)
    assert found == {"2001:db8::1": "DE", "2001:DB8::0:1": "DE"}
