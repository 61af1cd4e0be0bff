"""A request may list thousands of things: no detection makes a copy of it for each of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from support import Invoke, alerts_of

STATEMENT = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole", "Sid": "x"}
FOREIGN = {
    **STATEMENT,
    "Effect": "Allow",
    "Principal": {"AWS": ["111122223333"] * 20_000 + ["999988887777"]},
}


def call(number: int, service: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "eventVersion": "1.08",
        "eventID": f"e{number}",
        "eventTime": "2026-01-31T12:00:00Z",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "81.2.69.142",
        "recipientAccountId": "111122223333",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/mallory"},
        **more,
    }


def test_long_lists_cost_no_alert(invoke: Invoke, folder: Path) -> None:
    launched = [
        {"instanceId": f"i-{number:017x}", "instanceType": "t3.micro", "tags": "x" * 900}
        for number in range(100)
    ]
    answer = {"instancesSet": {"items": launched}}
    document = json.dumps({"Statement": [STATEMENT] * 10_000 + [FOREIGN]})
    empty = json.dumps({"Statement": [{}] * 33_000})
    shares = [{"userId": "111122223333"}] * 20_000 + [{"userId": "999988887777"}]
    records = [
        *(call(each, "ec2", "RunInstances", responseElements=answer) for each in range(100)),
        call(100, "iam", "PutUserPolicy", errorCode="AccessDenied",
             requestParameters={"userName": "ann", "policyDocument": empty}),
        call(101, "iam", "CreateRole",
             requestParameters={"roleName": "r", "assumeRolePolicyDocument": document}),
        call(102, "ec2", "ModifySnapshotAttribute", requestParameters={
            "snapshotId": "s", "createVolumePermission": {"add": {"items": shares}}}),
    ]  # fmt: skip
    (folder / "trail.json").write_text(json.dumps({"Records": records}))
    done = invoke("run", "trail.json", "--quiet", "--format", "ndjson")
    assert {each["detection"] for each in alerts_of(done.stdout)} >= {
        "ec2_multiple_instances_created_short_period",
        "iam_role_trusts_foreign_account",
        "aws_snapshot_shared_outside",
    }
