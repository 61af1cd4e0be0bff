"""The stand-in for Athena answers as Athena does, and refuses what Athena refuses.

What is shown here is how the stand-in behaves: Athena itself is not on this machine.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import boto3
import duckdb
import pytest
from botocore.exceptions import ClientError
from pyathena import connect
from pyathena.error import OperationalError

from engines.athena_values import hive_type, split_outside
from trailhound.athena.ddl import Ingested, athena_statements
from trailhound.load import load
from trailhound.load.ingest import hand_on

DATABASE = "front_tests"


def event(number: int = 1) -> dict[str, Any]:
    """A record, as small as one can be."""
    return {
        "eventTime": "2026-01-31T00:00:00Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateUser",
        "eventID": f"id-{number}",
    }


@pytest.fixture(scope="module")
def aws(stand_in: dict[str, str]) -> Iterator[Callable[[str], Any]]:
    """A maker of AWS clients that talk to the stand-in."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in stand_in.items():
            patch.setenv(name, value)
        session: Any = boto3.Session()
        yield session.client


@pytest.fixture(scope="module")
def run(aws: Callable[[str], Any]) -> Callable[[str], dict[str, Any]]:
    """Run a query to its end and return what GetQueryExecution says."""
    athena = aws("athena")

    def run_query(sql: str, stop: bool = False) -> dict[str, Any]:
        identifier = athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": DATABASE},
            ResultConfiguration={"OutputLocation": "s3://stand-in/results/"},
        )["QueryExecutionId"]
        if stop:
            athena.stop_query_execution(QueryExecutionId=identifier)
        while True:
            found = athena.get_query_execution(QueryExecutionId=identifier)["QueryExecution"]
            if found["Status"]["State"] not in ("QUEUED", "RUNNING"):
                return dict(found)
            time.sleep(0.02)

    run_query(f"create schema if not exists `{DATABASE}`")
    return run_query


@pytest.fixture
def cursor(run: Callable[[str], Any]) -> Iterator[Any]:  # noqa: ARG001 - it makes the schema
    """PyAthena, as the command line uses it."""
    connection = connect(
        s3_staging_dir="s3://stand-in/results/", schema_name=DATABASE, poll_interval=0.02
    )
    with connection.cursor() as found:
        yield found


def test_values_come_with_their_types(cursor: Any) -> None:
    cursor.execute(
        "select 'text' as t, cast(null as varchar) as n, 7 as i, cast(8 as bigint) as b, "
        "true as y, date '2026-01-31' as d, cast('2026-01-31 23:59:00' as timestamp) as ts, "
        "1.5e0 as f"
    )
    assert [(column[0], column[1]) for column in cursor.description] == [
        *(("t", "varchar"), ("n", "varchar"), ("i", "integer"), ("b", "bigint")),
        *(("y", "boolean"), ("d", "date"), ("ts", "timestamp"), ("f", "double")),
    ]
    assert cursor.fetchall() == [
        ("text", None, 7, 8, True, date(2026, 1, 31), datetime(2026, 1, 31, 23, 59), 1.5)
    ]


def test_nested_values_are_text_as_athena_writes_it(aws: Callable[[str], Any], run: Any) -> None:
    query = run(
        "select array[1, null], map(array['k'], array[true]), "
        "cast(row('x', null) as row(a varchar, b integer)), to_utf8('az'), json '{\"a\":1}'"
    )
    page = aws("athena").get_query_results(QueryExecutionId=query["QueryExecutionId"])["ResultSet"]
    names, values = page["Rows"]
    assert names["Data"][0] == {"VarCharValue": "_col0"}
    assert [each["VarCharValue"] for each in values["Data"]] == [
        *("[1, null]", "{k=true}", "{a=x, b=null}", "61 7a", '{"a":1}')
    ]


def test_answers_of_more_than_a_thousand_rows_come_in_pages(
    aws: Callable[[str], Any], run: Any, cursor: Any
) -> None:
    sql = "select n from unnest(sequence(1, 2500)) as t (n) order by n"
    cursor.execute(sql)
    assert [row[0] for row in cursor.fetchall()] == list(range(1, 2501))

    query = run(sql)["QueryExecutionId"]
    pages = aws("athena").get_paginator("get_query_results").paginate(QueryExecutionId=query)
    assert [len(page["ResultSet"]["Rows"]) for page in pages] == [1000, 1000, 501]
    with pytest.raises(ClientError, match="MaxResults"):
        aws("athena").get_query_results(QueryExecutionId=query, MaxResults=1001)


