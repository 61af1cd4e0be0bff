"""The statements that make a CloudTrail table over a trail's bucket, with partition projection."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from trailhound.athena.columns import hive_type, trino_type
from trailhound.cloudtrail import COLUMNS
from trailhound.errors import WrongUsage

DOCUMENTS = "cloudtrail_documents"
HOUR = "ingested_hour"
"""The partition of what `trailhound ingest` wrote, yyyy/MM/dd/HH in UTC."""

_NAME = re.compile(r"\w+")
_URL = re.compile(r"[a-z0-9]+://[\w.!*()/@+=-]*")
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}")
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")


@dataclass(frozen=True)
class Trail:
    """Where a trail writes its files, and which of them there are."""

    url: str
    """`s3://BUCKET` or `s3://BUCKET/PREFIX`; AWSLogs and what is below it may follow."""
    accounts: Sequence[str]
    """Twelve digits each."""
    regions: Sequence[str]
    first_day: date
    organization: str | None = None
    """The id of the organization, for an organization's trail."""

    def __post_init__(self) -> None:
        """Raise WrongUsage for a part that cannot be: all of them become part of SQL."""
        wrong = [
            *([] if _URL.fullmatch(self.url) else [f"'{self.url}' is no URL like s3://bucket"]),
            *(
                f"'{each}' is no account id of twelve digits"
                for each in self.accounts
                if not re.fullmatch(r"\d{12}", each)
            ),
            *(
                f"'{each}' is no region like us-east-1"
                for each in self.regions
                if not _REGION.fullmatch(each)
            ),
        ]
        if self.organization and not _ORGANIZATION.fullmatch(self.organization):
            wrong.append(f"'{self.organization}' is no organization id like o-a1b2c3d4e5")
        if not self.accounts or not self.regions:
            wrong.append("at least one account and one region are needed")
        if wrong:
            raise WrongUsage("; ".join(wrong))

    @property
    def root(self) -> str:
        """The folder that holds a folder for each account."""
        before, _, below = f"{self.url.rstrip('/')}/".partition("/AWSLogs/")
        found = _ORGANIZATION.match(below)
        organization = self.organization or (found[0] if found else None)
        root = f"{before.rstrip('/')}/AWSLogs"
        return f"{root}/{organization}" if organization else root

    @property
    def template(self) -> str:
        """The folder of one account's files of one region and day."""
        return f"{self.root}/${{account}}/CloudTrail/${{region}}/${{timestamp}}"


def athena_statements(trail: Trail, database: str, table: str) -> list[str]:
    """The table as Athena's documentation defines it, over all accounts and regions."""
    _check(database, table)
    properties = {
        "projection.enabled": "true",
        "projection.account.type": "enum",
        "projection.account.values": ",".join(trail.accounts),
        "projection.region.type": "enum",
        "projection.region.values": ",".join(trail.regions),
        "projection.timestamp.type": "date",
        "projection.timestamp.format": "yyyy/MM/dd",
        "projection.timestamp.range": f"{trail.first_day:%Y/%m/%d},NOW",
        "storage.location.template": trail.template,
    }
    stored = (
        "row format serde 'org.apache.hive.hcatalog.data.JsonSerDe'\n"
        "stored as inputformat 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'\n"
        "outputformat 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'\n"
    )
    keys = ("account", "region", "timestamp")
    return [
        f"create schema if not exists `{database}`",
        _external_table(f"`{database}`.`{table}`", keys, stored, trail.root, properties),
    ]


