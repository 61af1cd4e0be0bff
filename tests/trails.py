"""Random trails, dense where detections can go wrong.

Around thresholds, window edges and midnight; entities that mix; copies, cross-account calls, empty
and `null` texts, odd outcomes, records that are none. One generator serves a seeded trail and
hypothesis: it asks a `Pick` for each choice, the plainest option first, so that hypothesis shrinks
towards plain events.
"""

from __future__ import annotations

import copy
import gzip
import hashlib
import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st

from oracle import AllowRow, Override, Settings
from trailhound.project.detections import Detection
from trailhound.simulate import calls, identities, simulate
from trailhound.simulate.identities import Caller
from trailhound.simulate.records import Call, generator, record

T = TypeVar("T")
Pick = Callable[[Sequence[T]], T]
Record = dict[str, Any]

ACCOUNTS = ("111122223333", "001234567890")
MIDNIGHT = datetime(2026, 2, 1, tzinfo=UTC)
ATTACKED_AT = datetime(2026, 3, 20, 9, tzinfo=UTC)

# Low, so that a burst is a handful of events.
THRESHOLDS = {
    "ec2_multiple_instances_created": 3,
    "ec2_multiple_instances_terminated": 2,
    "ec2_multiple_large_instances_created": 2,
    "iam_multiple_failed_api_calls": 3,
    "iam_multiple_users_created": 3,
    "iam_multiple_users_deleted": 2,
    "iam_multiple_worldwide_console_logins": 2,
    "ec2_multiple_instances_created_short_period": 5,
    "ec2_multiple_large_instances_created_short_period": 4,
    "ec2_instances_created_in_multiple_regions": 2,
    "ec2_multiple_instances_terminated_short_period": 4,
    "s3_mass_copy_objects": 3,
    "s3_mass_delete_objects": 4,
    "s3_buckets_enumerated": 3,
}
COUNTRIES = (
    ("53.0.0.0", "53.127.255.0", "DE"),
    ("53.127.255.1", "53.255.255.255", "AT"),
    ("179.149.157.1", "179.149.157.1", "BR"),
    ("2001:db8:1::", "2001:db8:1:ffff:ffff:ffff:ffff:ffff", "JP"),
)
ADDRESSES = (
    "53.127.255.0",
    "53.127.255.1",
    "179.149.157.1",
    "179.149.157.2",
    "2001:db8:1::7",
    "2001:DB8:1:0:0:0:0:7",
    "2001:db8:2::1",
    "053.127.255.1",
    "AWS Internal",
    "",
)
USER_AGENTS = (
    identities.CLI,
    "Boto3/1.35 \"quoted\" \\ 'single'",
    "",
    "\uffee before \U0001f600 by code point, after it by UTF-16",
    "=cmd()\tline\nline",
    "null",
)
REGIONS = ("us-east-1", "eu-central-1", "ap-south-1", "")
ERRORS: tuple[tuple[str, str] | None, ...] = (
    None,
    ("AccessDenied", "no"),
    ("Client.UnauthorizedOperation", "no"),
    ("Client.DryRunOperation", "would have"),
    ("", ""),
    ("Client.Client.AccessDenied", "no"),
    ("NoSuchEntityException", "none"),
    ("accessdenied", "no"),
    ("VpceAccessDenied", "no"),
)
# Seconds: inside, at and beyond the edges of windows of ten and of sixty minutes.
GAPS = (60, 0, 1, 150, 299, 300, 301, 599, 600, 601, 1200, 1800, 3599, 3600, 3601)
# Seconds from midnight on: a burst runs over it, begins or ends with it, or knows nothing of it.
STARTS = (43200, -1, 0, -600, -300, -3600, -3601, -1800, 300, 86399, 82800, 46800)
_TIME_FORMATS = (
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S.999999Z",
    "%Y-%m-%d %H:%M:%S.000000000",
)
UNREADABLE: tuple[tuple[str, Any], ...] = (
    ("eventTime", None),
    ("eventTime", ""),
    ("eventTime", "2026-02-30T00:00:00Z"),
    ("eventTime", "2026-02-01T24:00:00Z"),
    ("eventTime", "2026-02-01T00:00:00 UTC"),
    ("eventTime", "2026-02-01"),
    ("eventTime", "1769904000"),
    ("eventName", None),
    ("eventName", ""),
)