def test_a_failed_query_says_why(run: Any, cursor: Any) -> None:
    status = run("select * from nowhere")["Status"]
    assert status["State"] == "FAILED"
    assert status["StateChangeReason"].startswith("TABLE_NOT_FOUND: line 1:15: Table ")
    assert status["AthenaError"]["ErrorMessage"] == status["StateChangeReason"]
    with pytest.raises(OperationalError, match="FUNCTION_NOT_FOUND"):
        cursor.execute("select list_sort(array[1])")


@pytest.mark.parametrize("sql", ["selct 1", "select 'a' ilike 'A'", "select 1 from t qualify true"])
def test_what_is_no_sql_does_not_start(run: Any, sql: str) -> None:
    with pytest.raises(ClientError, match="InvalidRequestException"):
        run(sql)


def test_results_of_a_query_that_failed_are_refused(aws: Callable[[str], Any], run: Any) -> None:
    query = run("select 1 / 0")["QueryExecutionId"]
    with pytest.raises(ClientError, match="Final query state: FAILED"):
        aws("athena").get_query_results(QueryExecutionId=query)
    with pytest.raises(ClientError, match="was not found"):
        aws("athena").get_query_execution(QueryExecutionId="nothing")


def test_a_query_can_be_stopped(run: Any) -> None:
    found = run(
        "select count(*) from unnest(sequence(1, 10000)) a cross join unnest(sequence(1, 10000)) b",
        stop=True,
    )
    assert found["Status"]["State"] == "CANCELLED"


def test_a_table_of_each_kind_is_made_read_and_dropped(
    aws: Callable[[str], Any], run: Any, cursor: Any
) -> None:
    for kind, properties in {
        "hive": "is_external = true, external_location = 's3://lake/hive_table/'",
        "iceberg": "is_external = false, location = 's3://lake/iceberg_table/'",
    }.items():
        name = f"{kind}_table"
        made = run(
            f"create table {DATABASE}.{name} with (table_type = '{kind}', {properties}, "
            "format = 'parquet', write_compression = 'zstd') as select 'a' as x, 1 as y"
        )
        assert made["Status"]["State"] == "SUCCEEDED", made["Status"]
        assert made["StatementType"] == "DDL"
        query = run(f"select x, y from {name}")
        assert query["Statistics"]["DataScannedInBytes"] > 0
        cursor.execute(f"select x, y from {name}")
        assert cursor.fetchall() == [("a", 1)]
        columns = aws("glue").get_table(DatabaseName=DATABASE, Name=name)["Table"]
        assert [each["Name"] for each in columns["StorageDescriptor"]["Columns"]] == ["x", "y"]
        assert run(f"drop table `{DATABASE}`.`{name}`")["Status"]["State"] == "SUCCEEDED"
        assert run(f"select x from {name}")["Status"]["State"] == "FAILED"


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ("table_type = 'iceberg', is_external = false", "location can not be null"),
        ("table_type = 'iceberg', location = 's3://lake/x/'", "is_external"),
        ("table_type = 'hive', external_location = 's3://lake/full/'", "HIVE_PATH_ALREADY_EXISTS"),
    ],
)
def test_a_table_that_athena_would_refuse_is_refused(
    aws: Callable[[str], Any], run: Any, properties: str, reason: str
) -> None:
    aws("s3").put_object(Bucket="lake", Key="full/file", Body=b"there")
    status = run(f"create table refused with ({properties}) as select 1 as x")["Status"]
    assert status["State"] == "FAILED"
    assert reason in status["StateChangeReason"]


def test_iceberg_tables_hold_microseconds_only(run: Any) -> None:
    for precision, state in ((3, "FAILED"), (6, "SUCCEEDED")):
        status = run(
            f"create table precise_{precision} with (table_type = 'iceberg', is_external = false, "
            f"location = 's3://lake/precise_{precision}/') as "
            f"select cast('2026-01-31 00:00:00' as timestamp({precision})) as at"
        )["Status"]
        assert status["State"] == state, status


def test_more_than_a_hundred_open_partitions_are_refused(run: Any) -> None:
    for days, state in ((100, "SUCCEEDED"), (101, "FAILED")):
        status = run(
            f"create table days_{days} with (table_type = 'iceberg', is_external = false, "
            f"location = 's3://lake/days_{days}/', partitioning = array['day']) as select "
            f"date_add('day', n, date '2026-01-01') as day from unnest(sequence(1, {days})) t (n)"
        )["Status"]
        assert status["State"] == state, status
    assert "TOO_MANY_OPEN_PARTITIONS" in status["StateChangeReason"]


