"""Records that were loaded, as Parquet files that a warehouse reads in place of a trail's own."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from trailhound.cloudtrail import FIELDS
from trailhound.errors import TrailhoundError, first_line
from trailhound.load.result import LoadError
from trailhound.load.sources.remote import is_remote
from trailhound.load.store import INGESTED, one_line_errors
from trailhound.transaction import transaction

_FILE_BYTES = "256MB"
_IS_RECORD = "error is null and skipped is null"
_LEVELS = 4  # yyyy/MM/dd/HH


def hand_on(connection: duckdb.DuckDBPyConnection, table: str, folder: str) -> int:
    """Write every record of a store to a folder or URL, and leave only its files' names there.

    folder: gets yyyy/MM/dd/HH/NAME.parquet, in the columns of AWS's table; the hour (UTC) is that
    in which the file is there, and never before one that is there already, so that who has read an
    hour need only read it and later ones again. A run that is cut off hands on again what it had
    not noted: events are told apart by their ids. Returns the number of records.
    Raises LoadError where the folder cannot be written.
    """
    columns = ", ".join(name.lower() for name in FIELDS)
    with tempfile.TemporaryDirectory() as scratch, one_line_errors(), transaction(connection):
        records = connection.execute(
            f"copy (select {columns} from {table} where {_IS_RECORD}) to '{scratch}/parquet' "
            f"(format parquet, compression zstd, file_size_bytes '{_FILE_BYTES}')"
        ).fetchone()
        count = int(records[0]) if records else 0
        if not count:
            return 0
        for file in sorted(Path(scratch, "parquet").iterdir()):
            _put(file, folder)
        connection.execute(f"delete from {table} where {_IS_RECORD} and position > 1")
        emptied = ", ".join(f"{name.lower()} = null" for name in FIELDS)
        connection.execute(
            f"update {table} set position = 0, skipped = '{INGESTED}', {emptied} where {_IS_RECORD}"
        )
    return count


def is_built(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether detections were built on a store: its records are then theirs."""
    found = connection.execute(
        "select 1 from duckdb_tables() where database_name = current_database() "
        "and table_name = 'cloudtrail_events'"
    )
    return found.fetchone() is not None


def _put(file: Path, folder: str) -> None:
    """Copy a file into the folder of the hour; into the next one too if that began meanwhile."""
    import fsspec

    name = f"{uuid4().hex}.parquet"
    try:
        system, root = fsspec.url_to_fs(folder, use_listings_cache=False)
        hour = ""
        while hour != (hour := _hour(system, root, folder)):
            target = f"{root.rstrip('/')}/{hour}"
            if is_remote(folder):
                system.put_file(str(file), f"{target}/{name}")
            else:
                system.makedirs(target, exist_ok=True)
                system.put_file(str(file), f"{target}/.{name}")
                system.mv(f"{target}/.{name}", f"{target}/{name}")
    except ImportError as error:
        raise LoadError(f"{folder} needs `pip install 'trailhound[s3]'` ({error})") from error
    except TrailhoundError:
        raise
    except Exception as error:  # each store's client has its own family of errors
        raise LoadError(f"{folder}: {first_line(error)}") from error


def _hour(system: Any, root: str, folder: str) -> str:
    """This hour in UTC as yyyy/MM/dd/HH, or a later one of which there is a file."""
    now = datetime.now(UTC)
    newest: list[str] = []
    for _ in range(_LEVELS):
        try:
            found = system.ls("/".join([root.rstrip("/"), *newest]), detail=False)
        except FileNotFoundError:
            break
        names = [str(each).rstrip("/").rpartition("/")[2] for each in found]
        if not (numbers := [name for name in names if name.isascii() and name.isdigit()]):
            break
        newest.append(max(numbers))
    there = "/".join(newest) if len(newest) == _LEVELS else ""
    if there > f"{now + timedelta(hours=1):%Y/%m/%d/%H}":
        raise LoadError(
            f"{folder} has an hour to come, {there} UTC: set right the clock of the machine that "
            "is wrong, and move its files"
        )
    return max(there, f"{now:%Y/%m/%d/%H}")
