"""For each detection a short story that makes it fire, or stops one short of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from trailhound.errors import WrongUsage, unknown
from trailhound.simulate import calls
from trailhound.simulate.identities import Caller, console_user, iam_user, role_session
from trailhound.simulate.records import Call, Record, generator, record
from trailhound.simulate.sample import read_sample, records_of

ACCOUNT = "111122223333"

# One address in each of twenty countries, from the largest range that a country's register holds.
ADDRESS_BY_COUNTRY = {
    "DE": "53.127.255.1",
    "BR": "179.149.157.1",
    "JP": "133.127.255.1",
    "ZA": "197.87.255.1",
    "AU": "1.139.255.1",
    "FR": "90.31.255.1",
    "IN": "117.223.255.1",
    "CA": "99.231.255.1",
    "NG": "105.119.255.1",
    "SE": "78.71.255.1",
    "KR": "211.211.255.1",
    "AR": "186.132.255.1",
    "PL": "83.15.255.1",
    "EG": "156.191.255.1",
    "GB": "25.127.255.1",
    "MX": "189.164.225.1",
    "TR": "78.175.255.1",
    "ID": "39.223.255.1",
    "CL": "191.115.255.1",
    "KE": "105.55.255.1",
}
REGIONS = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eu-north-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-south-1",
    "sa-east-1",
    "ca-central-1",
]
SMALL, LARGE = "t3.micro", "g5.4xlarge"
_IAM_READS = [
    "ListUsers",
    "ListRoles",
    "ListGroups",
    "ListPolicies",
    "GetAccountAuthorizationDetails",
    "GetAccountSummary",
    "ListAccessKeys",
    "ListAttachedUserPolicies",
    "ListUserPolicies",
    "ListMFADevices",
]
_BUCKET_READS = ["GetBucketAcl", "GetBucketPolicy", "GetBucketLocation", "GetBucketVersioning"]


@dataclass
class Stage:
    """Where a story plays: who calls, from when, and how long it may take."""

    start: datetime
    minutes: int
    account: str
    rng: Random
    caller: Caller
    records: list[Record] = field(default_factory=list)

    def moments(self, count: int) -> Iterator[datetime]:
        """`count` times from the start on, evenly over eight tenths of the window."""
        step = timedelta(minutes=self.minutes) * 0.8 / max(count - 1, 1)
        return (self.start + step * index for index in range(count))

    def record(self, at: datetime, call: Call, caller: Caller | None = None) -> None:
        """Add the record of one call, by the stage's caller unless another is given."""
        self.records.append(record(self.rng, caller or self.caller, at, call))


def names() -> list[str]:
    """The detections whose story is told here, sorted; others bring a sample of their own."""
    return sorted(_SCENARIOS)


def simulate(  # noqa: PLR0913 - each is the reader's to choose
    detection: str,
    *,
    start: datetime,
    threshold: int | None = None,
    minutes: int | None = None,
    account: str = ACCOUNT,
    caller: Caller | None = None,
    quiet_below: bool = False,
    seed: int | str = 0,
    sample: Path | None = None,
) -> list[Record]:
    """CloudTrail records, in time order, with which `detection` just fires.

    `start` (UTC) is the time of the first record; `threshold` and `minutes` are those in force
    (None for a detection that has none); `account` is where it happens, `caller` who does it
    (default: somebody fit for the story). With `quiet_below` the count stops one short of the
    threshold; a detection without one sees its call denied instead. A first harmless
    GetCallerIdentity is always there. The same arguments give the same records.

    `sample` is the file of a detection that brings its own attack, whose numbers are fixed: with
    `quiet_below` its last call is left out.

    Raises WrongUsage for a detection without a story and a threshold beyond what one can tell.
    """
    if sample is not None and sample.exists():
        return records_of(
            read_sample(sample),
            generator(seed),
            start=start.replace(microsecond=0),
            account=account,
            quiet_below=quiet_below,
        )
    if detection not in _SCENARIOS:
        raise unknown("simulation of a detection", detection, names())
    start = start.replace(microsecond=0)
    stage = Stage(
        start=start + timedelta(seconds=30),
        minutes=minutes or 1,
        account=account,
        rng=generator(seed),
        caller=caller or _intruder(detection, account, start),
    )
    who_am_i = Call(service="sts", name="GetCallerIdentity", read_only=True)
    stage.records.append(record(stage.rng, stage.caller, start, who_am_i))
    count = (1 if threshold is None else threshold) - (1 if quiet_below else 0)
    _SCENARIOS[detection](stage, count)
    return stage.records


def _intruder(detection: str, account: str, start: datetime) -> Caller:
    if detection == "iam_multiple_worldwide_console_logins":
        return console_user(account, "mallory")
    if detection.startswith("iam_"):
        return iam_user(account, "mallory")
    return role_session(account, "app-server", "i-0a1b2c3d4e5f60718", start)


def _critical_changes_to_logging(stage: Stage, count: int) -> None:
    error = None if count else calls.denied("cloudtrail:StopLogging")
    arn = f"arn:aws:cloudtrail:us-east-1:{stage.account}:trail/management-events"
    stop = Call(service="cloudtrail", name="StopLogging", request={"name": arn}, error=error)
    stage.record(stage.start, stop)


