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

Setting = str | int | Sequence[str]
Projection = Mapping[str, Mapping[str, Setting]]
"""By partition key, the settings of its projection in Trino's words; Athena has . for _."""

_CLOUDTRAIL_FILES = (
    "row format serde 'org.apache.hive.hcatalog.data.JsonSerDe'\n"
    "stored as inputformat 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'\n"
    "outputformat 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'\n"
)
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

    @property
    def projection(self) -> Projection:
        """The partitions."""
        return {
            "account": {"type": "enum", "values": self.accounts},
            "region": {"type": "enum", "values": self.regions},
            "timestamp": {
                "type": "date",
                "format": "yyyy/MM/dd",
                "range": [f"{self.first_day:%Y/%m/%d}", "NOW"],
            },
        }


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
    def template(self) -> str:
        """The folder of an hour."""
        return f"{self.root}/${{{HOUR}}}"

    @property
    def projection(self) -> Projection:
        """The partitions."""
        return {
            HOUR: {
                "type": "date",
                "format": "yyyy/MM/dd/HH",
                "range": [f"{self.first_day:%Y/%m/%d}/00", "NOW"],
                "interval": 1,
                "interval_unit": "HOURS",
            }
        }


Place = Trail | Ingested


def athena_statements(place: Place, database: str, table: str) -> list[str]:
    """The table as Athena's documentation defines it, over all that is there."""
    _check(database, table)
    columns = (f"{name} {hive_type(kind)}" for name, kind in COLUMNS.items())
    properties = {
        "projection.enabled": "true",
        **{
            f"projection.{key}.{name.replace('_', '.')}": _joined(value)
            for key, settings in place.projection.items()
            for name, value in settings.items()
        },
        "storage.location.template": place.template,
    }
    listed = (f"'{name}' = '{value}'" for name, value in properties.items())
    stored = "stored as parquet\n" if isinstance(place, Ingested) else _CLOUDTRAIL_FILES
    return [
        f"create schema if not exists `{database}`",
        f"create external table if not exists `{database}`.`{table}` (\n"
        f"{_lines(columns)}\n)\n"
        f"partitioned by ({', '.join(f'`{key}` string' for key in place.projection)})\n"
        f"{stored}"
        f"location '{place.root}/'\n"
        "tblproperties (\n"
        f"{_lines(listed)}\n)",
    ]


def trino_statements(place: Place, catalog: str, database: str, table: str) -> list[str]:
    """The same for a Hive catalog of Trino, which has no reader of AWS's for CloudTrail files.

    Over a trail a table of whole documents, and on it a view of their records with the table's
    name.
    """
    _check(catalog, database, table)
    schema = f"{catalog}.{database}"
    names = ", ".join(COLUMNS)
    columns = [f"{name} {trino_type(kind)}" for name, kind in COLUMNS.items()]
    create_schema = f"create schema if not exists {schema}"
    if isinstance(place, Ingested):
        return [create_schema, _trino_table(f"{schema}.{table}", columns, "PARQUET", place)]
    documents = [f"records array(row({', '.join(columns)}))"]
    return [
        create_schema,
        _trino_table(f"{schema}.{DOCUMENTS}", documents, "OPENX_JSON", place),
        f"create or replace view {schema}.{table} as\n"
        f'select {names}, account, region, "timestamp"\n'
        f"from {schema}.{DOCUMENTS}\n"
        f"cross join unnest(records) as record ({names})",
    ]


def _trino_table(name: str, columns: Iterable[str], file_format: str, place: Place) -> str:
    keys = []
    for key, settings in place.projection.items():
        quoted = f'"{key}"' if key == "timestamp" else key
        listed = (f"partition_projection_{each} = {_literal(settings[each])}" for each in settings)
        keys.append(f"{quoted} varchar with ({', '.join(listed)})")
    return (
        f"create table if not exists {name} (\n"
        f"{_lines([*columns, *keys])}\n)\n"
        "with (\n"
        f"    format = '{file_format}',\n"
        f"    external_location = '{place.root}',\n"
        f"    partitioned_by = {_literal(list(place.projection))},\n"
        "    partition_projection_enabled = true,\n"
        f"    partition_projection_location_template = '{place.template}'\n"
        ")"
    )


def _joined(value: Setting) -> str:
    return str(value) if isinstance(value, str | int) else ",".join(value)


def _literal(value: Setting) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return f"'{value}'"
    return "array[" + ", ".join(f"'{each}'" for each in value) + "]"


def _check(*names: str) -> None:
    for name in names:
        if not _NAME.fullmatch(name):
            raise WrongUsage(f"'{name}' is no name of letters, digits and _")


def _lines(parts: Iterable[str]) -> str:
    return ",\n".join(f"    {part}" for part in parts)
