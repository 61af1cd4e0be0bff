"""What the allow-list matches on DuckDB, against a definition in plain Python."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from ipaddress import IPv6Network, ip_address, ip_network
from typing import NamedTuple

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailhound.project.globs import glob_matches

MAPPED = 0xFFFF << 32
DETECTION = "iam_multiple_failed_api_calls"


class Event(NamedTuple):
    account_id: str
    entity_id: str
    source_ip: str | None
    aws_region: str | None
    user_agent: str | None
    event_name: str
    event_time: datetime


class Row(NamedTuple):
    detection: str | None
    account_id: str | None
    entity_id: str | None
    source_ip: str | None
    region: str | None
    user_agent: str | None
    event_name: str | None
    expires_on: str | None


def glob(value: str | None, pattern: str | None) -> bool:
    """Left to right: what stands between two stars is found at the first place after the last."""
    value, parts = value or "", (pattern or "*").split("*")
    if len(parts) == 1:
        return value == parts[0]
    first, *middle, last = parts
    if not value.startswith(first) or not value.endswith(last):
        return False
    value = value[len(first) :]
    if len(value) < len(last):
        return False
    value = value[: len(value) - len(last)]
    for part in middle:
        place = value.find(part)
        if place < 0:
            return False
        value = value[place + len(part) :]
    return True


def number(text: str) -> tuple[int, bool] | None:
    """An address as a number of 128 bits, and whether it is IPv4 however it is written."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    value = int(address) | (MAPPED if address.version == 4 else 0)
    return value, value >> 32 == 0xFFFF


def source_matches(source: str | None, allowed: str | None) -> bool:
    allowed = allowed or ""
    if "/" not in allowed and number(allowed) is None:
        return glob(source, allowed)
    event = number(source or "")
    if event is None:
        return False
    if "/" not in allowed:
        return event == number(allowed)
    network = ip_network(allowed)
    first, last = (number(str(network[end])) for end in (0, -1))
    assert first is not None and last is not None
    if not first[0] <= event[0] <= last[0]:
        return False
    return first[1] or ":" in (source or "")


def matches(event: Event, row: Row) -> bool:
    return (
        glob(event.account_id, row.account_id)
        and glob(event.entity_id, row.entity_id)
        and source_matches(event.source_ip, row.source_ip)
        and glob(event.aws_region, row.region)
        and glob(event.user_agent, row.user_agent)
        and glob(event.event_name, row.event_name)
        and (not row.expires_on or event.event_time.date() <= date.fromisoformat(row.expires_on))
    )


ACCOUNTS = ["012345678901", "012345678902", "12345678901"]
ENTITIES = ["arn:aws:iam::012345678901:user/a_b", "arn:aws:iam::012345678901:user/axb", "AROA%1"]
AGENTS = ["aws-cli/2.1", "100%_!\\*", "Aws-cli/2.1", "two\nlines", "", None, "[S3Console]?"]
NAMES = ["CreateUser", "DeleteUser", "createuser"]
REGIONS = ["us-east-1", "us-east-2", None]
SOURCES = [
    *("10.0.0.1", "10.0.0.2", "10.128.0.0", "11.0.0.0", "192.0.2.77", "255.255.255.255"),
    *("::ffff:10.0.0.1", "::ffff:a00:2", "2001:db8::1", "2001:DB8:0:0:0:0:0:1", "2001:db8:8::"),
    *("::", "::1", "fe80::1", "AWS Internal", "cloudformation.amazonaws.com", "", None, "10.0.0"),
]
PATTERNS = ["", None, "*", "**", "?", "*a*", "*_*", "*%*", "*!*", "a_b", "[*"]


def patterns_of(values: list[str] | list[str | None]) -> st.SearchStrategy[str | None]:
    """Patterns that match some of the values: the values, with a part replaced by stars."""

    @st.composite
    def starred(draw: st.DrawFn) -> str:
        text = draw(st.sampled_from([value for value in values if value]))
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, len(text)))
        return text[:start] + "*" + text[end:]

    return st.one_of(st.sampled_from(PATTERNS), st.sampled_from(values), starred())


