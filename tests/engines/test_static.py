"""Every model of the warehouses is SQL that Athena takes; dbt compiles it without a connection."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import yaml

from engines.sql_check import allowed_functions, functions, problems
from engines.trino_install import ROOT
from trailhound.analyst.counted import Counting
from trailhound.athena.columns import hive_type
from trailhound.athena.ddl import Trail, athena_statements
from trailhound.cloudtrail import COLUMNS as COLUMNS_OF_CLOUDTRAIL
from trailhound.project.detections import read_detections
from trailhound.project.project import Project
from trailhound.store.alerts import COLUMNS

# docs/warehouse.md says what they mean.
LONGEST_QUERY = 262_144  # bytes, Athena
LONGEST_VIEW = 409_600  # bytes of ViewOriginalText, Glue
LONGEST_TYPE = 131_072  # bytes of a column's type, Glue
LONGEST_PROPERTY = 512_000  # bytes of a parameter's value, Glue
MOST_PARTITIONS = 1_000_000  # that a query of a table in Glue may read
MOST_AT_ONCE = 20  # queries of an account, Athena's quota in the smallest region
WRAPPED_IN = 20_000  # bytes: CREATE TABLE with its properties, a hundred partitions named


@pytest.fixture(scope="module")
def target_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What dbt compiles for Athena. Nothing is there to connect to."""
    folder = tmp_path_factory.mktemp("athena")
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")),
            *("--log-path", str(folder), "compile", "--target", "athena"),
            *("--no-introspect", "--no-populate-cache", "--target-path", str(folder)),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "TRAILHOUND_ATHENA_S3_STAGING_DIR": "s3://nowhere/results/",
            "TRAILHOUND_ATHENA_S3_DATA_DIR": "s3://nowhere/data/",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return folder


@pytest.fixture(scope="module")
def compiled(target_path: Path) -> dict[str, str]:
    """The SQL of each model by its name."""
    files = (target_path / "compiled" / "trailhound").rglob("*.sql")
    return {path.stem: path.read_text() for path in files if "tests" not in path.parts}


def test_every_model_is_sql_that_athena_takes(compiled: dict[str, str]) -> None:
    detections = {
        path.stem
        for path in (ROOT / "detections").glob("*/*.sql")
        if "enabled: false" not in path.with_suffix(".yml").read_text()
    }
    assert {*detections, "cloudtrail_events", "cloudtrail_records"} <= set(compiled)
    found = {name: problems(sql) for name, sql in compiled.items()}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_no_statement_is_too_long(compiled: dict[str, str]) -> None:
    sizes = {name: len(sql.encode()) for name, sql in compiled.items()}
    assert {name: size for name, size in sizes.items() if size + WRAPPED_IN > LONGEST_QUERY} == {}


def test_the_view_of_all_alerts_has_room_for_as_many_detections_again(
    compiled: dict[str, str],
) -> None:
    columns = ", ".join(column.name for column in COLUMNS)
    of_one = f'select {columns} from "awsdatacatalog"."trailhound"."{max(compiled, key=len)}" union'
    detections = len(list((ROOT / "detections").glob("*/*.sql")))
    view = 2 * detections * (len(of_one) + 40)  # and white space
    assert view < LONGEST_QUERY
    assert view * 4 / 3 + 100 * len(COLUMNS) < LONGEST_VIEW  # in base64, with its columns


def test_each_table_has_at_most_one_partition_a_day(target_path: Path) -> None:
    manifest = json.loads((target_path / "manifest.json").read_text())
    found = {
        tuple(node["config"].get("partitioned_by") or ())
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }
    # dbt-athena writes more than a hundred days in portions.
    assert found == {(), ("alert_date",), ("event_date",)}


def test_a_run_asks_no_more_at_once_than_any_account_may() -> None:
    profile = yaml.safe_load((ROOT / "profiles.yml").read_text())["trailhound"]["outputs"]
    assert profile["athena"]["threads"] < MOST_AT_ONCE


