"""dbt-athena and PyAthena from end to end, on a stand-in for Athena that runs queries on Trino.

Athena itself is not on this machine. What the stand-in shows: statements, materialisations, days,
Glue and S3 calls, and the decoding of results. What it cannot show stands in athena_front.py.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from engines.athena_front import calls, running_front
from engines.iam import NOT_SEEN, POLICY, ROLE, policy_of
from engines.parity import DETECTIONS, EVERY_DETECTION
from engines.trino_install import ROOT
from engines.trino_server import TrinoServer
from engines.warehouse import on_duckdb, run
from oracle import RULES
from support import project_with
from webhook import Webhook

SAMPLE = ROOT / "tests" / "logs" / "sample"
ACCOUNTS = ("111122223333", "001234567890")
REGIONS = ("us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-central-1")
LAST_DAY = "2026/03/12"

Run = Callable[..., subprocess.CompletedProcess[str]]


WRITE = os.environ.get("TRAILHOUND_WRITE_POLICY")
SOME = DETECTIONS if EVERY_DETECTION else sorted(RULES)[::3]


@pytest.fixture(scope="module")
def stand_in(trino: TrinoServer) -> Iterator[dict[str, str]]:
    """A stand-in that refuses what deploy/athena-policy.json does not allow."""
    with running_front(trino.url, None if WRITE else POLICY, ROLE) as environment:
        yield environment


@pytest.fixture(scope="module")
def environment(stand_in: dict[str, str]) -> dict[str, str]:
    """What the profile of target athena reads, and where AWS's clients go."""
    return {
        **stand_in,
        "TRAILHOUND_TARGET": "athena",
        "TRAILHOUND_ATHENA_S3_STAGING_DIR": "s3://stand-in/results/",
        "TRAILHOUND_ATHENA_S3_DATA_DIR": "s3://lake/trailhound/",
        "TRAILHOUND_ATHENA_POLL_SECONDS": "0.05",
    }


@pytest.fixture(scope="module")
def s3(environment: dict[str, str]) -> Any:
    session: Any = boto3.Session("test", "test", region_name=environment["AWS_DEFAULT_REGION"])
    return session.client("s3", endpoint_url=environment["AWS_ENDPOINT_URL"])


