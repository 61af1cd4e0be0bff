"""A trail whose events that come 58 days late change alerts as many days after as they can.

A detection of each kind: without a window, within one, sequence, first seen, above a baseline.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

DETECTIONS = (
    "aws_critical_changes_to_logging",
    "iam_multiple_users_created",
    "account_region_enabled_and_used",
    "aws_activity_in_new_region",
    "s3_mass_download",
)
VARIABLES = {
    "iam_multiple_users_created__threshold": 3,
    "account_region_enabled_and_used__threshold": 2,
    "s3_mass_download__threshold": 3,
}
FIRST_DAY, LAST_DAY = date(2026, 3, 2), date(2026, 4, 29)
Alert = tuple[str, str, bool]

# What fires, on which day, and whether it goes on from the day before.
BEFORE: list[Alert] = [
    ("account_region_enabled_and_used", "2026-03-05", False),
    ("aws_activity_in_new_region", "2026-04-01", False),
    ("aws_critical_changes_to_logging", "2026-03-20", False),
    ("s3_mass_download", "2026-03-16", False),
    ("s3_mass_download", "2026-03-17", True),
]
AFTER: list[Alert] = [
    ("account_region_enabled_and_used", "2026-03-04", False),
    ("account_region_enabled_and_used", "2026-03-05", True),
    ("aws_critical_changes_to_logging", "2026-03-19", False),
    ("iam_multiple_users_created", "2026-03-03", False),
    ("s3_mass_download", "2026-03-17", False),
]


def in_time() -> list[dict[str, Any]]:
    """What came when it happened, in order of time."""
    records = [
        _call("ec2.CreateTags", f"{FIRST_DAY + timedelta(days=day)}T12:00:00Z", "filler")
        for day in range(1, (LAST_DAY - FIRST_DAY).days + 1)
    ]
    records += [_user("2026-03-02T23:40:00Z"), _user("2026-03-03T00:05:00Z")]
    # Each is a step of the next day's: the first is too early for the one after.
    records += [_enabled("2026-03-03T23:59:10Z"), _enabled("2026-03-04T23:58:55Z")]
    records += [
        _call("ec2.RunInstances", time, "ann", region="ap-east-1")
        for time in ("2026-03-03T23:59:00Z", "2026-03-04T23:58:50Z", "2026-03-05T23:58:40Z")
    ]
    records += [_call("ec2.CreateTags", "2026-04-01T12:00:00Z", "filler", region="eu-west-1")]
    # Twice on its busiest day; then three times, and at once ten times more.
    downloads = ["03T10:00", "03T15:00", "04T10:00", "16T23:30", "16T23:40", "16T23:50"]
    downloads += [f"17T00:{minute:02}" for minute in range(1, 11)]
    records += [_call("s3.GetObject", f"2026-03-{time}:00Z", "dora") for time in downloads]
    records += [_stopped("2026-03-20T00:10:00Z")]
    return sorted(records, key=lambda each: str(each["eventTime"]))


def late() -> list[dict[str, Any]]:
    """What came on the last day only: events of the first, and a copy that is a day earlier."""
    return [
        _user("2026-03-02T23:50:00Z"),
        _enabled("2026-03-02T23:59:30Z"),
        _call("ec2.CreateTags", "2026-03-02T12:00:00Z", "filler", region="eu-west-1"),
        _call("s3.GetObject", "2026-03-02T10:00:00Z", "dora"),
        _stopped("2026-03-19T22:00:00Z"),
    ]


def _user(time: str) -> dict[str, Any]:
    return _call("iam.CreateUser", time, "mallory", request={"userName": f"made at {time}"})


def _enabled(time: str) -> dict[str, Any]:
    return _call("account.EnableRegion", time, "bob", request={"RegionName": "ap-east-1"})


def _stopped(time: str) -> dict[str, Any]:
    return {**_call("cloudtrail.StopLogging", time, "mallory"), "eventID": "stop"}


def _call(
    call: str,
    time: str,
    user: str,
    *,
    region: str = "us-east-1",
    request: dict[str, str] | None = None,
) -> dict[str, Any]:
    service, name = call.split(".")
    return {
        "eventID": f"{name} {user} {region} {time}",
        "eventTime": time,
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "eventType": "AwsApiCall",
        "readOnly": name == "GetObject",
        "awsRegion": region,
        "recipientAccountId": "111122223333",
        "sourceIPAddress": "81.20.0.1",
        "requestParameters": request,
        "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::111122223333:user/{user}"},
    }
