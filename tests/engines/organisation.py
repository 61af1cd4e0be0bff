"""A trail of 2,000 accounts in 17 regions over 400 days on the stand-in for Athena.

    PYTHONPATH=tests python -m engines.organisation

Its 13,600,000 objects are answered from their keys alone: one an account, region and day, without
a record but for the first accounts. Prints what `athena ddl`, `athena check` and a run of one day
take, and ends with an error if one of them fails.
"""

from __future__ import annotations

import gzip
import json
import re
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

ACCOUNTS = [f"{100_000_000_000 + number}" for number in range(2000)]
REGIONS = [
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1"),
    *("eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1"),
    *("ap-south-1", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "ap-northeast-2"),
    "ap-northeast-3",
]
DAYS = 400
BUSY = 5
"""Accounts in whose trail somebody stops it, once a day in one region."""
FOLDER = "org/AWSLogs/o-1234567890"

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_DAY = re.compile(rf"{FOLDER}/(\d{{12}})/CloudTrail/([a-z0-9-]+)/(\d{{4}})/(\d\d)/(\d\d)/")


def simulated_trail(others: Wsgi) -> Wsgi:
    """An S3 server whose bucket `trail` holds the objects above."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path, method = unquote(environ.get("PATH_INFO", "")), environ["REQUEST_METHOD"]
        if method not in ("GET", "HEAD") or not f"{path}/".startswith("/trail/"):
            return others(environ, start_response)
        key = path.removeprefix("/trail").strip("/")
        if key:
            body = _object(key)
            if body is None:
                return _send(start_response, "404 Not Found", b"")
            return _send(start_response, "200 OK", body if method == "GET" else b"", len(body))
        asked = parse_qs(environ.get("QUERY_STRING", ""))
        if "location" in asked:
            return others(environ, start_response)
        return _send(start_response, "200 OK", _listing(asked.get("prefix", [""])[0]))

    return answer


def _key(prefix: str) -> str | None:
    """The one object of a day's folder, or of its own whole key; None of anything else."""
    found = _DAY.match(prefix)
    if not found:
        return None
    account, region, *day = found.groups()
    if not 0 <= (datetime.now(UTC).date() - date(*map(int, day))).days < DAYS:
        return None
    name = f"{account}_CloudTrail_{region}_{''.join(day)}T0005Z_{account[-4:]}abcdefghijkl.json.gz"
    key = f"{found[0]}{name}"
    return key if key.startswith(prefix) else None


def _object(key: str) -> bytes | None:
    if _key(key) != key:
        return None
    found = _DAY.match(key)
    assert found is not None
    account, region, *day = found.groups()
    records = []
    if account in ACCOUNTS[:BUSY] and region == REGIONS[0]:
        records.append(_stopped(account, region, "-".join(day)))
    return gzip.compress(json.dumps({"Records": records}).encode(), mtime=0)


def _stopped(account: str, region: str, day: str) -> dict[str, Any]:
    return {
        "eventVersion": "1.11",
        "eventID": f"{account}-{day}",
        "eventTime": f"{day}T00:01:00Z",
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": "StopLogging",
        "awsRegion": region,
        "recipientAccountId": account,
        "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::{account}:user/mallory"},
    }


def _listing(prefix: str) -> bytes:
    key = _key(prefix)
    content = ""
    if key:
        size = len(_object(key) or b"")
        content = (
            f"<Contents><Key>{escape(key)}</Key><LastModified>2026-01-01T00:00:00.000Z"
            f'</LastModified><ETag>"{size}"</ETag><Size>{size}</Size>'
            "<StorageClass>STANDARD</StorageClass></Contents>"
        )
    return (
        '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>trail</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{int(bool(key))}</KeyCount>"
        f"<MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>{content}</ListBucketResult>"
    ).encode()


def _send(
    start_response: Callable[..., Any], status: str, body: bytes, length: int | None = None
) -> Iterable[bytes]:
    headers = [("Content-Length", str(len(body) if length is None else length))]
    start_response(status, [*headers, ("ETag", '"one"'), ("Content-Type", "application/xml")])
    return [body]


def main() -> None:
    """Set up, check and run."""
    from engines.athena_front import running_front
    from engines.trino_server import running_trino
    from engines.warehouse import run
    from support import project_with

    today = datetime.now(UTC).date()
    yesterday = today - timedelta(days=1)
    with running_trino() as server, tempfile.TemporaryDirectory() as scratch:
        project = project_with(["aws_critical_changes_to_logging"], Path(scratch) / "project")
        with running_front(server.url, simulated=True) as environment:
            environment |= {
                "TRAILHOUND_TARGET": "athena",
                "TRAILHOUND_ATHENA_S3_STAGING_DIR": "s3://stand-in/results/",
                "TRAILHOUND_ATHENA_S3_DATA_DIR": "s3://lake/trailhound/",
            }
            for command in (
                ["athena", "ddl", "--apply", "--trail", f"s3://trail/{FOLDER}", "--since",
                 str(today - timedelta(days=DAYS - 1)), "--accounts", ",".join(ACCOUNTS),
                 "--regions", ",".join(REGIONS)],
                ["athena", "check"],
                ["run", "--since", str(yesterday), "--until", str(yesterday), "--format", "ndjson"],
                ["run", "--format", "ndjson"],
            ):  # fmt: skip
                start = time.monotonic()
                done = run(
                    ["trailhound", *command], Path(scratch), environment, {}, project=project
                )
                print(f"{' '.join(command[:2]):12} {time.monotonic() - start:7.1f} s", flush=True)
                print((done.stdout + done.stderr)[-1500:], flush=True)


if __name__ == "__main__":
    main()