@st.composite
def ranges(draw: st.DrawFn) -> str:
    source = draw(st.sampled_from([text for text in SOURCES if text and number(text)]))
    bits = draw(st.integers(0, 128 if ":" in source else 32))
    return str(ip_network(f"{source}/{bits}", strict=False))


DAYS = [date(2026, 1, 30) + timedelta(days=day) for day in range(4)]
EVENTS = st.builds(
    Event,
    st.sampled_from(ACCOUNTS),
    st.sampled_from(ENTITIES),
    st.sampled_from(SOURCES),
    st.sampled_from(REGIONS),
    st.sampled_from(AGENTS),
    st.sampled_from(NAMES),
    st.datetimes(datetime(2026, 1, 30), datetime(2026, 2, 2)).map(
        lambda t: t.replace(microsecond=0)
    ),
)
_ANY: st.SearchStrategy[str | None] = st.sampled_from(["", None])
ROWS = st.builds(
    Row,
    st.just(DETECTION),
    _ANY | patterns_of(ACCOUNTS),
    _ANY | patterns_of(ENTITIES),
    _ANY | ranges() | st.sampled_from(SOURCES) | st.sampled_from(["10.*", "*.amazonaws.com"]),
    _ANY | patterns_of(REGIONS),
    _ANY | patterns_of(AGENTS),
    _ANY | patterns_of(NAMES),
    _ANY | st.sampled_from(DAYS).map(str),
)
PROPERTY = settings(max_examples=100)


