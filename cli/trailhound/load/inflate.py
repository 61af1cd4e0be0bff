"""From stored bytes to text: gzip (several members, twice), zstd, bzip2, xz, plain; bounded.

Text is UTF-8 or UTF-16.
"""

from __future__ import annotations

import bz2
import codecs
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol, cast

import zstandard
from isal import igzip_lib, isal_zlib

# Its stub names an instance where the class is meant.
_IsalError = cast(type[Exception], igzip_lib.IsalError)

GZIP = b"\x1f\x8b"
_ZSTD = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")  # a frame, or one to skip
BOM = b"\xef\xbb\xbf"
_UTF16 = (
    (re.compile(rb"\xff\xfe|\xfe\xff"), "utf-16"),
    (re.compile(rb"[{\[]\0[\t-~]\0"), "utf-16-le"),  # JSON without a byte order mark
    (re.compile(rb"\0[{\[]\0[\t-~]"), "utf-16-be"),
)


class _Packing(NamedTuple):
    name: str
    make: Callable[[], Any]
    errors: tuple[type[Exception], ...]


_PACKINGS = {
    b"BZh": _Packing("bzip2", bz2.BZ2Decompressor, (OSError, ValueError)),
    b"\xfd7zXZ\x00": _Packing("xz", lzma.LZMADecompressor, (lzma.LZMAError,)),
}
BZIP2, XZ = _PACKINGS

MAX_INFLATED = 4 << 30
"""Bytes one file may inflate to; the rest is cut off and the file listed."""

CHUNK = 16 << 20
"""Bytes handed on at a time where a file is not read whole."""

_READ = 1 << 20
_ZSTD_STEP = 2048  # stored bytes: at most 64 MB of text, as zstd has no bound of its own


class Readable(Protocol):
    """What is asked of a file."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, none at the end."""
        ...


class Damaged(Exception):
    """What came before is all there is; the message says why."""


def whole(data: bytes, limit: int) -> bytes | None:
    """The text of a small file, or None if it is damaged or longer than `limit` bytes."""
    for _ in range(2):  # some shippers compress twice
        if data[:2] == GZIP:
            inflated = _whole_gzip(data, limit)
            if inflated is None:
                return None
            data = inflated
    if data[:2] == GZIP or is_packed(data) or len(data) > limit:
        return None
    if encoding := _utf16(data):
        return data.decode(encoding, "replace").encode()
    return data[3:] if data[:3] == BOM else data


def _utf16(head: bytes) -> str | None:
    return next((name for start, name in _UTF16 if start.match(head)), None)


def is_packed(data: bytes) -> bool:
    """Whether data that begins so is packed in another way than by gzip."""
    return bool(_ZSTD.match(data)) or data.startswith((BZIP2, XZ))


def _whole_gzip(data: bytes, limit: int) -> bytes | None:
    members = []
    while data:
        member = isal_zlib.decompressobj(31)
        try:
            text = member.decompress(data, limit + 1)
        except _IsalError:
            return None
        limit -= len(text)
        if limit < 0 or not member.eof:
            return None
        members.append(text)
        data = member.unused_data.lstrip(b"\0")
    return members[0] if len(members) == 1 else b"".join(members)


def chunks(handle: Readable, bound: int = MAX_INFLATED, *, gentle: bool = False) -> Iterator[bytes]:
    """The text of a file in pieces of about CHUNK bytes, without its BOM.

    Raises Damaged after the last piece if the data is corrupt, cut short or inflates to more than
    `bound` bytes. Only `gentle` gives every byte before a corrupt place; it is slower.
    """
    gunzip = _gunzip_gently if gentle else _gunzip
    pieces = _inflated(_inflated(iter(lambda: handle.read(_READ), b""), gunzip), gunzip)
    pieces = _in_utf8(pieces)
    fault: Damaged | None = None
    held: list[bytes] = []
    size = total = 0
    try:
        for piece in pieces:
            if total + len(piece) > bound:
                held.append(piece[: bound - total])
                fault = Damaged(f"inflates to more than {bound:,} bytes: cut off there")
                break
            text = piece.removeprefix(BOM) if total == 0 else piece
            total += len(piece)
            size += len(text)
            held.append(text)
            if size >= CHUNK:
                yield b"".join(held)
                held, size = [], 0
    except Damaged as error:
        fault = error
    if held:
        yield b"".join(held)
    if fault:
        raise fault


