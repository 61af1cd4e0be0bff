"""What import says of a rule that cannot mean what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sigma_rules.rules import rule
from sigma_rules.test_rules import maker_of
from trailhound.sigma.write import make_all

_IAM = {"eventSource": "iam.amazonaws.com", "eventName": "CreateAccessKey"}


@pytest.mark.parametrize(
    ("selection", "note"),
    [
        ({"eventName": "CreateUserr"}, "no AWS service has a call CreateUserr"),
        ({**_IAM, "eventName": "RunInstances"}, "RunInstances is a call of ec2, not of iam"),
        ({"eventSource": "iamm.amazonaws.com"}, "no AWS service is known as iamm.amazonaws.com"),
        ({"userAgent|contains": "requestParameters.userName"}, "which is a field: |fieldref?"),
        ({"errorCode": "Success"}, "no errorCode is Success"),
        ({"userIdentity.arn|fieldref": "requestParameters.userName"}, "they are never equal"),
        ({**_IAM, "requestParameters.user": "x"}, "is in no record of CreateAccessKey"),
        ({"eventName|cased": "CreateUser", "eventName": "DeleteUser"}, "cannot be createuser and"),
    ],
)
def test_a_doubt_is_told(tmp_path: Path, selection: dict[str, Any], note: str) -> None:
    assert note in "\n".join(_notes(tmp_path, selection))


_LISTS = {
    "selection": {"eventName": ["CreateUser", "DeleteUser"], "userIdentity.type": "IAMUser"},
    "other": {"eventName": "ListUsers"},
    "one": {"eventName": ["DeleteUser", "ListUsers"], "userIdentity.type": "IAMUser"},
}


@pytest.mark.parametrize(
    ("condition", "note"),
    [
        ("selection and other", "eventName cannot be createuser and listusers at once"),
        ("selection and not other", "its exception for eventName listusers can never hold"),
        ("selection and one", ""),
        ("selection and not one", ""),
    ],
)
def test_what_excludes_another_is_told(tmp_path: Path, condition: str, note: str) -> None:
    assert "\n".join(_notes_of(tmp_path, rule("a rule", condition, **_LISTS))) == note


@pytest.mark.parametrize(
    "selection",
    [
        {**_IAM, "requestParameters.userName": "x"},
        {**_IAM, "responseElements.accessKey.userName": "x"},
        {"eventSource": "rds.amazonaws.com", "eventName": "ModifyDBInstance",
         "responseElements.publiclyAccessible": "true"},
        {"eventSource": "lambda.amazonaws.com", "eventName": "UpdateFunctionCode20150331v2"},
        {"eventSource": "IAM.amazonaws.com", "eventName": "createaccesskey"},
    ],
)  # fmt: skip
def test_nothing_is_told_of_a_rule_that_is_right(tmp_path: Path, selection: dict[str, Any]) -> None:
    assert _notes(tmp_path, selection) == ()


def _notes(folder: Path, selection: dict[str, Any]) -> tuple[str, ...]:
    return _notes_of(folder, rule("a rule", selection=selection))


def _notes_of(folder: Path, document: dict[str, Any]) -> tuple[str, ...]:
    path = folder / "rule.yml"
    path.write_text(yaml.safe_dump(document))
    *_, outcome = make_all(maker_of([path]), [], "low")
    return outcome.made[0].notes
