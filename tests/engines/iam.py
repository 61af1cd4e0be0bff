"""What a request to AWS needs in the words of IAM, and whether a policy allows it.

IAM itself is not on this machine: the actions and resources of a request are named here as AWS's
service authorization reference names them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

from engines.trino_install import ROOT

POLICY = ROOT / "deploy" / "athena-policy.json"

ROLE, ENGINE = "role", "engine"
"""Access keys: of whom the policy is for, and of Athena's engine, which acts with their rights."""

_ARN = "arn:${AWS::Partition}"
_ATHENA = f"{_ARN}:athena:${{AWS::Region}}:${{AWS::AccountId}}"
_GLUE = f"{_ARN}:glue:${{AWS::Region}}:${{AWS::AccountId}}"
STATEMENTS = {
    "Queries": [f"{_ATHENA}:workgroup/${{WorkGroup}}"],
    "DefaultDatabase": [f"{_GLUE}:catalog", f"{_GLUE}:database/default"],
    "AllDatabases": [f"{_GLUE}:catalog", f"{_GLUE}:database/*"],
    "CloudTrailTable": [
        f"{_GLUE}:catalog",
        f"{_GLUE}:database/${{TrailDatabase}}",
        f"{_GLUE}:table/${{TrailDatabase}}/${{TrailTable}}",
    ],
    "OwnTables": [
        f"{_GLUE}:catalog",
        f"{_GLUE}:database/${{Database}}",
        f"{_GLUE}:table/${{Database}}/*",
    ],
    "Trail": [f"{_ARN}:s3:::${{TrailBucket}}", f"{_ARN}:s3:::${{TrailBucket}}/*"],
    "OwnBuckets": [
        f"{_ARN}:s3:::${{{bucket}}}{below}"
        for bucket in ("ResultsBucket", "TablesBucket")
        for below in ("", "/*")
    ],
}
"""The statements of the policy: the resources of each by its Sid."""

NOT_SEEN = {
    ("Queries", "athena:StopQueryExecution"): "a run that is interrupted stops its queries",
    ("DefaultDatabase", "glue:GetDatabase"): "Athena's documentation asks for it in every policy",
    ("CloudTrailTable", "glue:GetDatabase"): "Athena's documentation: to read a table",
    ("CloudTrailTable", "glue:GetPartition"): "a table whose partitions are not projected",
    ("CloudTrailTable", "glue:GetPartitions"): "as before",
    ("OwnBuckets", "s3:GetBucketLocation"): "Athena asks where the bucket for results is",
    ("OwnBuckets", "s3:AbortMultipartUpload"): "files that are larger than the tests'",
    ("OwnBuckets", "s3:ListBucketMultipartUploads"): "as before",
    ("OwnBuckets", "s3:ListMultipartUploadParts"): "as before",
}
"""What no test makes anybody call, by statement and action, and why it is allowed all the same."""

_OF_BUCKET = {
    ("GET", "location"): "GetBucketLocation",
    ("GET", "uploads"): "ListBucketMultipartUploads",
    ("POST", "delete"): "DeleteObject",
}
_OF_OBJECT = {
    "GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "POST": "PutObject",
    "DELETE": "DeleteObject",
}  # fmt: skip


class Call(NamedTuple):
    """An action and what it is done to."""

    action: str
    """As `glue:GetTable`."""
    resource: str
    """The end of its ARN, from the resource's type on; of S3 the bucket and the key."""
    by: str
    """The access key."""


def call_of(environ: Mapping[str, Any], body: bytes) -> Call | None:
    """What a request needs; None if it needs no permission, or is not signed."""
    scope = re.search(
        r"Credential=([^/]*)/\d+/[^/]*/([^/]*)/", environ.get("HTTP_AUTHORIZATION", "")
    )
    if scope is None:
        return None
    by, service = scope.groups()
    if service == "s3":
        return Call(*_of_s3(environ), by)
    action = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    if service == "sts" or not action:
        return None  # GetCallerIdentity needs none
    request = json.loads(body or b"{}")
    resource = _of_glue(request, action) if service == "glue" else _of_athena(request, action)
    return Call(f"{service}:{action}", resource, by)


