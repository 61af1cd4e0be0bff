"""From files to Arrow batches: the fast way where a file's head speaks for it, else the careful."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa

from trailhound.load import careful, inflate, trusted
from trailhound.load.files import UNREAD, Source
from trailhound.load.store import DETAIL, RECORD, REFUSED, STREAM

MAX_WHOLE = 32 << 20
"""Bytes of text up to which a file is read whole; a longer one comes in pieces."""

_BATCH_ROWS = 10_000
_BATCH_BYTES = 8 << 20


class Batcher:
    """Gathers rows until there are enough for an Arrow batch of schema STREAM."""

    def __init__(self) -> None:
        self._columns: list[list[object]] = [[] for _ in STREAM]
        self._bytes = 0

    def add(  # noqa: PLR0913, PLR0917 (the columns of a row)
        self,
        path: str,
        version: str,
        position: int,
        mode: int = RECORD,
        skipped: str | None = None,
        error: str | None = None,
        text: bytes = b"",
    ) -> Iterator[pa.RecordBatch]:
        """Take one row; the batch, if it is full."""
        row = (path, version, position, mode, skipped, error, text)
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
        elif field.name == "text":
            arrays.append(pa.array(values, pa.binary_view()).view(field.type))
        else:
            arrays.append(pa.array(values, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=STREAM)


def small_files(sources: Iterable[Source]) -> tuple[list[pa.RecordBatch], list[Source]]:
    """The batches of files that can be read whole, and the files that cannot."""
    batcher = Batcher()
    batches: list[pa.RecordBatch] = []
    large = []
    by_form: defaultdict[trusted.Form, list[trusted.Text]] = defaultdict(list)
    for source in sources:
        try:
            handle, version = source.open()
            with handle:
                stored = handle.read()
        except OSError as error:
            batches += batcher.add(source.path, UNREAD, 0, error=reason(error))
            continue
        text = inflate.whole(stored, MAX_WHOLE)
        if text is None:
            large.append(source)
        elif found := _trusted(source.path, version, text):
            by_form[found[0]].append(found[1])
        else:
            batches += _careful_rows(batcher, source.path, version, [text])
    for form, texts in by_form.items():
        together = trusted.batch(form, texts)
        if together is not None:
            batches.append(together)
            continue
        for each in texts:
            batches += _careful_rows(batcher, each.path, each.version, [each.text])
    batches += batcher.flush()
    return batches, large


def _trusted(path: str, version: str, text: bytes) -> tuple[trusted.Form, trusted.Text] | None:
    if (found := trusted.form_of(text)) is None:
        return None
    form, first = found
    last = trusted.last_record(form, text)
    return None if last is None else (form, trusted.Text(path, version, text, first, last))


def large_file(source: Source, bound: int) -> Iterator[pa.RecordBatch]:
    """The batches of a file that is read piece by piece, or one row that refuses it."""
    try:
        handle, version = source.open()
    except OSError:
        yield from _refused(source)
        return
    stream = trusted.Stream(source.path, version)
    with handle:
        try:
            yield from stream.batches(inflate.chunks(handle, bound))
        except (OSError, inflate.Damaged):
            stream.refused = True
    if stream.refused:
        yield from _refused(source)


def _refused(source: Source) -> Iterator[pa.RecordBatch]:
    batcher = Batcher()
    yield from batcher.add(source.path, UNREAD, REFUSED, error="refused")
    yield from batcher.flush()


def carefully(source: Source, bound: int) -> Iterator[pa.RecordBatch]:
    """The batches of one file of any size and state, by the careful reader."""
    batcher = Batcher()
    try:
        handle, version = source.open()
    except OSError as error:
        yield from batcher.add(source.path, UNREAD, 0, error=reason(error))
        yield from batcher.flush()
        return
    with handle:
        yield from _careful_rows(batcher, source.path, version, _readable(handle, bound))
    yield from batcher.flush()


def _readable(handle: BinaryIO, bound: int) -> Iterator[bytes]:
    try:
        yield from inflate.chunks(handle, bound, gentle=True)
    except OSError as error:
        raise inflate.Damaged(reason(error)) from error


def _careful_rows(
    batcher: Batcher, path: str, version: str, pieces: Iterable[bytes]
) -> Iterator[pa.RecordBatch]:
    for row in careful.read(pieces):
        mode = DETAIL if row.is_detail else RECORD
        yield from batcher.add(path, version, row.position, mode, row.skipped, row.error, row.text)


def reason(error: OSError) -> str:
    """Why a file could not be read, in a few words."""
    return (error.strerror or str(error) or type(error).__name__).lower()
