"""From logs to alerts, by every way there is: the results are the same."""

from __future__ import annotations

import random
import shutil
import signal
from pathlib import Path

import duckdb
import pytest
import yaml

from support import LOGS, ROOT, Run, alerts_of, run_in

SAMPLE = LOGS / "sample"
SEED_DETECTIONS = {path.stem for path in (ROOT / "detections").glob("*/*.sql")}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The alerts of the sample trail, by the main command in one go."""
    done = run_in(tmp_path_factory.mktemp("expected"))(
        "trailhound", "run", SAMPLE, "--format", "ndjson"
    )
    return done.stdout


def test_all_detections_fire_on_the_sample_trail(expected: str) -> None:
    assert {alert["detection"] for alert in alerts_of(expected)} == SEED_DETECTIONS


def test_some_burst_of_the_sample_trail_runs_over_midnight(expected: str) -> None:
    assert any(alert["is_continuation"] for alert in alerts_of(expected))


def test_a_benign_trail_raises_nothing(run: Run) -> None:
    assert run("trailhound", "run", LOGS / "benign", "--format", "ndjson").stdout == ""


def test_loading_twice_changes_nothing(run: Run, expected: str) -> None:
    for _ in range(2):
        assert run("trailhound", "run", SAMPLE, "--format", "ndjson").stdout == expected


def test_files_one_after_the_other_in_any_order(run: Run, expected: str) -> None:
    files = sorted(path for path in SAMPLE.rglob("*") if path.is_file())
    random.Random(7).shuffle(files)
    third = len(files) // 3
    for part in (files[:third], files[third : 2 * third], files[2 * third :]):
        last = run("trailhound", "run", *part, "--format", "ndjson").stdout
    assert last == expected


KILLED_IN_BUILD = """
import os, signal, sys
from trailhound import fresh_events, plan
from trailhound.main import cli

def killed_after(module, name, step=None):
    work = getattr(module, name)
    def then(*arguments):
        work(*arguments)
        if step is None or arguments[0].name == step:
            os.kill(os.getpid(), signal.SIGKILL)
    setattr(module, name, then)

where, *arguments = sys.argv[1:]
if where == "new events":
    killed_after(fresh_events, "_add")
elif where == "alerts":
    killed_after(plan, "_union_alerts")
else:
    killed_after(plan, "_build_step", where)
cli(arguments)
"""


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of half of the sample trail."""
    store = tmp_path_factory.mktemp("half") / "store.duckdb"
    files = sorted(path for path in SAMPLE.rglob("*") if path.is_file())
    run_in(store.parent)("trailhound", "run", *files[::2], "--store", store)
    return store


@pytest.mark.parametrize(
    "where",
    [
        "cloudtrail_records",
        "new events",
        "ec2_multiple_instances_created",
        "s3_buckets_enumerated",
        "alerts",
    ],
)
def test_killed_in_the_middle_of_a_build(
    run: Run, tmp_path: Path, half: Path, expected: str, where: str
) -> None:
    store = Path(shutil.copy(half, tmp_path))
    command = ("run", SAMPLE, "--store", store)
    killed = run("python", "-c", KILLED_IN_BUILD, where, *command, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert run("trailhound", "run", "--store", store, "--format", "ndjson").stdout == expected


def test_a_table_of_single_events_only_grows(run: Run, tmp_path: Path, half: Path) -> None:
    store = shutil.copy(half, tmp_path)
    with duckdb.connect(store) as connection:
        connection.execute("update ec2_instances_launched set image_id = 'kept'")
        known = connection.execute("select count(*) from ec2_instances_launched").fetchone()
    run("trailhound", "run", SAMPLE, "--store", store)
    with duckdb.connect(store) as connection:
        kept = connection.execute(
            "select count(*) from ec2_instances_launched where image_id = 'kept'"
        ).fetchone()
        now = connection.execute("select count(*) from ec2_instances_launched").fetchone()
    assert known == kept < now


def test_a_table_of_single_events_that_others_built_is_built_anew(
    run: Run, tmp_path: Path, half: Path, expected: str
) -> None:
    store = shutil.copy(half, tmp_path)
    with duckdb.connect(store) as connection:
        connection.execute(
            "create or replace table ec2_instances_launched as "
            "from ec2_instances_launched where false"
        )
    done = run("trailhound", "run", SAMPLE, "--store", store, "--format", "ndjson")
    assert done.stdout == expected


def test_dbt_build_alone_unit_tests_included(run: Run, tmp_path: Path, expected: str) -> None:
    variables = yaml.safe_dump({"logs": str(SAMPLE)}, default_flow_style=True)
    run(
        "dbt", "build", "--project-dir", ROOT, "--profiles-dir", ROOT, "--vars", variables,
        "--target-path", tmp_path / "target", "--log-path", tmp_path / "logs",
        TRAILHOUND_STORE=str(tmp_path / "dbt.duckdb"),
    )  # fmt: skip
    alerts = run("trailhound", "alerts", "--store", "dbt.duckdb", "--format", "ndjson")
    assert alerts.stdout == expected


def test_as_a_package_in_another_dbt_project(run: Run, tmp_path: Path, expected: str) -> None:
    package = tmp_path / "package"
    for part in ("models", "detections", "macros", "seeds"):
        shutil.copytree(ROOT / part, package / part)
    shutil.copy(ROOT / "dbt_project.yml", package)
    project = {
        "dbt_project.yml": {
            "name": "acme",
            "profile": "acme",
            "vars": {"logs": [str(SAMPLE)]},
        },
        "profiles.yml": {
            "acme": {
                "target": "dev",
                "outputs": {"dev": {"type": "duckdb", "path": "acme.duckdb", "schema": "sec"}},
            }
        },
        "packages.yml": {"packages": [{"local": str(package)}]},
    }
    for name, content in project.items():
        (tmp_path / name).write_text(yaml.safe_dump(content))
    run("dbt", "deps")
    run("dbt", "build", "--exclude-resource-type", "unit_test")
    alerts = run("trailhound", "alerts", "--format", "ndjson", TRAILHOUND_STORE="acme.duckdb")
    assert alerts.stdout == expected