def test_the_table_of_an_organisation_of_2000_accounts_can_be_made_and_read() -> None:
    accounts = [f"{number:012}" for number in range(2000)]
    regions = [f"region-{number:02}" for number in range(34)]
    trail = Trail("s3://my-trail", accounts, [f"us-{each}" for each in regions], date(2020, 1, 1))
    _, table = athena_statements(trail, "cloudtrail", "cloudtrail_logs")
    assert len(table.encode()) < LONGEST_QUERY
    assert max(len(found) for found in re.findall(r"'([^']*)'", table)) < LONGEST_PROPERTY
    assert max(len(hive_type(kind)) for kind in COLUMNS_OF_CLOUDTRAIL.values()) < LONGEST_TYPE
    late = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]["late_delivery_days"]
    days = late + 2  # the newest, and the one that has begun since
    assert days * len(accounts) * len(regions) < MOST_PARTITIONS
    portion = MOST_PARTITIONS // (len(accounts) * len(regions)) - 2 * late
    stated = (ROOT / "docs" / "warehouse.md").read_text()
    assert f"of {portion} days" in stated


def test_what_each_detection_counts_is_found(compiled: dict[str, str]) -> None:
    enabled = [each for each in read_detections(Project(ROOT)) if each.enabled]
    for dialect in ("athena", "trino"):
        found = [Counting(each.name, compiled[each.name], dialect) for each in enabled]
        assert [each.fault for each in found if each.fault] == []
        assert {each.name for each in found} == {"counted"}


def test_the_list_of_functions_is_in_order_and_holds_no_name_twice() -> None:
    lines = (Path(__file__).parent / "athena_functions.txt").read_text().splitlines()
    names = [line for line in lines if line and not line.startswith("#")]
    assert names == sorted(set(names))


def test_no_line_of_a_macro_is_too_long() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in ROOT.glob("macros/**/*.sql")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > 100 and "https://" not in line
    ]
    assert long == []


def test_no_model_and_no_detection_asks_which_engine_it_runs_on() -> None:
    files = [*ROOT.glob("models/**/*.sql"), *ROOT.glob("detections/*/*.sql")]
    assert [str(path) for path in files if "target.type" in path.read_text()] == []


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("select x from t qualify row_number() over (order by x) = 1", "syntax"),
        ("select x from t where x ilike 'a%'", "syntax"),
        ("select list_transform(x, lambda y: y + 1) from t", "syntax"),
        ("select x[1:2] from t", "syntax"),
        ("select interval '10 minutes'", "literal"),
        ("select {'a': 1}", "syntax"),
        ("select list_sort(x) from t", "function"),
        ("select any_value(x) from t", "function"),
        ("select string_agg(x, ',') from t", "function"),
        ("select to_timestamp(x) from t", "function"),
        ("select count(distinct x) over (partition by y) from t", "window"),
        ("select array_agg(x order by y) over (partition by y) from t", "window"),
        ("select count(*) filter (where x) over (partition by y) from t", "window"),
        (
            "select count(*) over (order by a, b range between interval '1' minute preceding "
            "and current row) from t",
            "window",
        ),
        ("select json_extract(x, '$.a[*].b') from t", "json path"),
        ("select json_extract_scalar(x, '$.x-amz-acl') from t", "json path"),
        ("select timestamp '2026-01-31 00:00:00'", "literal"),
        ("select cast('2026-01-31T00:00:00Z' as timestamp)", "cast"),
        ("select x from t where (a, b) in (select a, b from u)", "in"),
        ("select x from t where (a, b) in ((1, 2), (3, 4))", "in"),
    ],
)
def test_what_athena_does_not_take_is_found(sql: str, kind: str) -> None:
    found = problems(sql)
    assert [line.partition(":")[0] for line in found] == [kind], found


@pytest.mark.parametrize(
    "sql",
    [
        "select count(distinct x) from t group by y",
        "select array_agg(x order by y) filter (where z) from t",
        "select sum(x) over (order by t range between interval '90' minute preceding "
        "and current row) from t",
        "select json_extract_scalar(x, '$[\"x-amz-acl\"]') from t",
        "select cast('2026-01-31 00:00:00' as timestamp)",
        "select x from t where a in ('b', 'c')",
    ],
)
def test_what_athena_takes_is_left_alone(sql: str) -> None:
    assert problems(sql) == []


def test_functions_are_those_called_and_no_names_of_columns() -> None:
    sql = "with c (x) as (select 1) select Lower(x), count(*) from c as t (x) where x in (1, 2)"
    assert functions(sql) == {"lower", "count"}
    assert functions(sql) <= allowed_functions()
