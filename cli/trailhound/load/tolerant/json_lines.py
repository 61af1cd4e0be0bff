"""Telling JSON Lines from documents, by a text's start and whatever is broken in it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from trailhound.load.tolerant import judge
from trailhound.load.tolerant.scan import Scanner
from trailhound.load.tolerant.split import TRUNCATED, Kind, split

_BLANK = b" \t\r\n"
_LEAST_LINE = 64  # bytes; a shorter one may well be a part of a value over several lines
_VALUE = b'{["-0123456789tfn'
_MAY_FOLLOW = {b"{": b'"}', b"[": _VALUE + b"]", b",": _VALUE, b":": _VALUE}


def looks_like_lines(head: bytes) -> bool:
    """Whether a text's start speaks for JSON Lines: a value a line, the first perhaps a bad one."""
    lines = _lines(head)
    first = next(lines, b"")
    second = next(lines, b"")
    if not second:
        return False
    if first[:1] in (b"{", b"["):
        if _is_whole(first):
            return True
        if _goes_on(first, second) and _is_document(head):
            return False
    # The first value is bad: over one line, or over several and then hardly any line is a value.
    return any(
        line[:1] in (b"{", b"[") and len(line) >= _LEAST_LINE and _is_whole(line)
        for line in chain([second], lines)
    )


def _goes_on(line: bytes, following: bytes) -> bool:
    """Whether a value that a line does not close may well be closed by those that follow."""
    scanner = Scanner()
    scanner.feed(line)
    return not scanner.in_string and following[:1] in _MAY_FOLLOW.get(line[-1:], b",]}:")


def _is_document(head: bytes) -> bool:
    """Whether a text begins with a value over several lines, if need be a container that breaks."""
    parts = list(split([head]))
    if not parts:  # an empty container over several lines
        return True
    last = parts[-1]
    if parts[0].kind is Kind.REST or not judge.valid([parts[0].text])[0]:
        return False
    if parts[0].kind is not Kind.VALUE or last.kind is not Kind.REST:
        return True
    return last.reason == TRUNCATED and len(parts[0].text) >= _LEAST_LINE


def _lines(text: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(text):
        end = text.find(b"\n", at)
        end = len(text) if end < 0 else end
        if line := text[at:end].strip(_BLANK):
            yield line
        at = end + 1


def _is_whole(line: bytes) -> bool:
    """Whether brackets and quotes close within the line."""
    return all(part.kind is not Kind.REST for part in split([line]))
