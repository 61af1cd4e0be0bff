"""From logs to alerts, by every way there is: the results are the same."""

from __future__ import annotations

import json
import random
import shutil
import signal
from collections.abc import Container
from pathlib import Path

import duckdb
import pytest
import yaml

import trails
from oracle import RULES
from support import FEW, LOGS, ROOT, Invoke, Run, alerts_of, dbt, run_in

SAMPLE = LOGS / "sample"
SEED_DETECTIONS = set(RULES)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The store and the alerts of the sample trail, by the main command in one go."""
    store = tmp_path_factory.mktemp("ran") / "trailhound.duckdb"
    done = run_in(store.parent)("trailhound", "run", SAMPLE, "--format", "ndjson")
    return store, done.stdout


@pytest.fixture(scope="module")
def expected(ran: tuple[Path, str]) -> str:
    return ran[1]


def of(detections: Container[str], alerts: str) -> str:
    """The alerts of some detections."""
    lines = alerts.splitlines(keepends=True)
    return "".join(each for each in lines if json.loads(each)["detection"] in detections)


def test_all_detections_fire_on_the_sample_trail(expected: str) -> None:
    assert {alert["detection"] for alert in alerts_of(expected)} >= SEED_DETECTIONS


def test_some_burst_of_the_sample_trail_runs_over_midnight(expected: str) -> None:
    assert any(alert["is_continuation"] for alert in alerts_of(expected))


def test_what_a_log_is_too_short_for_is_said_to_be_silent(
    invoke: Invoke, ran: tuple[Path, str]
) -> None:
    name, store = "signin_login_from_new_country", ran[0]
    for floor, covered in ((4, "silent: history covers 3 of 4 days"), (3, "")):
        variables = ("--vars", f"{{history_floor_days: {floor}}}")
        command = ("list", name, "--store", store, *variables)
        [row] = json.loads(invoke(*command, "--format", "json").stdout)
        assert row["silent"] is bool(covered)
        assert ("silent" in invoke(*command, env={"COLUMNS": "140"}).stdout) is bool(covered)


def test_a_benign_trail_raises_nothing(invoke: Invoke) -> None:
    assert invoke("run", LOGS / "benign", "--format", "ndjson").stdout == ""


def test_loading_twice_changes_nothing(invoke: Invoke, ran: tuple[Path, str]) -> None:
    store, expected = ran
    again = invoke("run", SAMPLE, "--store", store, "--format", "ndjson")
    assert again.stdout == expected


@pytest.mark.usefixtures("few")
def test_files_one_after_the_other_in_any_order(invoke: Invoke, expected: str) -> None:
    files = sorted(path for path in SAMPLE.rglob("*") if path.is_file())
    random.Random(7).shuffle(files)
    third = len(files) // 3
    for part in (files[:third], files[third : 2 * third], files[2 * third :]):
        last = invoke("run", *part, "--format", "ndjson").stdout
    assert last == of(FEW, expected)


@pytest.mark.usefixtures("few")
def test_of_unequal_copies_the_same_is_kept_in_any_order(invoke: Invoke, tmp_path: Path) -> None:
    [plain, *_] = trails.read(LOGS / "benign")
    copies = (plain, plain | {"sessionCredentialFromConsole": "true", "eventCategory": "Data"})
    kept = []
    for number, order in enumerate((copies, copies[::-1])):
        for place, copy in enumerate(order):
            (tmp_path / f"{place}.json").write_text(json.dumps([copy]))
            invoke("run", f"{place}.json", "--store", f"{number}.duckdb", "--quiet")
        with duckdb.connect(f"{number}.duckdb") as store:
            columns = "session_from_console, event_category"
            kept.append(store.execute(f"select {columns} from cloudtrail_events").fetchall())
    assert kept[0] == kept[1]
    assert len(kept[0]) == 1


KILLED_IN_BUILD = """
import os, signal, sys
from trailhound.build import new_events, relations
from trailhound.main import cli

def killed_after(place, name, step=None):
    work = getattr(place, name)
    def then(*arguments):
        work(*arguments)
        if step is None or arguments[1].name == step:
            os.kill(os.getpid(), signal.SIGKILL)
    setattr(place, name, then)

where, *arguments = sys.argv[1:]
if where == "new events":
    killed_after(new_events, "_add")
elif where == "alerts":
    killed_after(relations, "_union_alerts")
else:
    killed_after(relations._Store, "_build_whole", where)
    killed_after(relations._Store, "_build_days", where)