@pytest.fixture(scope="module")
def tables(database: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    columns = ", ".join(f"{name} varchar" for name in Row._fields)
    database.execute(
        f"create table allow_list (n integer, {columns}, reason varchar, owner varchar)"
    )
    columns = ", ".join(f"{name} varchar" for name in Event._fields[:-1])
    database.execute(f"create table events (n integer, {columns}, event_time timestamp)")
    return database


def matching_pairs(
    connection: duckdb.DuckDBPyConnection,
    rendered: Mapping[str, str],
    events: list[Event],
    rows: list[Row],
) -> set[tuple[int, int]]:
    connection.execute("delete from events")
    connection.execute("delete from allow_list")
    for n, event in enumerate(events):
        connection.execute("insert into events values (?, ?, ?, ?, ?, ?, ?, ?)", [n, *event])
    for n, row in enumerate(rows):
        connection.execute(
            "insert into allow_list values (?, ?, ?, ?, ?, ?, ?, ?, ?, 'r', 'o')", [n, *row]
        )
    found = connection.execute(
        f"select event.n, allow.n "
        f"from (select *, {rendered['address_hex_of_source']} as source_address from events) "
        f"as event inner join ({rendered['allow_list_rows']}) as allow "
        f"on {rendered['allow_list_match'].replace('inline_query', DETECTION)}"
    )
    return set(found.fetchall())


@PROPERTY
@given(events=st.lists(EVENTS, min_size=1, max_size=6), rows=st.lists(ROWS, min_size=1, max_size=6))
def test_it_matches_what_the_definition_matches(
    tables: duckdb.DuckDBPyConnection,
    rendered: Mapping[str, str],
    events: list[Event],
    rows: list[Row],
) -> None:
    expected = {
        (e, r)
        for e, event in enumerate(events)
        for r, row in enumerate(rows)
        if matches(event, row)
    }
    assert matching_pairs(tables, rendered, events, rows) == expected


EVENT = Event(
    "012345678901", "arn:a", "10.0.0.1", "us-east-1", "cli", "CreateUser", datetime(2026, 1, 31, 23)
)
ANY = Row(DETECTION, None, None, None, None, None, None, None)


@pytest.mark.parametrize(
    ("source", "allowed", "expected"),
    [
        ("10.0.0.1", "10.0.0.1", True),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1", "::ffff:a00:1", True),
        ("2001:db8::1", "2001:DB8:0::0001", True),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("11.0.0.0", "10.0.0.0/8", False),
        ("10.0.0.127", "10.0.0.0/25", True),
        ("10.0.0.128", "10.0.0.0/25", False),
        ("10.0.0.1", "0.0.0.0/0", True),
        ("2001:db8::1", "0.0.0.0/0", False),
        ("2001:db8::1", "::/0", True),
        ("10.0.0.1", "::/0", False),
        ("10.0.0.1", "::ffff:0:0/96", True),
        ("2001:db8:7fff::", "2001:db8::/33", True),
        ("2001:db8:8000::", "2001:db8::/33", False),
        ("AWS Internal", "0.0.0.0/0", False),
        ("AWS Internal", "AWS Internal", True),
        ("AWS Internal", "aws internal", False),
        (None, "0.0.0.0/0", False),
        (None, "*", True),
        ("10.0.0.1", "10.0.*", True),
        ("110.0.0.1", "10.0.*", False),
    ],
)
def test_sources(
    tables: duckdb.DuckDBPyConnection,
    rendered: Mapping[str, str],
    source: str | None,
    allowed: str,
    expected: bool,
) -> None:
    event, row = EVENT._replace(source_ip=source), ANY._replace(source_ip=allowed)
    assert (matching_pairs(tables, rendered, [event], [row]) == {(0, 0)}) is expected
    assert matches(event, row) is expected


def test_a_row_applies_to_the_end_of_its_last_day(
    tables: duckdb.DuckDBPyConnection, rendered: Mapping[str, str]
) -> None:
    last = EVENT._replace(event_time=datetime(2026, 1, 31, 23, 59, 59))
    next_day = EVENT._replace(event_time=datetime(2026, 2, 1))
    row = ANY._replace(expires_on="2026-01-31")
    assert matching_pairs(tables, rendered, [last, next_day], [row]) == {(0, 0)}


def test_rows_are_those_of_the_detection(
    tables: duckdb.DuckDBPyConnection, rendered: Mapping[str, str]
) -> None:
    naming = ["", None, "*", "iam_*", DETECTION, "*_calls"]
    others = ["ec2_*", "IAM_*", DETECTION + "_", "iam_"]
    rows = [ANY._replace(detection=name) for name in naming + others]
    found = sorted(matching_pairs(tables, rendered, [EVENT], rows))
    assert [rows[n].detection for _, n in found] == naming


@PROPERTY
@given(
    value=st.text("ab_%!*\\\n", max_size=6) | st.none(),
    pattern=st.text("ab_%!*\\\n", max_size=5) | st.none(),
)
def test_glob_match_knows_no_wildcard_but_the_star(
    database: duckdb.DuckDBPyConnection,
    rendered: Mapping[str, str],
    value: str | None,
    pattern: str | None,
) -> None:
    query = f"select {rendered['glob_match']} from (select ? as txt, ? as pattern)"
    assert database.execute(query, [value, pattern]).fetchone() == (glob(value, pattern),)
    assert glob_matches(pattern or "", value or "") == glob(value, pattern)


@PROPERTY
@given(
    address=st.integers(0, 2**128 - 1) | st.sampled_from([0, 2**128 - 1, 1, MAPPED]),
    bits=st.integers(0, 128),
)
def test_range_end_is_that_of_the_network(
    database: duckdb.DuckDBPyConnection, rendered: Mapping[str, str], address: int, bits: int
) -> None:
    network = IPv6Network((address, bits), strict=False)
    query = (
        f"select {rendered['range_first']}, {rendered['range_last']} "
        "from (select ? as address, ?::integer as bits)"
    )
    assert database.execute(query, [f"{address:032x}", bits]).fetchone() == (
        f"{int(network[0]):032x}",
        f"{int(network[-1]):032x}",
    )
