"""The definition itself, on a few sharp cases made by hand."""

from __future__ import annotations

import copy
import dataclasses
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

import oracle
import trails
from make_trails import LOGS
from oracle import AllowRow, Override, Settings
from trailhound.simulate import simulate
from trailhound.simulate.scenarios import ADDRESS_BY_COUNTRY, names

Record = dict[str, Any]
EVERY_COUNTRY = [(address, address, code) for code, address in ADDRESS_BY_COUNTRY.items()]
DENIED = "iam_multiple_failed_api_calls"
START = datetime(2026, 5, 4, 12, tzinfo=UTC)


def denied_calls(*times: str, **fields: Any) -> list[Record]:
    """ListUsers by ann, denied, at these times of 2026-05-04 or at whole ones."""
    return [
        {
            "eventID": f"id-{index}",
            "eventTime": f"2026-05-04T{time}Z" if len(time) == 8 else time,
            "eventName": "ListUsers",
            "eventSource": "iam.amazonaws.com",
            "recipientAccountId": "000000000001",
            "errorCode": "AccessDenied",
            "userIdentity": {"type": "IAMUser", "arn": "arn:ann"},
            **fields,
        }
        for index, time in enumerate(times)
    ]


def entity_of(identity: Record | None, **fields: Any) -> tuple[str, str]:
    (event,) = oracle.read_records(denied_calls("10:00:00", userIdentity=identity, **fields)).events
    return event.entity_type, event.entity_id


@pytest.mark.parametrize(
    ("last", "alerts"), [("10:10:00", 1), ("10:10:01", 0)], ids=["the edge counts", "beyond it not"]
)
def test_a_window_is_closed_at_both_ends(last: str, alerts: int) -> None:
    records = denied_calls("10:00:00", "10:03:00", "10:06:00", "10:09:00", last)

    assert len(oracle.evaluate(records, detections=oracle.RULES).alerts) == alerts


def test_events_of_the_same_second_all_see_each_other() -> None:
    (alert,) = oracle.evaluate(denied_calls(*["10:00:00"] * 5), detections=oracle.RULES).alerts

    assert (alert.observed, alert.event_count) == (5, 5)
    assert alert.triggered_at == alert.first_seen == alert.last_seen


def test_a_burst_goes_on_while_the_gap_is_at_most_the_window() -> None:
    settings = Settings(thresholds={DENIED: 2})
    times = ["10:00:00", "10:01:00", "10:11:00", "10:21:00", "10:32:00", "10:33:00"]
    first, second = oracle.evaluate(denied_calls(*times), settings, detections=oracle.RULES).alerts

    assert (first.triggered_at.minute, first.last_seen.minute, first.event_count) == (1, 21, 4)
    assert (second.first_seen.minute, second.last_seen.minute, second.observed) == (32, 33, 2)


def test_a_burst_over_midnight_is_two_alerts_and_the_second_goes_on() -> None:
    settings = Settings(thresholds={DENIED: 2})
    records = denied_calls("23:58:00", "23:59:00", "2026-05-05T00:01:00Z")
    first, second = oracle.evaluate(records, settings, detections=oracle.RULES).alerts

    assert (first.alert_date, first.is_continuation) == (date(2026, 5, 4), False)
    assert (second.alert_date, second.is_continuation) == (date(2026, 5, 5), True)
    assert second.first_seen == first.first_seen
    assert second.event_count == 3
    assert second.alert_id == "1310ced932100db472e94c537abbdf5c"


def test_two_entities_and_two_accounts_do_not_add_up() -> None:
    mine = denied_calls("10:00:00", "10:01:00", "10:02:00", "10:03:00")
    for fields in (
        {"userIdentity": {"type": "IAMUser", "arn": "arn:bob"}},
        {"recipientAccountId": "000000000002"},
    ):
        others = denied_calls("10:00:30", "10:01:30", "10:02:30", "10:03:30", **fields)
        assert oracle.evaluate(mine + others, detections=oracle.RULES).alerts == []


def test_a_service_never_fires() -> None:
    service = {"type": "AWSService", "invokedBy": "config.amazonaws.com"}

    assert (
        oracle.evaluate(
            denied_calls(*["10:00:00"] * 9, userIdentity=service), detections=oracle.RULES
        ).alerts
        == []
    )


