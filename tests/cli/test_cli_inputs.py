"""Inputs as the commands see them: exit codes, and what is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support import Invoke, alerts_of, install, project_with


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the detections that the inputs here are for."""
    names = (
        "aws_critical_changes_to_logging", "aws_defense_tampering_denied",
        "ec2_multiple_instances_created", "ec2_multiple_large_instances_created",
        "s3_mass_delete_objects",
    )  # fmt: skip
    return project_with(names, tmp_path_factory.mktemp("project"))


@pytest.fixture(autouse=True)
def _installed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(project, monkeypatch)


def event(number: int, **more: Any) -> dict[str, Any]:
    """A StopLogging by alice, one a minute: each is an alert."""
    account = "111122223333"
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "arn": f"arn:aws:iam::{account}:user/alice",
            "accountId": account,
            "userName": "alice",
        },
        "eventTime": f"2026-03-01T10:{number:02}:00Z",
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": "StopLogging",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "198.51.100.7",
        "requestParameters": {"name": "main"},
        "eventID": f"id-{number}",
        "eventType": "AwsApiCall",
        "recipientAccountId": account,
        **more,
    }


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        ({"result": {"host": "h"}}, "no CloudTrail record"),
        ({"Records": [{"eventSource": "aws:s3", "eventName": "x"}]}, "S3 notification"),
        ("noise", "not JSON"),
    ],
)
def test_nothing_was_analysed(invoke: Invoke, folder: Path, content: Any, seen: str) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "odd.json").write_text(text)
    for command in (["run", "--quiet", "--fail-on", "high"], ["load", "--quiet"], ["run"]):
        done = invoke(*command, "odd.json", code=1)
        assert f"CloudTrail event: {folder}/odd.json: {seen}" in done.stderr or (
            "none has an event" in done.stderr
        )
    (folder / "other.json").write_text(text)
    counts = json.loads(invoke("load", "other.json", "--format", "ndjson", code=1).stdout)
    assert counts["records"] == counts["rejected"] + counts["skipped"]


def test_more_rejected_records_than_are_listed(invoke: Invoke, folder: Path) -> None:
    (folder / "log").write_text("\n".join([*["{bad"] * 1_200, json.dumps(event(1))]))
    said = invoke("load", "log").stderr.splitlines()
    assert [line.rpartition("/")[2] for line in said[-2:]] == [
        "log: 1,000 records rejected: not valid JSON",
        "these are the first 1,000 of 1,200: trailhound files --rejected",
    ]


def test_an_empty_path(invoke: Invoke, folder: Path) -> None:
    (folder / "good.json").write_text(json.dumps([event(1)]))
    for command in ("run", "load"):
        assert "PATH is empty" in invoke(command, "", code=2).stderr


def test_different_events_of_one_id(invoke: Invoke, folder: Path) -> None:
    same = [event(number, eventID="one") for number in range(3)]
    (folder / "made-up.json").write_text(json.dumps([*same, event(9), event(9)]))
    for command in ("load", "run"):
        told = invoke(command, "made-up.json", "--store", f"{command}.duckdb", "--quiet").stderr
        assert told == "3 records share 1 eventID and differ: 2 dropped\n"


@pytest.mark.parametrize(
    "change",
    [{"additionalEventData": {"MFAUsed": "No"}}, {"userIdentity": {"type": "Root"}}],
)
def test_what_tells_events_of_one_id_apart(
    invoke: Invoke, folder: Path, change: dict[str, Any]
) -> None:
    (folder / "made-up.json").write_text(json.dumps([event(1), event(1) | change]))
    told = invoke("load", "made-up.json", "--quiet").stderr
    assert told == "2 records share 1 eventID and differ: 1 dropped\n"


def test_values_that_mean_that_there_is_none(invoke: Invoke, folder: Path) -> None:
    """As pandas and others write an absent field."""
    absent: list[Any] = [float("nan"), None, "null", "None", "-", ""]
    forms: list[Callable[[list[Any]], str]] = [
        lambda events: "\n".join(map(json.dumps, events)),
        json.dumps,
        lambda events: json.dumps({"Records": events}, indent=1),
    ]
    for at, form in enumerate(forms):
        events = [event(10 * at + number, errorCode=value) for number, value in enumerate(absent)]
        (folder / f"{at}.json").write_text(form(events))
    done = invoke("run", folder / "*.json", "--format", "ndjson", "--quiet")
    assert len(alerts_of(done.stdout)) == len(forms) * len(absent)


def test_what_a_network_saw_of_a_call_is_not_another_call(invoke: Invoke, folder: Path) -> None:
    """A VPC endpoint logs each request beside the service's own record of it."""
    network = {"eventType": "AwsVpceEvent", "eventCategory": "NetworkActivity"}
    denied, done = event(1, errorCode="AccessDenied"), event(2)
    records = [
        *(denied, {**event(1, eventID="n1"), **network}),
        *(done, {**event(2, eventID="n2"), **network}),
    ]
    for number in range(30):
        delete = event(10, eventID=f"d{number}", eventSource="s3.amazonaws.com")
        delete["eventName"] = "DeleteObject"
        records += [delete, {**delete, "eventID": f"n-d{number}", **network}]
    (folder / "both.json").write_text(json.dumps({"Records": records}))
    alerts = alerts_of(invoke("run", "both.json", "--format", "ndjson", "--quiet").stdout)
    # 30 objects, not 60: the threshold of s3_mass_delete_objects is 50.
    assert {(each["detection"], each["observed"], *each["event_ids"]) for each in alerts} == {
        ("aws_critical_changes_to_logging", 1, "id-2"),
        ("aws_defense_tampering_denied", 1, "id-1"),
    }


def test_a_response_that_was_left_out(invoke: Invoke, folder: Path) -> None:
    """CloudTrail leaves out what is over 100 KB: the request says how many were wanted."""
    launch = event(1, eventSource="ec2.amazonaws.com", eventName="RunInstances")
    wanted = {"instancesSet": {"items": [{"minCount": 1, "maxCount": 20}]}}
    launch["requestParameters"] = {**wanted, "instanceType": "m5.4xlarge"}
    launch["responseElements"] = {"omitted": True}
    (folder / "launch.json").write_text(json.dumps([launch]))
    alerts = alerts_of(invoke("run", "launch.json", "--format", "ndjson", "--quiet").stdout)
    assert {(each["detection"], each["observed"]) for each in alerts} >= {
        ("ec2_multiple_instances_created", 20),
        ("ec2_multiple_large_instances_created", 20),
    }


def test_reads_that_are_only_summarised(invoke: Invoke, folder: Path) -> None:
    summary = event(1, eventType="AwsAggregatedEvent", eventCategory="Aggregated")
    (folder / "two.json").write_text(json.dumps([summary, event(2)]))
    invoke("run", "two.json", "--quiet")
    told = invoke("doctor", code=3).stdout
    assert "S3 reads are only summarised here: 1 aggregated event skipped" in " ".join(told.split())
