"""trailhound events, on a small trail with hostile text in it."""

from __future__ import annotations

import json
import re
from datetime import datetime

import pytest

from responder.conftest import ACCOUNT, StoreOf
from support import Invoke
from trailhound.store.events import Position

HOSTILE = "\x1b[31m'; drop table x; --"


@pytest.fixture
def store(store_of: StoreOf) -> None:
    """Five events of one key and one of another."""
    store_of(
        {
            "event_time": datetime(2026, 1, 31, 12, number // 2),
            "event_id": f"e{number}",
            "user_arn": f"arn:aws:iam::{ACCOUNT}:user/ana",
            "access_key_id": "AKIAOTHER" if number == 5 else "AKIAONE",
            "event_source": "s3.amazonaws.com",
            "event_name": "GetObject",
            "source_ip": "2001:DB8:7::1" if number == 5 else f"10.1.{number}.7",
            "user_agent": HOSTILE,
        }
        for number in range(6)
    )


def ids(output: str) -> list[str]:
    return [json.loads(line)["event_id"] for line in output.splitlines()]


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["--key", "AKIAOTHER"], ["e5"]),
        (["--ip", "10.1.2.0/23"], ["e2", "e3"]),
        (["--ip", "10.1.4.7"], ["e4"]),
        (["--ip", "10.1.4.*"], ["e4"]),
        (["--ip", "0.0.0.0/0"], ["e0", "e1", "e2", "e3", "e4"]),
        (["--ip", "2001:db8::/32"], ["e5"]),
        (["--ip", "::/0"], ["e5"]),
        (["--ip", "2001:db8:7:0::1"], ["e5"]),
        (["--ip", "ec2.amazonaws.com"], []),
        (["--entity", "ana", "--since", "2026-01-31T12:02:00"], ["e4", "e5"]),
        (["--entity", "an"], []),
        (["--source", "s3", "--until", "2026-01-31T12:00:00"], ["e0", "e1"]),
        (["--user-agent", HOSTILE, "--key", "*OTHER"], ["e5"]),
        (["--key", "AKIA_NE"], []),
    ],
)
def test_a_filter_finds_its_events(invoke: Invoke, filters: list[str], found: list[str]) -> None:
    assert ids(invoke("events", *filters, "--format", "ndjson").stdout) == found


@pytest.mark.usefixtures("store")
def test_pages_meet_without_gap_or_overlap(invoke: Invoke) -> None:
    first = invoke("events", "--limit", "3", "--format", "ndjson")
    [position] = re.findall("--after (.*)", first.stderr)
    second = invoke("events", "--limit", "3", "--after", position, "--format", "ndjson")
    assert position == "2026-01-31T12:01:00/e2/111122223333"
    assert ids(first.stdout) + ids(second.stdout) == [f"e{number}" for number in range(6)]
    assert "more" not in second.stderr


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("name", ["table", "csv", "ndjson", "timesketch", "ecs"])
def test_hostile_text_stays_text(invoke: Invoke, name: str) -> None:
    output = invoke("events", "--format", name).stdout
    assert output
    assert "\x1b" not in output


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_no_width_breaks_a_call_a_key_or_an_address(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = invoke("events", "--key", "AKIAOTHER").stdout
    assert max(map(len, text.splitlines())) <= width
    for shown in ("2026-01-31 12:02:00", "user/ana", "AKIAOTHER", "GetObject", "2001:DB8:7::1"):
        assert shown in text


@pytest.mark.usefixtures("store")
def test_counts_are_by_a_known_column(invoke: Invoke) -> None:
    output = invoke("events", "--count-by", "access_key_id", "--format", "ndjson").stdout
    counts = [json.loads(line) for line in output.splitlines()]
    assert [(each["access_key_id"], each["events"]) for each in counts] == [
        ("AKIAONE", 5),
        ("AKIAOTHER", 1),
    ]
    assert "event_name" in invoke("events", "--count-by", "event_nam", code=2).stderr
    assert "no column" in invoke("events", "--count-by", "", code=2).stderr


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("option", "bad"),
    [
        ("--ip", "10.0.0.0/99"),
        ("--ip", "user/ana"),
        ("--after", "e2"),
        ("--after", "x/e2/1"),
        ("--after", ""),
        ("--around", ""),
    ],
)
def test_what_cannot_be_read_is_named(invoke: Invoke, option: str, bad: str) -> None:
    assert f"'{bad}' is no" in invoke("events", option, bad, code=2).stderr


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["events", "--format", "ocsf"], "alerts"),
        (["events", "--format", "navigator"], "alerts, incidents and the list of detections"),
        (["events", "--count-by", "outcome", "--format", "ecs"], "alerts and events"),
        (["list", "--format", "timesketch"], "alerts and events"),
    ],
)
def test_a_format_says_what_it_is_for(invoke: Invoke, arguments: list[str], what: str) -> None:
    assert re.search(f"this format is for {what}( only)?$", invoke(*arguments, code=2).stderr)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    "arguments",
    [("who", "a\nb"), ("explain", "a\nb"), ("events", "--count-by", "a\nb"), ("load", "a\nb")],
)
def test_an_error_is_one_line_whatever_was_asked(
    invoke: Invoke, arguments: tuple[str, ...]
) -> None:
    error = invoke(*arguments, code=2).stderr
    assert error.count("\n") == 1
    assert r"a\nb" in error


def test_any_id_makes_a_position_of_one_plain_word() -> None:
    position = Position(datetime(2026, 1, 31, 12, 0, 0, 5), f"$(reboot)/{HOSTILE}", "1/2")
    assert re.fullmatch("[-A-Za-z0-9:/.%_]+", str(position))
    assert Position.parsed(str(position)) == position