def test_what_comes_twice_counts_once_at_its_earliest_time() -> None:
    once = denied_calls("10:05:00")
    twice = [*once, *copy.deepcopy(once), {**once[0], "eventTime": "2026-05-04T10:04:00+00:00"}]
    trail = oracle.read_records([*twice, {**once[0], "recipientAccountId": "2"}])

    assert [event.account_id for event in trail.events] == ["000000000001", "2"]
    assert trail.events[0].time == datetime(2026, 5, 4, 10, 4)
    assert trail.duplicates == 2


def test_records_without_an_id_are_one_event_if_they_are_equal() -> None:
    first, second = denied_calls("10:00:00", "10:00:00", eventID="")
    trail = oracle.read_records([first, second, {**first, "awsRegion": "eu-west-1"}])

    assert (len(trail.events), trail.duplicates) == (2, 1)


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-05-04T10:00:00Z", 10),
        ("2026-05-04 10:00:00.999", 10),
        ("2026-05-04T10:00:00+02:00", 8),
        ("2026-05-04T10:00:00.5-05:30", 15),
        ("2026-05-04", None),
        ("2026-02-30T10:00:00Z", None),
        ("1777888800", None),
        (1777888800, None),
        ("", None),
    ],
)
def test_readable_times(text: Any, hour: int | None) -> None:
    trail = oracle.read_records(denied_calls("10:00:00", eventTime=text))

    assert [event.time.hour for event in trail.events] == ([] if hour is None else [hour])
    assert trail.rejected == (hour is None)


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"errorCode": "Client.UnauthorizedOperation"}, "denied"),
        ({"errorCode": "Client.DryRunOperation"}, "failed"),
        ({"errorCode": ""}, "succeeded"),
        (
            {
                "errorCode": None,
                "eventName": "ConsoleLogin",
                "eventSource": "signin.amazonaws.com",
                "responseElements": {"ConsoleLogin": "Failure"},
            },
            "failed",
        ),
    ],
)
def test_outcomes(fields: Record, outcome: str) -> None:
    (event,) = oracle.read_records(denied_calls("10:00:00", **fields)).events

    assert event.outcome == outcome


ROLE_ARN = "arn:aws:iam::1:role/aws/R"
SESSION_ARN = "arn:aws:sts::1:assumed-role/R/S"


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        ({"type": "Root", "accountId": "1"}, ("root", "arn:aws:iam::1:root")),
        ({"type": "IAMUser", "arn": "", "userName": "u"}, ("iam_user", "u")),
        (
            {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"arn": ROLE_ARN}}},
            ("role", ROLE_ARN),
        ),
        ({"type": "AssumedRole", "arn": SESSION_ARN}, ("role", "arn:aws:sts::1:assumed-role/R")),
        ({"type": "AssumedRole", "principalId": "AROA:S"}, ("role", "AROA")),
        (
            {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/AWSReservedSSO_A_1/ann"},
            ("sso_user", "arn:aws:sts::1:assumed-role/AWSReservedSSO_A_1/ann"),
        ),
        (
            {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/AWSServiceRoleForX/s"},
            ("service", "arn:aws:sts::1:assumed-role/AWSServiceRoleForX"),
        ),
        ({"type": "SAMLUser", "identityProvider": "idp"}, ("saml_user", "idp")),
        ({"type": "WebIdentityUser", "principalId": "p"}, ("web_identity_user", "p")),
        ({"type": "AWSAccount", "accountId": "2", "principalId": "p"}, ("aws_account", "2:p")),
        ({"type": "AWSAccount", "accountId": "ANONYMOUS_PRINCIPAL"}, ("anonymous", "anonymous")),
        ({"type": "AWSService"}, ("service", "unknown")),
        ({"invokedBy": "ec2.amazonaws.com"}, ("service", "ec2.amazonaws.com")),
        ({"type": "Directory", "principalId": "d"}, ("unknown", "d")),
        (None, ("unknown", "unknown")),
    ],
)
def test_entities(identity: Record | None, expected: tuple[str, str]) -> None:
    assert entity_of(identity) == expected


def test_the_identity_center_knows_a_user_by_three_names() -> None:
    additional = {"UserName": "rosa"}

    assert entity_of({"type": "IdentityCenterUser"}, additionalEventData=additional) == (
        "identity_center_user",
        "rosa",
    )