def random_trail(seed: int, bursts: int = 16) -> list[Record]:
    """A trail in order of arrival, which is not that of time; the seed decides all of it."""
    rng = random.Random(seed)

    def pick(options: Sequence[T]) -> T:
        # Half of all choices are plain, else nothing would ever reach a threshold.
        any_of_them = options is _STORIES or options is STARTS or rng.random() < 0.5
        return rng.choice(options) if any_of_them else options[0]

    records = make_trail(pick, bursts)
    rng.shuffle(records)
    return records


def random_settings(seed: int) -> Settings:
    """Low thresholds, some countries, and a handful of allow-list rows and overrides."""
    return make_settings(random.Random(seed).choice)


@st.composite
def trails(draw: st.DrawFn) -> list[Record]:
    """Trails of up to four bursts, in any order of arrival."""
    records = make_trail(
        lambda options: draw(st.sampled_from(options)), draw(st.integers(min_value=1, max_value=4))
    )
    return draw(st.permutations(records))


@st.composite
def settings(draw: st.DrawFn) -> Settings:
    """Settings as `random_settings` has them."""
    return make_settings(lambda options: draw(st.sampled_from(options)))


def portions(records: Sequence[Record], seed: int, count: int) -> list[list[Record]]:
    """The records in `count` deliveries, each of which may hold events of any day."""
    rng = random.Random(seed)
    parts: list[list[Record]] = [[] for _ in range(count)]
    for each in records:
        rng.choice(parts).append(each)
    return parts


def hours(records: Sequence[Record], seed: int, count: int) -> list[list[Record]]:
    """The records in `count` deliveries by their time, but one in twenty comes with a later one."""
    rng = random.Random(seed)
    parts: list[list[Record]] = [[] for _ in range(count)]
    in_order = sorted(records, key=lambda each: str(each.get("eventTime")))
    for number, each in enumerate(in_order):
        first = number * count // len(in_order)
        parts[rng.randrange(first, count) if rng.random() < 0.05 else first].append(each)
    return parts


