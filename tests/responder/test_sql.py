"""trailhound sql: one query, and nothing but reading."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from support import Invoke


@pytest.fixture(autouse=True)
def store(folder: Path) -> None:
    with duckdb.connect(str(folder / "trailhound.duckdb")) as connection:
        connection.execute("create table alerts as select 'a' as detection, 3 as observed")


def test_a_query_is_answered(invoke: Invoke) -> None:
    output = invoke("sql", "select * from alerts", "--format", "ndjson").stdout
    assert output == '{"detection":"a","observed":3}\n'


def test_what_is_no_number_is_text_in_json(invoke: Invoke) -> None:
    query = "select 'inf'::double as a, ['nan'::double, 1.5] as b"
    answer = invoke("sql", query, "--format", "ndjson").stdout
    assert answer == '{"a":"inf","b":["nan",1.5]}\n'


@pytest.mark.parametrize("name", ["table", "ndjson", "json", "csv", "parquet", "xlsx"])
def test_a_value_of_any_type_is_told_in_each_format(invoke: Invoke, name: str) -> None:
    values = (
        "1.5, 2.5::double, [1.5], {'a': now()}, interval 1 day, '\\x00'::blob, time '10:00', now()"
    )
    assert invoke("sql", f"select {values}", "--format", name).stdout_bytes


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("delete from alerts", 1),
        ("create table x (a int)", 1),
        ("attach 'other.duckdb'", 1),
        ("copy alerts to 'out.csv'", 1),
        ("select * from read_text('/etc/hostname')", 1),
        ("set enable_external_access = true", 1),
        ("select 1; select 2", 2),
        ("selec", 2),
    ],
)
def test_what_is_not_reading_is_refused(
    invoke: Invoke, folder: Path, query: str, code: int
) -> None:
    error = invoke("sql", query, code=code).stderr
    assert error.count("\n") == 1
    assert [each.name for each in folder.iterdir()] == ["trailhound.duckdb"]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("select detection from alerts", "for alerts and events only"),
        ("select 'a' as alert_id", "whole alerts: detection"),
        ("select 'e' as event_id, now() as event_time", "whole events: access_key_id"),
    ],
)
@pytest.mark.parametrize("name", ["ecs", "timesketch"])
def test_a_format_says_what_it_misses(invoke: Invoke, name: str, query: str, reason: str) -> None:
    assert reason in invoke("sql", query, "--format", name, code=2).stderr


def test_a_table_ends_after_a_thousand_rows(invoke: Invoke) -> None:
    rows = "select range from range(1001)"
    table = invoke("sql", rows)
    assert "1,000 rows; there are more: --limit" in table.stderr
    assert "999" in table.stdout
    assert "1000" not in table.stdout
    assert invoke("sql", rows, "--format", "csv").stdout.count("\n") == 1 + 1001
    assert invoke("sql", rows, "--format", "csv", "--limit", "2").stdout.count("\n") == 1 + 2


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("select detectio from alerts", '"detection"'),
        ("select * from alert", '"alerts"'),
        ("select lenght('a')", '"length"'),
    ],
)
def test_a_slip_is_answered_with_what_may_be_meant(invoke: Invoke, query: str, meant: str) -> None:
    error = invoke("sql", query, code=1).stderr
    assert meant in error
    assert error.count("\n") == 1