@pytest.mark.parametrize("quiet", [False, True], ids=["fires", "stays quiet one below"])
@pytest.mark.parametrize("detection", names())
def test_a_simulation_fires_at_the_threshold_and_not_below(detection: str, quiet: bool) -> None:
    rule = oracle.RULES[detection]
    records = simulate(
        detection,
        start=START,
        threshold=rule.threshold,
        minutes=rule.minutes,
        quiet_below=quiet,
    )
    fired = [
        alert.detection
        for alert in oracle.evaluate(
            records, Settings(countries=EVERY_COUNTRY), detections=oracle.RULES
        ).alerts
    ]

    assert fired == ([] if quiet else [detection])


def test_the_allow_list_takes_events_before_they_are_counted() -> None:
    records = denied_calls(*["10:00:00"] * 4) + denied_calls(
        "10:00:01", sourceIPAddress="10.0.0.7", eventID="last"
    )
    for row, removed in (
        (AllowRow(detection="iam_*", source_ip="10.0.0.0/29"), 1),
        (AllowRow(source_ip="10.0.0.8/29"), 0),
        (AllowRow(source_ip="10.0.0.7", expires_on=date(2026, 5, 3)), 0),
        (AllowRow(entity_id="arn:*", expires_on=date(2026, 5, 4)), 5),
    ):
        result = oracle.evaluate(records, Settings(allow_list=[row]), detections=oracle.RULES)
        assert result.removed == [removed]
        assert len(result.alerts) == (not removed)


def test_the_most_specific_override_wins() -> None:
    overrides = [
        Override(2, detection=DENIED, account_id="000000000001"),
        Override(3, entity_id="arn:ann"),
        Override(9, entity_id="arn:a*", detection=DENIED),
    ]
    records = denied_calls(*["10:00:00"] * 3)

    for count, threshold in ((3, 3), (1, 2)):
        kept = [overrides[0], overrides[2], overrides[1]][:count]
        (alert,) = oracle.evaluate(
            records, Settings(overrides=kept), detections=oracle.RULES
        ).alerts
        assert alert.threshold == threshold


def test_the_sample_trail_fires_everything_and_the_benign_one_nothing() -> None:
    settings = Settings(countries=[*EVERY_COUNTRY, ("179.149.157.44", "179.149.157.44", "BR")])
    sample = oracle.evaluate(trails.read(LOGS / "sample"), settings, detections=oracle.RULES)
    benign = oracle.evaluate(trails.read(LOGS / "benign"), settings, detections=oracle.RULES)

    assert {alert.detection for alert in sample.alerts} == set(oracle.RULES)
    assert sum(alert.is_continuation for alert in sample.alerts) == 1
    assert benign.alerts == []


@pytest.mark.parametrize(
    ("folder", "events", "fired"),
    [
        ("stratus", 14, {"aws_critical_changes_to_logging": 4}),
        ("splunk", 8, {"aws_critical_changes_to_logging": 5}),
        ("traildiscover", 52, {DENIED: 2}),
        ("invictus", 82, {}),
        ("grycap", 142, {}),
    ],
)
def test_public_logs(folder: str, events: int, fired: dict[str, int]) -> None:
    result = oracle.evaluate(trails.read(LOGS / "public" / folder), detections=oracle.RULES)

    counted: dict[str, int] = {}
    for alert in result.alerts:
        counted[alert.detection] = counted.get(alert.detection, 0) + 1
    assert (len(result.trail.events), counted) == (events, fired)


@pytest.mark.parametrize("column", [field.name for field in dataclasses.fields(oracle.Alert)])
def test_a_difference_in_any_column_is_told(column: str) -> None:
    alerts = oracle.evaluate(denied_calls(*["10:00:00"] * 5), detections=oracle.RULES).alerts
    row = dataclasses.asdict(alerts[0])
    assert oracle.compare([row], alerts) == ""

    other: Any = {"event_names": ["x"]} if column == "evidence" else ["x"]
    if not isinstance(row[column], list | dict):
        other = "x" if not isinstance(row[column], datetime) else row[column] + timedelta(seconds=1)
    assert oracle.compare([{**row, column: other}], alerts) != ""


def test_missing_and_surplus_alerts_are_told() -> None:
    alerts = oracle.evaluate(denied_calls(*["10:00:00"] * 5), detections=oracle.RULES).alerts

    assert oracle.compare([], alerts).startswith("missing in SQL")
    assert oracle.compare([dataclasses.asdict(alerts[0])], []).startswith("only in SQL")