def crowded_trail() -> list[Record]:
    """More of everything in one burst than a list of an alert holds, many at the same second."""
    caller = identities.role_session(ACCOUNTS[0], "app", "s", MIDNIGHT)
    records = []
    for number in range(120):
        rng = generator(number)
        by = identities.role_session(ACCOUNTS[0], "app", f"s{number}", MIDNIGHT)
        by = replace(by, source_ip=f"53.0.0.{number}", user_agent=f"agent {number}")
        bucket_call = calls.bucket_call(rng, "GetBucketAcl", f"b{number}", region=f"r-{number}")
        at = MIDNIGHT + timedelta(hours=1, seconds=number // 7)
        records.append(record(rng, by, at, bucket_call))
    launch = calls.run_instances(generator(1), ACCOUNTS[0], 130, "m5.xlarge")
    records.append(record(generator(999), caller, MIDNIGHT, launch))
    return records


def read(folder: Path) -> Iterator[Record]:
    """The records of a folder's files: each wrapped ones, an array or one, with gzip or not."""
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        data = path.read_bytes()
        document = json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
        if isinstance(document, dict):
            document = document.get("Records", [document])
        yield from document


def attack(detection: Detection, account: str, *, is_loud: bool = True) -> list[Record]:
    """A detection's own attack in an account: one that fires it, or one call short of that."""
    records = simulate(
        detection.name,
        start=ATTACKED_AT,
        threshold=detection.threshold,
        minutes=detection.minutes,
        quiet_below=not is_loud,
        seed=detection.name,
        sample=detection.path.with_suffix(".json"),
    )
    moved: list[Record] = json.loads(json.dumps(records).replace("111122223333", account))
    return moved


def make_settings(pick: Pick[Any]) -> Settings:
    """Settings with a choice of allow-list rows and overrides."""
    return Settings(
        thresholds=THRESHOLDS,
        countries=COUNTRIES,
        allow_list=[row for row in _ALLOW_ROWS if pick((False, False, False, True))],
        overrides=[row for row in _OVERRIDES if pick((False, False, True))],
    )


def make_trail(pick: Pick[Any], bursts: int) -> list[Record]:
    """A trail of bursts, each of calls of one kind, mostly by one caller."""
    maker = _Maker(pick)
    for _ in range(bursts):
        maker.burst()
    return maker.records


class _Maker:
    """A trail in the making."""

    def __init__(self, pick: Pick[Any]) -> None:
        self.pick = pick
        self.records: list[Record] = []
        self.made = 0

    def burst(self) -> None:
        story = self.pick(_STORIES)
        caller = self.pick(_CALLERS)
        at = MIDNIGHT + timedelta(seconds=self.pick(STARTS))
        for _ in range(self.pick((3, 1, 2, 4, 5, 6, 7))):
            by = self.pick((caller,) * 8 + _CALLERS)
            by = replace(
                by,
                source_ip=self.pick(ADDRESSES),
                user_agent=self.pick((by.user_agent, *USER_AGENTS)),
            )
            self.made += 1
            rng = generator(self.made)
            made = record(rng, by, at, story(self.pick, rng))
            # A new id at each place, spread over the ids' order.
            digest = hashlib.sha256(str(self.made).encode()).hexdigest()
            made["eventID"] = f"{digest[:8]}-0000-4000-8000-{self.made:012}"
            self.pick(_TWISTS)(self, made, at)
            at += timedelta(seconds=self.pick(GAPS))

    def add(self, made: Record) -> None:
        self.records.append(made)


# --- what happens to a record on its way


def _as_it_is(maker: _Maker, made: Record, _: datetime) -> None:
    maker.add(made)


def _twice(maker: _Maker, made: Record, _: datetime) -> None:
    maker.add(made)
    maker.add(copy.deepcopy(made))


def _twice_at_two_times(maker: _Maker, made: Record, at: datetime) -> None:
    maker.add(made)
    for seconds in (-60, 1):
        other = copy.deepcopy(made)
        other["eventTime"] = f"{at + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"
        maker.add(other)


def _across_accounts(maker: _Maker, made: Record, _: datetime) -> None:
    made["sharedEventID"] = "5a5a5a5a-" + made["eventID"][9:]
    other = copy.deepcopy(made)
    other["eventID"] = "c" + made["eventID"][1:]
    other["recipientAccountId"] = ACCOUNTS[made["recipientAccountId"] == ACCOUNTS[0]]
    maker.add(made)
    maker.add(other)


def _same_id_in_another_account(maker: _Maker, made: Record, _: datetime) -> None:
    maker.add(made)
    other = copy.deepcopy(made)
    other["recipientAccountId"] = "999988887777"
    maker.add(other)


def _without_an_id(maker: _Maker, made: Record, _: datetime) -> None:
    if maker.pick((True, False)):
        del made["eventID"]
    else:
        made["eventID"] = ""
    for _number in range(maker.pick((1, 2))):
        maker.add(copy.deepcopy(made))


def _in_another_time_format(maker: _Maker, made: Record, at: datetime) -> None:
    hours = maker.pick((0, 2, -5))
    if hours:
        local = at + timedelta(hours=hours)
        made["eventTime"] = f"{local:%Y-%m-%dT%H:%M:%S}{'+' if hours > 0 else '-'}0{abs(hours)}:00"
    else:
        made["eventTime"] = at.strftime(maker.pick(_TIME_FORMATS))
    maker.add(made)


def _unreadable(maker: _Maker, made: Record, _: datetime) -> None:
    key, value = maker.pick(UNREADABLE)
    made[key] = value
    maker.add(made)


def _an_insight(maker: _Maker, made: Record, _: datetime) -> None:
    del made["eventName"]
    made.update(eventType="AwsCloudTrailInsight", eventCategory="Insight", insightDetails={})
    maker.add(made)


def _as_a_shipper_writes_it(maker: _Maker, made: Record, _: datetime) -> None:
    for key in ("requestParameters", "responseElements"):
        if made[key] is None:
            made[key] = "null"
    made["readOnly"] = json.dumps(made["readOnly"])
    made["geoip"] = {"country": "XX"}
    maker.add(made)


def _null_texts(maker: _Maker, made: Record, _: datetime) -> None:
    made[maker.pick(("requestParameters", "responseElements"))] = maker.pick(("null", None, ""))
    maker.add(made)


def _without_something(maker: _Maker, made: Record, _: datetime) -> None:
    key = maker.pick(
        ("recipientAccountId", "userIdentity", "awsRegion", "eventSource", "resources")
    )
    value = maker.pick(("", None, ...))
    if value is ...:
        made.pop(key, None)
    elif key != "resources" or value is None:
        made[key] = value if key != "userIdentity" else None
    maker.add(made)


def _with_a_thinner_identity(maker: _Maker, made: Record, _: datetime) -> None:
    identity = copy.deepcopy(made["userIdentity"])
    gone = ("arn", "principalId", "userName", "accountId", "sessionContext", "type", "invokedBy")
    for key in (maker.pick(gone), maker.pick(gone)):
        if key in identity:
            identity[key] = "" if isinstance(identity[key], str) and maker.pick((0, 1)) else None
    made["userIdentity"] = identity
    maker.add(made)


_TWISTS = (
    *[_as_it_is] * 12,
    _twice,
    _twice_at_two_times,
    _across_accounts,
    _same_id_in_another_account,
    _without_an_id,
    _in_another_time_format,
    _unreadable,
    _an_insight,
    _as_a_shipper_writes_it,
    _null_texts,
    _without_something,
    _with_a_thinner_identity,
)


# --- who calls


def _callers() -> tuple[Caller, ...]:
    home, other = ACCOUNTS
    start = MIDNIGHT - timedelta(hours=3)
    service_path = identities.service_role(
        home, "AWSServiceRoleForConfig", "config.amazonaws.com", start
    )
    no_issuer = identities.role_session(home, "app", "no-issuer", start)
    del no_issuer.identity["sessionContext"]
    for_a_user = identities.iam_user(home, "ann")
    for_a_user.identity["invokedBy"] = "cloudformation.amazonaws.com"
    hidden = identities.role_session(home, "AWSServiceRoleForX", "s", start)
    assumed_root = identities.role_session(other, "r", "s", start)
    assumed_root.identity.update(type="AssumedRoot", arn=f"arn:aws:sts::{other}:assumed-root")
    del assumed_root.identity["sessionContext"]["sessionIssuer"]
    unknown = Caller(home, {"type": "Directory", "principalId": "d-1", "accountId": home})
    anonymous = Caller(home, {"type": "AWSAccount", "principalId": "Anonymous", "accountId": home})
    return (
        identities.iam_user(home, "ann"),
        identities.federated_user(home, "ann-abroad", "ann", start),
        identities.role_session(home, "app", "one", start),
        identities.role_session(home, "app", "two \U0001f600", start),
        identities.role_session(other, "app", "one", start),
        identities.role_session(home, "app", "path", start, path="/team/x/"),
        no_issuer,
        for_a_user,
        identities.console_user(home, "bob"),
        identities.unknown_console_user(home),
        identities.root(other, start),
        identities.sso_session(home, "Admin", "rosa@example.com", start),
        identities.sso_session(home, "Admin", "tom@example.com", start),
        service_path,
        hidden,
        identities.aws_service(home, "autoscaling.amazonaws.com"),
        Caller(home, {"accountId": home, "invokedBy": "ec2.amazonaws.com"}),
        assumed_root,
        identities.saml_user(home, "sam"),
        identities.web_identity_user(home, "repo:x/y"),
        identities.identity_center_user(home, "1234-5678"),
        identities.other_account(home, other, "partner"),
        identities.anonymous(home),
        anonymous,
        unknown,
        Caller(home, {"type": "Role", "arn": f"arn:aws:iam::{home}:role/app", "accountId": home}),
    )


_CALLERS = _callers()


# --- what is called


def _iam(pick: Pick[Any], _: random.Random) -> Call:
    name = pick(("ListUsers", "GetUser", "CreateUser"))
    request = {"userName": pick(("u1", "u2", "u3", ""))} if name != "ListUsers" else None
    return Call(service="iam", name=name, request=request, error=pick(ERRORS[1:] + ERRORS))


def _users(name: str) -> Callable[[Pick[Any], random.Random], Call]:
    def call(pick: Pick[Any], rng: random.Random) -> Call:
        user = (
            rng.choice(("u1", "u2", "u3", "u4")) if pick((True, False)) else pick(("u1", "", "ü"))
        )
        return Call(
            service=pick(("iam",) * 6 + ("identitystore",)),
            name=name,
            request=pick(({"userName": user}, {"userName": None}, None)),
            error=pick((None,) * 6 + ERRORS),
        )

    return call


def _login(pick: Pick[Any], _: random.Random) -> Call:
    made = calls.console_login(success=pick((True, True, True, False)))
    return replace(
        made, error=pick((None,) * 8 + ERRORS), response=pick((made.response,) * 9 + (None,))
    )


def _launch(pick: Pick[Any], rng: random.Random) -> Call:
    kind = pick(
        ("t3.micro", "g5.4xlarge", "m5.xlarge", "c6.metal", "m7.metal-24xl", "x.large", "odd")
    )
    made = calls.run_instances(
        rng,
        ACCOUNTS[0],
        pick((1, 2, 3, 4, 0)),
        kind,
        region=rng.choice(REGIONS) if pick((False, True)) else REGIONS[0],
        error=pick((None,) * 8 + ERRORS),
    )
    assert made.request is not None
    assert made.response is not None
    shape = pick(("whole",) * 6 + ("typed by request", "value", "some typed", "no items", "empty"))
    items = made.response["instancesSet"]["items"]
    if shape in ("typed by request", "value"):
        for item in items:
            del item["instanceType"]
    if shape == "value":
        made.request["instanceType"] = {"value": kind}
    if shape == "some typed":
        for item in items[1:]:
            item["instanceType"] = pick((None, "", "m5.8xlarge"))
    if shape == "no items":
        del made.response["instancesSet"]["items"]
    return replace(made, response={}) if shape == "empty" else made


def _terminate(pick: Pick[Any], rng: random.Random) -> Call:
    states = [
        pick(("running", "stopped", "shutting-down", "terminated")) for _ in range(pick((2, 1, 3)))
    ]
    made = calls.terminate_instances(rng, states, region=pick(REGIONS))
    assert made.response is not None
    items = made.response["instancesSet"]["items"]
    shape = pick(("whole",) * 6 + ("repeated", "no previous state", "no id"))
    if shape == "repeated":
        items.append(copy.deepcopy(items[0]))
    elif shape == "no previous state":
        items[0].pop("previousState")
    elif shape == "no id":
        items[0].pop("instanceId")
    return replace(made, error=pick((None,) * 8 + ERRORS))


def _copy(pick: Pick[Any], rng: random.Random) -> Call:
    made = calls.copy_object(rng, pick(("from", "from-2")), "to", f"k{rng.randrange(9)}")
    return replace(made, error=pick((None,) * 8 + ERRORS))


def _delete(pick: Pick[Any], rng: random.Random) -> Call:
    if pick((False, False, True)):
        return calls.delete_objects(rng, "gone")
    made = calls.object_call(rng, pick(("DeleteObject", "DeleteObject", "GetObject")), "gone", "k")
    return replace(made, error=pick((None,) * 8 + ERRORS))


def _bucket(pick: Pick[Any], rng: random.Random) -> Call:
    service, name = pick(
        (
            ("s3", "GetBucketAcl"),
            ("s3", "ListBuckets"),
            ("s3", "HeadBucket"),
            ("s3", "ListObjectsV2"),
            ("s3", "GetBucket"),
            ("s3express", "ListDirectoryBuckets"),
            ("s3", "ListDirectoryBuckets"),
            ("s3express", "GetBucketPolicy"),
            ("s3", "PutBucketAcl"),
            ("s3", "getBucketAcl"),
            ("s3", "ListObjectVersions"),
        )
    )
    bucket = rng.choice(("b1", "b2", "b3")) if pick((True, True, False)) else pick((None, "", "b1"))
    request = {"bucketName": bucket} if bucket is not None else None
    return Call(service=service, name=name, request=request, error=pick(ERRORS))


def _logging(pick: Pick[Any], _: random.Random) -> Call:
    service, name, request = pick(
        (
            ("cloudtrail", "StopLogging", {"name": "t"}),
            ("ec2", "DeleteFlowLogs", {"DeleteFlowLogsRequest": {"FlowLogId": {"tag": 1}}}),
            ("logs", "DeleteLogGroup", {"logGroupName": "g"}),
            ("logs", "PutRetentionPolicy", None),
            ("monitoring", "PutMetricAlarm", {"actionsEnabled": False}),
            ("monitoring", "PutMetricAlarm", {"actionsEnabled": True}),
            ("monitoring", "PutMetricAlarm", {"actionsEnabled": "false"}),
            ("monitoring", "PutMetricAlarm", {}),
            ("monitoring", "SetAlarmState", {"stateValue": "OK"}),
            ("events", "DeleteRule", {"name": "r"}),
            ("s3", "StopLogging", None),
            ("cloudtrail", "stopLogging", None),
        )
    )
    return Call(service=service, name=name, request=request, error=pick((None,) * 6 + ERRORS))


_STORIES = (
    _iam,
    _users("CreateUser"),
    _users("DeleteUser"),
    _login,
    _launch,
    _launch,
    _launch,
    _terminate,
    _terminate,
    _copy,
    _delete,
    _bucket,
    _logging,
)


# --- allow-list and overrides

_ANN = f"arn:aws:iam::{ACCOUNTS[0]}:user/ann"
_APP = f"arn:aws:iam::{ACCOUNTS[0]}:role/app"
_ALLOW_ROWS = (
    AllowRow(detection="iam_*", source_ip="53.127.255.0"),
    AllowRow(detection="*", source_ip="53.0.0.0/8", event_name="*User*"),
    AllowRow(entity_id=_ANN, expires_on=date(2026, 1, 31)),
    AllowRow(detection="ec2_multiple_instances_created", entity_id=_APP, region="us-*"),
    AllowRow(user_agent='*"quoted" \\ *', event_name="*"),
    AllowRow(user_agent="*_*%*"),
    AllowRow(detection="s3_*", account_id="0*", expires_on=date(2026, 2, 1)),
    AllowRow(source_ip="2001:db8:1::/48"),
    AllowRow(detection="iam_multiple_worldwide_console_logins", entity_id="*:user/bob"),
    AllowRow(event_name="createuser"),
)
_OVERRIDES = (
    Override(4, detection="iam_multiple_failed_api_calls"),
    Override(2, entity_id=_ANN),
    Override(5, entity_id="*:role/app"),
    Override(6, detection="s3_*", account_id=ACCOUNTS[0]),
    Override(1, detection="ec2_*", account_id="0*"),
    Override(2, detection="*"),
    Override(3, detection="ec2_multiple_instances_created", entity_id=_APP),
)


def files_of(records: Iterable[Record]) -> bytes:
    """The records as one CloudTrail file's text."""
    return json.dumps({"Records": list(records)}, ensure_ascii=False).encode()
