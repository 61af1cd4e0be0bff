"""A warehouse of the tests' own on the real Trino: a trail in a folder, and tables beside it."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from engines.trino_client import TrinoClient
from engines.trino_install import ROOT
from engines.trino_server import TrinoServer, hive_on_files, iceberg_on_files
from trailhound.simulate.files import document

ACCOUNT, REGION = "111122223333", "us-east-1"
# When a row was built, and what is kept only where tables grow.
_OWN_TO_EACH = {"built_at", "record_hash"}
_LISTS = {"aws_principals"}
_JSON_AS_IT_CAME = {"statement", "request_parameters", "response_elements", "additional_event_data"}
# On DuckDB watched_calls are all events, on a warehouse those that detections name: where some
# detections are left out, facts are of fewer events there.
_NOT_COMPARED = {"cloudtrail_logs", "cloudtrail_records", "trailhound_builds", "watched_calls"}
if not os.environ.get("TRAILHOUND_EVERY_DETECTION"):
    _NOT_COMPARED |= {path.stem for path in (ROOT / "models" / "facts").glob("*.sql")}

Row = tuple[Any, ...]


@dataclass
class TrinoWarehouse:
    """A catalog of Iceberg tables and one of raw files, both in a folder."""

    server: TrinoServer
    folder: Path
    name: str
    variables: dict[str, Any] = field(default_factory=dict)
    project: Path = ROOT

    def __post_init__(self) -> None:
        self.trail = self.folder / "trail"
        self.trail.mkdir(parents=True)
        self.server.add_catalog(self.name, "iceberg", iceberg_on_files(self.folder))
        self.server.add_catalog(f"{self.name}_raw", "hive", hive_on_files(self.folder))
        self.variables = {"cloudtrail_catalog": f"{self.name}_raw", **self.variables}

    @property
    def client(self) -> TrinoClient:
        """A client whose bare names are those of the models."""
        return self.server.client(self.name, "trailhound")

    @property
    def environment(self) -> dict[str, str]:
        """What the profile of target trino reads."""
        return {
            "TRAILHOUND_TARGET": "trino",
            "TRAILHOUND_TRINO_HOST": "127.0.0.1",
            "TRAILHOUND_TRINO_PORT": str(self.server.port),
            "TRAILHOUND_TRINO_CATALOG": self.name,
        }

    def make_table(self, first_day: str) -> None:
        """Create the CloudTrail table, as a user would."""
        self.run(
            *("trailhound", "athena", "ddl", "--trail", "local:///trail", "--apply"),
            *("--accounts", ACCOUNT, "--regions", REGION, "--since", first_day),
        )

    def make_ingested_table(self) -> None:
        """Create the table over what `ingest` writes, and have the models read it."""
        self.variables |= {
            "cloudtrail_table": "ingested",
            "cloudtrail_table_shape": "ingested",
        }
        self.run(
            *("trailhound", "athena", "ddl", "--ingested", "local:///ingested", "--apply"),
            *("--since", f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%d}"),
        )

    def ingest(self, files: Path, hours_ago: int) -> None:
        """Ingest what is new there into one file, as if so many hours ago."""
        folder = self.folder / "ingested"
        self.run("trailhound", "ingest", files, "--to", folder, "--store", "read.duckdb")
        now = datetime.now(UTC)
        [file] = folder.glob(f"{now:%Y/%m/%d/%H}/*")
        hour = folder / f"{now - timedelta(hours=hours_ago):%Y/%m/%d/%H}"
        hour.mkdir(parents=True)
        file.rename(hour / file.name)
        file.parent.rmdir()

    def deliver(self, day: str, records: Iterable[Any], name: str = "one") -> Path:
        """Write a file as CloudTrail does, into the folder of a day (yyyy/MM/dd)."""
        return deliver(self.trail, day, records, name)

    def run(
        self,
        *command: str | Path,
        more: Mapping[str, str] | None = None,
        variables: Mapping[str, Any] | None = None,
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on this warehouse, with more environment and dbt variables if wanted."""
        return run(
            command,
            self.folder,
            {**self.environment, **(more or {})},
            {**self.variables, **(variables or {})},
            check=check,
            project=self.project,
        )

    def relation(self, name: str, columns: Sequence[str]) -> list[Row]:
        """The rows of a relation, every value as text, sorted."""
        listed = ", ".join(
            f"array_join({column}, ', ')" if column in _LISTS else f"cast({column} as varchar)"
            for column in columns
        )
        return ordered(columns, self.client.rows(f"select {listed} from {name}"))