def _launch_at_once(instance_type: str) -> Callable[[Stage, int], None]:
    def launch(stage: Stage, count: int) -> None:
        error = None if count else calls.NOT_ALLOWED
        call = calls.run_instances(stage.rng, stage.account, count, instance_type, error=error)
        stage.record(stage.start, call)

    return launch


def _launch_bit_by_bit(instance_type: str, most: int) -> Callable[[Stage, int], None]:
    """Launch at most `most` at a time, below what one request may have."""

    def launch(stage: Stage, count: int) -> None:
        portions = _portions(count, most)
        for at, portion in zip(stage.moments(len(portions)), portions, strict=True):
            call = calls.run_instances(stage.rng, stage.account, portion, instance_type)
            stage.record(at, call)

    return launch


def _launch_in_regions(stage: Stage, count: int) -> None:
    if count > len(REGIONS):
        raise WrongUsage(f"a threshold above {len(REGIONS)} regions cannot be simulated")
    for at, region in zip(stage.moments(count), REGIONS, strict=False):
        call = calls.run_instances(stage.rng, stage.account, 1, SMALL, region=region)
        stage.record(at, call)


def _terminate_at_once(stage: Stage, count: int) -> None:
    stage.record(stage.start, calls.terminate_instances(stage.rng, ["running"] * count))


def _terminate_bit_by_bit(stage: Stage, count: int) -> None:
    portions = _portions(count, 3)
    for at, portion in zip(stage.moments(len(portions)), portions, strict=True):
        stage.record(at, calls.terminate_instances(stage.rng, ["running"] * portion))


def _denied_calls(stage: Stage, count: int) -> None:
    for index, at in enumerate(stage.moments(count)):
        name = _IAM_READS[index % len(_IAM_READS)]
        stage.record(at, calls.iam_read(name, error=calls.denied(f"iam:{name}")))


def _create_users(stage: Stage, count: int) -> None:
    for index, at in enumerate(stage.moments(count), start=1):
        stage.record(at, calls.create_user(stage.rng, stage.account, f"support-{index}", at))


def _delete_users(stage: Stage, count: int) -> None:
    for index, at in enumerate(stage.moments(count), start=1):
        stage.record(at, calls.delete_user(f"engineer-{index}"))


def _login_around_the_world(stage: Stage, count: int) -> None:
    addresses = list(ADDRESS_BY_COUNTRY.values())
    if count > len(addresses):
        raise WrongUsage(f"a threshold above {len(addresses)} countries cannot be simulated")
    for at, address in zip(stage.moments(count), addresses, strict=False):
        stage.record(at, calls.console_login(), stage.caller.at(address))


def _copy_objects(stage: Stage, count: int) -> None:
    for index, at in enumerate(stage.moments(count)):
        key = f"exports/2025/customers-{index:05}.parquet"
        stage.record(at, calls.copy_object(stage.rng, "acme-customers", "acme-tmp-7f3a", key))


def _delete_objects(stage: Stage, count: int) -> None:
    """One request for all, and the events of its keys beside it."""
    for index, at in enumerate(stage.moments(count)):
        if index == 0:
            stage.record(at, calls.delete_objects(stage.rng, "acme-backups"))
            continue
        key = f"nightly/db-{index:05}.dump"
        stage.record(at, calls.object_call(stage.rng, "DeleteObject", "acme-backups", key))


def _enumerate_buckets(stage: Stage, count: int) -> None:
    """ListBuckets counts as one, each bucket asked about as one more."""
    for index, at in enumerate(stage.moments(count)):
        if index == 0:
            stage.record(at, calls.list_buckets(stage.rng))
            continue
        name = _BUCKET_READS[index % len(_BUCKET_READS)]
        stage.record(at, calls.bucket_call(stage.rng, name, f"acme-data-{index:03}"))


def _portions(count: int, most: int) -> list[int]:
    return [min(most, count - done) for done in range(0, count, most)]


_SCENARIOS: dict[str, Callable[[Stage, int], None]] = {
    "aws_critical_changes_to_logging": _critical_changes_to_logging,
    "ec2_instances_created_in_multiple_regions": _launch_in_regions,
    "ec2_multiple_instances_created": _launch_at_once(SMALL),
    "ec2_multiple_instances_created_short_period": _launch_bit_by_bit(SMALL, 4),
    "ec2_multiple_instances_terminated": _terminate_at_once,
    "ec2_multiple_instances_terminated_short_period": _terminate_bit_by_bit,
    "ec2_multiple_large_instances_created": _launch_at_once(LARGE),
    "ec2_multiple_large_instances_created_short_period": _launch_bit_by_bit(LARGE, 2),
    "iam_multiple_failed_api_calls": _denied_calls,
    "iam_multiple_users_created": _create_users,
    "iam_multiple_users_deleted": _delete_users,
    "iam_multiple_worldwide_console_logins": _login_around_the_world,
    "s3_buckets_enumerated": _enumerate_buckets,
    "s3_mass_copy_objects": _copy_objects,
    "s3_mass_delete_objects": _delete_objects,
}
