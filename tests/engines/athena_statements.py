"""What the stand-in does with a statement: Trino runs it, or Glue takes it as Hive DDL."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlparse

from engines.athena_values import athena_text, athena_type, hive_type, split_outside
from engines.hive_ddl import HiveDdl, HiveError, NotHive
from engines.trino_client import Answer, TrinoClient, TrinoError

HIVE, ICEBERG = "awsdatacatalog", "stand_in_iceberg"
_DEFAULT_DATABASE = "default"

# One writer: Athena's limit of 100 open partitions then counts as it does there.
_SESSION = {"task_min_writer_count": "1", "task_max_writer_count": "1"}
_FOR_HIVE = {"format", "external_location", "partitioned_by", "bucketed_by", "bucket_count"}
_FOR_ICEBERG = {"format", "location", "partitioning"}
_NAME = r"(?:\"[^\"]+\"|\w+)"
_TABLE = rf"{_NAME}(?:\s*\.\s*{_NAME})*"


class Refused(Exception):
    """Athena does not start such a query at all: the message of its InvalidRequestException."""


class StatementError(Exception):
    """The query started and failed: what becomes its StateChangeReason."""


@dataclass
class Outcome:
    """What a query gave, in Athena's words."""

    statement_type: str
    """DML, DDL or UTILITY."""
    substatement_type: str = ""
    names: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    rows: list[list[str | None]] = field(default_factory=list)
    update_count: int = 0
    scanned_bytes: int = 0


def without_comments(sql: str) -> str:
    """A statement without the comments before it and the semicolon after it."""
    comments = r"^(?:\s*(?:--[^\n]*(?:\n|$)|/\*.*?\*/))+"
    return re.sub(comments, "", sql.strip(), flags=re.DOTALL).strip().rstrip(";").strip()


def _runs_on_trino(text: str) -> bool:
    return not re.match(
        r"(create\s+(external|schema|database)|drop\s+table|alter|optimize|vacuum)\b",
        text,
        re.IGNORECASE,
    )