def _inflated(
    pieces: Iterator[bytes], gunzip: Callable[[bytes, Iterator[bytes]], Iterator[bytes]]
) -> Iterator[bytes]:
    head = b""
    fault: Damaged | None = None
    try:
        while len(head) < 6 and (piece := next(pieces, b"")):
            head += piece
    except Damaged as error:
        fault = error
    if head[:2] == GZIP:
        yield from gunzip(head, pieces)
    elif _ZSTD.match(head):
        yield from _unzstd(head, pieces)
    elif packing := next(
        (each for magic, each in _PACKINGS.items() if head.startswith(magic)), None
    ):
        yield from _unpack(packing, head, pieces)
    else:
        if head:
            yield head
        yield from pieces
    if fault:
        raise fault


def _gunzip(data: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    while data:
        member = isal_zlib.decompressobj(31)
        while not member.eof:
            try:
                text = member.decompress(data or _next(pieces), CHUNK)
            except _IsalError as error:
                raise Damaged("gzip data is corrupt") from error
            data = member.unconsumed_tail
            if text:
                yield text
        data = _next_member(member.unused_data, pieces)


def _gunzip_gently(data: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    while data:
        member = zlib.decompressobj(31)
        while not member.eof:
            data = data or _next(pieces)
            before = member.copy()
            try:
                text = member.decompress(data, CHUNK)
            except zlib.error as error:
                yield from _until_it_breaks(before, data)
                raise Damaged("gzip data is corrupt") from error
            data = member.unconsumed_tail
            if text:
                yield text
        data = _next_member(member.unused_data, pieces)


def _until_it_breaks(member: Any, data: bytes) -> Iterator[bytes]:
    """Feed ever smaller steps, because what one step inflates before it fails is lost."""
    step = 1024
    at = 0
    while at < len(data):
        before = member.copy()
        try:
            text = member.decompress(data[at : at + step])
        except zlib.error:
            if step == 1:
                return
            member, step = before, 1
            continue
        at += step
        if text:
            yield text


def _next(pieces: Iterator[bytes], what: str = "gzip") -> bytes:
    piece = next(pieces, b"")
    if not piece:
        raise Damaged(f"{what} data ends too early")
    return piece


def _next_member(unused: bytes, pieces: Iterator[bytes]) -> bytes:
    """The start of the next gzip member, if there is one; zeros between members are padding."""
    data = unused.lstrip(b"\0")
    while len(data) < 2 and (piece := next(pieces, b"")):
        data = (data + piece).lstrip(b"\0")
    if data and data[:2] != GZIP:
        raise Damaged("gzip data is followed by something else")
    return data


def _unzstd(data: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    while data:
        frame = zstandard.ZstdDecompressor().decompressobj()
        at = 0
        while not frame.eof:
            if at >= len(data):
                data, at = _next(pieces, "zstd"), 0
            try:
                text = frame.decompress(data[at : at + _ZSTD_STEP])
            except zstandard.ZstdError as error:
                raise Damaged("zstd data is corrupt") from error
            at += _ZSTD_STEP
            if text:
                yield text
        data = frame.unused_data + data[at:] or next(pieces, b"")


def _unpack(packing: _Packing, data: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Streams of bzip2 or xz, one after the other, with padding between them."""
    while data:
        stream = packing.make()
        while not stream.eof:
            if stream.needs_input:
                data = data or _next(pieces, packing.name)
            try:
                text = stream.decompress(data, CHUNK)
            except packing.errors as error:
                raise Damaged(f"{packing.name} data is corrupt") from error
            data = b""
            if text:
                yield text
        data = stream.unused_data.lstrip(b"\0") or next(pieces, b"")


def _in_utf8(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """UTF-16 as UTF-8; anything else as it is."""
    head = next(pieces, b"")
    encoding = _utf16(head)
    if encoding is None:
        if head:
            yield head
        yield from pieces
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    yield decoder.decode(head).encode()
    for piece in pieces:
        yield decoder.decode(piece).encode()
    yield decoder.decode(b"", final=True).encode()


class Reader:
    """Pieces of bytes as a file: `read`."""

    def __init__(self, head: bytes, pieces: Iterator[bytes]) -> None:
        self._piece, self._at, self._pieces = head, 0, pieces
        self._fault: Damaged | None = None

    def read(self, size: int) -> bytes:
        """The next `size` bytes, or fewer at the end. Raises Damaged once all before is read."""
        out: list[bytes] = []
        while size > 0:
            if self._at == len(self._piece):
                try:
                    self._piece, self._at = next(self._pieces, b""), 0
                except Damaged as fault:
                    self._fault = fault
                    break
                if not self._piece:
                    break
            taken = self._piece[self._at : self._at + size]
            out.append(taken)
            self._at += len(taken)
            size -= len(taken)
        if self._fault and not out:
            raise self._fault
        return b"".join(out)