def _of_s3(environ: Mapping[str, Any]) -> tuple[str, str]:
    bucket, _, key = unquote(environ["PATH_INFO"]).lstrip("/").partition("/")
    method, query = environ["REQUEST_METHOD"], environ.get("QUERY_STRING", "")
    asked = {name for name in parse_qs(query, keep_blank_values=True) if name != "x-id"}
    if not key:
        found = (_OF_BUCKET[each] for each in _OF_BUCKET if each[0] == method and each[1] in asked)
        other = "ListBucket" if method in ("GET", "HEAD") else f"{method}Bucket"
        return f"s3:{next(found, other)}", bucket
    action = _OF_OBJECT[method]
    if "uploadId" in asked and method == "DELETE":
        action = "AbortMultipartUpload"
    if "uploadId" in asked and method == "GET":
        action = "ListMultipartUploadParts"
    return f"s3:{action}", f"{bucket}/{key}"


def _of_glue(request: dict[str, Any], action: str) -> str:
    of_database = {"GetDatabase", "UpdateDatabase", "DeleteDatabase"}
    name = request.get("Name", "") if action in of_database else ""
    name = name or request.get("DatabaseName") or request.get("DatabaseInput", {}).get("Name", "")
    if not name:
        return "catalog"
    table = request.get("TableName") or request.get("TableInput", {}).get("Name")
    table = table or (request.get("Name") if action not in of_database else None)
    return f"table/{name}/{table}" if table else f"database/{name}"


def _of_athena(request: dict[str, Any], action: str) -> str:
    if "DataCatalog" in action:
        return f"datacatalog/{request.get('Name', '')}"
    return f"workgroup/{request.get('WorkGroup', 'primary')}"


@dataclass
class Guard:
    """Notes what the role and the engine call; with a policy refuses what it does not allow."""

    names: Mapping[str, str]
    """What the placeholders of the policy stand for."""
    policy: Path | None = None
    calls: set[tuple[str, str]] = field(default_factory=set)
    """Sid and action of each; the resource stands for the Sid where no statement fits."""
    administrators: int = 0
    """How many queries of others run: the engine's calls are theirs then."""

    def __post_init__(self) -> None:
        text = self.policy.read_text(encoding="utf-8") if self.policy else '{"Statement": []}'
        self._allowed = {each["Sid"]: set(each["Action"]) for each in json.loads(text)["Statement"]}

    def refuses(self, call: Call | None) -> bool:
        """Whether the policy does not allow the call. Those of others are no matter of it."""
        if call is None or call.by not in (ROLE, ENGINE) or self.administrators:
            return False
        fitting = [sid for sid in STATEMENTS if self._is_of(call, sid)]
        self.calls.add((fitting[0] if fitting else call.resource, call.action))
        if self.policy is None:
            return False
        return not any(call.action in self._allowed.get(sid, ()) for sid in fitting)

    @contextmanager
    def others(self) -> Iterator[None]:
        """While somebody else's query runs."""
        self.administrators += 1
        try:
            yield
        finally:
            self.administrators -= 1

    def _is_of(self, call: Call, sid: str) -> bool:
        service = call.action.partition(":")[0]
        patterns = (
            re.sub(r"\$\{(\w+)\}", lambda found: self.names[str(found[1])], each.split(":", 5)[5])
            for each in (re.sub("AWS::", "", arn) for arn in STATEMENTS[sid])
            if f":{service}:" in each
        )
        if call.resource == "catalog":
            return sid == "AllDatabases"
        return sid != "AllDatabases" and any(fnmatchcase(call.resource, each) for each in patterns)


def policy_of(calls: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The policy that allows these calls, each a Sid and an action, and what is in NOT_SEEN."""
    actions: dict[str, set[str]] = {}
    for sid, action in [*calls, *NOT_SEEN]:
        actions.setdefault(sid, set()).add(action)
    if unknown := actions.keys() - STATEMENTS.keys():
        raise ValueError(f"no statement is about {sorted(unknown)}")
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": sid, "Effect": "Allow", "Action": sorted(actions[sid]), "Resource": resources}
            for sid, resources in STATEMENTS.items()
            if sid in actions
        ],
    }
