"""address_hex on DuckDB against Python's ipaddress."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

MAPPED = "0" * 20 + "ffff"

# What every engine must say.
EDGES = {
    "0.0.0.0": MAPPED + "00000000",
    "1.2.3.4": MAPPED + "01020304",
    "255.255.255.255": MAPPED + "ffffffff",
    "::ffff:1.2.3.4": MAPPED + "01020304",
    "::FFFF:102:304": MAPPED + "01020304",
    "::": "0" * 32,
    "::1": "0" * 31 + "1",
    "1::": "0001" + "0" * 28,
    "::1.2.3.4": "0" * 24 + "01020304",
    "64:ff9b::1.2.3.4": "0064ff9b" + "0" * 16 + "01020304",
    "1:2:3:4:5:6:1.2.3.4": "00010002000300040005000601020304",
    "2001:DB8::A": "20010db8" + "0" * 23 + "a",
    "2001:0db8:0000:0000:0000:0000:0000:000a": "20010db8" + "0" * 23 + "a",
    "1:2:3:4:5:6:7:8": "00010002000300040005000600070008",
    "1:2:3:4:5:6:7::": "00010002000300040005000600070000",
    "::2:3:4:5:6:7:8": "00000002000300040005000600070008",
    "1:2:3:4:5:6:7::8": None,
    "1:2:3:4:5:6:7:8::": None,
    "1:2:3:4:5:6:7:8:9": None,
    "1:2:3:4:5:6:7": None,
    "1::2::3": None,
    ":::": None,
    ":": None,
    ":1": None,
    "1:": None,
    "1::2:": None,
    "12345::": None,
    "g::": None,
    "1:2:3:4:5:6:7:1.2.3.4": None,
    "1.2.3.4::": None,
    "::1.2.3.4:5": None,
    "::1.2.3": None,
    "::1.2.3.256": None,
    "::ffff:1.2.3.04": None,
    "256.1.1.1": None,
    "01.2.3.4": None,
    "1.2.3.4.5": None,
    "1.2.3": None,
    "1.2.3.": None,
    "1.2.3.4 ": None,
    " 1.2.3.4": None,
    "1.2.3.4\n": None,
    "1.2.3.4/32": None,
    "1.2.3.4:80": None,
    "[::1]": None,
    "fe80::1%0": None,
    "fe80::1%eth0": None,
    "0" * 32: None,
    "16909060": None,
    "0x1020304": None,
    "\u0661.2.3.4": None,  # an Arabic-Indic digit
    "\uff11::": None,  # a full-width digit
    "AWS Internal": None,
    "cloudformation.amazonaws.com": None,
    "abcd": None,
    "": None,
    None: None,
}


def hex_of(text: str) -> str | None:
    """The definition, in plain Python."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if "%" in text:
        return None
    return MAPPED + f"{int(address):08x}" if address.version == 4 else f"{int(address):032x}"


def spellings(number: int) -> list[str]:
    """An IPv6 address in several spellings."""
    address = IPv6Address(number)
    groups = [f"{number >> shift & 0xFFFF:x}" for shift in range(112, -16, -16)]
    dotted = ":".join(groups[:6]) + ":" + str(IPv4Address(number & 0xFFFFFFFF))
    return [str(address), str(address).upper(), address.exploded, ":".join(groups), dotted]


_SPARSE = st.lists(st.sampled_from([0, 0, 0, 1, 0xAB, 0xFFFF]), min_size=8, max_size=8).map(
    lambda groups: sum(group << 16 * place for place, group in enumerate(groups))
)
_IPV4 = st.integers(0, 2**32 - 1).map(lambda number: str(IPv4Address(number)))
_IPV6 = st.one_of(st.integers(0, 2**128 - 1), _SPARSE).map(spellings).flatmap(st.sampled_from)
_ADDRESS = st.one_of(_IPV4, _IPV6, _IPV4.map("::ffff:{}".format))


@st.composite
def _damaged(draw: st.DrawFn) -> str:
    text = draw(_ADDRESS)
    place = draw(st.integers(0, len(text)))
    removed = draw(st.integers(0, 3))
    return text[:place] + draw(st.text("0123456789aAfg.:%/ ", max_size=3)) + text[place + removed :]


_TEXT = st.one_of(_ADDRESS, _damaged(), st.text("019afF.:%", max_size=20), st.text(max_size=8))


@pytest.fixture(scope="module")
def query(rendered: Mapping[str, str]) -> str:
    return f"select {rendered['address_hex']} from (select unnest(?::varchar[]) as txt)"


def test_every_edge(database: duckdb.DuckDBPyConnection, query: str) -> None:
    found = [row[0] for row in database.execute(query, [list(EDGES)]).fetchall()]
    assert dict(zip(EDGES, found, strict=True)) == EDGES


def test_the_edges_are_those_of_python() -> None:
    assert {text: text and hex_of(text) for text in EDGES if text} == {
        text: digits for text, digits in EDGES.items() if text
    }


@settings(max_examples=100)
@given(texts=st.lists(_TEXT, min_size=1, max_size=40))
def test_it_is_what_python_says(
    database: duckdb.DuckDBPyConnection, query: str, texts: list[str]
) -> None:
    found = [row[0] for row in database.execute(query, [texts]).fetchall()]
    assert found == [hex_of(text) for text in texts]


def test_trino_and_athena_share_one_body(rendered: Mapping[str, str]) -> None:
    assert "try_cast(txt as ipaddress)" in rendered["trino_address_hex"]
    assert rendered["athena_address_hex"] == rendered["trino_address_hex"]
