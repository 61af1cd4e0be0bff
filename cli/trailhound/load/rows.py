"""From files to Arrow batches: the fast way where a text's head speaks for it, else the careful."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa

from trailhound.load import archives, careful, inflate, remote, trusted
from trailhound.load.files import UNREAD, Source, reason
from trailhound.load.store import DETAIL, RECORD, REFUSED, STREAM

MAX_WHOLE = 32 << 20
"""Bytes of text up to which a file is read whole; a longer one comes in pieces."""

MAX_STORED = 8 << 20
"""Stored bytes up to which a file is read at once."""

_BATCH_ROWS = 10_000
_BATCH_BYTES = 8 << 20


class Batcher:
    """Gathers what files hold until there is enough for Arrow batches of schema STREAM."""

    def __init__(self) -> None:
        self._columns: list[list[object]] = [[] for _ in STREAM]
        self._texts: defaultdict[trusted.Form, list[trusted.Text]] = defaultdict(list)
        self._bytes = 0
        self._full: list[pa.RecordBatch] = []

    def add(  # noqa: PLR0913, PLR0917 (the columns of a row)
        self,
        path: str,
        version: str,
        position: int,
        mode: int = RECORD,
        skipped: str | None = None,
        error: str | None = None,
        text: bytes = b"",
    ) -> None:
        """Take one row."""
        row = (path, version, position, mode, skipped, error, text)
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)
        self._bytes += len(text)
        if len(self._columns[0]) >= _BATCH_ROWS or self._bytes >= _BATCH_BYTES:
            self._close_rows()

    def add_text(self, path: str, version: str, text: bytes) -> None:
        """Take a whole text."""
        found = trusted.form_of(text)
        last = trusted.last_record(found[0], text) if found else None
        if found is None or last is None:
            for row in careful.read([text]):
                self.add_row(path, version, row)
            return
        form, first = found
        self._texts[form].append(trusted.Text(path, version, text, first, last))
        self._bytes += len(text)
        if self._bytes >= _BATCH_BYTES:
            self._close_texts()

    def add_row(self, path: str, version: str, row: careful.Row) -> None:
        """Take a row of the careful reader."""
        mode = DETAIL if row.is_detail else RECORD
        self.add(path, version, row.position, mode, row.skipped, row.error, row.text)

    def ready(self) -> list[pa.RecordBatch]:
        """The batches that are full."""
        full, self._full = self._full, []
        return full

    def rest(self) -> list[pa.RecordBatch]:
        """All batches there are."""
        self._close_texts()
        self._close_rows()
        return self.ready()

    def _close_texts(self) -> None:
        texts, self._texts, self._bytes = self._texts, defaultdict(list), 0
        for form, alike in texts.items():
            together = trusted.batch(form, alike)
            if together is not None:
                self._full.append(together)
                continue
            for each in alike:
                for row in careful.read([each.text]):
                    self.add_row(each.path, each.version, row)

    def _close_rows(self) -> None:
        columns, self._columns, self._bytes = self._columns, [[] for _ in STREAM], 0
        if columns[0]:
            self._full.append(_batch(columns))


def _batch(columns: Sequence[Sequence[object]]) -> pa.RecordBatch:
    arrays = []
    for field, values in zip(STREAM, columns, strict=True):
        if pa.types.is_dictionary(field.type):
            arrays.append(pa.array(values, pa.large_string()).dictionary_encode())
        else:
            arrays.append(pa.array(values, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=STREAM)


def failures(reasons: dict[str, str]) -> list[pa.RecordBatch]:
    """One row for each path that could not be opened."""
    batcher = Batcher()
    for path, why in reasons.items():
        batcher.add(path, UNREAD, 0, error=why)
    return batcher.rest()


def small_files(sources: Sequence[Source]) -> tuple[list[pa.RecordBatch], list[Source]]:
    """The batches of files that can be read whole, and the sources that cannot."""
    batcher = Batcher()
    odd = []
    for source, found in zip(sources, _stored(sources), strict=True):
        if isinstance(found, OSError):
            batcher.add(source.path, UNREAD, 0, error=reason(found))
            continue
        stored, version = found
        text = inflate.whole(stored, MAX_WHOLE)
        if text is None or archives.is_archive(text):
            odd.append(source)
        else:
            batcher.add_text(source.path, version, text)
    return batcher.rest(), odd


def _stored(sources: Sequence[Source]) -> Iterator[tuple[bytes, str] | OSError]:
    """What each source holds and its version, or why it cannot be read."""
    if sources[0].is_remote:
        with ThreadPoolExecutor(remote.AT_ONCE) as pool:
            yield from pool.map(_read, sources)
    else:
        yield from map(_read, sources)


def _read(source: Source) -> tuple[bytes, str] | OSError:
    try:
        handle, version = source.open()
        with handle:
            return handle.read(), version
    except OSError as error:
        return error


def odd_file(source: Source, bound: int) -> Iterator[pa.RecordBatch]:
    """The batches of a file that is large, damaged or an archive.

    What only the careful reader can read leaves one row that refuses it.
    """
    batcher = Batcher()
    try:
        handle, version = source.open()
        with handle:
            for entry in archives.entries(source.path, handle, archives.MAX_UNPACKED):
                if entry.fault:
                    batcher.add(entry.path, version, 0, error=entry.fault)
                else:
                    yield from _entry(batcher, entry, version, bound)
                yield from batcher.ready()
    except OSError as error:
        batcher.add(source.path, UNREAD, 0, error=reason(error))
    yield from batcher.rest()


def _entry(
    batcher: Batcher, entry: archives.Entry, version: str, bound: int
) -> Iterator[pa.RecordBatch]:
    stream = trusted.Stream(entry.path, version)
    try:
        stored = _start(entry.stream)
        text = inflate.whole(stored, MAX_WHOLE) if len(stored) <= MAX_STORED else None
        if text is not None:
            batcher.add_text(entry.path, version, text)
            return
        entry.stream.push_back(stored)
        yield from stream.batches(inflate.chunks(entry.stream, bound))
    except (OSError, inflate.Damaged):
        stream.refused = True
    if stream.refused:
        batcher.add(entry.path, version, REFUSED, error="refused")


def _start(stream: archives.Stream) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while size <= MAX_STORED and (piece := stream.read(1 << 20)):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def carefully(source: Source, only: Container[str], bound: int) -> Iterator[pa.RecordBatch]:
    """The batches of some files of a source, itself or members, by the careful reader."""
    batcher = Batcher()
    try:
        handle, version = source.open()
        with handle:
            for entry in archives.entries(source.path, handle, archives.MAX_UNPACKED):
                if entry.path not in only:
                    continue
                if entry.fault:
                    batcher.add(entry.path, version, 0, error=entry.fault)
                    continue
                for row in careful.read(_pieces(entry.stream, bound)):
                    batcher.add_row(entry.path, version, row)
                    yield from batcher.ready()
    except OSError as error:
        batcher.add(source.path, UNREAD, 0, error=reason(error))
    yield from batcher.rest()


def _pieces(stream: archives.Stream, bound: int) -> Iterator[bytes]:
    try:
        yield from inflate.chunks(stream, bound, gentle=True)
    except OSError as error:
        raise inflate.Damaged(reason(error)) from error
