"""Whether a run on Amazon Athena would find all it needs: each step of it tried, one after another.

What is changed is changed back, but that the database for the results stays: one small object and
one table of one row are made and deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import urlparse
from uuid import uuid4

from trailhound.analyst.counted import countings
from trailhound.analyst.findings import NOTE, OK, PROBLEM, Finding
from trailhound.athena.columns import fields_missing
from trailhound.athena.ddl import HOUR
from trailhound.cloudtrail import COLUMNS, NEEDED
from trailhound.engines import quoted
from trailhound.errors import TrailhoundError, extra
from trailhound.text import counted
from trailhound.workspace import Work

# US dollars for a terabyte scanned, in most regions: https://aws.amazon.com/athena/pricing/
PRICE = 5.0
_PROBE = "trailhound-check"
_SAMPLE = 100
"""So many records are read: a query that needs no more stops early."""
_OCSF = (
    *("metadata", "time", "cloud", "api", "actor", "http_request", "src_endpoint", "status"),
    *("unmapped", "eventday"),
)


class Scan(NamedTuple):
    """What a query gave and what it read."""

    rows: list[tuple[Any, ...]]
    scanned_bytes: int

    @property
    def cost(self) -> str:
        """Bytes and price in words."""
        return cost_of(self.scanned_bytes)


def cost_of(scanned_bytes: float) -> str:
    """So many bytes and what Athena asks for them: `1.25 GB scanned, about $0.0063`."""
    size, unit = float(scanned_bytes), "B"
    for larger in ("KB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:.3g} {unit} scanned, about ${scanned_bytes / 1e12 * PRICE:.2g}"


@dataclass
class Checks:
    """The checks of one target."""

    work: Work

    @cached_property
    def session(self) -> Any:
        """AWS's client library, with the profile's region and credentials."""
        with extra("athena", "the target athena"):
            import boto3
        config = self.work.target.config
        return boto3.Session(
            region_name=config.get("region_name"), profile_name=config.get("aws_profile_name")
        )

    @cached_property
    def _connection(self) -> Any:
        from pyathena import connect

        config = self.work.target.config
        return connect(
            session=self.session,
            s3_staging_dir=config.get("s3_staging_dir"),
            schema_name=config["schema"],
            work_group=config.get("work_group"),
        )

    def all(self) -> Iterator[Finding]:
        """Each finding as it is made. What cannot be without an earlier step is not tried."""
        needed: tuple[tuple[str, str, Callable[[], Finding]], ...] = (
            ("credentials", "sts:GetCallerIdentity", self._credentials),
            ("work group", "athena:GetWorkGroup", self._work_group),
            ("data folder", "s3:PutObject, s3:GetObject, s3:DeleteObject", self._data_folder),
            (
                "a query",
                "athena:StartQueryExecution, s3:GetBucketLocation, s3:PutObject",
                self._query,
            ),
            (
                "own tables",
                "glue:GetDatabases, GetDatabase, CreateDatabase, GetTables, GetTable, CreateTable, "
                "UpdateTable, GetTableVersions, DeleteTableVersion and DeleteTable on the database "
                "for the results",
                self._own_tables,
            ),
            ("CloudTrail table", "glue:GetTable, or of another catalog what it takes", self._table),
            (
                "records",
                "s3:ListBucket and s3:GetObject on the trail's bucket, and kms:Decrypt if a key of "
                "yours encrypts it",
                self._records,
            ),
            ("a detection", "glue:GetTable on the tables of the models", self._detection),
        )
        for subject, permissions, check in needed:
            try:
                finding = check()
            except Exception as error:  # AWS's and PyAthena's families of errors are many
                lines = str(error).strip().splitlines() or [type(error).__name__]
                finding = Finding(PROBLEM, subject, lines[0], f"it takes {permissions}")
            yield finding
            if finding.state == PROBLEM:
                return

    def _credentials(self) -> Finding:
        caller = self.session.client("sts").get_caller_identity()
        return Finding(OK, "credentials", f"{caller['Arn']} in {self.session.region_name}")

    def _work_group(self) -> Finding:
        name = self.work.target.config.get("work_group", "primary")
        group = self.session.client("athena").get_work_group(WorkGroup=name)["WorkGroup"]
        engine = group.get("Configuration", {}).get("EngineVersion", {})
        version = engine.get("EffectiveEngineVersion", "Athena engine version 3")
        if group.get("State") != "ENABLED":
            return Finding(PROBLEM, "work group", f"{name} is {group.get('State')}", "enable it")
        if "version 2" in version:
            return Finding(PROBLEM, "work group", f"{name} has {version}", "it takes version 3")
        return Finding(OK, "work group", f"{name}, {version}")

    def _data_folder(self) -> Finding:
        folder = str(self.work.target.config["s3_data_dir"])
        place, s3 = urlparse(folder), self.session.client("s3")
        key = f"{place.path.strip('/')}/{_PROBE}".strip("/")
        s3.put_object(Bucket=place.netloc, Key=key, Body=b"")
        s3.get_object(Bucket=place.netloc, Key=key)
        s3.delete_object(Bucket=place.netloc, Key=key)
        return Finding(OK, "data folder", f"{folder} can be written, read and emptied")

    def _query(self) -> Finding:
        self._scan("select 1")
        return Finding(
            OK, "a query", f"runs, results in {self.work.target.config['s3_staging_dir']}"
        )

    def _own_tables(self) -> Finding:
        """Make, fill, change and drop a table as a run does."""
        config = self.work.target.config
        schema, glue = str(config["schema"]), self.session.client("glue")
        names = [
            each["Name"]
            for page in glue.get_paginator("get_databases").paginate()
            for each in page["DatabaseList"]
        ]
        if schema not in names:
            self._scan(f"create schema if not exists `{schema}`")
        table = f"{_PROBE}_{uuid4().hex}".replace("-", "_")
        folder = f"{str(config['s3_data_dir']).rstrip('/')}/{table}/"
        self._scan(
            f"create table {quoted(schema, table)} with (table_type = 'iceberg', "
            f"is_external = false, format = 'parquet', location = '{folder}') as select 1 as x"
        )
        try:
            self._scan(f"insert into {quoted(schema, table)} select 2 as x")
            self._scan(f"delete from {quoted(schema, table)} where x = 1")
            glue.get_tables(DatabaseName=schema, MaxResults=1)
            place = {"DatabaseName": schema, "TableName": table}
            versions = glue.get_table_versions(**place)["TableVersions"]
            oldest = min((each["VersionId"] for each in versions), key=int)
            if len(versions) > 1:  # the one in force stays
                glue.delete_table_version(**place, VersionId=oldest)
        finally:
            self._scan(f"drop table `{schema}`.`{table}`")
        made = "a table was made, written, changed and dropped"
        return Finding(OK, "own tables", f"{made} in {schema}")

    def _table(self) -> Finding:
        database, name = self._source
        found = self._table_found(database, name)
        keys = found.get("PartitionKeys", [])
        columns = {
            each["Name"]: each["Type"].replace(" ", "")
            for each in [*found["StorageDescriptor"]["Columns"], *keys]
        }
        needed = _OCSF if self._is_ocsf else NEEDED
        missing = [each for each in needed if each not in columns]
        if missing:
            return Finding(
                PROBLEM,
                "CloudTrail table",
                f"{database}.{name} has no {', '.join(missing)}",
                "`trailhound athena ddl` prints a definition that has",
            )
        if self._is_ocsf:
            return Finding(OK, "CloudTrail table", f"{database}.{name} is a table of OCSF")
        fields = fields_missing(COLUMNS["useridentity"], columns["useridentity"])
        if fields:
            return Finding(
                NOTE,
                "CloudTrail table",
                f"useridentity of {database}.{name} has no {', '.join(fields)}",
                "they count as null; `trailhound athena ddl` prints a definition that has them",
            )
        return Finding(OK, "CloudTrail table", f"{database}.{name} has all that the models read")

    def _table_found(self, database: str, name: str) -> dict[str, Any]:
        """The table as Glue describes it; one of another catalog in the same words."""
        if self._catalog is None:
            glue = self.session.client("glue")
            return dict(glue.get_table(DatabaseName=database, Name=name)["Table"])
        found = self.session.client("athena").get_table_metadata(
            CatalogName=self._catalog, DatabaseName=database, TableName=name
        )["TableMetadata"]
        return {**found, "StorageDescriptor": {"Columns": found.get("Columns", [])}}

    def _records(self) -> Finding:
        day, region = self._variable("cloudtrail_day_expression"), "awsregion"
        if self._variable("cloudtrail_table_shape") == "ingested":
            day = HOUR
        elif self._is_ocsf:
            day = "date_format(date_parse(eventday, '%Y%m%d'), '%Y/%m/%d')"
            region = "cloud.region"
        since = _today() - timedelta(days=1)
        source = quoted(*([self._catalog] if self._catalog else []), *self._source)
        scan = self._scan(
            f"select day, region, count(*) from (select {day} as day, {region} as region "
            f"from {source} where {day} >= '{since:%Y/%m/%d}' limit {_SAMPLE}) group by 1, 2 "
            "order by 1, 2"
        )
        if not scan.rows:
            return Finding(
                PROBLEM,
                "records",
                f"none since {since} ({scan.cost})",
                "compare the table's location, accounts and regions with the trail's bucket",
            )
        days = sorted({day for day, _, _ in scan.rows})
        regions = counted(len({region for _, region, _ in scan.rows}), "region")
        seen = counted(sum(number for _, _, number in scan.rows), "record")
        return Finding(
            OK, "records", f"a sample of {seen} of {', '.join(days)} and {regions}; {scan.cost}"
        )

    def _detection(self) -> Finding:
        schema = str(self.work.target.config["schema"])
        events = "cloudtrail_events"
        glue = self.session.client("glue")
        try:
            glue.get_table(DatabaseName=schema, Name=events)
        except glue.exceptions.EntityNotFoundException:
            return Finding(NOTE, "a detection", "nothing is built yet", "`trailhound run` builds")
        relation = quoted(str(self.work.target.config["database"]), schema, events)
        since = _today() - timedelta(days=1)
        tried = next(each for each in countings(self.work) if each.reads(events))
        recent = f"select * from {relation} where event_date >= date '{since}'"
        scan = self._scan(f"select count(*) from ({tried.with_relation(events, recent).sql})")
        alerts = counted(int(scan.rows[0][0]), "alert")
        return Finding(OK, "a detection", f"{tried.detection}: {alerts} since {since}; {scan.cost}")

    def _scan(self, sql: str) -> Scan:
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return Scan(
                [tuple(row) for row in cursor.fetchall()], cursor.data_scanned_in_bytes or 0
            )

    @property
    def _source(self) -> tuple[str, str]:
        return self._variable("cloudtrail_database"), self._variable("cloudtrail_table")

    @property
    def _catalog(self) -> str | None:
        """The data catalog of the CloudTrail table; None for the account's own."""
        name = self._variable("cloudtrail_catalog")
        return None if name.lower() in ("", "awsdatacatalog") else name

    @property
    def _is_ocsf(self) -> bool:
        return self._variable("cloudtrail_table_shape") == "ocsf"

    def _variable(self, name: str) -> str:
        return str(self.work.project.variables(self.work.settings.vars)[name])


def examine(work: Work) -> Iterator[Finding]:
    """Try all that a run on Athena needs. Raises TrailhoundError if the target is another."""
    if work.target.type != "athena":
        raise TrailhoundError(f"the target {work.target.name} is not Athena: add --target athena")
    return Checks(work).all()


def _today() -> date:
    return datetime.now(UTC).date()
