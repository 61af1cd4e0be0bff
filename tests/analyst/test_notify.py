"""Notifications to a server on this machine that fails at times."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest

from trailhound.analyst.notify import groups, message, new_alerts, notify, send_with_apprise
from trailhound.settings import Settings
from trailhound.store.told import Told, open_told
from trailhound.workspace import Work
from webhook import Webhook

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


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store.duckdb"


@contextmanager
def opened(store: Path) -> Iterator[Told]:
    with open_told(Work(Settings(store=store)), writable=True) as told:
        yield told


@pytest.fixture
def told(store: Path) -> Iterator[Told]:
    with opened(store) as told:
        yield told


def tell(told: Told, webhook: Webhook, *alerts: dict[str, Any]) -> tuple[int, int]:
    wanted = new_alerts(alerts, told.to(webhook.url))
    return notify(told, webhook.url, wanted, send_with_apprise, partial(message, acts=ACTS))


def test_an_alert_goes_out_once(told: Told, webhook: Webhook) -> None:
    assert tell(told, webhook, alert("a")) == (1, 0)
    assert tell(told, webhook, alert("a")) == (0, 0)
    assert len(webhook.posted) == 1
    assert "S3 - Buckets enumerated" in webhook.posted[0]["title"]
    assert "role/app" in webhook.posted[0]["message"]


def test_what_did_not_go_out_goes_out_the_next_time(told: Told, webhook: Webhook) -> None:
    webhook.failures = 1
    other = alert("b", detection="iam_multiple_users_created", severity="high")
    assert tell(told, webhook, alert("a"), other) == (1, 1)
    assert tell(told, webhook, alert("a"), other) == (1, 0)
    assert tell(told, webhook, alert("a"), other) == (0, 0)
    assert len(webhook.posted) == 2


def test_alerts_of_a_detection_are_one_message(told: Told, webhook: Webhook) -> None:
    many = [alert(f"{n:x}", entity_id=f"role/{n}") for n in range(25)]
    assert tell(told, webhook, *many) == (25, 0)
    assert len(webhook.posted) == 1
    assert "and 15 more" in webhook.posted[0]["message"]


def test_a_burst_that_goes_on_over_midnight_is_not_told_again(told: Told, webhook: Webhook) -> None:
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
    assert tell(told, webhook, alert("a"), later[0]) == (1, 0)
    assert tell(told, webhook, alert("a"), *later) == (0, 0)
    assert len(webhook.posted) == 1


def test_a_burst_whose_beginning_was_not_told_is_told(told: Told, webhook: Webhook) -> None:
    tell(told, webhook, alert("a", triggered_at=START - timedelta(days=1)))
    elsewhere = alert("b", entity_id="arn:aws:iam::012345678901:role/other", is_continuation=True)
    late = alert(
        "c",
        triggered_at=START + timedelta(minutes=21),
        first_seen=START + timedelta(minutes=21),
        last_seen=START + timedelta(minutes=21),
        is_continuation=True,
    )
    assert tell(told, webhook, elsewhere, late) == (2, 0)


def test_a_burst_that_got_another_id_is_not_told_again(told: Told, webhook: Webhook) -> None:
    tell(told, webhook, alert("a"))
    earlier = alert("b", triggered_at=START, first_seen=START - timedelta(minutes=3))
    assert tell(told, webhook, earlier) == (0, 0)
    later = alert("c", first_seen=START + timedelta(hours=1), last_seen=START + timedelta(hours=2))
    assert tell(told, webhook, later) == (1, 0)


def test_requests_of_the_same_second_are_alerts_of_their_own(told: Told, webhook: Webhook) -> None:
    first, second = alert("a", window_minutes=None), alert("b", window_minutes=None)
    tell(told, webhook, first)
    assert tell(told, webhook, first, second) == (1, 0)


def test_what_is_correlated_by_something_else_is_an_alert_of_its_own(
    told: Told, webhook: Webhook
) -> None:
    one, other = alert("a", correlated_by="user/one"), alert("b", correlated_by="user/other")
    assert tell(told, webhook, one) == (1, 0)
    assert tell(told, webhook, one, other) == (1, 0)
    assert tell(told, webhook, alert("c", correlated_by="user/other")) == (0, 0)


def test_what_an_older_version_noted_counts(store: Path, webhook: Webhook) -> None:
    with opened(store) as told:
        tell(told, webhook, alert("a"))
    with duckdb.connect(str(store)) as connection:
        connection.execute("alter table trailhound_notified drop column correlated_by")
    with opened(store) as told:
        assert tell(told, webhook, alert("a"), alert("b", entity_id="role/other")) == (1, 0)


def test_each_destination_is_told(told: Told, webhook: Webhook) -> None:
    tell(told, webhook, alert("a"))
    assert new_alerts([alert("a")], told.to(webhook.url + "other")) == [alert("a")]


def test_the_most_severe_comes_first_and_hostile_text_is_spelt_out() -> None:
    hostile = alert("a", entity_id="x\x1b[2J\u202egpj")
    critical = alert("b", severity="critical", detection="z")
    ordered = [group[0]["alert_id"] for group in groups([hostile, critical])]
    assert ordered == ["b", "a"]
    title, text = message([hostile], {})
    assert (title + text).replace("\n", "").isprintable()


def test_each_incident_is_a_message_with_who_what_and_from_where(
    told: Told, webhook: Webhook
) -> None:
    other = incident("b", entity_id="j.doe", account_id="", severity="critical")
    assert tell(told, webhook, incident("a"), other) == (2, 0)
    assert tell(told, webhook, incident("a"), other) == (0, 0)
    critical, high = webhook.posted
    assert critical["title"].startswith("CRITICAL: Incident")
    assert "j.doe (role)" in critical["message"]
    assert "account 012345678901, 111122223333" in critical["message"]
    for expected in ("role/app", "2 acts in 3 findings", "198.51.100.7, 203.0.113.9", "115 of 100"):
        assert expected in high["message"]


def test_the_authors_of_imported_rules_are_named() -> None:
    authors = {"s3_buckets_enumerated": "Eve\u202e", "iam_permissions_enumerated": "Bob"}
    assert message([alert("a")], ACTS, authors)[1].endswith("\nrule by Eve\\u202e")
    assert message([incident("a")], ACTS, authors)[1].endswith("\nrules  by Bob, Eve\\u202e")


def test_an_incident_that_grew_or_went_on_is_not_told_again(told: Told, webhook: Webhook) -> None:
    tell(told, webhook, incident("a"))
    day = timedelta(days=1)
    grown = incident("a", last_seen=START + timedelta(hours=5), observed=150)
    gone_on = incident(
        "b",
        triggered_at=START + day / 2,
        first_seen=START,
        last_seen=START + day,
        is_continuation=True,
    )
    assert tell(told, webhook, grown, gone_on) == (0, 0)
    another = dict.fromkeys(("triggered_at", "first_seen", "last_seen"), START + 3 * day)
    assert tell(told, webhook, incident("c", **another)) == (1, 0)


def test_a_webhook_gets_the_columns_as_json(told: Told, webhook: Webhook) -> None:
    tell(told, webhook, incident("a"), alert("b"))
    rows = [row for posted in webhook.posted for row in posted["alerts"]]
    assert [row["alert_id"] for row in rows] == ["a", "b"]
    assert rows[0]["triggered_at"] == "2026-01-31T12:05:00Z"
    assert rows[0]["evidence"]["account_ids"] == ["012345678901", "111122223333"]


def test_what_logs_say_stays_one_line_in_the_message_of_an_incident() -> None:
    text = "x\x1b[2J\n\u202egpj"
    lines = message([incident("a")], ACTS)[1].count("\n")
    hostile = incident("a", entity_id=text, account_id=text, source_ips=[text])
    title, told = message([hostile], ACTS)
    assert told.count("\n") == lines
    assert (title + told).replace("\n", "").isprintable()
