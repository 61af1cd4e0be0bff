"""What `athena check` asks of AWS. How it goes through to the end stands in tests/engines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from unittest.mock import MagicMock

import pytest

from trailhound.athena.check import Checks
from trailhound.cloudtrail import COLUMNS
from trailhound.settings import Settings
from trailhound.workspace import Work

TODAY = f"{datetime.now(UTC):%Y/%m/%d}"


class Refused(Exception):
    """What AWS's client raises."""


class Aws:
    """Stands for AWS: notes what is asked and refuses what it is told to."""

    def __init__(self, refused: str = "") -> None:
        self.asked: list[str] = []
        self.queries: list[str] = []
        self._refused = refused

    def client(self, service: str) -> Any:
        found = MagicMock()
        found.get_paginator.side_effect = lambda action: MagicMock(
            paginate=lambda **_: [self._answer(service, action)]
        )
        for action in (
            *("get_table", "get_tables", "get_table_versions", "delete_table_version"),
            *("get_table_metadata", "get_work_group", "get_caller_identity"),
        ):
            getattr(found, action).side_effect = lambda _a=action, **given: self._answer(
                service, _a, **given
            )
        return found

    def _answer(self, service: str, action: str, **given: Any) -> Any:
        self.asked.append(f"{service}:{action} {given.get('CatalogName', '')}".strip())
        if action == self._refused:
            raise Refused(f"AccessDeniedException: not authorized to perform: {service}:{action}")
        columns = [
            {"Name": name, "Type": "struct<type:string>" if name == "useridentity" else "string"}
            for name in COLUMNS
        ]
        described = {"Columns": columns, "PartitionKeys": []}
        return {
            "get_databases": {"DatabaseList": [{"Name": "trailhound"}]},
            "get_table_versions": {"TableVersions": [{"VersionId": "2"}, {"VersionId": "1"}]},
            "get_table": {"Table": {"StorageDescriptor": described}},
            "get_table_metadata": {"TableMetadata": described},
            "get_work_group": {"WorkGroup": {"State": "ENABLED"}},
            "get_caller_identity": {"Arn": "arn:aws:sts::111122223333:assumed-role/r/s"},
        }.get(action, {})

    def execute(self, sql: str) -> None:
        self.queries.append(sql)


def findings(aws: Aws, monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[Any]:
    for name in ("STAGING", "DATA"):
        monkeypatch.setenv(f"TRAILHOUND_ATHENA_S3_{name}_DIR", "s3://lake/")
    checks = Checks(Work(Settings(target="athena", vars=variables)))
    cursor = MagicMock(data_scanned_in_bytes=1000)
    cursor.execute.side_effect = aws.execute
    cursor.fetchall.side_effect = lambda: (
        [(TODAY, "us-east-1", 60), (TODAY, "us-west-2", 40)] if "limit" in aws.queries[-1] else []
    )
    connection = MagicMock()
    connection.cursor.return_value.__enter__.return_value = cursor
    monkeypatch.setattr(Checks, "session", MagicMock(client=aws.client, region_name="us-east-1"))
    monkeypatch.setattr(Checks, "_connection", connection)
    found = []
    for each in checks.all():
        found.append(each)
        if each.subject == "records":
            break
    return found


def test_it_reads_a_sample_and_leaves_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = Aws()
    *_, records = findings(aws, monkeypatch)
    assert records.state == "ok", records
    assert records.found.startswith(f"a sample of 100 records of {TODAY} and 2 regions; 1 KB")
    [sample] = [sql for sql in aws.queries if "cloudtrail_logs" in sql]
    assert 'from "cloudtrail"."cloudtrail_logs"' in sample
    assert "limit 100" in sample
    made = [sql.split()[2].split('"')[-2] for sql in aws.queries if sql.startswith("create table")]
    dropped = [sql.split("`")[-2] for sql in aws.queries if sql.startswith("drop table")]
    assert made == dropped
    assert len(made) == 1


def test_a_table_of_another_catalog_is_looked_for_there(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = Aws()
    *_, records = findings(aws, monkeypatch, cloudtrail_catalog="log_archive")
    assert records.state == "ok", records
    assert "athena:get_table_metadata log_archive" in aws.asked
    assert 'from "log_archive"."cloudtrail"."cloudtrail_logs"' in aws.queries[-1]


@pytest.mark.parametrize(
    ("refused", "named"),
    [
        ("get_databases", "glue:GetDatabases"),
        ("get_table_versions", "GetTableVersions"),
        ("delete_table_version", "DeleteTableVersion"),
    ],
)
def test_what_is_missing_is_named_and_the_table_goes(
    monkeypatch: pytest.MonkeyPatch, refused: str, named: str
) -> None:
    aws = Aws(refused)
    *_, last = findings(aws, monkeypatch)
    assert (last.subject, last.state) == ("own tables", "problem")
    assert "not authorized" in last.found
    assert named in last.advice
    made, dropped = (
        sum(sql.startswith(f"{verb} table") for sql in aws.queries) for verb in ("create", "drop")
    )
    assert made == dropped