@dataclass(frozen=True)
class Statements:
    """Runs statements on a Trino whose Glue and S3 are the stand-in's."""

    trino_url: str
    glue: Any
    s3: Any
    during: Callable[[], AbstractContextManager[None]] = nullcontext
    """What goes on while one runs."""

    def refuse_if_malformed(self, sql: str) -> None:
        """What Athena says before it starts a query: too long, or not SQL. Raises Refused."""
        if len(sql.encode()) > 262_144:
            raise Refused("The query string is longer than 262144 bytes")
        text = without_comments(sql)
        if not re.match(r"create|drop", text, re.IGNORECASE) and _runs_on_trino(text):
            try:
                TrinoClient(self.trino_url, HIVE).execute(f"explain (type validate)\n{text}")
            except TrinoError as error:
                if error.name == "SYNTAX_ERROR":
                    raise Refused(error.message) from error

    def run(self, sql: str, database: str, cancelled: Callable[[], bool]) -> Outcome:
        """Run one statement to its end. Raises StatementError if it fails."""
        text = without_comments(sql)
        database = database or _DEFAULT_DATABASE
        try:
            with self.during():
                return self._run(text, database, cancelled)
        except (TrinoError, HiveError) as error:
            raise StatementError(str(error)) from error
        except NotHive as error:
            raise StatementError(
                f"NOT_SUPPORTED: the stand-in does not know: {text[:200]}"
            ) from error

    def _run(self, text: str, database: str, cancelled: Callable[[], bool]) -> Outcome:
        if not _runs_on_trino(text):
            return self._run_ddl(text, database)
        view = re.match(rf"create\s+(?:or\s+replace\s+)?view\s+({_TABLE})", text, re.IGNORECASE)
        if view:
            self._trino(text, database)
            self._write_view_columns(*_schema_and_name(view[1], database))
            return Outcome("DDL")
        if re.match(r"create\s+table", text, re.IGNORECASE):
            sql, session = self._create_table_as(text, database)
            answer = self._trino(sql, database, session, cancelled)
            return Outcome("DDL", update_count=_rows(answer), scanned_bytes=answer.scanned_bytes)
        answer = self._trino(text, database, {}, cancelled)
        if re.match(r"drop\s", text, re.IGNORECASE):
            return Outcome("DDL")
        return _outcome(text, answer)

    def _run_ddl(self, text: str, database: str) -> Outcome:
        optimize = re.match(rf"optimize\s+({_TABLE})\s+rewrite\s+data\b", text, re.IGNORECASE)
        if optimize:
            schema, name = _schema_and_name(optimize[1], database)
            self._trino(f'alter table "{schema}"."{name}" execute optimize', database)
        elif not re.match(r"vacuum\s", text, re.IGNORECASE):
            HiveDdl(self.glue, self._ddl_on_trino, ICEBERG).run(text, database)
        return Outcome("DDL")

    def _ddl_on_trino(self, sql: str, database: str) -> None:
        self._trino(sql, database)

    def _trino(
        self,
        sql: str,
        database: str,
        session: dict[str, str] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Answer:
        client = TrinoClient(self.trino_url, HIVE, database, {**_SESSION, **(session or {})})
        return client.execute(sql, cancelled)

    def _create_table_as(self, text: str, database: str) -> tuple[str, dict[str, str]]:
        """Athena's CREATE TABLE AS in Trino's words, and the session that it needs."""
        start = re.match(
            rf"create\s+table\s+(if\s+not\s+exists\s+)?({_TABLE})\s*(?:with\s*(?=\())?",
            text,
            re.IGNORECASE,
        )
        if start is None:
            raise StatementError(f"SYNTAX_ERROR: {text[:200]}")
        properties, rest = _leading_brackets(text[start.end() :])
        if not re.match(r"as\b", rest, re.IGNORECASE):
            raise StatementError("NOT_SUPPORTED: without AS only CREATE EXTERNAL TABLE is possible")
        schema, name = _schema_and_name(start[2], database)
        given = _properties(properties)
        is_iceberg = given.get("table_type", "").strip("'").lower() == "iceberg"
        self._check(given, is_iceberg, f"{schema}.{name}")
        if is_iceberg:
            self._check_timestamps(rest[2:], database)
        wanted = _FOR_ICEBERG if is_iceberg else _FOR_HIVE
        kept = {key: value for key, value in given.items() if key in wanted}
        kept["format"] = kept.get("format", "'PARQUET'").upper()
        catalog = ICEBERG if is_iceberg else HIVE
        session = {}
        if "write_compression" in given:
            session[f"{catalog}.compression_codec"] = given["write_compression"].strip("'").upper()
        listed = ", ".join(f"{key} = {value}" for key, value in kept.items())
        return (
            f'create table {start[1] or ""}{catalog}."{schema}"."{name}" with ({listed}) {rest}',
            session,
        )

    def _check(self, given: dict[str, str], is_iceberg: bool, name: str) -> None:
        if is_iceberg and "location" not in given:
            raise StatementError(
                "INVALID_TABLE_PROPERTY: Table location can not be null or empty for Iceberg tables"
            )
        if is_iceberg and given.get("is_external", "").lower() != "false":
            raise StatementError("INVALID_TABLE_PROPERTY: Iceberg tables need is_external = false")
        if not is_iceberg:
            location = given.setdefault("external_location", f"'s3://stand-in/{uuid.uuid4()}/'")
            place = urlparse(location.strip("'"))
            found = self.s3.list_objects_v2(
                Bucket=place.netloc, Prefix=place.path.strip("/") + "/", MaxKeys=1
            )
            if found.get("KeyCount"):
                raise StatementError(
                    f"HIVE_PATH_ALREADY_EXISTS: Target directory for table '{name}' already "
                    f"exists: {location.strip(chr(39))}. You may need to manually clean the data "
                    "at that location before retrying."
                )

    def _check_timestamps(self, query: str, database: str) -> None:
        """Trino would make microseconds of a timestamp for Iceberg; Athena does not."""
        for kind in TrinoClient(self.trino_url, HIVE, database).types(query):
            found = re.fullmatch(r"timestamp\((\d+)\).*", kind)
            if found and found[1] != "6":
                raise StatementError(
                    f"NOT_SUPPORTED: Timestamp precision ({found[1]}) not supported for Iceberg. "
                    'Use "timestamp(6)" instead.'
                )

    def _write_view_columns(self, schema: str, name: str) -> None:
        columns = self._trino(
            "select column_name, data_type from information_schema.columns "
            f"where table_schema = '{schema}' and table_name = '{name}' order by ordinal_position",
            schema,
        )
        HiveDdl(self.glue, self._ddl_on_trino, ICEBERG).set_columns(
            schema, name, [{"Name": each[0], "Type": hive_type(each[1])} for each in columns.rows]
        )


def _outcome(text: str, answer: Answer) -> Outcome:
    if answer.update_type:
        return Outcome(
            "DML",
            answer.update_type.split()[0],
            update_count=_rows(answer),
            scanned_bytes=answer.scanned_bytes,
        )
    word = re.match(r"\(*\s*(\w*)", text)
    first = word[1].lower() if word else ""
    signatures = [column["typeSignature"] for column in answer.columns]
    return Outcome(
        "UTILITY" if first in ("show", "describe") else "DML",
        "EXPLAIN" if first == "explain" else "SELECT",
        [column["name"] for column in answer.columns],
        [athena_type(signature) for signature in signatures],
        [list(map(athena_text, row, signatures)) for row in answer.rows],
        scanned_bytes=answer.scanned_bytes,
    )


def _rows(answer: Answer) -> int:
    return answer.update_count or 0


def _schema_and_name(table: str, database: str) -> tuple[str, str]:
    *before, name = [part.strip('"') for part in re.findall(_NAME, table)]
    return (before[-1] if before else database), name


def _leading_brackets(text: str) -> tuple[str, str]:
    """What stands in the brackets that a text begins with, and what follows them."""
    if not text.startswith("("):
        return "", text
    depth, in_quotes = 0, False
    for place, sign in enumerate(text):
        in_quotes ^= sign == "'"
        if not in_quotes:
            depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return text[1:place], text[place + 1 :].strip()
    raise StatementError("SYNTAX_ERROR: brackets are not closed")


def _properties(text: str) -> dict[str, str]:
    pairs = (each.split("=", 1) for each in split_outside(text))
    return {key.strip().lower(): value.strip() for key, value in pairs}