def trino_statements(trail: Trail, catalog: str, database: str, table: str) -> list[str]:
    """The same for a Hive catalog of Trino, which has no reader of AWS's for CloudTrail files.

    A table of whole documents, and on it a view of their records with the table's name.
    """
    _check(catalog, database, table)
    schema = f"{catalog}.{database}"
    accounts, regions = (
        "array[" + ", ".join(f"'{each}'" for each in values) + "]"
        for values in (trail.accounts, trail.regions)
    )
    projected = {
        "account": f"partition_projection_type = 'enum', partition_projection_values = {accounts}",
        "region": f"partition_projection_type = 'enum', partition_projection_values = {regions}",
        '"timestamp"': (
            "partition_projection_type = 'date', partition_projection_format = 'yyyy/MM/dd', "
            f"partition_projection_range = array['{trail.first_day:%Y/%m/%d}', 'NOW']"
        ),
    }
    names = ", ".join(COLUMNS)
    fields = ", ".join(f"{name} {trino_type(kind)}" for name, kind in COLUMNS.items())
    keys = [f"{name} varchar with ({settings})" for name, settings in projected.items()]
    return [
        f"create schema if not exists {schema}",
        f"create table if not exists {schema}.{DOCUMENTS} (\n"
        f"{_lines([f'records array(row({fields}))', *keys])}\n)\n"
        "with (\n"
        "    format = 'OPENX_JSON',\n"
        f"    external_location = '{trail.root}',\n"
        "    partitioned_by = array['account', 'region', 'timestamp'],\n"
        "    partition_projection_enabled = true,\n"
        f"    partition_projection_location_template = '{trail.template}'\n"
        ")",
        f"create or replace view {schema}.{table} as\n"
        f'select {names}, account, region, "timestamp"\n'
        f"from {schema}.{DOCUMENTS}\n"
        f"cross join unnest(records) as record ({names})",
    ]


@dataclass(frozen=True)
class Ingested:
    """Where `trailhound ingest` writes."""

    url: str
    first_day: date

    def __post_init__(self) -> None:
        """Raise WrongUsage for what is no URL: it becomes part of SQL."""
        if not _URL.fullmatch(self.url):
            raise WrongUsage(f"'{self.url}' is no URL like s3://bucket/ingested")

    @property
    def root(self) -> str:
        """The folder of all hours."""
        return self.url.rstrip("/")

    @property
    def first_hour(self) -> str:
        """As the partition has it."""
        return f"{self.first_day:%Y/%m/%d}/00"


def ingested_on_athena(place: Ingested, database: str, table: str) -> list[str]:
    """A table over what `trailhound ingest` wrote."""
    _check(database, table)
    properties = {
        "projection.enabled": "true",
        f"projection.{HOUR}.type": "date",
        f"projection.{HOUR}.format": "yyyy/MM/dd/HH",
        f"projection.{HOUR}.range": f"{place.first_hour},NOW",
        f"projection.{HOUR}.interval": "1",
        f"projection.{HOUR}.interval.unit": "HOURS",
        "storage.location.template": f"{place.root}/${{{HOUR}}}",
    }
    return [
        f"create schema if not exists `{database}`",
        _external_table(
            f"`{database}`.`{table}`", [HOUR], "stored as parquet\n", place.root, properties
        ),
    ]


def ingested_on_trino(place: Ingested, catalog: str, database: str, table: str) -> list[str]:
    """The same for a Hive catalog of Trino."""
    _check(catalog, database, table)
    schema = f"{catalog}.{database}"
    projected = (
        "partition_projection_type = 'date', partition_projection_format = 'yyyy/MM/dd/HH', "
        f"partition_projection_range = array['{place.first_hour}', 'NOW'], "
        "partition_projection_interval = 1, partition_projection_interval_unit = 'HOURS'"
    )
    columns = [f"{name} {trino_type(kind)}" for name, kind in COLUMNS.items()]
    return [
        f"create schema if not exists {schema}",
        f"create table if not exists {schema}.{table} (\n"
        f"{_lines([*columns, f'{HOUR} varchar with ({projected})'])}\n)\n"
        "with (\n"
        "    format = 'PARQUET',\n"
        f"    external_location = '{place.root}',\n"
        f"    partitioned_by = array['{HOUR}'],\n"
        "    partition_projection_enabled = true,\n"
        f"    partition_projection_location_template = '{place.root}/${{{HOUR}}}'\n"
        ")",
    ]


def _external_table(
    name: str, keys: Iterable[str], stored: str, root: str, properties: Mapping[str, str]
) -> str:
    columns = (f"{name} {hive_type(kind)}" for name, kind in COLUMNS.items())
    settings = (f"'{name}' = '{value}'" for name, value in properties.items())
    return (
        f"create external table if not exists {name} (\n"
        f"{_lines(columns)}\n)\n"
        f"partitioned by ({', '.join(f'`{key}` string' for key in keys)})\n"
        f"{stored}"
        f"location '{root}/'\n"
        "tblproperties (\n"
        f"{_lines(settings)}\n)"
    )


def _check(*names: str) -> None:
    for name in names:
        if not _NAME.fullmatch(name):
            raise WrongUsage(f"'{name}' is no name of letters, digits and _")


def _lines(parts: Iterable[str]) -> str:
    return ",\n".join(f"    {part}" for part in parts)
