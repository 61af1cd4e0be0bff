"""CSV with a header, as tools export search results: the cells that hold a record are read."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator

from trailhound.load.inflate import Damaged
from trailhound.load.tolerant import mapped
from trailhound.load.tolerant.split import MAX_RECORD
from trailhound.load.tolerant.unwrap import Found, What, dump, record_in_text

NO_RECORDS = "CSV without a column that holds whole records: export the raw event as JSON"

_DELIMITERS = ",;\t|"
_HEADER = re.compile(r"event ?name", re.I)
_LONGEST_NAME = 60  # characters of a column's name that are told

csv.field_size_limit(MAX_RECORD)


def is_table(head: bytes) -> bool:
    """Whether a text that begins so is CSV that may hold records."""
    first, _, rest = head.lstrip(b"\r\n\xef\xbb\xbf").partition(b"\n")
    if not rest.strip() or b"{" in first:
        return False
    header = first.decode("utf-8", "replace")
    is_wide = any(delimiter in header for delimiter in _DELIMITERS)
    return b'"{""' in rest or (is_wide and bool(_HEADER.search(header)))


def read(pieces: Iterable[bytes]) -> Iterator[Found | Damaged]:
    """What each row holds; a row without a record is rejected. What broke the text off is last."""
    fault: list[Damaged] = []
    lines = _lines(pieces, fault)
    first = next(lines, "")
    delimiter = max(_DELIMITERS, key=first.count)
    names = next(csv.reader([first], delimiter=delimiter), [])
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        for cells in reader:
            if cells:
                row = dict(zip(names, cells, strict=False))
                yield from _in_row(row, f"line {reader.line_num + 1}")
    except csv.Error as error:
        yield Damaged(f"CSV, line {reader.line_num + 1}: {error}")
    yield from fault


def _in_row(row: dict[str, str], place: str) -> Iterator[Found]:
    if "AwsEventId" in row and (record := mapped.as_record(row)):
        yield Found(What.RECORD, dump(record), place=place)
        return
    for name, cell in row.items():
        if "{" in cell and (found := record_in_text(cell, f"{place}, {name[:_LONGEST_NAME]}")):
            yield from found
            return
    yield Found(What.REJECT, dump(row), "no CloudTrail record", place)


def _lines(pieces: Iterable[bytes], fault: list[Damaged]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    held = ""
    try:
        for piece in pieces:
            text = held + decoder.decode(piece)
            *whole, held = text.split("\n")
            yield from (f"{line}\n" for line in whole)
    except Damaged as damaged:
        fault.append(damaged)
    if held:
        yield held
