"""The stand-in's share of Hive DDL, which Athena runs itself and Trino does not know: on Glue."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp

from engines.athena_values import split_outside

_NAME = r"[`\"]?(\w+)[`\"]?"
_IF_ABSENT = r"(if\s+not\s+exists\s+)?"
_TABLE = rf"(?:{_NAME}\s*\.\s*)?{_NAME}"
_TEXT = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
_OPENX = "org.openx.data.jsonserde.JsonSerDe"
# What `stored as parquet` stands for.
_PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    },
}
_KEPT = ("Name", "TableType", "Parameters", "StorageDescriptor", "PartitionKeys")

# No engine but Athena has AWS's reader of CloudTrail files: the stand-in reads the whole document.
RECORDS = "__records"


class HiveError(Exception):
    """A statement failed as Hive's do on Athena."""


class NotHive(Exception):
    """The statement is none that Hive's DDL covers."""


@dataclass(frozen=True)
class HiveDdl:
    """Runs DDL against Glue; what is about Iceberg tables or views goes to Trino."""

    glue: Any
    trino: Callable[[str, str], None]
    """Runs a statement in a schema."""
    iceberg: str
    """Trino's catalog of Iceberg tables."""

    def run(self, sql: str, database: str) -> None:
        """Run one statement. Raises HiveError if it fails, NotHive if it is none of ours."""
        for pattern, action in (
            (
                rf"create\s+(?:schema|database)\s+(if\s+not\s+exists\s+)?{_NAME}",
                self._create_schema,
            ),
            (rf"drop\s+table\s+(if\s+exists\s+)?{_TABLE}", self._drop_table),
            (rf"alter\s+table\s+{_TABLE}\s+rename\s+to\s+{_TABLE}", self._rename),
            (rf"alter\s+table\s+{_TABLE}\s+set\s+tblproperties\s*\((.*)\)", self._set_properties),
            (r"create\s+external\s+table\b.*", self._create_table),
        ):
            found = re.fullmatch(pattern, sql, re.IGNORECASE | re.DOTALL)
            if found:
                action(found, database)
                return
        raise NotHive(sql)

    def table(self, database: str, name: str) -> dict[str, Any] | None:
        """What Glue knows of a table, or None."""
        try:
            found: dict[str, Any] = self.glue.get_table(DatabaseName=database, Name=name)["Table"]
        except self.glue.exceptions.EntityNotFoundException:
            return None
        return found

    def set_columns(self, database: str, name: str, columns: list[dict[str, str]]) -> None:
        """Write a view's columns, of which Trino writes none and Athena all."""
        table = self._existing(database, name)
        table["StorageDescriptor"]["Columns"] = columns
        kept = (*_KEPT, "ViewOriginalText", "ViewExpandedText")
        self.glue.update_table(
            DatabaseName=database, TableInput={key: table[key] for key in kept if key in table}
        )

    def _create_schema(self, found: re.Match[str], _: str) -> None:
        if_absent, name = found.groups()
        try:
            self.glue.create_database(DatabaseInput={"Name": name})
        except self.glue.exceptions.AlreadyExistsException as error:
            if not if_absent:
                raise HiveError(
                    "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec."
                    f"DDLTask. Database {name} already exists"
                ) from error

    def _drop_table(self, found: re.Match[str], database: str) -> None:
        if_there, schema, name = found.groups()
        database = schema or database
        if self.table(database, name) is None:
            if not if_there:
                raise _not_found(name)
        elif _is_iceberg(self._existing(database, name)):
            self.trino(f'drop table {self.iceberg}."{database}"."{name}"', database)
        else:
            self.glue.delete_table(DatabaseName=database, Name=name)

    def _rename(self, found: re.Match[str], database: str) -> None:
        schema, name, new_schema, new_name = found.groups()
        database = schema or database
        if not _is_iceberg(self._existing(database, name)):
            raise HiveError("FAILED: ParseException: ALTER TABLE RENAME works on Iceberg tables")
        to = f'{self.iceberg}."{new_schema or database}"."{new_name}"'
        self.trino(f'alter table {self.iceberg}."{database}"."{name}" rename to {to}', database)

    def _set_properties(self, found: re.Match[str], database: str) -> None:
        schema, name, properties = found.groups()
        database = schema or database
        table = self._existing(database, name)
        table["Parameters"] = {**table.get("Parameters", {}), **_properties(properties)}
        self.glue.update_table(
            DatabaseName=database, TableInput={key: table[key] for key in _KEPT if key in table}
        )

    def _create_table(self, found: re.Match[str], database: str) -> None:
        tree = sqlglot.parse_one(found[0], read="hive")
        schema = tree.this
        if not isinstance(schema, exp.Schema):
            raise HiveError("FAILED: ParseException: a table needs columns")
        database, name = schema.this.db or database, schema.this.name
        if self.table(database, name):
            if tree.args.get("exists"):
                return
            raise HiveError(f"FAILED: AlreadyExistsException(message:Table {name} already exists.)")
        columns = [_column(each) for each in schema.expressions if isinstance(each, exp.ColumnDef)]
        table = _table_input(name, found[0], tree, columns)
        is_cloudtrail = "cloudtrail" in str(table["StorageDescriptor"]).lower()
        if not is_cloudtrail:
            self.glue.create_table(DatabaseName=database, TableInput=table)
            return
        self.glue.create_table(DatabaseName=database, TableInput=_of_records(table, columns))
        self._create_view_of_records(database, name, columns, table["PartitionKeys"])

    def _create_view_of_records(
        self, database: str, name: str, columns: list[dict[str, str]], keys: list[dict[str, str]]
    ) -> None:
        fields = ", ".join(f'"{column["Name"]}"' for column in columns)
        partitions = "".join(f', file."{key["Name"]}"' for key in keys)
        self.trino(
            f'create view "{database}"."{name}" as select {fields}{partitions} '
            f'from "{database}"."{name}{RECORDS}" as file '
            f"cross join unnest(file.records) as record ({fields})",
            database,
        )
        self.set_columns(database, name, [*columns, *keys])

    def _existing(self, database: str, name: str) -> dict[str, Any]:
        table = self.table(database, name)
        if table is None:
            raise _not_found(name)
        return table


