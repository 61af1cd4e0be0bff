"""What a request needs, and what the policy for Athena refuses. Needs no engine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engines.athena_front import NAMES
from engines.iam import ENGINE, POLICY, ROLE, Call, Guard, call_of


def request(service: str, method: str, path: str, query: str = "", action: str = "") -> Any:
    """A request as the server gets it, signed by the role."""
    return {
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential={ROLE}/20260131/r/{service}/aws",
        "HTTP_X_AMZ_TARGET": action,
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
    }


@pytest.mark.parametrize(
    ("method", "path", "query", "action", "resource"),
    [
        ("GET", "/trail", "list-type=2&prefix=a", "s3:ListBucket", "trail"),
        ("HEAD", "/trail", "", "s3:ListBucket", "trail"),
        ("GET", "/lake", "location", "s3:GetBucketLocation", "lake"),
        ("GET", "/lake", "uploads", "s3:ListBucketMultipartUploads", "lake"),
        ("POST", "/lake", "delete", "s3:DeleteObject", "lake"),
        ("PUT", "/lake", "", "s3:PUTBucket", "lake"),
        ("GET", "/lake/a/b%3Dc", "x-id=GetObject", "s3:GetObject", "lake/a/b=c"),
        ("HEAD", "/lake/a", "", "s3:GetObject", "lake/a"),
        ("PUT", "/lake/a", "partNumber=1&uploadId=u", "s3:PutObject", "lake/a"),
        ("POST", "/lake/a", "uploads", "s3:PutObject", "lake/a"),
        ("DELETE", "/lake/a", "", "s3:DeleteObject", "lake/a"),
        ("DELETE", "/lake/a", "uploadId=u", "s3:AbortMultipartUpload", "lake/a"),
        ("GET", "/lake/a", "uploadId=u", "s3:ListMultipartUploadParts", "lake/a"),
    ],
)
def test_what_a_request_to_s3_needs(
    method: str, path: str, query: str, action: str, resource: str
) -> None:
    assert call_of(request("s3", method, path, query), b"") == Call(action, resource, ROLE)


@pytest.mark.parametrize(
    ("action", "body", "resource"),
    [
        ("GetDatabases", {}, "catalog"),
        ("GetDatabase", {"Name": "d"}, "database/d"),
        ("CreateDatabase", {"DatabaseInput": {"Name": "d"}}, "database/d"),
        ("GetTables", {"DatabaseName": "d"}, "database/d"),
        ("GetTable", {"DatabaseName": "d", "Name": "t"}, "table/d/t"),
        ("CreateTable", {"DatabaseName": "d", "TableInput": {"Name": "t"}}, "table/d/t"),
        ("DeleteTableVersion", {"DatabaseName": "d", "TableName": "t"}, "table/d/t"),
    ],
)
def test_what_a_request_to_glue_needs(action: str, body: dict[str, Any], resource: str) -> None:
    environ = request("glue", "POST", "/", action=f"AWSGlue.{action}")
    assert call_of(environ, json.dumps(body).encode()) == Call(f"glue:{action}", resource, ROLE)


@pytest.mark.parametrize(
    ("call", "is_refused"),
    [
        (Call("glue:GetTable", "table/cloudtrail/cloudtrail_logs", ENGINE), False),
        (Call("glue:UpdateTable", "table/cloudtrail/cloudtrail_logs", ROLE), True),
        (Call("glue:UpdateTable", "table/trailhound/alerts", ROLE), False),
        (Call("glue:GetTable", "table/payroll/salaries", ROLE), True),
        (Call("s3:GetObject", "trail/AWSLogs/a.json.gz", ENGINE), False),
        (Call("s3:PutObject", "trail/AWSLogs/a.json.gz", ENGINE), True),
        (Call("s3:DeleteObject", "lake/trailhound/a", ENGINE), False),
        (Call("s3:ListBucket", "payroll", ROLE), True),
        (Call("athena:StartQueryExecution", "workgroup/primary", ROLE), False),
        (Call("athena:StartQueryExecution", "workgroup/another", ROLE), True),
        (Call("athena:DeleteWorkGroup", "workgroup/primary", ROLE), True),
        (Call("s3:PutObject", "trail/AWSLogs/a.json.gz", "administrator"), False),
    ],
)
def test_the_policy_allows_what_a_run_needs_and_no_more(call: Call, *, is_refused: bool) -> None:
    assert Guard(NAMES, POLICY).refuses(call) == is_refused


def test_the_policy_fits_into_a_managed_one() -> None:
    assert len("".join(POLICY.read_text(encoding="utf-8").split())) <= 6144
