"""Section 4: what each of the fifteen detections looks for, and what it counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from oracle.events import Event, at_path, text
from oracle.tuning import Countries

LOGGING_CALLS = {
    "cloudtrail": "StopLogging DeleteTrail UpdateTrail PutEventSelectors PutInsightSelectors "
    "DeleteEventDataStore StopEventDataStoreIngestion UpdateEventDataStore",
    "ec2": "DeleteFlowLogs",
    "logs": "DeleteLogGroup DeleteLogStream DeleteSubscriptionFilter DeleteMetricFilter "
    "DeleteDestination PutRetentionPolicy DeleteRetentionPolicy DisassociateKmsKey",
    "monitoring": "DeleteAlarms DisableAlarmActions SetAlarmState",
}
BUCKET_CALLS = ["ListBuckets", "HeadBucket", "ListObjects", "ListObjectsV2", "ListObjectVersions"]

Matches = Callable[[Event, Countries], bool]
Measure = Callable[[Sequence[Event], Countries], int]


@dataclass(frozen=True)
class Rule:
    """One detection: which events match, and the measure over a window's events.

    `minutes` None: a request rule, asked of each event by itself; `threshold` None: it has none.
    """

    name: str
    title: str
    threshold: int | None
    minutes: int | None
    matches: Matches
    measure: Measure
    evidence: Callable[[Event, Countries], dict[str, list[str]]]

    def key(self, event: Event) -> str:
        """The `entity_id` that its alerts show."""
        if self.name == "iam_multiple_worldwide_console_logins":
            return event.user_arn or event.entity_id
        return event.entity_id


def is_call(event: Event, service: str, *names: str) -> bool:
    """Whether an event is one of a service's calls of these names."""
    return event.source == f"{service}.amazonaws.com" and event.name in names


def launched(event: Event) -> list[dict[str, Any]]:
    """The instances that a RunInstances request brought to life."""
    if not is_call(event, "ec2", "RunInstances") or event.outcome != "succeeded":
        return []
    if left_out(event):
        asked_for = at_path(event.request, "instancesSet", "items")
        return [
            {"imageId": at_path(item, "imageId")}
            for item in (asked_for if isinstance(asked_for, list) else [asked_for])
            for _ in range(_asked_for(at_path(item, "maxCount"), at_path(item, "minCount")))
        ]
    items = at_path(event.response, "instancesSet", "items")
    return list(items) if isinstance(items, list) else []


def _asked_for(*wanted: Any) -> int:
    """The first of these that is there, if it is a whole number."""
    first = next((text(each) for each in wanted if text(each)), None) or ""
    return int(first) if re.fullmatch("[0-9]+", first) else 0


def left_out(event: Event) -> bool:
    """Whether the response was left out, so that the request counts (6.26)."""
    omitted = (text(at_path(event.response, "omitted")) or "").lower() == "true"
    return event.response in (None, "") or omitted


def launched_large(event: Event) -> list[dict[str, Any]]:
    """Those of them that are large."""
    return [item for item in launched(event) if is_large(instance_type(item, event))]


def instance_type(item: Any, event: Event) -> str | None:
    """An instance's type, else the one that was asked for."""
    asked = at_path(event.request, "instanceType")
    if isinstance(asked, dict):
        asked = asked.get("value")
    own = at_path(item, "instanceType")
    return text(own.get("value") if isinstance(own, dict) else own) or text(asked)


def _image(item: Any, event: Event) -> str | None:
    return text(at_path(item, "imageId")) or text(at_path(event.request, "imageId"))


def is_large(kind: str | None) -> bool:
    """Whether an instance type is large, by its size."""
    size = (kind or "").rsplit(".", 1)[-1]
    return re.fullmatch(r"[0-9]*xlarge", size) is not None or size.startswith("metal")


def terminated(event: Event) -> set[str]:
    """The ids of the instances that a TerminateInstances request brought to an end."""
    if not is_call(event, "ec2", "TerminateInstances") or event.outcome != "succeeded":
        return set()
    told = event.request if left_out(event) else event.response
    items = at_path(told, "instancesSet", "items")
    if left_out(event) and not isinstance(items, list):
        items = [items]
    ids = {
        text(at_path(item, "instanceId"))
        for item in (items if isinstance(items, list) else [])
        if at_path(item, "previousState", "name") not in ("shutting-down", "terminated")
    }
    return {each for each in ids if each is not None}


def user_name(event: Event) -> str | None:
    """The IAM user that a call is about."""
    return text(at_path(event.request, "userName"))


def bucket(event: Event) -> str | None:
    """The bucket that a call is about."""
    return text(at_path(event.request, "bucketName"))


def _changes_logging(event: Event, _: Countries) -> bool:
    named = any(is_call(event, service, *names.split()) for service, names in LOGGING_CALLS.items())
    enabled = at_path(event.request, "actionsEnabled")
    silenced = (
        is_call(event, "monitoring", "PutMetricAlarm") and (text(enabled) or "").lower() == "false"
    )
    return event.outcome == "succeeded" and (named or silenced)


def _looks_at_buckets(event: Event, _: Countries) -> bool:
    s3 = event.source == "s3.amazonaws.com"
    named = event.name in BUCKET_CALLS or event.name.startswith("GetBucket")
    return (s3 and named) or is_call(event, "s3express", "ListDirectoryBuckets")


def _buckets(events: Sequence[Event], _: Countries) -> int:
    return len({bucket(event) for event in events})


def _succeeded(service: str, *names: str) -> Matches:
    return lambda event, _: event.outcome == "succeeded" and is_call(event, service, *names)


def _names_a_user(call: str) -> Matches:
    return lambda event, _: (
        event.outcome == "succeeded"
        and is_call(event, "iam", call)
        and user_name(event) is not None
    )


