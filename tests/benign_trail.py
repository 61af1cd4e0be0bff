"""The noise of a normal account: much that looks like an attack and is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from trailhound.simulate import calls
from trailhound.simulate.identities import (
    TERRAFORM,
    Caller,
    aws_service,
    console_user,
    role_session,
    service_role,
    sso_session,
    unknown_console_user,
)
from trailhound.simulate.records import Call, Record, generator, record
from trailhound.simulate.scenarios import ACCOUNT, ADDRESS_BY_COUNTRY

BUCKETS = tuple(f"acme-{team}-{use}" for team in ("web", "data", "ops", "pay") for use in range(11))
OFFICE = ADDRESS_BY_COUNTRY["DE"]


@dataclass
class _Day:
    """One day of an account being filled with records."""

    start: datetime
    account: str
    rng: Random
    records: list[Record]

    def at(self, hour: float) -> datetime:
        """A time of the day; minutes are parts of the hour."""
        return self.start + timedelta(hours=hour)

    def add(self, caller: Caller, hour: float, call: Call, *, seconds: float = 0) -> None:
        """Add the record of a call `seconds` after `hour`."""
        at = self.at(hour) + timedelta(seconds=seconds)
        self.records.append(record(self.rng, caller, at, call))


def benign_trail(seed: int, days: int, *, start: datetime, account: str = ACCOUNT) -> list[Record]:
    """What an account without an intruder writes in `days` days from `start` (UTC) on.

    In time order. At the detections' default thresholds it raises no alert, though services are
    refused, AWS Config walks through 44 buckets, Terraform creates four users, people mistype
    passwords and dry runs ask for twenty instances. The same arguments give the same records.
    """
    rng = generator(seed)
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    records: list[Record] = []
    for index in range(days):
        day = _Day(midnight + timedelta(days=index), account, rng, records)
        for habit in _EVERY_DAY:
            habit(day)
        _NOW_AND_THEN[index % len(_NOW_AND_THEN)](day)
    return sorted(records, key=lambda each: str(each["eventTime"]))


def _services(day: _Day) -> None:
    """Services call by themselves, and are refused far more often than people are."""
    for service in ("lambda", "ec2", "ecs-tasks"):
        caller = aws_service(day.account, f"{service}.amazonaws.com")
        role = f"arn:aws:iam::{day.account}:role/{service}-execution"
        request = {"roleArn": role, "roleSessionName": service}
        day.add(
            caller, day.rng.uniform(0, 23), Call(service="sts", name="AssumeRole", request=request)
        )
    audit = aws_service(day.account, "access-analyzer.amazonaws.com")
    for index in range(8):
        refused = calls.iam_read("GetPolicyVersion", error=calls.denied("iam:GetPolicyVersion"))
        day.add(audit, 2.5, refused, seconds=4 * index)
    fleet = service_role(
        day.account, "AWSServiceRoleForAutoScaling", "autoscaling.amazonaws.com", day.at(7)
    )
    day.add(fleet, 7.1, calls.run_instances(day.rng, day.account, 6, "m7g.2xlarge"))
    day.add(fleet, 19.1, calls.terminate_instances(day.rng, ["running"] * 6))


def _config_recorder(day: _Day) -> None:
    """AWS Config looks at each bucket, all within one minute."""
    config = service_role(day.account, "AWSServiceRoleForConfig", "config.amazonaws.com", day.at(3))
    for index, bucket in enumerate(BUCKETS):
        day.add(
            config, 3.2, calls.bucket_call(day.rng, "GetBucketAcl", bucket), seconds=1.3 * index
        )


def _person_in_the_console(day: _Day) -> None:
    """Somebody opens the S3 console: twelve buckets are asked for their settings."""
    person = sso_session(day.account, "Developer", "rosa@example.com", day.at(8.9)).at(OFFICE)
    day.add(person, 9.0, calls.console_login(mfa=True))
    day.add(person, 9.1, calls.list_buckets(day.rng))
    for index, bucket in enumerate(BUCKETS[:12]):
        call = calls.bucket_call(day.rng, "GetBucketPolicyStatus", bucket)
        day.add(person, 9.1, call, seconds=3 + index / 2)
    for index, name in enumerate(("ListUsers", "ListRoles", "GetAccountSummary")):
        refused = calls.iam_read(name, error=calls.denied(f"iam:{name}"))
        day.add(person, 9.4, refused, seconds=2 * index)


def _logins(day: _Day) -> None:
    """A person mistypes and then gets in; strangers from two countries do not."""
    person = console_user(day.account, "tom").at(OFFICE)
    for seconds, success in ((0, False), (20, False), (45, True)):
        call = calls.console_login(success=success, mfa=success)
        day.add(person, 8.2, call, seconds=seconds)
    stranger = unknown_console_user(day.account)
    for seconds, country in ((0, "BR"), (30, "KR")):
        address = ADDRESS_BY_COUNTRY[country]
        day.add(stranger.at(address), 4.0, calls.console_login(success=False), seconds=seconds)


def _deployment(day: _Day) -> None:
    """A pipeline tries instances out, makes two, drops two, and works with objects."""
    pipeline = role_session(day.account, "deploy", "build-4711", day.at(11))
    for index in range(2):
        dry_run = calls.run_instances(day.rng, day.account, 20, "c7i.4xlarge", error=calls.DRY_RUN)
        day.add(pipeline, 11.05, dry_run, seconds=index)
    day.add(pipeline, 11.1, calls.run_instances(day.rng, day.account, 2, "t3.small"))
    day.add(pipeline, 11.5, calls.terminate_instances(day.rng, ["running", "stopped"]))
    for index in range(5):
        for name in ("PutObject", "GetObject", "DeleteObject"):
            call = calls.object_call(day.rng, name, BUCKETS[0], f"build/4711/part-{index}")
            day.add(pipeline, 11.2, call, seconds=10 * index)


def _terraform_users(day: _Day) -> None:
    """Terraform makes the four users of a new team within ten minutes."""
    terraform = _terraform(day)
    for index in range(4):
        at = day.at(14) + timedelta(seconds=150 * index)
        call = calls.create_user(day.rng, day.account, f"svc-report-{index}", at)
        day.add(terraform, 14, call, seconds=150 * index)


def _terraform_alarms(day: _Day) -> None:
    """Terraform writes alarms that stay switched on, and deletes rules that are no alarms."""
    terraform = _terraform(day)
    alarm = {"alarmName": "queue-depth", "actionsEnabled": True, "threshold": 100.0, "period": 300}
    day.add(terraform, 15, Call(service="monitoring", name="PutMetricAlarm", request=alarm))
    for service in ("events", "elasticloadbalancing"):
        day.add(terraform, 15.1, Call(service=service, name="DeleteRule", request={"name": "old"}))
    for index in range(4):
        day.add(terraform, 15.2, calls.delete_user(f"svc-old-{index}"), seconds=60 * index)


def _terraform(day: _Day) -> Caller:
    session = role_session(day.account, "terraform", "plan-and-apply", day.at(13.9))
    return Caller(day.account, session.identity, OFFICE, TERRAFORM)


_EVERY_DAY: tuple[Callable[[_Day], None], ...] = (
    _services,
    _config_recorder,
    _person_in_the_console,
    _logins,
    _deployment,
)
_NOW_AND_THEN: tuple[Callable[[_Day], None], ...] = (_terraform_users, _terraform_alarms)