cli(arguments)
"""


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory, project_of_few: Path) -> Path:
    """A store of half of the sample trail."""
    store = tmp_path_factory.mktemp("half") / "store.duckdb"
    files = sorted(path for path in SAMPLE.rglob("*") if path.is_file())
    run_in(project_of_few)("trailhound", "run", *files[::2], "--store", store)
    return store


@pytest.mark.parametrize(
    "where",
    [
        "ec2_instances_launched",
        "new events",
        "ec2_multiple_instances_created",
        "s3_buckets_enumerated",
        "alerts",
    ],
)
def test_killed_in_the_middle_of_a_build(
    project_of_few: Path, tmp_path: Path, half: Path, expected: str, where: str
) -> None:
    run, store = run_in(project_of_few), Path(shutil.copy(half, tmp_path))
    command = ("run", SAMPLE, "--store", store)
    killed = run("python", "-c", KILLED_IN_BUILD, where, *command, check=False)
    assert killed.returncode == -signal.SIGKILL
    again = run("trailhound", "run", "--store", store, "--format", "ndjson")
    assert again.stdout == of(FEW, expected)


@pytest.mark.usefixtures("few")
def test_a_run_builds_what_has_other_sources_than_before(
    invoke: Invoke, tmp_path: Path, half: Path, expected: str
) -> None:
    store = shutil.copy(half, tmp_path)
    by_user, failed = "iam_multiple_users_created", "iam_multiple_failed_api_calls"
    with duckdb.connect(store) as connection:
        connection.execute(f"update {by_user} set title = 'left alone'")
        connection.execute(f"create or replace table {failed} as from {failed} where false")

    def titles() -> set[str]:
        alerts = invoke("alerts", "--store", store, "--format", "ndjson").stdout
        return {each["title"] for each in alerts_of(alerts)}

    invoke("run", "--store", store)
    assert "left alone" in titles()
    assert any(title.startswith("IAM - Multiple failed API calls") for title in titles())
    done = invoke("run", SAMPLE, "--store", store, "--format", "ndjson")
    assert done.stdout == of(FEW, expected)


def test_dbt_build_alone_unit_tests_included(
    run: Run, tmp_path: Path, project_of_few: Path, expected: str
) -> None:
    """What fails a unit test is not built, all else is; test_unit_tests.py runs every one."""
    wrong = "s3_buckets_enumerated"
    own = shutil.copytree(project_of_few, tmp_path / "own")
    described = own / "detections" / "s3" / f"{wrong}.yml"
    described.write_text(described.read_text().replace("observed: 15", "observed: 14", 1))
    variables = yaml.safe_dump({"logs": str(SAMPLE)}, default_flow_style=True)
    done = dbt(
        "build", "--project-dir", own, "--profiles-dir", own, "--vars", variables,
        "--exclude",
        *(f"path:{path},resource_type:unit_test" for path in ("models", "detections/iam")),
        "--target-path", tmp_path / "target", "--log-path", tmp_path / "logs",
        TRAILHOUND_STORE=str(tmp_path / "dbt.duckdb"),
    )  # fmt: skip
    assert done.exit_code == 1
    results = json.loads((tmp_path / "target" / "run_results.json").read_text())["results"]
    statuses = {each["unique_id"].rpartition(".")[2]: each["status"] for each in results}
    assert statuses[f"{wrong}_fires_at_the_threshold"] == "fail"
    assert statuses["ec2_multiple_instances_created_fires_at_the_threshold"] == "pass"
    alerts = run("trailhound", "alerts", "--store", "dbt.duckdb", "--format", "ndjson")
    assert alerts.stdout == of(FEW - {wrong}, expected)


def test_as_a_package_in_another_dbt_project(
    run: Run, tmp_path: Path, project_of_few: Path, expected: str
) -> None:
    project = {
        "dbt_project.yml": {
            "name": "acme",
            "profile": "acme",
            "vars": {"logs": [str(SAMPLE)]},
            "models": {"+schema": "more"},
            "seeds": {"+schema": "more"},
        },
        "profiles.yml": {
            "acme": {
                "target": "dev",
                "outputs": {"dev": {"type": "duckdb", "path": "acme.duckdb", "schema": "sec"}},
            }
        },
        "packages.yml": {"packages": [{"local": str(project_of_few)}]},
    }
    for name, content in project.items():
        (tmp_path / name).write_text(yaml.safe_dump(content))
    models = tmp_path / "models"
    models.mkdir()
    # A model that reads the alerts passes in the first build; one with a severity of its own is no
    # detection.
    (models / "mine.sql").write_text("select alert_id from {{ source('trailhound', 'alerts') }}")
    (models / "tickets.sql").write_text("{{ config(meta={'severity': 'high'}) }} select 1 as x")
    run("dbt", "deps")
    run("dbt", "build", "--exclude-resource-type", "unit_test")
    alerts = run("trailhound", "alerts", "--format", "ndjson", TRAILHOUND_STORE="acme.duckdb")
    assert alerts.stdout == of(FEW, expected)
    files = run("trailhound", "files", TRAILHOUND_STORE="acme.duckdb", check=False)
    assert "the events are in the schema sec_more" in files.stderr


@pytest.mark.usefixtures("few")
def test_a_project_of_ones_own(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, expected: str
) -> None:
    """What `new` and `list` show there is built, by `run` and by dbt; `tune` writes there."""
    invoke("init", "own")
    own = tmp_path / "own"
    monkeypatch.chdir(own)
    invoke("new", "iam/iam_own", "--event-name", "CreateUser")
    config = own / "dbt_project.yml"
    config.write_text(config.read_text().replace("vars:\n", "vars:\n  iam_own__threshold: 1\n"))
    done = invoke("run", SAMPLE, "--format", "ndjson")
    alerts = alerts_of(done.stdout)
    assert of(FEW, done.stdout) == of(FEW, expected)
    assert {each["detection"] for each in alerts} == {*FEW, "iam_own"}
    entity = next(each["entity_id"] for each in alerts if each["detection"] == "iam_own")
    invoke("tune", "iam_own", "--allow", entity, "--reason", "ours", "--yes")
    rows = (own / "seeds" / "allow_list.csv").read_text().splitlines()
    assert rows[1:] == [f"iam_own,,{entity},,,,,,ours,"]
    assert "ours" not in (ROOT / "seeds" / "allow_list.csv").read_text()
    # A model of one's own beside it.
    (own / "models").mkdir()
    (own / "models" / "mine.sql").write_text("select * from {{ ref('iam_own') }}")
    run = run_in(own)
    run("dbt", "deps")
    run("dbt", "build", "--exclude-resource-type", "unit_test", "--select", "+mine")
    left = alerts_of(invoke("alerts", "--format", "ndjson").stdout)
    assert {each["entity_id"] for each in left if each["detection"] == "iam_own"} == {
        each["entity_id"] for each in alerts if each["detection"] == "iam_own"
    } - {entity}