def _login_from_a_country(event: Event, countries: Countries) -> bool:
    return (
        event.outcome == "succeeded"
        and is_call(event, "signin", "ConsoleLogin")
        and countries.of(event.source_ip) is not None
    )


def _count(events: Sequence[Event], _: Countries) -> int:
    return len(events)


def _sum_of(items: Callable[[Event], Sequence[Any] | set[str]]) -> Measure:
    return lambda events, _: sum(len(items(event)) for event in events)


def _distinct(value: Callable[[Event], str | None]) -> Measure:
    return lambda events, _: len({value(event) for event in events} - {None})


def _countries(events: Sequence[Event], countries: Countries) -> int:
    return len({countries.of(event.source_ip) for event in events})


def _values(*values: str | None) -> list[str]:
    return [value for value in values if value is not None]


def _launch_evidence(
    items: Callable[[Event], Sequence[Any]],
) -> Callable[[Event, Countries], dict[str, list[str]]]:
    return lambda event, _: {
        "instance_types": _values(*(instance_type(item, event) for item in items(event))),
        "image_ids": _values(*(_image(item, event) for item in items(event))),
        "instance_ids": _values(*(text(at_path(item, "instanceId")) for item in items(event))),
    }


def _termination_evidence(event: Event, _: Countries) -> dict[str, list[str]]:
    return {"instance_ids": sorted(terminated(event))}


def _call_evidence(event: Event, _: Countries) -> dict[str, list[str]]:
    return {"event_names": [event.name], "error_codes": _values(event.error_code)}


def _user_evidence(event: Event, _: Countries) -> dict[str, list[str]]:
    return {"user_names": _values(user_name(event))}


def _bucket_evidence(event: Event, _: Countries) -> dict[str, list[str]]:
    return {"buckets": _values(bucket(event))}


def _country_evidence(event: Event, countries: Countries) -> dict[str, list[str]]:
    return {"countries": _values(countries.of(event.source_ip))}


_ANY_LAUNCH: Matches = lambda event, _: bool(launched(event))  # noqa: E731
_LARGE_LAUNCH: Matches = lambda event, _: bool(launched_large(event))  # noqa: E731
_ANY_END: Matches = lambda event, _: bool(terminated(event))  # noqa: E731
_DENIED_IAM: Matches = lambda event, _: (  # noqa: E731
    event.source == "iam.amazonaws.com" and event.outcome == "denied"
)

RULES = {
    rule.name: rule
    for rule in (
        Rule(
            "aws_critical_changes_to_logging",
            "AWS - Critical changes to logging",
            None, None, _changes_logging, _count, _call_evidence,
        ),
        Rule(
            "ec2_multiple_instances_created",
            "EC2 - Multiple instances created",
            5, None, _ANY_LAUNCH, _sum_of(launched), _launch_evidence(launched),
        ),
        Rule(
            "ec2_multiple_instances_terminated",
            "EC2 - Multiple instances terminated",
            5, None, _ANY_END, _sum_of(terminated), _termination_evidence,
        ),
        Rule(
            "ec2_multiple_large_instances_created",
            "EC2 - Multiple large instances created",
            3, None, _LARGE_LAUNCH, _sum_of(launched_large), _launch_evidence(launched_large),
        ),
        Rule(
            "iam_multiple_failed_api_calls",
            "IAM - Multiple failed API calls from a single user (Unauthorized Access)",
            5, 10, _DENIED_IAM, _count, _call_evidence,
        ),
        Rule(
            "iam_multiple_users_created",
            "IAM - Multiple users created within a short period of time",
            5, 60, _names_a_user("CreateUser"), _distinct(user_name), _user_evidence,
        ),
        Rule(
            "iam_multiple_users_deleted",
            "IAM - Multiple users deleted within a short period of time",
            5, 60, _names_a_user("DeleteUser"), _distinct(user_name), _user_evidence,
        ),
        Rule(
            "iam_multiple_worldwide_console_logins",
            "IAM - Multiple worldwide successful console logins were observed",
            2, 60, _login_from_a_country, _countries, _country_evidence,
        ),
        Rule(
            "ec2_multiple_instances_created_short_period",
            "EC2 - Multiple instances created within a short period of time",
            10, 60, _ANY_LAUNCH, _sum_of(launched), _launch_evidence(launched),
        ),
        Rule(
            "ec2_multiple_large_instances_created_short_period",
            "EC2 - Multiple large instances created within a short period of time",
            5, 60, _LARGE_LAUNCH, _sum_of(launched_large), _launch_evidence(launched_large),
        ),
        Rule(
            "ec2_instances_created_in_multiple_regions",
            "EC2 - Multiple instances created in multiple regions within a short period of time",
            3, 60, _ANY_LAUNCH, _distinct(lambda event: event.region), _launch_evidence(launched),
        ),
        Rule(
            "ec2_multiple_instances_terminated_short_period",
            "EC2 - Multiple instances terminated within a short period of time",
            10, 60, _ANY_END, _sum_of(terminated), _termination_evidence,
        ),
        Rule(
            "s3_mass_copy_objects",
            "S3 - Mass copy objects",
            50, 60, _succeeded("s3", "CopyObject"), _count, _bucket_evidence,
        ),
        Rule(
            "s3_mass_delete_objects",
            "S3 - Mass delete objects",
            50, 60, _succeeded("s3", "DeleteObject", "DeleteObjects"), _count, _bucket_evidence,
        ),
        Rule(
            "s3_buckets_enumerated",
            "S3 - Buckets enumerated",
            15, 10, _looks_at_buckets, _buckets, _bucket_evidence,
        ),
    )
}  # fmt: skip