@pytest.fixture(scope="module")
def some(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with a few detections: what each computes is compared on Trino itself."""
    return project_with(SOME, tmp_path_factory.mktemp("some"))


@pytest.fixture(scope="module")
def athena(
    environment: dict[str, str], some: Path, tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """Run a command with the target athena."""
    folder = tmp_path_factory.mktemp("athena")

    def run_command(
        *command: str | Path, check: bool = True, **more: str
    ) -> subprocess.CompletedProcess[str]:
        return run(command, folder, environment | more, {}, check=check, project=some)

    return run_command


def upload(s3: Any, *, last_day: bool) -> None:
    """Put the sample trail into the bucket: its last day, or all others."""
    for path in SAMPLE.rglob("*.json.gz"):
        key = path.relative_to(SAMPLE).as_posix()
        if (f"/{LAST_DAY}/" in key) == last_day:
            s3.upload_file(str(path), "trail", f"org/{key}")


def alerts_on_duckdb(paths: list[Path], folder: Path, project: Path) -> str:
    """The alerts of some files, as `export` gives them on DuckDB."""
    on_duckdb(paths, folder, {}, project=project).close()
    command = ["trailhound", "export", "--store", "duckdb.db", "--format", "ndjson"]
    return run(command, folder, {"TRAILHOUND_TARGET": "duckdb"}, {}, project=project).stdout


@pytest.fixture(scope="module")
def first_days(athena: Run, s3: Any) -> str:
    """The alerts of all days but the last, after a build by dbt and a run with nothing new."""
    upload(s3, last_day=False)
    athena(
        *("trailhound", "athena", "ddl", "--apply", "--trail", "s3://trail/org"),
        *("--accounts", ",".join(ACCOUNTS), "--regions", ",".join(REGIONS)),
        *("--since", "2026-03-01"),
        AWS_ACCESS_KEY_ID="administrator",  # makes a table in a database that is not the role's
    )
    athena("dbt", "build", "--exclude-resource-type", "unit_test")
    first = athena("trailhound", "alerts", "--format", "ndjson").stdout
    assert athena("trailhound", "run", "--format", "ndjson").stdout == first
    return first


@pytest.fixture(scope="module")
def all_days(athena: Run, s3: Any, first_days: str) -> str:  # noqa: ARG001 - they come first
    """The alerts that `export` gives after one more day."""
    upload(s3, last_day=True)
    athena("trailhound", "run", "--quiet")
    return athena("trailhound", "export", "--format", "ndjson").stdout


def test_the_first_days_give_the_alerts_of_duckdb(
    first_days: str, some: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "first"
    shutil.copytree(SAMPLE, folder)
    for path in folder.rglob("*.json.gz"):
        if f"/{LAST_DAY}/" in path.as_posix():
            path.unlink()
    assert first_days == alerts_on_duckdb([folder], tmp_path, some)


def test_one_more_day_gives_the_alerts_of_duckdb(all_days: str, some: Path, tmp_path: Path) -> None:
    assert all_days == alerts_on_duckdb([SAMPLE], tmp_path, some)
    found = {json.loads(line)["detection"] for line in all_days.splitlines()}
    assert found >= set(SOME) & set(RULES)


def test_every_command_reads_what_was_built(athena: Run, all_days: str, webhook: Webhook) -> None:
    alert = json.loads(all_days.splitlines()[0])
    narrow = athena("trailhound", "alerts", "--severity", "high", "--format", "ndjson").stdout
    assert narrow.splitlines() == [
        line
        for line in all_days.splitlines()
        if json.loads(line)["severity"] in ("high", "critical")
    ]
    assert alert["entity_id"] in athena("trailhound", "explain", alert["alert_id"][:8]).stdout
    for _ in range(2):
        athena("trailhound", "notify", webhook.url, "--severity", "high")
    told = [
        each["alert_id"]
        for posted in webhook.posted
        for each in posted["alerts"]
        if each["detection"] != "incidents"
    ]
    high = [json.loads(line) for line in narrow.splitlines()]
    # A burst that goes on after midnight is told once.
    assert sorted(told) == sorted(each["alert_id"] for each in high if not each["is_continuation"])


def test_unit_tests_run(athena: Run, all_days: str) -> None:  # noqa: ARG001 - needs the tables
    done = athena("trailhound", "test", "aws_critical_changes_to_logging")
    assert "0 failed" in done.stderr or "tests passed" in done.stderr + done.stdout


def test_tables_of_events_are_iceberg_by_day(
    environment: dict[str, str],
    all_days: str,  # noqa: ARG001 - needs the tables
) -> None:
    session: Any = boto3.Session("test", "test", region_name="us-east-1")
    glue = session.client("glue", endpoint_url=environment["AWS_ENDPOINT_URL"])
    table = glue.get_table(DatabaseName="trailhound", Name="cloudtrail_events")["Table"]
    assert table["Parameters"]["table_type"].upper() == "ICEBERG"
    s3 = session.client("s3", endpoint_url=environment["AWS_ENDPOINT_URL"])
    keys = [
        each["Key"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket="lake")
        for each in page.get("Contents", ())
    ]
    days = {part for key in keys for part in key.split("/") if part.startswith("event_date=")}
    assert len(days) == 4


def test_check_finds_everything_in_place(athena: Run, all_days: str) -> None:  # noqa: ARG001
    done = athena("trailhound", "athena", "check", check=False)
    # The sample trail is of the past: there are no records of yesterday.
    *passed, last = done.stdout.splitlines()
    assert [line.split(":")[0] for line in passed] == [
        *("✓ credentials", "✓ work group", "✓ data folder", "✓ a query", "✓ own tables"),
        "✓ CloudTrail table",
    ]
    assert last.startswith("✗ records: none since ")
    assert done.returncode == 1


def test_the_policy_allows_what_is_called_and_nothing_else(
    athena: Run,
    environment: dict[str, str],
    all_days: str,  # noqa: ARG001 - all that a run calls
) -> None:
    athena("trailhound", "athena", "check", check=False)
    athena("dbt", "run-operation", "upkeep")
    called = calls(environment)
    assert called.isdisjoint(NOT_SEEN)
    policy = policy_of(called)
    if WRITE:
        POLICY.write_text(json.dumps(policy, indent=2) + "\n")
    assert json.loads(POLICY.read_text()) == policy


@pytest.mark.parametrize("sql", ["select list_sort(array[1]) as x", "select 'a' ilike 'A' as x"])
def test_what_only_duckdb_takes_fails_through_dbt(athena: Run, sql: str) -> None:
    done = athena("dbt", "show", "--inline", sql, check=False)
    assert done.returncode != 0
    assert "FUNCTION_NOT_FOUND" in done.stdout or "mismatched input" in done.stdout, done.stdout
