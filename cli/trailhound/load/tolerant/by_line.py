"""Reads text of a value a line, and of a value after something else on its line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

from trailhound.load.inflate import Damaged
from trailhound.load.tolerant import judge
from trailhound.load.tolerant.row import Row, about_file
from trailhound.load.tolerant.settle import mended, settled
from trailhound.load.tolerant.split import (
    CONTAINERS,
    MAX_RECORD,
    REST,
    TRUNCATED,
    Kind,
    Part,
    split,
)
from trailhound.load.tolerant.unwrap import (
    Found,
    What,
    is_record,
    load_json,
    record_at_end,
    record_in_text,
)

_LINE_ENDS = b" \t\r,\x1e\xef\xbb\xbf"  # what may stand around a value on its line
_MAY_HOLD_EVENTS = re.compile(rb"event_?name|awslogs|message|_raw|body", re.I)
_LAKE = b'"eventJson"'
_CONTAINER = re.compile(b"|".join([*sorted(CONTAINERS), rb"\A\["]))
# What stands before a record is no part of JSON, but may be `[2026-01-31 10:00:00]` or `{app="x"}`.
_PREFIX = re.compile(rb'[^{\["\]}:,]|\[[^\]{}"\[]+\]|\{[^\s"}]')


def by_line(pieces: Iterable[bytes]) -> Iterator[Found | Row]:
    """A value a line. A bad line is a rejected record; bad lines that make values together pass.

    Lines without an event, such as `{}`, may belong to the bad ones before them.
    """
    bad: list[bytes] = []
    ends_open = False
    for block in _line_blocks(pieces):
        if isinstance(block, Found | Row):
            yield from _bad_lines(bad)
            bad = []
            yield block
            continue
        ends_open = bool(block[-1].strip(_LINE_ENDS))
        lines = [line for line in block if line.strip(_LINE_ENDS)]
        values = [line.strip(_LINE_ENDS) for line in lines]
        for line, found in zip(lines, _read_lines(values), strict=True):
            if found is None or (bad and not _MAY_HOLD_EVENTS.search(line)):
                bad.append(line)
                continue
            yield from _bad_lines(bad)
            bad = []
            yield from found
        if sum(map(len, bad)) > MAX_RECORD:
            yield from _bad_lines(bad)
            bad = []
    yield from _bad_lines(bad, ends_open=ends_open)


def _line_blocks(pieces: Iterable[bytes]) -> Iterator[list[bytes] | Found | Row]:
    """Whole lines, many at a time; a line that is too long; at the end what broke the text off."""
    held: list[bytes] = []
    passing_over = False
    fault = None
    try:
        for piece in pieces:
            end = piece.rfind(b"\n") + 1
            if passing_over and not end:
                continue
            start = piece.index(b"\n") + 1 if passing_over else 0
            passing_over = False
            if end:
                yield b"".join([*held, piece[start:end]]).split(b"\n")
                held = []
            held.append(piece[end:])
            if sum(map(len, held)) > MAX_RECORD:
                yield Found(What.REJECT, held[0][:REST], f"longer than {MAX_RECORD:,} bytes")
                held, passing_over = [], True
    except Damaged as damaged:
        fault = damaged
    yield b"".join(held).split(b"\n")
    if fault:
        yield about_file(b"", str(fault))


def _read_lines(lines: list[bytes]) -> Iterator[list[Found] | None]:
    """For each line the records in it, or None if it is not one whole valid value."""
    parts: list[Part] = []
    counts = []
    for line in lines:
        of_line = []
        if line[:1] in (b"{", b"["):
            is_row = line[:1] == b"[" and _LAKE in line
            is_container = not is_row and _CONTAINER.search(line) and not is_record(line)
            of_line = list(split([line])) if is_container else [Part(Kind.VALUE, line)]
        parts += of_line
        counts.append(len(of_line))
    of_parts = settled(iter(parts))
    answers: list[list[Found] | None] = []
    for line, count in zip(lines, counts, strict=True):
        found = [next(of_parts)[1] for _ in range(count)]
        if count and None not in found:
            answers.append([each for some in found for each in some or []])
        else:
            answers.append(_after_something(line) or None)
    inner = mended([each for some in answers for each in some or []])
    for some in answers:
        yield some and [next(inner) for _ in some]


def _after_something(line: bytes) -> list[Found]:
    """The records in a line that begins with something else, or is a string as a whole."""
    text: Any = judge.readable(line)
    if line[:1] == b'"':
        text = load_json(text)
    elif not _PREFIX.match(line):
        return []
    return record_in_text(text) if isinstance(text, str) else []


def _bad_lines(lines: list[bytes], *, ends_open: bool = False) -> Iterator[Found | Row]:
    """What is in bad lines. `ends_open`: the text ends with them, and without a line's end."""
    if len(lines) > 1:
        together = [found for _, found in settled(split([b"\n".join(lines)]))]
        if None not in together:
            yield from (each for some in together for each in some or [])
            return
    values = [line.strip(_LINE_ENDS) for line in lines]
    parts = [list(split([value])) for value in values]
    judged = settled(chain.from_iterable(parts))
    for number, value in enumerate(values):
        may_be_cut = ends_open and number == len(lines) - 1
        yield from _bad_line(value, list(islice(judged, len(parts[number]))), may_be_cut=may_be_cut)


def _bad_line(
    line: bytes, parts: Iterable[tuple[Part, list[Found] | None]], *, may_be_cut: bool
) -> Iterator[Found | Row]:
    """The records that are whole in a bad line, and then its rest as one rejected record.

    Of a line that was cut off the rest is no record: it says that the file is broken.
    """
    for at, (part, found) in enumerate(parts):
        if found is None and may_be_cut and part.reason == TRUNCATED:
            yield about_file(part.text, TRUNCATED)
            return
        if found is None and at == 0 and (records := record_at_end(judge.readable(line))):
            yield from mended(records)
            return
        if found is None:
            reason = "not an object" if at == 0 and _is_scalar(line) else "not valid JSON"
            yield Found(What.REJECT, part.text if at else line, reason)
            return
        yield from found


def _is_scalar(line: bytes) -> bool:
    """Whether a line is a JSON value; objects and arrays are read before this is asked."""
    text = judge.readable(line)
    return text == "null" or load_json(text) is not None