def test_a_view_has_its_columns_in_glue(aws: Callable[[str], Any], run: Any) -> None:
    run(
        "create or replace view some_view as "
        "select 'a' as x, array[cast(row(1) as row(y int))] as z"
    )
    table = aws("glue").get_table(DatabaseName=DATABASE, Name="some_view")["Table"]
    assert table["TableType"] == "VIRTUAL_VIEW"
    assert table["StorageDescriptor"]["Columns"] == [
        {"Name": "x", "Type": "string"},
        {"Name": "z", "Type": "array<struct<y:int>>"},
    ]


def test_ddl_that_the_stand_in_does_not_know_fails(run: Any) -> None:
    for sql in ("alter table t recover partitions", "create external table t location 's3://a/'"):
        assert run(sql)["Status"]["State"] == "FAILED"


CLOUDTRAIL = """
create external table `trail` (
    eventversion string,
    useridentity struct<type: string, arn: string>,
    eventtime string,
    requestparameters string,
    readonly string,
    resources array<struct<arn: string, accountid: string, type: string>>
)
partitioned by (`timestamp` string)
row format serde 'org.apache.hive.hcatalog.data.JsonSerDe'
stored as inputformat 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'
outputformat 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
location 's3://trail/AWSLogs/'
tblproperties (
    'projection.enabled' = 'true',
    'projection.timestamp.type' = 'date',
    'projection.timestamp.format' = 'yyyy/MM/dd',
    'projection.timestamp.range' = '2026/01/01,2026/01/31',
    'storage.location.template' = 's3://trail/AWSLogs/${timestamp}'
)
"""


def test_a_cloudtrail_table_reads_files_as_aws_writes_them(
    aws: Callable[[str], Any], run: Any, cursor: Any
) -> None:
    for day in ("01/30", "01/31"):
        record = {
            "eventVersion": "1.11",
            "userIdentity": {"type": "IAMUser", "arn": f"arn of {day}", "new": "field"},
            "eventTime": "2026-01-31T00:00:00Z",
            "requestParameters": {"bucketName": "b", "tags": ["x"]},
            "readOnly": True,
            "resources": [{"ARN": "arn:aws:s3:::b", "accountId": "1", "type": "AWS::S3::Bucket"}],
        }
        aws("s3").put_object(
            Bucket="trail",
            Key=f"AWSLogs/2026/{day}/1_CloudTrail_us-east-1.json.gz",
            Body=gzip.compress(json.dumps({"Records": [record]}).encode()),
        )
    assert run(CLOUDTRAIL)["Status"].get("StateChangeReason") is None
    all_days = run("select * from trail")["Statistics"]["DataScannedInBytes"]
    one_day = run("select * from trail where \"timestamp\" = '2026/01/31'")
    assert 0 < one_day["Statistics"]["DataScannedInBytes"] < all_days
    cursor.execute(
        "select useridentity.arn, json_extract_scalar(requestparameters, '$.bucketName'), "
        "readonly, resources[1].arn from trail where \"timestamp\" >= '2026/01/31'"
    )
    assert cursor.fetchall() == [("arn of 01/31", "b", "true", "arn:aws:s3:::b")]


def test_a_table_reads_what_was_ingested(run: Any, cursor: Any, tmp_path: Path) -> None:
    records = [{**event(1), "userIdentity": {"arn": "arn of one"}}, event(2)]
    (tmp_path / "file.json").write_text(json.dumps({"Records": records}))
    store = duckdb.connect()
    load(store, [str(tmp_path / "file.json")])
    hand_on(store, "cloudtrail_logs", "s3://lake/ingested")
    today = datetime.now(UTC).date()
    for sql in athena_statements(Ingested("s3://lake/ingested", today), DATABASE, "ingested"):
        assert run(sql)["Status"].get("StateChangeReason") is None
    cursor.execute(
        "select eventid, useridentity.arn, eventtime from ingested "
        f"where ingested_hour >= '{today:%Y/%m/%d}' order by 1"
    )
    time = event()["eventTime"]
    assert cursor.fetchall() == [("id-1", "arn of one", time), ("id-2", None, time)]


def test_types_of_trino_have_names_in_glue() -> None:
    assert hive_type('row("Some Name" varchar(3), b decimal(10, 2))') == (
        "struct<some name:string,b:decimal(10,2)>"
    )
    assert hive_type("map(varchar, array(timestamp(6)))") == "map<string,array<timestamp>>"
    assert hive_type("timestamp(3) with time zone") == "string"
    assert split_outside("a = 'x, y', b = array['(', 'c']") == ["a = 'x, y'", "b = array['(', 'c']"]
