"""What the careful reader hands over."""

from __future__ import annotations

from typing import NamedTuple

from trailhound.load.tolerant import judge
from trailhound.load.tolerant.unwrap import Found, What


class Row(NamedTuple):
    """One record, or at position 0 something about the file. `text` of a failed one is its raw.

    `place` is the record's path in the value that it stands in, where it has one.
    """

    position: int
    text: bytes
    skipped: str | None = None
    error: str | None = None
    is_detail: bool = False
    place: str | None = None


def row_of(position: int, found: Found) -> Row:
    """The row of what was found."""
    place = found.place or None
    if found.what is What.SKIP:
        return Row(position, _readable(found.text), skipped=found.reason, place=place)
    if found.what is What.REJECT:
        return Row(position, _readable(found.text), error=found.reason, place=place)
    return Row(position, found.text, is_detail=found.what is What.DETAIL, place=place)


def about_file(text: bytes, error: str) -> Row:
    """The row that says what is wrong with a file, with the start of it."""
    return Row(0, _readable(text), error=error)


def _readable(text: bytes) -> bytes:
    return judge.readable(text).encode()