def deliver(trail: Path, day: str, records: Iterable[Any], name: str = "one") -> Path:
    """Write records as one file below `trail`, as CloudTrail delivers them on a day."""
    folder = trail / "AWSLogs" / ACCOUNT / "CloudTrail" / REGION / day
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json.gz"
    path.write_bytes(gzipped(records))
    return path


def gzipped(records: Iterable[Any]) -> bytes:
    """One CloudTrail file."""
    return gzip.compress(document(list(records)), mtime=0)


def run(
    command: Sequence[str | Path],
    folder: Path,
    environment: Mapping[str, str],
    variables: Mapping[str, Any],
    *,
    check: bool = True,
    project: Path = ROOT,
) -> subprocess.CompletedProcess[str]:
    """Run trailhound or dbt in a folder with an environment and dbt variables."""
    program, *arguments = map(str, command)
    if program == "dbt":
        # dbt's own files stay out of the project.
        folder.mkdir(exist_ok=True)
        arguments = ["--log-path", str(folder / "logs"), *arguments]
        arguments += ["--target-path", str(folder / "target"), "--profiles-dir", str(project)]
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name(program)),
            *arguments,
            *("--project-dir", str(project), "--vars", json.dumps(dict(variables))),
        ],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if check:
        assert done.returncode == 0, (done.stderr + done.stdout)[-6000:]
    return done


def on_duckdb(
    paths: Sequence[Path],
    folder: Path,
    variables: Mapping[str, Any],
    *options: str | Path,
    project: Path = ROOT,
) -> duckdb.DuckDBPyConnection:
    """The same files built on DuckDB, whole and in one go."""
    store = folder / "duckdb.db"
    store.unlink(missing_ok=True)
    run(
        ["trailhound", "run", *paths, "--store", store, "--quiet", *options],
        folder,
        {"TRAILHOUND_TARGET": "duckdb"},
        variables,
        project=project,
    )
    return duckdb.connect(str(store), read_only=True)


def relations(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """The relations to compare and the columns of each."""
    found: dict[str, list[str]] = {}
    for name, column in connection.execute(
        "select table_name, column_name from information_schema.columns order by all"
    ).fetchall():
        if name not in _NOT_COMPARED and column not in _OWN_TO_EACH:
            found.setdefault(name, []).append(column)
    return found


def duckdb_relation(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Sequence[str]
) -> list[Row]:
    """The rows of a relation on DuckDB, as `TrinoWarehouse.relation` gives them."""
    listed = ", ".join(
        f"array_to_string({column}, ', ')" if column in _LISTS else f"cast({column} as varchar)"
        for column in columns
    )
    return ordered(columns, connection.execute(f'select {listed} from "{name}"').fetchall())


def ordered(columns: Sequence[str], rows: Iterable[Sequence[str | None]]) -> list[Row]:
    """Rows in an order of their own, spellings that mean the same made one."""
    plain = (tuple(map(_plain, columns, row)) for row in rows)
    return sorted(plain, key=repr)


def _plain(column: str, value: str | None) -> str | None:
    """A timestamp without a fraction that is zero, and JSON as it came without needless escapes."""
    if value is None:
        return None
    if column in _JSON_AS_IT_CAME:
        # The reader of the raw files decides on the spelling: Trino's writes <\\/ for </.
        return json.dumps(json.loads(value))
    return re.sub(r"(:\d\d)\.0+$", r"\1", value)


def differences(
    connection: duckdb.DuckDBPyConnection, warehouse: TrinoWarehouse, most: int = 3
) -> str:
    """What differs between both, a line for each row and column; empty if nothing does."""
    told: list[str] = []
    for name, columns in relations(connection).items():
        left = duckdb_relation(connection, name, columns)
        right = warehouse.relation(name, columns)
        if left == right:
            continue
        told.append(f"{name}: {len(left)} rows on DuckDB, {len(right)} on Trino")
        only_left = sorted(set(left) - set(right), key=repr)[:most]
        only_right = sorted(set(right) - set(left), key=repr)
        for row in only_left:
            other = max(only_right, key=lambda each: _likeness(row, each), default=None)
            told += [
                f"  {column}: {one!r} on DuckDB, {two!r} on Trino"
                for column, one, two in zip(columns, row, other or [None] * len(row), strict=True)
                if one != two
            ]
        told += [f"  only on Trino: {row}" for row in only_right[:most] if not only_left]
    return "\n".join(told)


def _likeness(row: Row, other: Row) -> int:
    return sum(one == two for one, two in zip(row, other, strict=True))
