"""The query everybody writes: `python -m bench.naive FOLDER STORE`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb

from trailhound.load.table import EVENT_SHAPE

_FILES = "*.json.gz"
_DEFAULT = 16 << 20  # bytes, DuckDB's own
_INFLATES = 20  # times, at most


def main() -> None:
    """Read a folder of CloudTrail files into the table `events` of a DuckDB file."""
    folder, store = sys.argv[1:]
    # Left at its default where that is enough: a larger one costs the query a fifth more.
    largest = max(file.stat().st_size for file in Path(folder).glob(f"**/{_FILES}"))
    shape = _type(json.loads(EVENT_SHAPE))
    connection = duckdb.connect(store)
    connection.execute(
        f"""create table events as
        select unnest(record) from (
            select unnest("Records") as record
            from read_json($files, columns = {{Records: '{shape}[]'}},
                maximum_object_size = $size)
        )""",
        {"files": f"{folder}/**/{_FILES}", "size": max(_DEFAULT, largest * _INFLATES)},
    )
    print(connection.execute("select count(*) from events").fetchone())


def _type(shape: object) -> str:
    """The shape of a record as a type, its keys as they are."""
    if isinstance(shape, dict):
        return "struct(" + ", ".join(f'"{key}" {_type(part)}' for key, part in shape.items()) + ")"
    if isinstance(shape, list):
        return _type(shape[0]) + "[]"
    return str(shape)


main()
