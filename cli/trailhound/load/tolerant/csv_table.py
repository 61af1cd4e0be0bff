"""CSV with a header, as tools export search results: the cells that hold a record are read."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator
from itertools import zip_longest

from trailhound.load.inflate import Damaged
from trailhound.load.tolerant import mapped
from trailhound.load.tolerant.split import MAX_RECORD
from trailhound.load.tolerant.unwrap import Found, What, dump, record_in_text

NO_RECORDS = "CSV without a column that holds whole records: export the raw event as JSON"

_DELIMITERS = ",;\t|"
_HEADER = re.compile(r"event ?name", re.I)
# In a quoted cell an object begins, its quotes doubled, or escaped as Spark does.
_DOUBLED = re.compile(rb'(?:^|[,;\t|])"[^{"\n]*\{\s*""', re.M)
_ESCAPED = re.compile(rb'(?:^|[,;\t|])"[^{"\n]*\{\s*\\"', re.M)
_JSON = re.compile(rb'\{\s*["\\]|^\s*\[\s*[\[{"\]]')
_LONGEST_NAME = 60  # characters of a column's name that are told

csv.field_size_limit(MAX_RECORD)


def is_table(head: bytes) -> bool:
    """Whether a text that begins so is CSV that may hold records."""
    first, _, rest = head.lstrip(b"\r\n\xef\xbb\xbf").partition(b"\n")
    if not rest.strip() or _JSON.search(first) or first.strip() in (b"{", b"["):
        return False
    header = first.decode("utf-8", "replace")
    if any(delimiter in header for delimiter in _DELIMITERS) and _HEADER.search(header):
        return True
    as_wide = first.count(b"\t") == rest.partition(b"\n")[0].count(b"\t")
    if b"\t" in first and as_wide and b'\t{"' in rest:
        return True
    return bool(_DOUBLED.search(rest) or _ESCAPED.search(rest))


def read(pieces: Iterable[bytes], head: bytes) -> Iterator[Found | Damaged]:
    """What each row holds; a row without a record is rejected. What broke the text off is last."""
    fault: list[Damaged] = []
    lines = _lines(pieces, fault)
    at, first = next(((at, line) for at, line in enumerate(lines, 1) if line.strip()), (1, ""))
    delimiter = max(_DELIMITERS, key=first.count)
    names = next(csv.reader([first], delimiter=delimiter), [])
    if _ESCAPED.search(head) and not _DOUBLED.search(head):
        reader = csv.reader(lines, delimiter=delimiter, escapechar="\\", doublequote=False)
    else:
        reader = csv.reader(lines, delimiter=delimiter)
    begin = at + 1
    try:
        for cells in reader:
            if cells:
                yield from _in_row(names, cells, f"line {begin}")
            begin = at + reader.line_num + 1
    except csv.Error as error:
        yield Damaged(f"CSV, line {begin}: {error}")
    yield from fault


def _in_row(names: list[str], cells: list[str], place: str) -> Iterator[Found]:
    row = dict(zip(names, cells, strict=False))
    if "AwsEventId" in row and (record := mapped.as_record(row)):
        yield Found(What.RECORD, dump(record), place=place)
        return
    told: set[bytes] = set()
    for name, cell in zip_longest(names[: len(cells)], cells, fillvalue="a column without a name"):
        for found in record_in_text(cell, f"{place}, {name[:_LONGEST_NAME]}"):
            if found.text not in told:
                told.add(found.text)
                yield found
    if not told:
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
