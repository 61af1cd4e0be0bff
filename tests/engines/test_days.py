"""On a real Trino a run recomputes the days that new events can change, and no others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

import late_trail
from engines.trino_server import TrinoServer
from engines.warehouse import TrinoWarehouse, deliver, duckdb_relation, on_duckdb, relations
from late_trail import DETECTIONS
from support import project_with

pytestmark = pytest.mark.long

Make = Callable[[str], TrinoWarehouse]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project_with(DETECTIONS, tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def make(trino: TrinoServer, project: Path, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """A maker of empty warehouses."""

    def make(name: str) -> TrinoWarehouse:
        made = TrinoWarehouse(
            trino, tmp_path_factory.mktemp(name), name, late_trail.VARIABLES, project
        )
        made.make_table("2026-01-01")
        made.run("dbt", "seed")
        return made

    return make


@pytest.fixture(scope="module")
def duck(project: Path, tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """What one full build makes of all."""
    folder = tmp_path_factory.mktemp("whole")
    deliver(folder / "trail", "2026/04/29", [*late_trail.in_time(), *late_trail.late()])
    return on_duckdb([folder / "trail"], folder, late_trail.VARIABLES, project=project)


def check_whole(warehouse: TrinoWarehouse, duck: duckdb.DuckDBPyConnection) -> None:
    """Assert that alerts and facts are those of one full build."""
    found = relations(duck)
    for name in ("alerts", "signals", "cloudtrail_events", "active_days", "entity_days"):
        columns = found.get(name) or relations_of(duck, name)
        assert warehouse.relation(name, columns) == duckdb_relation(duck, name, columns), name


def relations_of(duck: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    rows = duck.execute(f"select column_name from (describe {name})").fetchall()
    return sorted(row[0] for row in rows)


def alerts(warehouse: TrinoWarehouse) -> list[late_trail.Alert]:
    columns = "detection, cast(alert_date as varchar), is_continuation"
    rows = warehouse.client.rows(
        f"select {columns} from alerts union all select {columns} from signals order by 1, 2"
    )
    return [(detection, day, goes_on) for detection, day, goes_on in rows]


def deliver_each_day(warehouse: TrinoWarehouse) -> None:
    for record in late_trail.in_time():
        day = record["eventTime"][:10].replace("-", "/")
        warehouse.deliver(day, [record], re.sub(r"\W", "", record["eventID"]))


def compiled(warehouse: TrinoWarehouse) -> dict[str, str]:
    """The SQL of the detections as the last run had it."""
    folder = warehouse.folder / "target" / "compiled" / "trailhound" / "detections"
    return {path.stem: path.read_text().strip() for path in folder.glob("*/*.sql")}


def computed_days(sql: str) -> list[str]:
    """The ranges of days of 2026 of which a compiled detection gives alerts."""
    condition = sql[sql.rindex("from events_of_alerts") :]
    days = re.findall(r"between date '2026-(\S+)'\s+and date '2026-(\S+)'", condition)
    return [" to ".join(each) for each in days]


def snapshots(warehouse: TrinoWarehouse) -> dict[str, Any]:
    tables = (*DETECTIONS, "watched_calls", "active_days", "entity_days", "cloudtrail_events")
    return {
        name: warehouse.client.rows(f'select count(*) from "{name}$snapshots"') for name in tables
    }


@pytest.fixture(scope="module")
def grown(make: Make) -> Iterator[TrinoWarehouse]:
    """Built of what came in time, then of what came late."""
    warehouse = make("grown")
    deliver_each_day(warehouse)
    warehouse.run("dbt", "run")
    assert alerts(warehouse) == late_trail.BEFORE
    warehouse.deliver("2026/04/29", late_trail.late(), "late")
    warehouse.run("dbt", "run")
    yield warehouse


def test_events_58_days_late_change_the_days_that_they_can(
    grown: TrinoWarehouse, duck: duckdb.DuckDBPyConnection
) -> None:
    assert alerts(grown) == late_trail.AFTER
    check_whole(grown, duck)


def test_no_other_days_are_computed(grown: TrinoWarehouse) -> None:
    assert {name: computed_days(sql) for name, sql in compiled(grown).items()} == {
        # The copy of the 19th took an event, of whatever call, from the 20th.
        "aws_critical_changes_to_logging": ["03-19 to 03-20"],
        "iam_multiple_users_created": ["03-02 to 03-03", "03-20 to 03-21"],
        "account_region_enabled_and_used": ["03-02 to 03-05", "03-20 to 03-23"],
        "s3_mass_download": ["03-02 to 03-18", "03-20 to 04-05"],
        # Its history covers the days on which the account called anything.
        "aws_activity_in_new_region": ["03-02 to 04-19"],
    }


def test_no_other_days_are_read(grown: TrinoWarehouse) -> None:
    sql = compiled(grown)["iam_multiple_users_created"]
    plan = "\n".join(row[0] for row in grown.client.rows(f"explain {sql}"))
    partitions = re.findall(r"event_date:date\n\W*:: \[(.*)\]", plan)
    # Two windows before midnight are of the day before.
    assert set(partitions) == {"[2026-03-01, 2026-03-03], [2026-03-19, 2026-03-21]"}


def test_after_portions_nothing_is_computed_again(
    make: Make, duck: duckdb.DuckDBPyConnection
) -> None:
    warehouse = make("by_portions")
    deliver_each_day(warehouse)
    for since, until in (
        ("2026-03-01", "2026-03-16"), ("2026-03-17", "2026-04-05"), ("2026-04-06", ""),
    ):  # fmt: skip
        warehouse.run("dbt", "run", variables={"since": since, "until": until})
    assert alerts(warehouse) == late_trail.BEFORE
    written = snapshots(warehouse)
    warehouse.run("dbt", "run")
    assert snapshots(warehouse) == written

    # A run of chosen days adds events of others, which the next sees to.
    warehouse.deliver("2026/04/29", late_trail.late(), "late")
    warehouse.run("dbt", "run", variables={"since": "2026-04-29"})
    warehouse.run("dbt", "run")
    check_whole(warehouse, duck)
    written = snapshots(warehouse)
    warehouse.run("dbt", "run")
    assert snapshots(warehouse) == written


def test_events_built_whole_are_news_to_all(
    grown: TrinoWarehouse, duck: duckdb.DuckDBPyConnection
) -> None:
    grown.client.execute("delete from iam_multiple_users_created")
    grown.run("dbt", "run", "--full-refresh", "--select", "+cloudtrail_events")
    grown.run("dbt", "run")
    check_whole(grown, duck)


def test_what_was_ingested_is_read_once(
    make: Make, duck: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    warehouse = make("ingested")
    warehouse.make_ingested_table()
    for number, records in enumerate((late_trail.in_time(), late_trail.late())):
        deliver(tmp_path, "2026/04/29", records, f"portion {number}")
        # The second an hour after the first.
        warehouse.ingest(tmp_path, hours_ago=9 - number)
        warehouse.run("dbt", "run")
    check_whole(warehouse, duck)
    # Only the newest hour is read again.
    warehouse.run("dbt", "run")
    read = warehouse.client.rows("select count(*) from cloudtrail_records")
    assert read == [[len(late_trail.late())]]
    check_whole(warehouse, duck)
