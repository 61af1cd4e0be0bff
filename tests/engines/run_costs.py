"""What ordinary runs cost on a real Trino, for one or more versions of the project side by side.

    PYTHONPATH=tests python -m engines.run_costs [FOLDER_OF_A_PROJECT ...]

A trail of 60 days is built once; then an hour comes, nothing comes, and one event comes 58 days
late. Prints for each run its queries and the bytes that connectors read, of all and of the
detections alone, and how long they were planned.
"""

from __future__ import annotations

import random
import re
import secrets
import sys
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from engines.trino_install import ROOT
from engines.trino_server import TrinoServer, running_trino
from engines.warehouse import ACCOUNT, REGION, TrinoWarehouse
from oracle import RULES
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
    """Measure each project with the fifteen; the repository's also on ingested files, and with
    sixty detections and all.
    """
    every = sorted(path.stem for path in (ROOT / "detections").glob("*/*.sql"))
    others = [name for name in every if name not in RULES]
    for project in map(Path, sys.argv[1:]):
        _measure(project.resolve(), RULES)
    _measure(ROOT, RULES)
    _measure(ROOT, RULES, ingested=True)
    _measure(ROOT, [*RULES, *others[::2], *others[1::2]][:60])
    _measure(ROOT, every)


def _measure(project: Path, detections: Collection[str], *, ingested: bool = False) -> None:
    """Measure on a server of its own, which has room for what it keeps of each query."""
    with running_trino(kept_queries=20_000, memory="8G") as server:
        _measure_on(server, project, detections, ingested=ingested)


def _measure_on(
    server: TrinoServer, project: Path, detections: Collection[str], *, ingested: bool
) -> None:
    print(
        f"{project.name}: {len(detections)} detections, {_DAYS} days of {_EVENTS_A_DAY} events"
        + (", ingested" if ingested else ""),
        flush=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        own = project_with(detections, Path(folder) / "project", project)
        name = f"costs_{secrets.token_hex(4)}"
        warehouse = TrinoWarehouse(server, Path(folder) / "warehouse", name, {}, own)
        measured = _Measured(server, warehouse, set(detections), ingested)
        if ingested:
            warehouse.make_ingested_table()
        else:
            warehouse.make_table(f"{_FIRST_DAY:%Y-%m-%d}")
        warehouse.run("dbt", "seed")
        draw = random.Random(1)
        for day in range(_DAYS):
            start = _FIRST_DAY + timedelta(days=day)
            hours = 12 if start == _LAST_DAY else 24
            warehouse.deliver(f"{start:%Y/%m/%d}", some_events(draw, start, hours))
        measured.ingest(hours_ago=4)
        today, noon = f"{_LAST_DAY:%Y/%m/%d}", _LAST_DAY + timedelta(hours=12)
        warehouse.deliver(today, some_events(draw, noon, 1), "hour")
        measured.run("first build", hours_ago=3)
        hour = noon + timedelta(hours=1)
        warehouse.deliver(today, some_events(draw, hour, 1), "next hour")
        measured.run("an hour of new events", hours_ago=2)
        measured.run("nothing new")
        at = _FIRST_DAY + timedelta(days=1, hours=12)
        late = _event(draw, at, ("iam", "CreateUser", False, 1))
        warehouse.deliver(today, [late], "late")
        measured.run("one event 58 days late", hours_ago=1)


@dataclass(frozen=True)
class _Measured:
    server: TrinoServer
    warehouse: TrinoWarehouse
    detections: Set[str]
    ingested: bool

    def run(self, title: str, hours_ago: int = 0) -> None:
        """Run and print what it cost; what is delivered was ingested so many hours ago."""
        if hours_ago:
            self.ingest(hours_ago)
        before, start = {each["queryId"] for each in _queries(self.server)}, time.monotonic()
        self.warehouse.run("dbt", "run")
        seconds = time.monotonic() - start
        queries = [each for each in _queries(self.server) if each["queryId"] not in before]
        planned = {
            str(query): int(milliseconds) / 1000
            for query, milliseconds in self.server.client().rows(
                "select query_id, planning_time_ms from system.runtime.queries"
            )
        }
        of_detections = [each for each in queries if _model(each["query"]) in self.detections]

        def planning(of: list[dict[str, Any]]) -> float:
            return sum(planned.get(each["queryId"], 0) for each in of)

        print(
            f"  {title:24} {len(queries):5} queries {_megabytes(queries):9.2f} MB, planned in"
            f" {planning(queries):6.1f} of {seconds:5.0f} s; of detections"
            f" {len(of_detections):5}, {_megabytes(of_detections):9.2f} MB,"
            f" {planning(of_detections):6.1f} s",
            flush=True,
        )

    def ingest(self, hours_ago: int) -> None:
        """Ingest what was delivered, if that is how it is read."""
        if self.ingested:
            self.warehouse.ingest(self.warehouse.trail, hours_ago)


def _model(query: str) -> str:
    """Which model dbt asked a query for, which stands in a comment."""
    found = re.search(r'"node_id": "model\.\w+\.(\w+)"', query)
    return found[1] if found else ""


def _megabytes(queries: Iterable[dict[str, Any]]) -> float:
    return sum(_bytes(each["queryStats"]["physicalInputDataSize"]) for each in queries) / 1e6


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
