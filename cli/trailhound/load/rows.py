"""From files to Arrow batches: the fast way where the head speaks for it, else the careful one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from trailhound.load import careful, inflate
from trailhound.load.files import UNREAD, Source
from trailhound.load.store import DETAIL, DOCUMENT, LINE, RECORD, STREAM

MAX_WHOLE = 32 << 20
"""Bytes of text up to which a file is read whole; a longer one comes in pieces."""

_RECORDS_HEAD = re.compile(rb'\s*\{\s*"Records"\s*:\s*\[\s*\{')
_SHELL_HEAD = re.compile(
    rb'\s*\{\s*"(?:Records|Events|EventId|CloudTrailEvent|_raw|messageType|awslogs|version|detail)"'
)
_BATCH_ROWS = 10_000
_BATCH_BYTES = 8 << 20


class Batcher:
    """Gathers rows until there are enough for an Arrow batch of schema STREAM."""

    def __init__(self) -> None:
        self._columns: list[list[object]] = [[] for _ in STREAM]
        self._bytes = 0

    def add(  # noqa: PLR0913, PLR0917 (the columns of a row)
        self,
        source: tuple[str, str],
        text: bytes,
        mode: int,
        position: int = 1,
        skipped: str | None = None,
        error: str | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Take one row; the batch, if it is full."""
        row = (*source, position, mode, None, skipped, error, text)
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)
        self._bytes += len(text)
        if len(self._columns[0]) >= _BATCH_ROWS or self._bytes >= _BATCH_BYTES:
            yield from self.flush()

    def flush(self) -> Iterator[pa.RecordBatch]:
        """What is left, as a batch."""
        if self._columns[0]:
            yield _batch(self._columns)
        self._columns = [[] for _ in STREAM]
        self._bytes = 0


def _batch(columns: Sequence[Sequence[object]]) -> pa.RecordBatch:
    arrays = []
    for field, values in zip(STREAM, columns, strict=True):
        if pa.types.is_dictionary(field.type):
            arrays.append(pa.array(values, pa.large_string()).dictionary_encode())
        elif pa.types.is_large_string(field.type):
            arrays.append(pa.array(values, pa.large_binary()).view(field.type))
        else:
            arrays.append(pa.array(values, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=STREAM)


def small_files(sources: Iterable[Source]) -> tuple[list[pa.RecordBatch], list[Source]]:
    """The batches of files that can be read whole, and the files that cannot."""
    batcher = Batcher()
    batches: list[pa.RecordBatch] = []
    large = []
    for source in sources:
        try:
            handle, version = source.open()
            with handle:
                stored = handle.read()
        except OSError as error:
            batches += batcher.add((source.path, UNREAD), b"", RECORD, 0, None, reason(error))
            continue
        text = inflate.whole(stored, MAX_WHOLE)
        if text is None:
            large.append(source)
            continue
        where = (source.path, version)
        if _is_document(text):
            batches += batcher.add(where, text, DOCUMENT)
        elif lines := _lines(where, text):
            batches += batcher.flush()
            batches.append(lines)
        else:
            batches += _careful_rows(batcher, where, [text])
    batches += batcher.flush()
    return batches, large


def carefully(source: Source, bound: int) -> Iterator[pa.RecordBatch]:
    """The batches of one file of any size and state, by the careful reader."""
    batcher = Batcher()
    try:
        handle, version = source.open()
    except OSError as error:
        yield from batcher.add((source.path, UNREAD), b"", RECORD, 0, None, reason(error))
        yield from batcher.flush()
        return
    with handle:
        pieces = _readable(handle, bound)
        yield from _careful_rows(batcher, (source.path, version), pieces)
    yield from batcher.flush()


def _readable(handle: BinaryIO, bound: int) -> Iterator[bytes]:
    try:
        yield from inflate.chunks(handle, bound, gentle=True)
    except OSError as error:
        raise inflate.Damaged(reason(error)) from error


def _careful_rows(
    batcher: Batcher, where: tuple[str, str], pieces: Iterable[bytes]
) -> Iterator[pa.RecordBatch]:
    for row in careful.read(pieces):
        mode = DETAIL if row.is_detail else RECORD
        yield from batcher.add(where, row.text, mode, row.position, row.skipped, row.error)


def _is_document(text: bytes) -> bool:
    return bool(_RECORDS_HEAD.match(text)) and text[-64:].rstrip()[-1:] == b"}"


def _lines(where: tuple[str, str], text: bytes) -> pa.RecordBatch | None:
    """JSON Lines of events as a batch over the text itself, if that is what the file looks like."""
    end = text.find(b"\n")
    if end < 0 or text[:1] != b"{" or _SHELL_HEAD.match(text) or text[end + 1 : end + 2] != b"{":
        return None
    if text[:end].rstrip()[-1:] != b"}":
        return None
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == 10) + 1
    if ends[-1] != len(text):
        ends = np.append(ends, len(text))
    offsets = np.concatenate([[0], ends])
    if np.diff(offsets).min() <= 2:  # a blank line
        return None
    count = len(ends)
    lines = pa.LargeStringArray.from_buffers(
        count, pa.py_buffer(offsets.astype(np.int64)), pa.py_buffer(text)
    )
    none = pa.nulls(count, pa.dictionary(pa.int32(), pa.large_string()))
    return pa.RecordBatch.from_arrays(
        [
            _constant(where[0], count),
            _constant(where[1], count),
            pa.array(np.arange(1, count + 1)),
            pa.array(np.full(count, LINE, np.int8)),
            pa.nulls(count, pa.int64()),
            none,
            none,
            lines,
        ],
        schema=STREAM,
    )


def _constant(value: str, count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(count, np.int32)), pa.array([value], pa.large_string())
    )


def reason(error: OSError) -> str:
    """Why a file could not be read, in a few words."""
    return (error.strerror or str(error) or type(error).__name__).lower()
