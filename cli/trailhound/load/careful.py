"""Reads any text whatsoever into records: nothing is taken on trust, nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from trailhound.load import judge
from trailhound.load.inflate import Damaged
from trailhound.load.json_lines import looks_like_lines
from trailhound.load.recognise import Found, What, foreign, unwrap
from trailhound.load.split import MAX_RECORD, REST, TRUNCATED, Kind, Part, split

_BLOCK_PARTS = 5_000
_BLOCK_BYTES = 16 << 20
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_LINE_ENDS = b" \t\r,\x1e\xef\xbb\xbf"  # what may stand around a value on its line
_MAY_HOLD_EVENTS = re.compile(rb"eventName|awslogs")
_CONTAINER = re.compile(rb'"(?:Records|Events|logEvents)"|\A\[')


class Row(NamedTuple):
    """One record, or at position 0 something about the file. `text` of a failed one is its raw."""

    position: int
    text: bytes
    skipped: str | None = None
    error: str | None = None
    is_detail: bool = False


def read(pieces: Iterable[bytes]) -> Iterator[Row]:
    """All rows of a file whose text comes in pieces; a Damaged from below is told at the end."""
    head, pieces = _peek(pieces)
    if head[:2] in _UTF16:
        yield _about_file(head[:REST], "UTF-16 text, not UTF-8")
        return
    found = _by_line(pieces) if looks_like_lines(head) else _by_document(pieces)
    position = 0
    about_file = False
    for each in found:
        if isinstance(each, Row):
            about_file = True
            yield each
        else:
            position += 1
            yield _row(position, each)
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


def _row(position: int, found: Found) -> Row:
    if found.what is What.SKIP:
        return Row(position, _readable(found.text), skipped=found.reason)
    if found.what is What.REJECT:
        return Row(position, _readable(found.text), error=found.reason)
    return Row(position, found.text, is_detail=found.what is What.DETAIL)


def _about_file(text: bytes, error: str) -> Row:
    return Row(0, _readable(text), error=error)


def _readable(text: bytes) -> bytes:
    return judge.readable(text).encode()


def _by_document(pieces: Iterable[bytes]) -> Iterator[Found | Row]:
    """Documents one after the other. What breaks ends the file, and whole records before it stay.

    A value at the top that is cut out well but not valid is a rejected record, and the next goes
    on; if there is nothing else in the file, it is the file that is malformed.
    """
    bad: Found | None = None
    anything = False
    for part, found in _settled(split(pieces)):
        if bad:
            yield bad
            bad, anything = None, True
        if found is not None:
            yield from found
            anything = True
        elif part.kind is Kind.VALUE:
            bad = Found(What.REJECT, part.text, "not valid JSON")
        elif part.kind is Kind.REST:
            yield _broken_file(part.text, part.reason, anything)
            return
        else:
            yield _broken_file(part.text[:REST], "malformed JSON", anything)
            return
    if bad:
        yield bad if anything else _broken_file(bad.text[:REST], "malformed JSON", False)


def _broken_file(text: bytes, reason: str, anything: bool) -> Row:
    if not anything and reason == "malformed JSON" and text[:1] not in (b"{", b"["):
        is_scalar = judge.valid([text])[0]
        reason = "binary data, not JSON" if _BINARY.search(text) else "not JSON"
        reason = "not an object" if is_scalar else reason
    return _about_file(text, reason)


def _by_line(pieces: Iterable[bytes]) -> Iterator[Found | Row]:
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
        yield _about_file(b"", str(fault))


def _read_lines(lines: list[bytes]) -> Iterator[list[Found] | None]:
    """For each line the records in it, or None if it is not one whole valid value."""
    parts: list[Part] = []
    counts = []
    for line in lines:
        of_line = list(split([line])) if _CONTAINER.search(line) else [Part(Kind.VALUE, line)]
        parts += of_line
        counts.append(len(of_line))
    settled = _settled(iter(parts))
    for line, count in zip(lines, counts, strict=True):
        found = [next(settled)[1] for _ in range(count)]
        if line[:1] not in (b"{", b"[") or None in found:
            yield None
        else:
            yield [each for some in found for each in some or []]


def _bad_lines(lines: list[bytes], *, ends_open: bool = False) -> Iterator[Found | Row]:
    """What is in bad lines. `ends_open`: the text ends with them, and without a line's end."""
    if len(lines) > 1:
        together = [found for _, found in _settled(split([b"\n".join(lines)]))]
        if None not in together:
            yield from (each for some in together for each in some or [])
            return
    for number, line in enumerate(lines, 1):
        may_be_cut = ends_open and number == len(lines)
        yield from _bad_line(line.strip(_LINE_ENDS), may_be_cut=may_be_cut)


def _bad_line(line: bytes, *, may_be_cut: bool) -> Iterator[Found | Row]:
    """The records that are whole in a bad line, and then its rest as one rejected record.

    Of a line that was cut off the rest is no record: it says that the file is broken.
    """
    for at, (part, found) in enumerate(_settled(split([line]))):
        if found is None and may_be_cut and part.reason == TRUNCATED:
            yield _about_file(part.text, TRUNCATED)
            return
        if found is None:
            is_scalar = at == 0 and judge.valid([line])[0]
            reason = "not an object" if is_scalar else "not valid JSON"
            yield Found(What.REJECT, part.text if at else line, reason)
            return
        yield from found


def _settled(parts: Iterator[Part]) -> Iterator[tuple[Part, list[Found] | None]]:
    """Each part with the records in it, or with None if it is nothing that can be read."""
    for block in _blocks(parts):
        texts = _valid_or_mended([part.text for part in block])
        found = [_unwrapped(part, text) for part, text in zip(block, texts, strict=True)]
        inner = [each.text for some in found for each in some or [] if each.what is What.INNER]
        mended = iter(zip(inner, _valid_or_mended(inner), strict=True))
        for part, some in zip(block, found, strict=True):
            yield part, some and [_inner(each, mended) for each in some]


def _inner(found: Found, mended: Iterator[tuple[bytes, bytes | None]]) -> Found:
    """A text that was a string: a record if it is JSON, else rejected."""
    if found.what is not What.INNER:
        return found
    text, good = next(mended)
    if good is None:
        return Found(What.REJECT, text, "not valid JSON")
    return Found(What.RECORD, good)


def _unwrapped(part: Part, text: bytes | None) -> list[Found] | None:
    if part.kind is Kind.HUGE:
        reason = foreign(judge.readable(part.text))
        if reason:
            return [Found(What.SKIP, part.text, reason)]
        return [Found(What.REJECT, part.text, part.reason)]
    if part.kind is Kind.REST or text is None:
        return None
    return unwrap(part.kind, text)


def _valid_or_mended(texts: list[bytes]) -> list[bytes | None]:
    """Each text if DuckDB can read it, else mended if that helps, else None."""
    good = judge.valid(texts)
    mended = [judge.mended(text) for text, ok in zip(texts, good, strict=True) if not ok]
    helped = iter(zip(mended, judge.valid(mended), strict=True))
    out: list[bytes | None] = []
    for text, ok in zip(texts, good, strict=True):
        if ok:
            out.append(text)
        else:
            new, good_now = next(helped)
            out.append(new if good_now else None)
    return out


def _blocks(parts: Iterator[Part]) -> Iterator[list[Part]]:
    block: list[Part] = []
    size = 0
    for part in parts:
        block.append(part)
        size += len(part.text)
        if len(block) >= _BLOCK_PARTS or size >= _BLOCK_BYTES:
            yield block
            block, size = [], 0
    if block:
        yield block
