"""Who assumed the role that made an alert's calls."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from engines.sql_check import problems
from support import Invoke, alerts_of
from trailhound.analyst.sessions import sessions_query

pytestmark = pytest.mark.usefixtures("few")

ACCOUNT = "111122223333"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/ops/deploy"
SESSION_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/ci"
KEY = "ASIAIOSFODNN7EXAMPLE"
ALICE = {
    "type": "IAMUser",
    "arn": f"arn:aws:iam::{ACCOUNT}:user/alice",
    "accountId": ACCOUNT,
    "userName": "alice",
}
SESSION = {
    "type": "AssumedRole",
    "arn": SESSION_ARN,
    "accountId": ACCOUNT,
    "accessKeyId": KEY,
    "sessionContext": {
        "sessionIssuer": {"type": "Role", "arn": ROLE_ARN, "accountId": ACCOUNT},
        "sourceIdentity": "alice@example.com",
    },
}


def record(number: int, time: str, name: str, **fields: Any) -> dict[str, Any]:
    return {
        "eventVersion": "1.09",
        "eventID": f"e{number}",
        "eventTime": f"2026-01-31T{time}Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.9",
        "recipientAccountId": ACCOUNT,
        **fields,
    }


def assumed(number: int, time: str, key: str, session: str = SESSION_ARN, **more: Any) -> Any:
    answer = {
        "credentials": {"accessKeyId": key, "expiration": "Jan 31, 2026"},
        "assumedRoleUser": {"arn": session, "assumedRoleId": "AROA:ci"},
    }
    fields = {"eventSource": "sts.amazonaws.com", "responseElements": answer, "userIdentity": ALICE}
    return record(number, time, "AssumeRole", **{**fields, **more})


def burst(**fields: Any) -> list[dict[str, Any]]:
    """Five users created in one session."""
    return [
        record(
            100 + n,
            f"12:0{n}:00",
            "CreateUser",
            requestParameters={"userName": f"user{n}"},
            **{"userIdentity": SESSION, **fields},
        )
        for n in range(5)
    ]


def explained(invoke: Invoke, *records: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """The sessions of the one alert, and the page."""
    [found] = all_explained(invoke, *records).values()
    return found


def all_explained(
    invoke: Invoke, *records: dict[str, Any]
) -> dict[str, tuple[list[dict[str, Any]], str]]:
    """The sessions of the one alert of each account, and the page."""
    Path("trail.json").write_text(json.dumps({"Records": records}))
    alerts = alerts_of(invoke("run", "trail.json", "--format", "ndjson").stdout)
    found = {}
    for alert in alerts:
        told = json.loads(invoke("explain", alert["alert_id"], "--format", "json").stdout)[0]
        page = invoke("explain", alert["alert_id"]).stdout
        found[alert["account_id"]] = told["sessions"], page
    assert len(found) == len(alerts)
    return found


def test_the_key_tells_who_assumed_the_role(invoke: Invoke) -> None:
    bob = {**ALICE, "arn": f"arn:aws:iam::{ACCOUNT}:user/bob", "userName": "bob"}
    [session], page = explained(
        invoke,
        assumed(1, "11:00:00", KEY, sourceIPAddress="192.0.2.7"),
        # A later session of the same name has another key.
        assumed(2, "11:30:00", "ASIAOTHER", userIdentity=bob),
        *burst(),
    )
    assert session == {
        "session_name": "ci",
        "access_key_id": KEY,
        "source_identity": "alice@example.com",
        "caller": ALICE["arn"],
        "event_name": "AssumeRole",
        "event_time": "2026-01-31T11:00:00Z",
        "source_ip": "192.0.2.7",
    }
    assert f"assumed by       {ALICE['arn']} from 192.0.2.7, AssumeRole of 2026-01-31 11:00" in page
    assert "source identity  alice@example.com" in page


def test_else_the_name_of_the_session_does(invoke: Invoke) -> None:
    cases = [
        ("11:59:59", SESSION_ARN, None, True),
        ("12:00:01", SESSION_ARN, None, False),  # later than the first call
        ("11:59:59", f"{SESSION_ARN}2", None, False),
        ("11:59:59", SESSION_ARN, "AccessDenied", False),
        ("00:00:00", SESSION_ARN, None, True),  # twelve hours before
    ]
    records: list[dict[str, Any]] = []
    for number, (time, session, error, _) in enumerate(cases):
        call = assumed(1, time, "ASIAREDACTED", session, errorCode=error)
        records += json.loads(json.dumps([call, *burst()]).replace(ACCOUNT, account(number)))
    told = all_explained(invoke, *records)
    for number, (*case, is_found) in enumerate(cases):
        [found], page = told.pop(account(number))
        caller = ALICE["arn"].replace(ACCOUNT, account(number))
        assert found["caller"] == (caller if is_found else None), case
        assert ("not in these logs" in page) != is_found, case
    assert told == {}


def account(number: int) -> str:
    return f"{number:012}"


def test_the_copy_of_another_account_names_the_caller(invoke: Invoke) -> None:
    foreign = {"type": "AWSAccount", "principalId": "AIDAX", "accountId": "999988887777"}
    [found], _ = explained(
        invoke,
        assumed(1, "11:00:00", KEY, userIdentity=foreign),
        assumed(2, "11:00:00", KEY, recipientAccountId="999988887777"),
        *burst(),
    )
    assert found["caller"] == ALICE["arn"]


def test_a_user_has_no_session(invoke: Invoke) -> None:
    found, page = explained(invoke, assumed(1, "11:00:00", KEY), *burst(userIdentity=ALICE))
    assert found == []
    assert "assumed by" not in page


def test_the_query_is_one_that_athena_takes() -> None:
    alert = {
        "account_id": "1",
        "entity_id": "e",
        "session_names": ["a", "b"],
        "first_seen": datetime(2026, 1, 31, 12),
        "last_seen": datetime(2026, 1, 31, 13),
    }
    sql, parameters = sessions_query('"main"."cloudtrail_events"', alert)
    assert sql.count("?") == len(parameters) == 8
    assert problems(sql) == []