def _not_found(name: str) -> HiveError:
    return HiveError(f"FAILED: SemanticException [Error 10001]: Table not found {name}")


def _is_iceberg(table: dict[str, Any]) -> bool:
    return str(table.get("Parameters", {}).get("table_type", "")).upper() == "ICEBERG"


def _column(definition: exp.ColumnDef) -> dict[str, str]:
    kind = definition.args["kind"].sql("hive").lower()
    return {"Name": definition.name.lower(), "Type": re.sub(r"[\s`]+", "", kind)}


def _table_input(
    name: str, sql: str, tree: exp.Expr, columns: list[dict[str, str]]
) -> dict[str, Any]:
    partitions = tree.find(exp.PartitionedByProperty)
    location = tree.find(exp.LocationProperty)
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", **_properties(_in_brackets("tblproperties", sql))},
        "PartitionKeys": [_column(each) for each in partitions.this.expressions]
        if partitions
        else [],
        "StorageDescriptor": {
            "Columns": columns,
            "Location": location.this.name if location else "",
            "InputFormat": _quoted_after("inputformat", sql) or _TEXT,
            "OutputFormat": _quoted_after("outputformat", sql) or _TEXT_OUT,
            "SerdeInfo": {
                "SerializationLibrary": _quoted_after("serde", sql) or _LAZY,
                "Parameters": _properties(_in_brackets("serdeproperties", sql)),
            },
            **(_PARQUET if re.search(r"\bstored\s+as\s+parquet\b", sql, re.IGNORECASE) else {}),
        },
    }


def _of_records(table: dict[str, Any], columns: list[dict[str, str]]) -> dict[str, Any]:
    """The table of whole documents behind a CloudTrail table: one array of structs a file."""
    fields = ",".join(f"{column['Name']}:{column['Type']}" for column in columns)
    return {
        **table,
        "Name": table["Name"] + RECORDS,
        "StorageDescriptor": {
            **table["StorageDescriptor"],
            "Columns": [{"Name": "records", "Type": f"array<struct<{fields}>>"}],
            "InputFormat": _TEXT,
            "SerdeInfo": {"SerializationLibrary": _OPENX, "Parameters": {}},
        },
    }


def _quoted_after(word: str, sql: str) -> str | None:
    found = re.search(rf"\b{word}\s+'([^']+)'", sql, re.IGNORECASE)
    return found[1] if found else None


def _in_brackets(word: str, sql: str) -> str:
    found = re.search(rf"\b{word}\s*\((.*?)\)(?=\s|$)", sql, re.IGNORECASE | re.DOTALL)
    return found[1] if found else ""


def _properties(text: str) -> dict[str, str]:
    pairs = (split_outside(each, "=") for each in split_outside(text))
    return {key.strip("'"): value.strip("'") for key, value in pairs}
