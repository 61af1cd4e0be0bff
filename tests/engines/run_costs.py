"""What ordinary runs cost on a real Trino, for one or more versions of the project side by side.

    PYTHONPATH=tests python -m engines.run_costs [FOLDER_OF_A_PROJECT ...]

A trail of 60 days is built once; then an hour comes, nothing comes, and one event comes 58 days
late. Prints for each run its queries, the bytes that connectors read, and the seconds.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from engines.parity import DETECTIONS
from engines.trino_install import ROOT
from engines.trino_server import TrinoServer, running_trino
from engines.warehouse import ACCOUNT, REGION, TrinoWarehouse
from support import project_with

_FIRST_DAY, _DAYS, _EVENTS_A_DAY = datetime(2026, 3, 1, tzinfo=UTC), 60, 2400
_LAST_DAY = _FIRST_DAY + timedelta(days=_DAYS - 1)
_UNITS = {"B": 1, "kB": 1024, "MB": 1024**2, "GB": 1024**3}
# Service, name, whether it only reads, and how often: two of a hundred are calls to watch.
_CALLS = [
    ("ec2", "DescribeInstances", True, 40), ("kms", "Decrypt", True, 30),
    ("s3", "GetObject", True, 20), ("logs", "CreateLogStream", False, 8),
    ("ec2", "RunInstances", False, 1), ("iam", "CreateUser", False, 1),
]  # fmt: skip


def main() -> None:
    """Measure each project."""
    with running_trino(kept_queries=20_000) as server:
        for number, project in enumerate(sys.argv[1:] or [str(ROOT)]):
            with tempfile.TemporaryDirectory() as folder:
                _measure(server, Path(project).resolve(), Path(folder), f"costs{number}")


def _measure(server: TrinoServer, project: Path, folder: Path, name: str) -> None:
    own = project_with(DETECTIONS, folder / "project", project)
    warehouse = TrinoWarehouse(server, folder / "warehouse", name, {}, own)
    warehouse.make_table(f"{_FIRST_DAY:%Y-%m-%d}")
    draw = random.Random(1)
    for day in range(_DAYS):
        start = _FIRST_DAY + timedelta(days=day)
        hours = 12 if start == _LAST_DAY else 24
        warehouse.deliver(f"{start:%Y/%m/%d}", some_events(draw, start, hours))
    warehouse.run("dbt", "seed")
    print(f"{project}: {len(DETECTIONS)} detections, {_DAYS} days of {_EVENTS_A_DAY} events")
    today = f"{_LAST_DAY:%Y/%m/%d}"
    _tell("first build", server, warehouse)
    warehouse.deliver(today, some_events(draw, _LAST_DAY + timedelta(hours=12), 1), "hour")
    _tell("an hour of new events", server, warehouse)
    _tell("nothing new", server, warehouse)
    late = _event(draw, _FIRST_DAY + timedelta(days=1, hours=12), ("iam", "CreateUser", False, 1))
    warehouse.deliver(today, [late], "late")
    _tell("one event 58 days late", server, warehouse)


def _tell(title: str, server: TrinoServer, warehouse: TrinoWarehouse) -> None:
    before, start = {each["queryId"] for each in _queries(server)}, time.monotonic()
    warehouse.run("dbt", "run")
    seconds = time.monotonic() - start
    queries = [each for each in _queries(server) if each["queryId"] not in before]
    read = sum(_bytes(each["queryStats"]["physicalInputDataSize"]) for each in queries)
    rows = sum(each["queryStats"]["rawInputPositions"] for each in queries)
    print(
        f"  {title:24} {len(queries):5} queries {read / 1e6:9.2f} MB {rows:10,} rows "
        f"{seconds:6.0f} s",
        flush=True,
    )


def _queries(server: TrinoServer) -> list[dict[str, Any]]:
    answer = requests.get(f"{server.url}/v1/query", headers={"X-Trino-User": "tests"}, timeout=60)
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()
    return found


def _bytes(text: str) -> float:
    unit = text.lstrip("0123456789.")
    return float(text[: -len(unit)]) * _UNITS[unit]


def some_events(draw: random.Random, start: datetime, hours: int) -> Iterator[dict[str, Any]]:
    """Events evenly over some hours."""
    number = _EVENTS_A_DAY * hours // 24
    for each in range(number):
        [call] = draw.choices(_CALLS, [call[3] for call in _CALLS])
        yield _event(draw, start + timedelta(seconds=each * hours * 3600 // number), call)


def _event(draw: random.Random, at: datetime, call: tuple[str, str, bool, int]) -> dict[str, Any]:
    service, name, reads, _ = call
    user = f"user{draw.randrange(40)}"
    return {
        "eventVersion": "1.09",
        "eventID": f"{draw.getrandbits(128):032x}",
        "requestID": f"{draw.getrandbits(128):032x}",
        "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "eventType": "AwsApiCall",
        "eventCategory": "Management",
        "readOnly": reads,
        "awsRegion": REGION,
        "recipientAccountId": ACCOUNT,
        "sourceIPAddress": f"81.20.{draw.randrange(4)}.{draw.randrange(40)}",
        "userAgent": "aws-cli/2.15.30 Python/3.11.8 Linux/5.10.209",
        "requestParameters": {"userName": user, "token": f"{draw.getrandbits(600):0150x}"},
        "userIdentity": {
            "type": "IAMUser",
            "userName": user,
            "arn": f"arn:aws:iam::{ACCOUNT}:user/{user}",
            "accountId": ACCOUNT,
            "accessKeyId": f"AKIA{user.upper():0>16}",
        },
    }


if __name__ == "__main__":
    main()
