"""What a source address is, against Python's own tables and plain searches."""

from __future__ import annotations

import random
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import NamedTuple

import duckdb
import pytest

from trailhound.project.address_ranges import AddressRange, digits_of
from trailhound.project.countries import pack

# Not what ipaddress calls private: its table changes with the version of Python.
PRIVATE = [
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
    *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15"),
    *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3", "::/127", "64:ff9b:1::/48"),
    *("100::/64", "2001:db8::/32", "fc00::/7", "fe80::/10", "ff00::/8"),
]


class Known(NamedTuple):
    country: str | None
    is_aws_address: bool
    is_private: bool
    source_network: str | None


@pytest.fixture(scope="module")
def tables(database: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    database.execute("create table source_ips (source_ip varchar, source_address varchar)")
    for name, country, ranges in (
        ("country_ranges", "DE", ["8.0.0.0/8", "52.95.0.0/16", "2a00::/16", "10.0.0.0/8"]),
        ("aws_ranges", "AW", ["52.95.0.0/24", "2a05:d000::/25", "192.168.7.0/24"]),
    ):
        rows = pack(sorted(_range(text, country) for text in ranges))
        database.execute(
            f"create table {name} (first_prefix varchar, last_prefix varchar, ranges varchar)"
        )
        database.executemany(f"insert into {name} values (?, ?, ?)", rows)
    database.execute(
        "create table networks (first_address varchar, last_address varchar, network varchar)"
    )
    return database


def _range(text: str, value: str) -> AddressRange:
    network = ip_network(text)
    return AddressRange(digits_of(network[0]), digits_of(network[-1]), value)


def known(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    addresses: list[str],
    networks: Mapping[str, str] | None = None,
) -> dict[str, Known]:
    """What source_addresses says of addresses."""
    connection.execute("delete from source_ips")
    connection.execute("delete from networks")
    connection.execute(
        "insert into source_ips select unnest(?::varchar[]), unnest(?::varchar[])",
        [addresses, [digits_of(ip_address(text)) for text in addresses]],
    )
    for text, name in (networks or {}).items():
        connection.execute("insert into networks values (?, ?, ?)", _range(text, name)[:3])
    columns = ", ".join(Known._fields)
    rows = connection.execute(f"select source_ip, {columns} from ({query})").fetchall()
    assert len(rows) == len(set(addresses))
    return {row[0]: Known(*row[1:]) for row in rows}


@pytest.fixture(scope="module")
def query(rendered: Mapping[str, str]) -> str:
    return rendered["source_addresses"]


def test_private_and_reserved_ranges_to_their_edges(
    tables: duckdb.DuckDBPyConnection, query: str
) -> None:
    networks = [ip_network(text) for text in PRIVATE]
    asked = set()
    for network in networks:
        first, last = int(network[0]), int(network[-1])
        largest = 2**network.max_prefixlen - 1
        kind = type(network[0])
        edges = [first - 1, first, (first + last) // 2, last, last + 1]
        asked |= {kind(edge) for edge in edges if 0 <= edge <= largest}
    found = known(tables, query, [str(each) for each in asked])
    expected = {str(each): any(each in network for network in networks) for each in asked}
    assert {text: each.is_private for text, each in found.items()} == expected
    assert all(each.source_network is None for each in found.values() if each.is_private)


def test_what_python_calls_global_is_not_private(
    tables: duckdb.DuckDBPyConnection, query: str
) -> None:
    rng = random.Random(1)
    asked = [ip_address(rng.getrandbits(32)) for _ in range(3000)]
    asked += [ip_address(rng.getrandbits(128)) for _ in range(1000)]
    found = known(tables, query, [str(each) for each in asked if each.is_global])
    wrongly = [text for text, each in found.items() if each.is_private]
    assert all(ip_address(text).is_multicast for text in wrongly)


def test_networks_by_prefix(tables: duckdb.DuckDBPyConnection, query: str) -> None:
    found = known(
        tables, query, ["9.0.1.2", "199.255.0.1", "::ffff:199.10.0.1", "2001:db7::1", "2a00::1"]
    )
    assert {text: each.source_network for text, each in found.items()} == {
        "9.0.1.2": "9.0",
        "199.255.0.1": "199.255",
        "::ffff:199.10.0.1": "199.10",
        "2001:db7::1": "2001:0db7",
        "2a00::1": "2a00:0000",
    }


def test_mapped_addresses_are_ipv4(tables: duckdb.DuckDBPyConnection, query: str) -> None:
    for text in ("8.8.8.8", "10.0.0.1", "52.95.0.1"):
        mapped = f"::ffff:{text}"
        found = known(tables, query, [text, mapped])
        assert found[text] == found[mapped]


def test_private_comes_before_aws_before_the_table_before_the_prefix(
    tables: duckdb.DuckDBPyConnection, query: str
) -> None:
    asked = ["192.168.7.1", "10.0.0.1", "52.95.0.1", "52.95.1.1", "8.1.0.1", "2a05:d000::1"]
    table = {"10.0.0.0/8": "AS1", "52.95.0.0/16": "AS2", "2000::/3": "AS6"}
    assert known(tables, query, asked, table) == {
        "192.168.7.1": Known(None, True, True, None),
        "10.0.0.1": Known("DE", False, True, None),
        "52.95.0.1": Known("DE", True, False, "aws"),
        "52.95.1.1": Known("DE", False, False, "AS2"),
        "8.1.0.1": Known("DE", False, False, "8.1"),
        "2a05:d000::1": Known(None, True, False, "aws"),
    }


def test_the_table_of_networks_to_its_edges(tables: duckdb.DuckDBPyConnection, query: str) -> None:
    table = {
        "8.8.8.0/24": "AS1",
        "8.8.9.0/24": "AS2",
        "8.9.0.0/30": "it's, a",
        "2a00:1::/32": "AS6",
    }
    asked = [
        *("8.8.7.255", "8.8.8.0", "8.8.8.255", "8.8.9.0", "8.8.9.255", "8.8.10.0", "8.9.0.3"),
        *("8.9.0.4", "2a00:0:ffff::", "2a00:1::", "2a00:1:ffff::1", "2a00:2::"),
    ]
    found = known(tables, query, asked, table)
    named = {
        **{"8.8.8.0": "AS1", "8.8.8.255": "AS1", "8.8.9.0": "AS2", "8.8.9.255": "AS2"},
        **{"8.9.0.3": "it's, a", "2a00:1::": "AS6", "2a00:1:ffff::1": "AS6"},
    }
    texts = set(table.values())
    assert {
        text: each.source_network for text, each in found.items() if each.source_network in texts
    } == named


@pytest.mark.parametrize(
    ("account", "own", "expected"),
    [
        ("222222222222", "111111111111", True),
        ("111111111111", "111111111111", False),
        ("333333333333", "111111111111", False),
        ("222222222222", "unknown", False),
        ("22222222222", "111111111111", False),
        ("2222222222222", "111111111111", False),
        (" 222222222222", "111111111111", False),
        ("222222222222\n", "111111111111", False),
        ("AROAEXAMPLE1", "111111111111", False),
        ("ec2.amazonaws.com", "111111111111", False),
        ("", "111111111111", False),
        (None, "111111111111", False),
        (None, "unknown", False),
    ],
)
def test_foreign_accounts(
    tables: duckdb.DuckDBPyConnection,
    rendered: Mapping[str, str],
    account: str | None,
    own: str,
    expected: bool,
) -> None:
    _trust(tables, ["333333333333", "444444444444"])
    query = (
        f"select {rendered['is_foreign']} "
        "from (select ?::varchar as account, ?::varchar as own) as event"
    )
    assert tables.execute(query, [account, own]).fetchone() == (expected,)


def test_nobody_is_trusted_at_first(
    tables: duckdb.DuckDBPyConnection, rendered: Mapping[str, str]
) -> None:
    _trust(tables, [])
    query = f"select {rendered['is_foreign']} from (select '333333333333' as account, '1' as own)"
    assert tables.execute(query).fetchone() == (True,)


@pytest.mark.parametrize(
    ("address", "endpoint", "expected"),
    [
        (["aws"], [None, None], False),
        ([], [None, None], True),
        ([], ["vpce-1", "111111111111"], True),
        (["private"], [None, None], True),
        (["private"], ["vpce-1", None], False),
        (["private"], ["vpce-1", "111111111111"], False),
        (["private"], ["vpce-1", "333333333333"], False),
        (["private"], ["vpce-1", "222222222222"], True),
        (["private"], [None, "111111111111"], True),
    ],
)
def test_outside_aws(
    tables: duckdb.DuckDBPyConnection,
    rendered: Mapping[str, str],
    address: list[str],
    endpoint: list[str | None],
    expected: bool,
) -> None:
    _trust(tables, ["333333333333"])
    query = (
        f"select {rendered['is_outside_aws']} from "
        "(select '111111111111' as account_id, ?::varchar as vpc_endpoint_id, "
        "?::varchar as vpc_endpoint_account_id) as event, "
        "(select ?::boolean as is_aws_address, ?::boolean as is_private) as address"
    )
    asked = [*endpoint, "aws" in address, "private" in address]
    assert tables.execute(query, asked).fetchone() == (expected,)


def _trust(connection: duckdb.DuckDBPyConnection, accounts: list[str]) -> None:
    connection.execute(
        "create or replace table trusted_accounts as select unnest(?::varchar[]) as account_id",
        [accounts],
    )
