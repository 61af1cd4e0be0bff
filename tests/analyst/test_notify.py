"""Notifications to a server on this machine that fails at times."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import duckdb
import pytest

from trailhound.analyst.notify import groups, message, new_alerts, notify, send_with_apprise

START = datetime(2026, 1, 31, 12)
ACTS = {"iam_permissions_enumerated": "probe", "s3_buckets_enumerated": "probe"}


def alert(alert_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "alert_id": alert_id,
        "detection": "s3_buckets_enumerated",
        "title": "S3 - Buckets enumerated",
        "severity": "medium",
        "account_id": "012345678901",
        "entity_id": "arn:aws:iam::012345678901:role/app",
        "triggered_at": START + timedelta(minutes=5),
        "first_seen": START,
        "last_seen": START + timedelta(minutes=10),
        "is_continuation": False,
        "observed": 16,
        "threshold": 15,
        "window_minutes": 10,
        "correlated_by": "",
        **changes,
    }


def incident(alert_id: str, **changes: Any) -> dict[str, Any]:
    return alert(
        alert_id,
        **{
            "detection": "incidents",
            "title": "Incident - Several detections by one actor",
            "severity": "high",
            "entity_type": "role",
            "observed": 115,
            "threshold": 100,
            "window_minutes": 1440,
            "event_count": 3,
            "source_ips": ["198.51.100.7", "203.0.113.9"],
            "evidence": {
                "detections": [*ACTS, "iam_administrator_policy_granted"],
                "severities": ["high", "low"],
                "account_ids": ["012345678901", "111122223333"],
            },
            **changes,
        },
    )


class Server(HTTPServer):
    """Keeps what is posted, and refuses as many posts as `failures` says."""

    failures = 0

    def __init__(self) -> None:
        self.posted: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.failures:
            self.server.failures -= 1
            self.send_response(500)
        else:
            self.server.posted.append(json.loads(body))
            self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def state() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def tell(
    state: duckdb.DuckDBPyConnection, server: Server, *alerts: dict[str, Any]
) -> tuple[int, int]:
    wanted = new_alerts(alerts, state, server.url)
    return notify(state, server.url, wanted, send_with_apprise, partial(message, acts=ACTS))


def test_an_alert_goes_out_once(state: duckdb.DuckDBPyConnection, server: Server) -> None:
    assert tell(state, server, alert("a")) == (1, 0)
    assert tell(state, server, alert("a")) == (0, 0)
    assert len(server.posted) == 1
    assert "S3 - Buckets enumerated" in server.posted[0]["title"]
    assert "role/app" in server.posted[0]["message"]


def test_what_did_not_go_out_goes_out_the_next_time(
    state: duckdb.DuckDBPyConnection, server: Server
) -> None:
    server.failures = 1
    other = alert("b", detection="iam_multiple_users_created", severity="high")
    assert tell(state, server, alert("a"), other) == (1, 1)
    assert tell(state, server, alert("a"), other) == (1, 0)
    assert tell(state, server, alert("a"), other) == (0, 0)
    assert len(server.posted) == 2


def test_alerts_of_a_detection_are_one_message(
    state: duckdb.DuckDBPyConnection, server: Server
) -> None:
    many = [alert(f"{n:x}", entity_id=f"role/{n}") for n in range(25)]
    assert tell(state, server, *many) == (25, 0)
    assert len(server.posted) == 1
    assert "and 15 more" in server.posted[0]["message"]


def test_a_burst_that_goes_on_over_midnight_is_not_told_again(
    state: duckdb.DuckDBPyConnection, server: Server
) -> None:
    later = [
        alert(
            alert_id,
            triggered_at=START + timedelta(minutes=minutes),
            first_seen=START + timedelta(minutes=minutes),
            last_seen=START + timedelta(minutes=minutes + 5),
            is_continuation=True,
        )
        for alert_id, minutes in (("b", 20), ("c", 35))
    ]
    assert tell(state, server, alert("a"), later[0]) == (1, 0)
    assert tell(state, server, alert("a"), *later) == (0, 0)
    assert len(server.posted) == 1


def test_a_burst_whose_beginning_was_not_told_is_told(
    state: duckdb.DuckDBPyConnection, server: Server
) -> None:
    tell(state, server, alert("a", triggered_at=START - timedelta(days=1)))
    elsewhere = alert("b", entity_id="arn:aws:iam::012345678901:role/other", is_continuation=True)
    late = alert(
        "c",
        triggered_at=START + timedelta(minutes=21),
        first_seen=START + timedelta(minutes=21),
        last_seen=START + timedelta(minutes=21),
        is_continuation=True,
    )
    assert tell(state, server, elsewhere, late) == (2, 0)


def test_a_burst_that_got_another_id_is_not_told_again(
    state: duckdb.DuckDBPyConnection, server: Server
) -> None:
    tell(state, server, alert("a"))
    earlier = alert("b", triggered_at=START, first_seen=START - timedelta(minutes=3))
    assert tell(state, server, earlier) == (0, 0)
    later = alert("c", first_seen=START + timedelta(hours=1), last_seen=START + timedelta(hours=2))
    assert tell(state, server, later) == (1, 0)


def test_requests_of_the_same_second_are_alerts_of_their_own(
    state: duckdb.DuckDBPyConnection, server: Server
) -> None:
    first, second = alert("a", window_minutes=None), alert("b", window_minutes=None)
    tell(state, server, first)
    assert tell(state, server, first, second) == (1, 0)


def test_what_is_correlated_by_something_else_is_an_alert_of_its_own(
    state: duckdb.DuckDBPyConnection, server: Server
) -> None:
    one, other = alert("a", correlated_by="user/one"), alert("b", correlated_by="user/other")
    assert tell(state, server, one) == (1, 0)
    assert tell(state, server, one, other) == (1, 0)
    assert tell(state, server, alert("c", correlated_by="user/other")) == (0, 0)


def test_what_an_older_version_noted_counts(
    state: duckdb.DuckDBPyConnection, server: Server
) -> None:
    tell(state, server, alert("a"))
    state.execute("alter table trailhound_notified drop column correlated_by")
    assert tell(state, server, alert("a"), alert("b", entity_id="role/other")) == (1, 0)


def test_each_destination_is_told(state: duckdb.DuckDBPyConnection, server: Server) -> None:
    tell(state, server, alert("a"))
    assert new_alerts([alert("a")], state, server.url + "other") == [alert("a")]


def test_the_most_severe_comes_first_and_hostile_text_is_spelt_out() -> None:
    hostile = alert("a", entity_id="x\x1b[2J\u202egpj")
    critical = alert("b", severity="critical", detection="z")
    ordered = [group[0]["alert_id"] for group in groups([hostile, critical])]
    assert ordered == ["b", "a"]
    title, text = message([hostile], {})
    assert (title + text).replace("\n", "").isprintable()


def test_each_incident_is_a_message_with_who_what_and_from_where(
    state: duckdb.DuckDBPyConnection, server: Server
) -> None:
    other = incident("b", entity_id="j.doe", account_id="", severity="critical")
    assert tell(state, server, incident("a"), other) == (2, 0)
    assert tell(state, server, incident("a"), other) == (0, 0)
    critical, high = server.posted
    assert critical["title"].startswith("CRITICAL: Incident")
    assert "j.doe (role)" in critical["message"]
    assert "account 012345678901, 111122223333" in critical["message"]
    for expected in ("role/app", "2 acts in 3 findings", "198.51.100.7, 203.0.113.9", "115 of 100"):
        assert expected in high["message"]


def test_the_authors_of_imported_rules_are_named() -> None:
    authors = {"s3_buckets_enumerated": "Eve\u202e", "iam_permissions_enumerated": "Bob"}
    assert message([alert("a")], ACTS, authors)[1].endswith("\nrule by Eve\\u202e")
    assert message([incident("a")], ACTS, authors)[1].endswith("\nrules  by Bob, Eve\\u202e")


def test_an_incident_that_grew_or_went_on_is_not_told_again(
    state: duckdb.DuckDBPyConnection, server: Server
) -> None:
    tell(state, server, incident("a"))
    day = timedelta(days=1)
    grown = incident("a", last_seen=START + timedelta(hours=5), observed=150)
    gone_on = incident(
        "b",
        triggered_at=START + day / 2,
        first_seen=START,
        last_seen=START + day,
        is_continuation=True,
    )
    assert tell(state, server, grown, gone_on) == (0, 0)
    another = dict.fromkeys(("triggered_at", "first_seen", "last_seen"), START + 3 * day)
    assert tell(state, server, incident("c", **another)) == (1, 0)


def test_a_webhook_gets_the_columns_as_json(
    state: duckdb.DuckDBPyConnection, server: Server
) -> None:
    tell(state, server, incident("a"), alert("b"))
    told = [row for posted in server.posted for row in posted["alerts"]]
    assert [row["alert_id"] for row in told] == ["a", "b"]
    assert told[0]["triggered_at"] == "2026-01-31T12:05:00Z"
    assert told[0]["evidence"]["account_ids"] == ["012345678901", "111122223333"]


def test_what_logs_say_stays_one_line_in_the_message_of_an_incident() -> None:
    text = "x\x1b[2J\n\u202egpj"
    lines = message([incident("a")], ACTS)[1].count("\n")
    hostile = incident("a", entity_id=text, account_id=text, source_ips=[text])
    title, told = message([hostile], ACTS)
    assert told.count("\n") == lines
    assert (title + told).replace("\n", "").isprintable()
