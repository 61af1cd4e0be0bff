"""Zip and tar archives, as evidence comes in: their members, one after the other."""

from __future__ import annotations

import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from typing import IO, Any, BinaryIO, NamedTuple, Self

from trailhound.load import inflate
from trailhound.load.sources.files import text

SEPARATOR = "!"
"""Stands between an archive and its member: `evidence.zip!trail/one.json.gz`."""

MAX_UNPACKED = 64 << 30
"""Bytes all members of an archive together may come to; the rest is cut off, and listed."""

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_TAR_AT, _TAR = 257, b"ustar"
_HEAD = 512
_PEEK = 1 << 16
_PEEK_PACKED = 2 << 20  # a block of bzip2 must be whole before any of it is text
_DEEPEST = 3  # archives in archives
_ERRORS = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,  # zipfile's word for a member that needs a password
    ValueError,
    OverflowError,
)


class Stream:
    """A file that can be looked at before it is read, and whose damage is told as Damaged."""

    def __init__(self, handle: IO[bytes] | tarfile.ExFileObject, left: list[int]) -> None:
        self._handle = handle
        self._left = left  # bytes that all streams of an archive may still read
        self._head = b""

    def peek(self) -> bytes:
        """The first bytes, at least enough to tell an archive."""
        if not self._head:
            self._head = self._read(_PEEK)
            while self._head.startswith((inflate.BZIP2, inflate.XZ)):
                more = self._read(_PEEK) if len(self._head) < _PEEK_PACKED else b""
                self._head += more
                if not more:
                    break
        return self._head

    def read(self, size: int = -1) -> bytes:
        """As a file's `read`, but may give less than `size` before the end."""
        if self._head:
            head, self._head = self._head, b""
            if 0 <= size < len(head):
                head, self._head = head[:size], head[size:]
            return head
        return self._read(size)

    def push_back(self, data: bytes) -> None:
        """Have these bytes read again."""
        self._head = data + self._head

    def _read(self, size: int) -> bytes:
        try:
            data = self._handle.read(size)
        except _ERRORS as error:
            raise inflate.Damaged(f"damaged archive member: {error}") from error
        self._left[0] -= len(data)
        if self._left[0] < 0:
            raise inflate.Damaged("the archive unpacks to too much: cut off there")
        return data

    def seekable(self) -> IO[bytes]:
        """The file from its start, or a copy on disk of what is packed or cannot go back.

        Raises Damaged if it cannot be unpacked.
        """
        is_packed = not self.peek().startswith(self.start())
        can_go_back = not isinstance(self._handle, tarfile.ExFileObject) and self._handle.seekable()
        if can_go_back and not is_packed:
            self._handle.seek(0)
            return self._handle
        copy = tempfile.TemporaryFile()  # noqa: SIM115 (goes with the archive that reads it)
        for piece in inflate.chunks(self):
            copy.write(piece)
        return copy

    def start(self) -> bytes:
        """The first bytes of the text, whether it is packed or not."""
        head = self.peek()
        for gentle in (False, True):  # which is slower, but gives what is whole before the damage
            with suppress(inflate.Damaged):
                return next(inflate.chunks(BytesIO(head), _HEAD, gentle=gentle), b"")
        return b""


class Entry(NamedTuple):
    """A file to read, in archives or not. `fault` stands in place of what cannot be opened."""

    path: str
    stream: Stream
    fault: str = ""


def is_archive(data: bytes) -> bool:
    """Whether a text that begins with these bytes is an archive."""
    # A header has zeros, and JSON has none: what somebody writes into a log makes no archive of it.
    is_tar = data[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR and b"\0" in data[:_TAR_AT]
    return is_tar or data[:4] in _ZIP


def owners(path: str) -> Iterator[str]:
    """A path, and every path that may be the archive it is in."""
    yield path
    while SEPARATOR in path:
        path = path.rpartition(SEPARATOR)[0]
        yield path


def entries(path: str, handle: BinaryIO, unpacked: int) -> Iterator[Entry]:
    """The files in a file: itself, unless it is an archive; in archives up to three deep.

    Each must be read before the next is asked for. `unpacked` is how many bytes all members
    together may come to.
    """
    yield from _entries(path, Stream(handle, [MAX_UNPACKED]), [unpacked], 0)


def _entries(path: str, stream: Stream, left: list[int], depth: int) -> Iterator[Entry]:
    try:
        start = stream.start()
    except inflate.Damaged as damaged:
        yield Entry(path, stream, str(damaged))
        return
    if not is_archive(start):
        yield Entry(path, stream)
        return
    if depth == _DEEPEST:
        yield Entry(path, stream, f"more than {_DEEPEST} archives in one another")
        return
    empty = True
    try:
        for name, member in _zip(stream) if start[:4] in _ZIP else _tar(stream):
            empty = False
            inner = f"{path}{SEPARATOR}{text(name)}"
            if isinstance(member, str):
                yield Entry(inner, stream, member)
            else:
                yield from _entries(inner, Stream(member, left), left, depth + 1)
    except (*_ERRORS, inflate.Damaged) as error:
        yield Entry(path, stream, f"damaged archive: {error}")
    else:
        if empty:
            yield Entry(path, Stream(BytesIO(), left))


_Members = Iterator[tuple[str, IO[bytes] | str]]


def _zip(stream: Stream) -> _Members:
    """Names and files; in place of a file that cannot be opened, why."""
    with zipfile.ZipFile(stream.seekable()) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            try:
                member = archive.open(info)
            except _ERRORS as error:
                yield info.filename, f"damaged archive member: {error}"
                continue
            with member:
                yield info.filename, member


def _tar(stream: Stream) -> _Members:
    pieces = inflate.chunks(stream, MAX_UNPACKED, gentle=True)
    reader: Any = inflate.Reader(b"", pieces)
    with tarfile.open(fileobj=reader, mode="r|", tarinfo=_StrictHeader) as archive:
        for info in archive:
            if info.isfile() and (member := archive.extractfile(info)):
                yield info.name, member


class _StrictHeader(tarfile.TarInfo):
    """A damaged or missing header is no end, as tarfile takes it for, but damage."""

    @classmethod
    def frombuf(cls, buf: Any, encoding: str, errors: str) -> Self:
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            raise
        except tarfile.HeaderError as error:
            raise inflate.Damaged(str(error)) from error
