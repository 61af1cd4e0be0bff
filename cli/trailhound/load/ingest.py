"""Records that were loaded, as Parquet files that a warehouse reads in place of a trail's own."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from trailhound.cloudtrail import FIELDS
from trailhound.errors import WrongUsage
from trailhound.load.result import LoadError
from trailhound.load.session import checkpoint
from trailhound.load.sources.remote import is_remote, store_errors
from trailhound.load.store import INGESTED, one_line_errors
from trailhound.text import literal
from trailhound.transaction import transaction

_FILE_BYTES = "256MB"
_IS_RECORD = "error is null and skipped is null"
_LEVELS = ("[0-9]{4}", "[0-9]{2}", "[0-9]{2}", "[0-9]{2}")


def hand_on(connection: duckdb.DuckDBPyConnection, table: str, folder: str) -> int:
    """Write every record of a store to a folder or URL, and leave only its files' names there.

    folder: gets yyyy/MM/dd/HH/NAME.parquet, in the columns of AWS's table; the hour (UTC) is that
    in which the file is there, and never before one that is there already, so that who has read an
    hour need only read it and later ones again. A run that is cut off hands on again what it had
    not noted: events are told apart by their ids. Returns the number of records.
    Raises LoadError where the folder cannot be written.
    """
    columns = ", ".join(name.lower() for name in FIELDS)
    with tempfile.TemporaryDirectory() as scratch, one_line_errors():
        with transaction(connection):
            written = Path(scratch, "parquet")
            records = connection.execute(
                f"copy (select {columns} from {table} where {_IS_RECORD}) "
                f"to {literal(str(written))} (format parquet, compression zstd, "
                f"file_size_bytes '{_FILE_BYTES}')"
            ).fetchone()
            count = int(records[0]) if records else 0
            if not count:
                return 0
            for file in sorted(written.iterdir()):
                _put(file, folder)
            connection.execute(
                f"create or replace temp table ingested as select file_path, file_version, "
                f"0 as position, max(loaded_at) as loaded_at, '{INGESTED}' as skipped "
                f"from {table} where {_IS_RECORD} group by file_path, file_version"
            )
            connection.execute(f"delete from {table} where {_IS_RECORD}")
            connection.execute(f"insert into {table} by name from ingested")
        # What was deleted would stay in the file else.
        checkpoint(connection, tidy=True)
    return count


def folder_of(to: str, paths: Iterable[str]) -> str:
    """The folder or URL that a text names. Raises WrongUsage for none that lasts, or in a path."""
    if not to or to == "-" or "::" in to or to.startswith("memory:"):
        raise WrongUsage(f"--to '{to}' is no folder and no URL like s3://bucket/ingested")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:(?!//)", to):
        raise WrongUsage(
            f"--to '{to}' is neither a URL, which has ://, nor a folder: ./{to} is one"
        )
    folder = _whole(to)
    for path in paths:
        if path == "-":
            continue
        above = _whole(re.split(r"[*?[]", path)[0]).rstrip("/")
        if folder == above or folder.startswith(f"{above}/"):
            raise WrongUsage(f"--to '{to}' lies in {path}: what is written would be read again")
    return folder


def _whole(path: str) -> str:
    if path.startswith("file://"):
        path = path.removeprefix("file://")
    # Not as a Path, which makes one / of two.
    return path.rstrip("/") if is_remote(path) else os.path.abspath(path)  # noqa: PTH100


def _put(file: Path, folder: str) -> None:
    """Copy a file into the folder of the hour; into the next one too if that began meanwhile."""
    import fsspec

    name = f"{uuid4().hex}.parquet"
    with store_errors(folder):
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


def _hour(system: Any, root: str, folder: str) -> str:
    """This hour in UTC as yyyy/MM/dd/HH, or a later one of which there is a file."""
    now = datetime.now(UTC)
    newest: list[str] = []
    for digits in _LEVELS:
        try:
            found = system.ls("/".join([root.rstrip("/"), *newest]), detail=False)
        except (FileNotFoundError, NotADirectoryError):
            break
        names = [str(each).rstrip("/").rpartition("/")[2] for each in found]
        if not (numbers := [name for name in names if re.fullmatch(digits, name)]):
            break
        newest.append(max(numbers))
    there = "/".join(newest) if len(newest) == len(_LEVELS) else ""
    if there > f"{now + timedelta(hours=1):%Y/%m/%d/%H}":
        raise LoadError(
            f"{folder} has an hour to come, {there} UTC: set right the clock of the machine that "
            "is wrong, and move its files"
        )
    return max(there, f"{now:%Y/%m/%d/%H}")
