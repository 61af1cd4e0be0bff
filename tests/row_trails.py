"""Random trails of every detection's vocabulary, dense where a row can go wrong.

Each account of a trail plays a few detections' attacks, and each of their records may be mutated:
its time towards the edges of windows and days, its call to another of the row, what it was asked
with and answered to others shapes and values, its caller, address, agent and outcome.
"""

from __future__ import annotations

import copy
import csv
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import oracle
import trails
from support import ROOT
from trailhound.project.detections import Detection, read_detections
from trailhound.project.project import find_project
from trailhound.simulate import identities
from trailhound.simulate.identities import Caller
from trailhound.simulate.sample import read_sample, records_of

Record = dict[str, Any]

FOREIGN, TRUSTED = "999988887777", "555566667777"
_HOME = "111122223333"
_MIDNIGHT = datetime(2026, 3, 20, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
# From the attacks' time to the end of their day.
_DAY_ENDS = _MIDNIGHT + timedelta(days=1) - trails.ATTACKED_AT
_FAR = (timedelta(minutes=10), timedelta(days=1), -timedelta(days=30))

# Low where an attack would need many calls.
THRESHOLDS = trails.THRESHOLDS | {
    "signin_password_spraying": 2,
    "signin_console_login_after_failures": 2,
    "signin_mfa_challenges_failed": 2,
    "iam_escalated_after_denied_calls": 2,
    "iam_permissions_enumerated": 3,
    "aws_defenses_dismantled": 2,
    "aws_discovery_burst": 4,
    "aws_many_regions_probed": 3,
    "aws_mostly_denied_calls": 3,
    "aws_denied_calls_across_services": 2,
    "ses_abuse_prepared": 2,
    "bedrock_models_probed": 2,
    "secretsmanager_mass_secret_read": 3,
    "ssm_mass_parameter_read": 4,
    "ec2_instance_secrets_requested": 2,
    "s3_mass_download": 4,
    "s3_objects_encrypted_with_foreign_key": 3,
    "s3_protection_removed_then_objects_deleted": 3,
    "s3_objects_downloaded_then_deleted": 3,
    "aws_backups_destroyed": 2,
    "ec2_launches_refused": 2,
    "ec2_instances_locked_against_termination": 2,
    "ssm_commands_sent_to_many_instances": 3,
}
COUNTRIES = (
    *trails.COUNTRIES,
    ("1.139.255.1", "1.139.255.1", "AU"),
    ("52.95.0.0", "52.95.255.255", "US"),
)
AWS_RANGES = (("52.95.0.0", "52.95.15.255"),)
NETWORKS = (("81.20.0.0", "81.20.255.255", "AS1"), ("84.1.0.0", "84.1.255.255", "AS1"))
with (ROOT / "seeds" / "country_distances.csv").open() as _file:
    DISTANCES = {
        (row["country_a"], row["country_b"]): int(row["km"]) for row in csv.DictReader(_file)
    }
ADDRESSES = (
    "53.0.0.1",
    "53.127.255.1",
    "179.149.157.1",
    "1.139.255.1",
    "81.20.1.7",
    "84.1.2.3",
    "85.1.2.3",
    "52.95.1.1",
    "::ffff:53.0.0.1",
    "::ffff:52.95.1.1",
    "10.1.2.3",
    "2001:db8:1::7",
    "2a00:1:2::1",
    "cloudformation.amazonaws.com",
    "sso.amazonaws.com",
    "AWS Internal",
    None,
)
AGENTS = (
    identities.CLI,
    identities.BROWSER,
    identities.TERRAFORM,
    "Boto3/1.34 PACU/1.6",
    "S3Console/0.4, aws-internal/3",
    "[Boto3/1.34 ANSIBLE]",
    "AWS Internal",
    "console.amazonaws.com",
    "mozilla/5.0",
    "",
    None,
)
ERRORS = (
    None,
    "AccessDenied",
    "Client.UnauthorizedOperation",
    "Client.DryRunOperation",
    "DryRunOperation",
    "Client.VcpuLimitExceeded",
    "Server.InsufficientInstanceCapacity",
    "ValidationException",
    "VpceAccessDenied",
    "NaN",
    "none",
    "NULL",
    "null",
    "-",
    "",
)
REGIONS = ("us-east-1", "af-south-1", "cn-north-1", "us-gov-west-1", "us-west-2", None)
_ODD = (
    None, "", True, False, "true", "TRUE", "False", 0, 7, 8, "7", "08", -1,
    "*", "NaN", "é", _HOME, FOREIGN, TRUSTED, f"arn:aws:iam::{FOREIGN}:root",
    f"arn:aws:iam::{_HOME}:user/x", f"arn:aws-cn:iam::{FOREIGN}:role/r", "AROAEXAMPLEID",
    "not json", '"text"', "[1]",
)  # fmt: skip
_BY_KEY: dict[str, Sequence[Any]] = {
    "Effect": ("Allow", "Deny", "allow"),
    "Action": ("*", "iam:*", "IAM:*", ["s3:Get*", "*:*"], "s3:*"),
    "Resource": ("*", ["*"], "arn:aws:s3:::a/*"),
    "Principal": ("*", {"AWS": "*"}, {"AWS": ["*"]}, {"AWS": FOREIGN}, {"AWS": [TRUSTED, _HOME]},
                  {"Service": "ec2.amazonaws.com"}),
    "AWS": ("*", FOREIGN, int(FOREIGN), [f"arn:aws:iam::{FOREIGN}:root"], TRUSTED, _HOME),
    "Federated": ("arn:aws:iam::1:oidc-provider/gitlab.com", "arn:aws:iam::1:oidc-provider/x.com",
                  ["arn:aws:iam::1:oidc-provider/oidc.circleci.com/org/1"]),
    "Condition": (None, {}, {"StringEquals": {"aws:SourceAccount": "1"}},
                  {"StringLike": {"Gitlab.com:SUB": ["project_path:a/b", "*"]}},
                  {"StringLike": {"x:sub": "repo:*/y"}, "Bool": {"a:b": "true"}}),
    "policyArn": (
        "arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws-cn:iam::aws:policy/IAMFullAccess",
        "arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::1:policy/AWSDenyAll",
        "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV2",
        "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminPolicy"),
    "userName": ("mallory", "alice", "support", "admin", "null"),
    "masterUserPassword": ("null", "x"),
    "userData": ("null", {"value": "x"}),
    "groupName": ("Admins", "readers"),
    "status": ("Inactive", "Active", "PAUSED"),
    "Status": ("Enabled", "Disabled", "Suspended", "Success"),
    "group": ("all", "ALL", "some"),
    "readWriteType": ("All", "ReadOnly", "WriteOnly", "all"),
    "excludeManagementEventSources": (
        [], "kms.amazonaws.com", ["rdsdata.amazonaws.com", "kms.amazonaws.com"],
        ["iam.amazonaws.com"]),
    "sourceType": ("AWS_ACM_PCA", "CERTIFICATE_BUNDLE"),
    "bucketName": ("acme", "other"),
    "instanceId": ("i-0abc", "i-01", "i-02"),
    "snapshotId": ("snap-0abc", "snap-1"),
    "dBInstanceIdentifier": ("copy", "PROD", "prod"),
    "cidrIp": ("0.0.0.0/0", "10.0.0.0/8", "208.1.2.3/0"),
    "ipProtocol": ("tcp", "-1", -1, "6"),
    "fromPort": (0, "22", 3380, -1, None),
    "toPort": (65535, "22", 3389, 21, None),
    "MFAUsed": ("Yes", "No", "no"),
    "ConsoleLogin": ("Success", "Failure"),
    "functionUrlAuthType": ("AWS_IAM", "NONE"),
    "taskPolicyArn": ({"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"},
                      "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"),
    "UserAuthentication": ("Success", "Failure"),
    "GetSigninToken": ("Success", "Failure"),
    "accessKeyId": ("AKIAEXAMPLEKEY000001", "ASIAEXAMPLEKEY000002", "AKIAOTHER"),
    "secretId": ("db", f"arn:aws:secretsmanager:us-east-1:{_HOME}:secret:db-AbCdEf", "db-AbCdEf",
                 f"arn:aws:secretsmanager:us-east-1:{_HOME}:secret:db-1-AbCdE"),
    "modelId": ("anthropic.claude-v2", "vendor.model-1"),
    "type": ("IAMUser", "Root", "FederatedUser", "Unknown"),
    "Days": (7, 8, "7", "07", 0, 7.0, 1e0, -1),
    "deletionProtection": (False, "false", True),
    "RegionName": ("af-south-1", "us-east-1"),
    "x-amz-acl": ("public-read", ["private", "authenticated-read"], "private"),
}  # fmt: skip
# Where one stands for a list of one.
_LISTS = {
    "Statement", "Action", "Resource", "AWS", "Federated", "Rule", "items", "names", "secretIdList",
    "instanceIds", "values", "targets", "layers", "valuesToAdd", "accountIdsToAdd", "x-amz-acl",
    "x-amz-server-side-encryption-customer-algorithm", "eventSelectors", "advancedEventSelectors",
    "x-amz-server-side-encryption-aws-kms-key-id", "fieldSelectors", "equals", "notEquals",
    "excludeManagementEventSources", "ipPermissions",
}  # fmt: skip
# What the samples leave out: calls of rows with a request that their conditions read.
_CALLS = read_sample(Path(__file__).with_name("row_calls.json"))
_DOCUMENTS = (
    "requestParameters", "responseElements", "additionalEventData", "serviceEventDetails",
)  # fmt: skip
_NAMES = (None, "", "AKIAEXAMPLEKEY000001", "HIDDEN_DUE_TO_SECURITY_REASONS")
_FIELDS: tuple[Record, ...] = (
    {"sessionCredentialFromConsole": "true"},
    {"sessionCredentialFromConsole": True},
    {"vpcEndpointId": "vpce-1"},
    {"vpcEndpointId": "vpce-1", "vpcEndpointAccountId": FOREIGN},
    {"vpcEndpointId": "vpce-1", "vpcEndpointAccountId": TRUSTED},
    {"eventCategory": "NetworkActivity"},
    {"eventType": "AwsVpceEvent", "eventCategory": None},
    {"eventType": "AwsServiceEvent"},
    {"eventType": None},
    {"readOnly": "false"},
    {"readOnly": True},
    {"readOnly": None},
    {"recipientAccountId": FOREIGN},
    {"resources": [{"ARN": "arn:r"}, {"ARN": "arn:q"}]},
)
# Fields that a condition reads and that most requests lack.
_MORE = {
    "organizationId": "o-1", "sourceArn": "arn:s", "principalOrgID": "o-1", "dryRun": True,
    "omitted": "true", "withDecryption": False, "setAsDefault": "TRUE", "layers": ["arn:layer"],
    "publiclyAccessible": "true", "userName": "mallory", "group": "all",
    "acl": "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
}  # fmt: skip


def detections() -> list[Detection]:
    """The enabled detections that the definition knows."""
    known = {*oracle.RULES, *oracle.KINDS}
    found = read_detections(find_project(ROOT))
    return [each for each in found if each.enabled and each.name in known]


def settings(seed: int) -> oracle.Settings:
    """Settings for a trail: an allow-list and overrides of every second account."""
    rng = random.Random(seed)
    rows = [
        oracle.AllowRow(detection=rng.choice(("*", "s3_*", "iam_*", "sts_*")), account_id="2*2",
                        entity_id=rng.choice(("", "*mallory*", "address", "5*")),
                        source_ip=rng.choice(("", "53.0.0.0/8", "10.0.0.0/8")),
                        region=rng.choice(("", "us-*")),
                        event_name=rng.choice(("", "*e*", "Get*"))),
        oracle.AllowRow(account_id="2*4", user_agent="*Boto3*"),
        oracle.AllowRow(account_id="2*6", source_ip=rng.choice(ADDRESSES[:4])),
    ]  # fmt: skip
    overrides = [
        oracle.Override(rng.choice((1, 2, 3, 5)), account_id="2*3"),
        oracle.Override(2, detection="s3_*", account_id="2*5"),
        oracle.Override(1, entity_id="*:user/alice"),
    ]
    return oracle.Settings(
        thresholds=THRESHOLDS,
        countries=COUNTRIES,
        aws_ranges=AWS_RANGES,
        networks=NETWORKS,
        country_distances=DISTANCES,
        trusted_accounts=[TRUSTED],
        allow_list=rows,
        overrides=overrides,
    )


def row_trail(seed: int, accounts: int) -> list[Record]:
    """A trail of so many accounts, in any order of arrival; the seed decides all of it."""
    rng = random.Random(seed)
    all_of_them = detections()
    rng.shuffle(all_of_them)
    records = []
    for number in range(accounts):
        account = f"2{seed % 10**6:06}{number:05}"
        # One after the other, so that each is played as often as any, and some at random beside.
        first = all_of_them[number % len(all_of_them)]
        maker = _Maker(rng, _callers(f"person-{number // 2}"))
        for each in (first, *rng.choices(all_of_them, k=rng.randrange(3))):
            for _ in range(rng.choice((1, 1, 2))):
                maker.attack(each)
        records += maker.records_in(account)
    rng.shuffle(records)
    return records


class _Maker:
    """What happens in one account."""

    def __init__(self, rng: random.Random, callers: Sequence[Caller]) -> None:
        self.rng, self.callers = rng, callers
        self.records: list[Record] = []
        self.heat = rng.choice((0.05, 0.2, 0.5))

    def records_in(self, account: str) -> list[Record]:
        """The records as this account's, with ids spread over their order; some come twice."""
        made: list[Record] = json.loads(json.dumps(self.records).replace(_HOME, account))
        for index, each in enumerate(made):
            each["eventID"] = f"{self.rng.getrandbits(32):08x}-{account[-8:]}-{index}"
        return made + copy.deepcopy([each for each in made if self.rng.random() < 0.05])

    def chance(self, weight: float = 1.0) -> bool:
        return self.rng.random() < self.heat * weight

    def attack(self, played: Detection) -> None:
        """A detection's attack, late in a day or over midnight, and some calls of its kind more."""
        rng, window = self.rng, timedelta(minutes=played.minutes or 60)
        made = self.shortened(trails.attack(played, _HOME), THRESHOLDS.get(played.name, 0))
        shift = rng.choice((timedelta(0), _DAY_ENDS, _DAY_ENDS - _SECOND, _DAY_ENDS - window))
        shift += rng.choice((timedelta(0), -_SECOND, _SECOND, -window))
        caller = rng.choice(self.callers) if self.chance() else None
        first = _time(made[0])
        for each in made:
            if self.chance(0.3):
                continue
            at = _time(each)
            if self.chance():
                at = rng.choice((first, at)) + rng.choice(
                    (timedelta(0), _SECOND, -_SECOND, window, window + _SECOND, *_FAR)
                )
            one = self.another_call(each) if self.chance(0.3) else each
            if caller and one["userIdentity"]["type"] != "AWSService":
                one["userIdentity"] = copy.deepcopy(caller.identity)
            self.add(one, at + shift)
            if self.chance(0.2):
                self.add(copy.deepcopy(one), at + shift)
        at = _time(each)
        for _ in range(rng.randrange(4) if self.chance(2) else 0):
            at += rng.choice((timedelta(0), _SECOND, window / 60, window / 2))
            self.add(self.another_call(each), at)

    def shortened(self, made: list[Record], threshold: int) -> list[Record]:
        """Of hundreds of like calls a few more than fire; of three weeks some days less."""
        history = 14
        if threshold and len(made) > 3 * threshold + 24:
            return made[: history + threshold + 2]
        if len(made) > history and self.chance():
            start = self.rng.randrange(4)
            return made[:start] + made[start + self.rng.choice((5, 6, 7)) :]
        return made

    def add(self, made: Record, at: datetime) -> None:
        self.mutate(made)
        made["eventTime"] = f"{at:%Y-%m-%dT%H:%M:%SZ}"
        self.records.append(made)

    def another_call(self, like: Record) -> Record:
        """A call that is asked with what some row reads, by the caller of another."""
        service = str(like["eventSource"]).partition(".")[0]
        near = [each for each in _CALLS if each["call"].startswith(f"{service}.")]
        call = self.rng.choice(near if near and self.rng.random() < 0.7 else _CALLS)
        (made,) = records_of([call], random.Random(1), start=_MIDNIGHT, account=_HOME)
        same = ("userIdentity", "sourceIPAddress", "userAgent", "awsRegion")
        copied: Record = json.loads(json.dumps({**made, **{key: like.get(key) for key in same}}))
        return copied

    def mutate(self, made: Record) -> None:
        rng = self.rng
        for field, weight, values in (
            ("sourceIPAddress", 0.5, ADDRESSES),
            ("userAgent", 0.3, AGENTS),
            ("errorCode", 0.3, ERRORS),
            ("awsRegion", 0.2, REGIONS),
            ("userIdentity", 0.4, [each.identity for each in self.callers]),
        ):
            if self.chance(weight):
                made[field] = copy.deepcopy(rng.choice(values))
        for field in _DOCUMENTS:
            if isinstance(made.get(field), dict):
                made[field] = self.altered_document(made[field])
        if self.chance(0.1):
            key = rng.choice((*made["userIdentity"], "invokedBy", "accessKeyId", "userName"))
            made["userIdentity"][key] = rng.choice(_NAMES)
        if self.chance(0.1):
            made |= copy.deepcopy(rng.choice((*_FIELDS, {"eventName": made["eventName"].lower()})))

    def altered_document(self, document: Record) -> Record | str | None:
        for _ in range(2):
            if document and self.chance():
                document = self.altered(document, "")
        if self.chance(0.3):
            key = self.rng.choice(tuple(_MORE))
            document[key] = _MORE[key]
        if self.chance(0.1):
            return self.rng.choice((None, "null", "", json.dumps(document)))
        return document

    def altered(self, value: Any, key: str) -> Any:
        """The value with one thing in it changed; a document stays one."""
        rng = self.rng
        inner = _parsed(value)
        if inner is not None and rng.random() < 0.9:
            changed = self.altered(inner, key)
            return json.dumps(changed) if rng.random() < 0.8 else changed
        if isinstance(value, dict) and value and (not key or rng.random() < 0.85):
            name = rng.choice(tuple(value))
            if rng.random() < 0.15:
                return {each: value[each] for each in value if each != name}
            return {**value, name: self.altered(value[name], name)}
        if isinstance(value, list) and value and rng.random() < 0.7:
            place = rng.randrange(len(value))
            changed = self.altered(value[place], "[]" if key in _LISTS else key)
            more = [value[place]] if rng.random() < 0.3 else []
            return [*value[:place], changed, *value[place + 1 :], *more]
        return self.replaced(value, key)

    def replaced(self, value: Any, key: str) -> Any:
        """Another value in place of one."""
        rng = self.rng
        choice = rng.random()
        if key in _LISTS and choice < 0.25:
            return value[0] if isinstance(value, list) and value else [value]
        if key in _BY_KEY and choice < 0.75:
            return copy.deepcopy(rng.choice(_BY_KEY[key]))
        if isinstance(value, str) and choice < 0.85:
            is_arn = value.startswith("arn:")
            return f"{value}2" if is_arn or choice < 0.78 else value.swapcase()
        return rng.choice(_ODD)


def _parsed(value: Any) -> Any:
    """What a JSON text of an object holds; None for anything else."""
    try:
        return json.loads(value) if isinstance(value, str) and value.startswith("{") else None
    except ValueError:
        return None


def _time(made: Record) -> datetime:
    return datetime.fromisoformat(made["eventTime"])


def _callers(person: str) -> tuple[Caller, ...]:
    start = _MIDNIGHT
    instance = identities.role_session(_HOME, "app-server", "i-0a1b2c3d4e5f60718", start)
    delivered = identities.role_session(_HOME, "app-server", "one", start)
    delivered.identity["sessionContext"]["ec2RoleDelivery"] = "2.0"
    scoped = identities.role_session(_HOME, "app-server", "two", start)
    scoped.identity["inScopeOf"] = {"issuerType": "AWS::Lambda::Function"}
    person_at_instance = identities.sso_session(_HOME, "Admin", "i-0a1b2c3d4e5f60718", start)
    hidden_user = {"type": "Unknown", "principalId": _HOME, "userName": person, "accountId": _HOME}
    on_behalf = {"type": "Unknown", "onBehalfOf": {"userId": person}, "accountId": _HOME}
    return (
        identities.iam_user(_HOME, "mallory"),
        identities.iam_user(_HOME, "alice"),
        identities.console_user(_HOME, "mallory"),
        replace(identities.console_user(_HOME, "mallory"), identity={
            "type": "IAMUser", "accountId": _HOME, "userName": "mallory", "accessKeyId": ""}),
        identities.unknown_console_user(_HOME),
        identities.root(_HOME, start),
        identities.sso_session(_HOME, "Admin", f"{person}@example.com", start),
        identities.sso_session(_HOME, "Reader", f"{person}@example.com", start),
        instance,
        person_at_instance,
        delivered,
        scoped,
        identities.federated_user(_HOME, "console", "mallory", start),
        identities.identity_center_user(_HOME, person),
        identities.saml_user(_HOME, "sam"),
        identities.web_identity_user(_HOME, "repo:acme/shop:ref:refs/heads/x"),
        identities.web_identity_user(_HOME, "system:serviceaccount:a:b"),
        identities.aws_service(_HOME, "ec2.amazonaws.com"),
        identities.anonymous(_HOME),
        Caller(_HOME, hidden_user),
        Caller(_HOME, on_behalf),
    )  # fmt: skip
