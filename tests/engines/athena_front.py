"""A stand-in for Amazon Athena on this machine. It is not Athena, and what it proves is limited.

One port of 127.0.0.1 speaks Athena's API for running queries; everything else (Glue, S3, STS, work
groups) is answered by moto. Queries run on a real Trino whose Glue and S3 are this same port.

What it does as Athena does: states, reasons and errors of queries, types and pages of results, the
limit of 100 open partitions, bytes scanned, Hive DDL on Glue, two kinds of CREATE TABLE AS.
It asks IAM nothing, but refuses what a policy does not allow if it is given one (iam.py).
What it does not: work group limits, AWS's own readers of CloudTrail files (it reads the same
files by another), MSCK, UNLOAD, VACUUM (accepted, without effect), prepared statements, and every
difference between Trino and what Athena made of it.

By hand: `PYTHONPATH=tests python -m engines.athena_front TRINO_URL` prints its address.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import boto3
import requests

from engines.athena_api import Front, Reply
from engines.athena_statements import HIVE, ICEBERG, Refused, Statements
from engines.iam import ENGINE, ROLE, Call, Guard, call_of
from engines.organisation import simulated_trail
from engines.trino_client import TrinoClient, TrinoError
from engines.trino_install import ROOT

REGION = "us-east-1"
_ADMINISTRATOR = "administrator"
BUCKETS = ("stand-in", "lake", "trail")

# What a policy's placeholders stand for here. Of a CloudTrail table the stand-in makes two.
NAMES = {
    "WorkGroup": "primary", "Database": "trailhound",
    "TrailDatabase": "cloudtrail", "TrailTable": "cloudtrail_logs*", "TrailBucket": "trail",
    "ResultsBucket": "stand-in", "TablesBucket": "lake",
}  # fmt: skip

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# Trino keeps statistics of columns in Glue, moto does not: there are none.
_NO_STATISTICS: dict[str, Reply] = {
    f"{action}ColumnStatisticsFor{thing}": {"ColumnStatisticsList": [], "Errors": []}
    for action in ("Get", "Update", "Delete")
    for thing in ("Table", "Partition")
}


def application(front: Front, others: Wsgi, guard: Guard) -> Wsgi:
    """Athena's query actions go to the front, everything else to moto."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        service, _, action = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
        body = b""
        if service:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = io.BytesIO(body)
        if service == "StandIn":
            return send("200 OK", {"Calls": sorted(guard.calls)}, start_response)
        call = call_of(environ, body)
        if call is not None and guard.refuses(call):
            return refuse(call, service, start_response)
        if service == "AmazonAthena" and action in front.actions:
            request = json.loads(body) | {"AccessKey": call.by if call else ""}
            try:
                status, reply = "200 OK", front.actions[action](request)
            except Refused as error:
                status = "400 Bad Request"
                reply = {"__type": "InvalidRequestException", "message": str(error)}
            return send(status, reply, start_response)
        if service == "AWSGlue" and action in _NO_STATISTICS:
            return send("200 OK", _NO_STATISTICS[action], start_response)
        return others(environ, start_response)

    def send(status: str, reply: Reply, start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response(status, [("Content-Type", "application/x-amz-json-1.1")])
        return [json.dumps(reply).encode()]

    def refuse(call: Call, service: str, start_response: Callable[..., Any]) -> Iterable[bytes]:
        message = f"{call.by} is not authorized to perform: {call.action} on {call.resource}"
        if service:
            reply = {"__type": "AccessDeniedException", "message": message}
            return send("400 Bad Request", reply, start_response)
        start_response("403 Forbidden", [("Content-Type", "application/xml")])
        return [f"<Error><Code>AccessDenied</Code><Message>{message}</Message></Error>".encode()]

    return answer


def serve(trino_url: str, policy: str = "", *, simulated: bool = False) -> None:
    """Listen on a free port, print it, and answer until the process ends.

    simulated: whether bucket `trail` is that of organisation.py.
    """
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Handler(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"  # Trino keeps its connections

        def log(self, *_: Any) -> None:
            """Say nothing of each request."""

    server = make_server(
        "127.0.0.1",
        0,
        DomainDispatcherApplication(create_backend_app),
        threaded=True,
        request_handler=Handler,
    )
    # The port is known only now, and the front's own clients need it.
    url = f"http://127.0.0.1:{server.server_port}"
    s3, guard = _client("s3", url), Guard(NAMES, Path(policy) if policy else None)
    statements = {
        key: Statements(trino_url, _client("glue", url, by), _client("s3", url, by), during)
        for key, by, during in (
            (ROLE, ENGINE, nullcontext),
            ("", _ADMINISTRATOR, guard.others),
        )
    }
    others = simulated_trail(server.app) if simulated else server.app
    server.app = application(Front(statements), others, guard)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for bucket in BUCKETS:
        s3.create_bucket(Bucket=bucket)
    _add_catalogs(TrinoClient(trino_url), url)
    print(url, flush=True)
    sys.stdin.read()  # until the parent is gone


def _client(service: str, url: str, key: str = _ADMINISTRATOR) -> Any:
    session: Any = boto3.Session(key, "test", region_name=REGION)
    return session.client(service, endpoint_url=url)


def _add_catalogs(trino: TrinoClient, url: str) -> None:
    aws = {
        "hive.metastore.glue.region": REGION,
        "hive.metastore.glue.endpoint-url": url,
        "hive.metastore.glue.aws-access-key": ENGINE,
        "hive.metastore.glue.aws-secret-key": "test",
        "fs.native-s3.enabled": "true",
        "s3.endpoint": url,
        "s3.region": REGION,
        "s3.path-style-access": "true",
        "s3.aws-access-key": ENGINE,
        "s3.aws-secret-key": "test",
    }
    hive = {
        "hive.metastore": "glue",
        "hive.partition-projection-enabled": "true",
        "hive.recursive-directories": "true",
        "hive.non-managed-table-writes-enabled": "true",
        "hive.ignore-absent-partitions": "true",
        "hive.max-partitions-per-writers": "100",
        "hive.iceberg-catalog-name": ICEBERG,
    }
    iceberg = {"iceberg.catalog.type": "glue", "iceberg.hive-catalog-name": HIVE}
    for name, connector, properties in ((HIVE, "hive", hive), (ICEBERG, "iceberg", iceberg)):
        settings = ", ".join(f"\"{k}\" = '{v}'" for k, v in {**aws, **properties}.items())
        with suppress(TrinoError):  # there is none before the first stand-in
            trino.execute(f"drop catalog {name}")
        trino.execute(f"create catalog {name} using {connector} with ({settings})")


@contextmanager
def running_front(
    trino_url: str,
    policy: Path | None = None,
    key: str = _ADMINISTRATOR,
    *,
    simulated: bool = False,
) -> Iterator[dict[str, str]]:
    """A stand-in for the time of the block: the environment that sends AWS's clients to it.

    The clients' access key is `key`; simulated as of serve(). What the role and the engine call is
    noted, and refused unless the policy allows it, if there is one.

    It is a process of its own, as moto changes what it is imported into.
    """
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "engines.athena_front", trino_url, str(policy or "")),
            *(["simulated"] if simulated else []),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    if not url:
        raise RuntimeError(f"the stand-in for Athena does not start: exit code {process.wait()}")
    try:
        yield {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    finally:
        process.terminate()
        process.wait(30)


def calls(environment: dict[str, str]) -> set[tuple[str, str]]:
    """Statement and action of what the role and the engine have called."""
    answer = requests.post(
        environment["AWS_ENDPOINT_URL"], headers={"X-Amz-Target": "StandIn.Calls"}, timeout=10
    )
    return {(sid, action) for sid, action in answer.json()["Calls"]}


if __name__ == "__main__":
    serve(*sys.argv[1:3], simulated="simulated" in sys.argv[3:])
