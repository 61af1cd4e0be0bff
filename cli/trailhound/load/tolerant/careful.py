"""Reads any text whatsoever into records: nothing is taken on trust, nothing is lost."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from trailhound.load.inflate import Damaged
from trailhound.load.tolerant import csv_table, foreign, judge
from trailhound.load.tolerant.by_line import by_line
from trailhound.load.tolerant.json_lines import looks_like_lines
from trailhound.load.tolerant.row import Row, about_file, row_of
from trailhound.load.tolerant.settle import mended, settled
from trailhound.load.tolerant.split import LOOK_AHEAD, MALFORMED, REST, Kind, Part, split
from trailhound.load.tolerant.unwrap import Found, What

# A line that ends with an object after something that is none, or is a string that holds one. Its
# end is asked for once: a line of megabytes may hold many objects.
_PREFIXED = re.compile(
    rb'^(?:[^\n{]|\{[^\s"}])(?=[^\n]*\}[ \t\r,]*$)[^\n]*?\{[ \t]*"[^\n]*'
    rb'|^"\{\\"[^\n]*\}"[ \t\r,]*$',
    re.M,
)
_OBJECT = re.compile(rb'\s*\{[\s"}]')
# The first line of a document over several lines.
_DOCUMENT = re.compile(rb"^[{\[][ \t]*\r?\n\s*[{\"\[]", re.M)
_EVENT = b"eventName"
_ROWS = 5_000  # of CSV, taken at a time


def read(pieces: Iterable[bytes]) -> Iterator[Row]:
    """All rows of a file whose text comes in pieces; a Damaged from below is told at the end."""
    head, pieces = _peek(pieces)
    if looks_like_lines(head):
        found = by_line(pieces)
    elif csv_table.is_table(head):
        found = _by_cell(pieces, head)
    elif _has_prefixes(head):
        found = by_line(pieces)
    elif at := _text_before(head):
        found = _after_text(head, at, pieces)
    else:
        found = _by_document(pieces)
    position = 0
    about_file = False
    for each in found:
        if isinstance(each, Row):
            about_file = True
            yield each
        else:
            position += 1
            yield row_of(position, each)
    if position == 0 and not about_file:
        yield Row(0, b"", skipped="empty file")


def _peek(pieces: Iterable[bytes]) -> tuple[bytes, Iterable[bytes]]:
    rest = iter(pieces)
    try:
        head = next(rest, b"")
    except Damaged as fault:
        return b"", _raising(fault)
    return head, chain([head], rest)


def _raising(fault: Damaged) -> Iterator[bytes]:
    raise fault
    yield b""


def _by_document(pieces: Iterable[bytes]) -> Iterator[Found | Row]:
    """Documents one after the other. What breaks ends the file, and whole records before it stay.

    A value at the top that is cut out well but not valid is a rejected record, and the next goes
    on; if there is nothing else in the file, it is the file that is malformed.
    """
    bad: Part | None = None
    anything = False
    for part, found in settled(split(pieces)):
        if bad:
            yield Found(What.REJECT, bad.text, "not valid JSON")
            bad, anything = None, True
        if found is not None:
            yield from found
            anything = True
        elif part.kind is Kind.VALUE:
            bad = part
        else:
            yield _broken_file(part, anything)
            return
    if bad and anything:
        yield Found(What.REJECT, bad.text, "not valid JSON")
    elif bad:
        yield _broken_file(bad, anything)


def _broken_file(part: Part, anything: bool) -> Row:
    reason = part.reason if part.kind is Kind.REST else MALFORMED
    if reason == MALFORMED:
        if not anything and part.text[:1] not in (b"{", b"["):
            is_scalar = judge.valid([part.text])[0]
            reason = "not an object" if is_scalar else foreign.reason_of(part.text)
        elif not anything and (known := foreign.known(part.text)):
            reason = known
        else:
            line, column = _where_it_breaks(part)
            reason = f"{MALFORMED} at line {line:,}, column {column:,}"
    return about_file(part.text[:REST], reason)


def _where_it_breaks(part: Part) -> tuple[int, int]:
    """The line and the column in the file at which a part stops being JSON, as Python sees it."""
    try:
        json.loads(judge.readable(part.text), strict=False)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":  # the value is whole: it should not be here
            return part.line, part.column
        if error.lineno > 1:
            return part.line + error.lineno - 1, error.colno
        return part.line, part.column + error.colno - 1
    except RecursionError:
        pass
    return part.line, part.column


def _by_cell(pieces: Iterable[bytes], head: bytes) -> Iterator[Found | Row]:
    """The records in the rows of a CSV table; one without any is named as what it is."""
    rows = csv_table.read(pieces, head)
    held: list[Found | Damaged] = []
    passed_over = 0  # bytes of rows without a record
    anything = False
    while block := list(islice(rows, _ROWS)):
        held += block
        found = [each for each in block if isinstance(each, Found)]
        passed_over += sum(len(each.text) for each in found)
        anything = anything or any(each.what is not What.REJECT for each in found)
        if anything:
            yield from mended([each for each in held if isinstance(each, Found)])
            yield from (about_file(b"", str(each)) for each in held if isinstance(each, Damaged))
            held = []
        elif passed_over > LOOK_AHEAD:
            break
    if held:
        yield about_file(head[:REST], foreign.known(head) or csv_table.NO_RECORDS)


def _has_prefixes(head: bytes) -> bool:
    """Whether a text that is no JSON has lines that end in JSON, and is nothing that is known."""
    if _OBJECT.match(head):
        return False
    lines = (each[0] for each in _PREFIXED.finditer(head))
    if foreign.known(head):
        return any(_EVENT in line for line in lines)
    return next(lines, None) is not None


def _text_before(head: bytes) -> int:
    """How long the lines are that stand before a document over several lines, as its command."""
    found = _DOCUMENT.search(head)
    before = head[: found.start()].strip() if found else b""
    is_text = before[:1] not in (b"", b"{", b"[") and not foreign.known(head)
    return found.start() if found and is_text and _EVENT in head else 0


def _after_text(head: bytes, at: int, pieces: Iterable[bytes]) -> Iterator[Found | Row]:
    yield Found(What.REJECT, head[:at].strip()[:REST], "not valid JSON")
    rest = iter(pieces)
    yield from _by_document(chain([next(rest, b"")[at:]], rest))
