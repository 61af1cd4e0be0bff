"""Parquet: each row as a JSON object, in which records are found as in any other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import duckdb
import pyarrow as pa

from trailhound.errors import first_line
from trailhound.load.tolerant import judge
from trailhound.load.tolerant.row import Row, about_file, row_of
from trailhound.load.tolerant.settle import mended
from trailhound.load.tolerant.split import LOOK_AHEAD, REST, Kind, Part
from trailhound.load.tolerant.unwrap import Found, What, unwrap

MAGIC = b"PAR1\x15"  # and the start of a header, which a line of text has not

_ROWS = 1_000  # taken at a time
_NO_RECORDS = (
    "Parquet without CloudTrail events: the columns of AWS's table, OCSF, or a column of whole "
    "records are read"
)


def read(file: IO[bytes]) -> Iterator[Row]:
    """All rows of a Parquet file, which must be able to go back."""
    import pyarrow.parquet as pq

    position = 0
    held: list[Found] = []
    passed_over = 0  # bytes of rows without a record
    anything = False
    try:
        for batch in pq.ParquetFile(file).iter_batches(_ROWS):
            texts = judge.as_json(batch)
            found = [each for text in texts for each in unwrap(Part(Kind.VALUE, text), text)]
            held += found
            passed_over += sum(len(each.text) for each in found)
            anything = anything or any(map(_may_be_one, found))
            if anything:
                for each in mended(held):
                    position += 1
                    yield row_of(position, each)
                held = []
            elif passed_over > LOOK_AHEAD:
                break
    except (pa.ArrowException, duckdb.Error, OSError) as error:
        yield about_file(b"", f"damaged Parquet: {first_line(error)}")
        return
    if held:
        yield about_file(held[0].text[:REST], _NO_RECORDS)
    elif position == 0:
        yield Row(0, b"", skipped="empty file")


def _may_be_one(found: Found) -> bool:
    return found.what is not What.REJECT and b'"eventName"' in found.text
