"""From files to Arrow batches: the fast way where a text's head speaks for it, else the careful."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import IO

import pyarrow as pa

from trailhound.errors import first_line
from trailhound.load import fast, inflate
from trailhound.load.sources import archives, remote
from trailhound.load.sources.files import UNREAD, Source, reason
from trailhound.load.store import DETAIL, RECORD, REFUSED, STREAM
from trailhound.load.tolerant import careful, foreign, parquet
from trailhound.load.tolerant.row import Row

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
        self._texts: defaultdict[fast.Form, list[fast.Text]] = defaultdict(list)
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
        place: str | None = None,
        text: bytes = b"",
    ) -> None:
        """Take one row. What cannot be read, and by its name need not be, is skipped."""
        if error and not position and (furniture := foreign.furniture(path)):
            skipped, error = furniture, None
        row = (path, version, position, mode, skipped, error, place, text)
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)
        self._bytes += len(text)
        if len(self._columns[0]) >= _BATCH_ROWS or self._bytes >= _BATCH_BYTES:
            self._close_rows()

    def add_text(self, path: str, version: str, text: bytes) -> None:
        """Take a whole text."""
        with self.whatever_happens(path, version):
            found = fast.form_of(text)
            last = fast.last_record(found[0], text) if found else None
            if found is None or last is None:
                self.add_rows(path, version, careful.read([text]))
                return
            form, first = found
            self._texts[form].append(fast.Text(path, version, text, first, last))
            self._bytes += len(text)
        if self._bytes >= _BATCH_BYTES:
            self._close_texts()

    @contextmanager
    def whatever_happens(self, path: str, version: str) -> Iterator[None]:
        """What is wrong with one file, or with the reading of it, is told of it and stops no other.

        Should some code of ours be at fault, then the file is listed as broken, with the error.
        """
        try:
            yield
        except OSError as error:
            self.add(path, UNREAD, 0, error=reason(error))
        except Exception as error:
            self.add(path, version, 0, error=unexpected(error))

    def add_rows(self, path: str, version: str, rows: Iterable[Row]) -> None:
        """Take what the careful reader found."""
        for row in rows:
            self.add_row(path, version, row)

    def add_row(self, path: str, version: str, row: Row) -> None:
        """Take a row of the careful reader."""
        mode = DETAIL if row.is_detail else RECORD
        self.add(path, version, row.position, mode, row.skipped, row.error, row.place, row.text)

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
            try:
                together = fast.batch(form, alike)
            except Exception:  # of one of them: each on its own
                together = None
            if together is not None:
                self._full.append(together)
                continue
            for each in alike:
                with self.whatever_happens(each.path, each.version):
                    self.add_rows(each.path, each.version, careful.read([each.text]))

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


def unexpected(error: Exception) -> str:
    """The reason for a file whose reading failed as it never should."""
    return f"unexpected {type(error).__name__}: {first_line(error)}"


def failures(reasons: dict[str, str], version: str = UNREAD) -> list[pa.RecordBatch]:
    """One row for each path that could not be read."""
    batcher = Batcher()
    for path, why in reasons.items():
        batcher.add(path, version, 0, error=why)
    return batcher.rest()


def small_files(sources: Sequence[Source]) -> tuple[list[pa.RecordBatch], list[Source]]:
    """The batches of files that can be read whole, and the sources that cannot."""
    batcher = Batcher()
    odd = []
    for source, found in zip(sources, _stored(sources), strict=True):
        with batcher.whatever_happens(source.path, source.version):
            if isinstance(found, Exception):
                raise found
            stored, version = found
            text = inflate.whole(stored, MAX_WHOLE)
            if text is None or archives.is_archive(text) or text.startswith(parquet.MAGIC):
                odd.append(source)
            else:
                batcher.add_text(source.path, version, text)
    return batcher.rest(), odd


def _stored(sources: Sequence[Source]) -> Iterator[tuple[bytes, str] | Exception]:
    """What each source holds and its version, or why it cannot be read."""
    if sources[0].is_remote:
        with ThreadPoolExecutor(remote.AT_ONCE) as pool:
            yield from pool.map(_read, sources)
    else:
        yield from map(_read, sources)


def _read(source: Source) -> tuple[bytes, str] | Exception:
    try:
        handle, version = source.open()
        with handle:
            return handle.read(), version
    except Exception as error:
        return error


def odd_file(source: Source, bound: int) -> Iterator[pa.RecordBatch]:
    """The batches of a file that is large, damaged or an archive.

    What only the careful reader can read leaves one row that refuses it.
    """
    batcher = Batcher()
    with batcher.whatever_happens(source.path, source.version):
        handle, version = source.open()
        with handle:
            for entry in archives.entries(source.path, handle, archives.MAX_UNPACKED):
                if entry.fault:
                    batcher.add(entry.path, version, 0, error=entry.fault)
                else:
                    yield from _entry(batcher, entry, version, bound)
                yield from batcher.ready()
    yield from batcher.rest()


def _entry(
    batcher: Batcher, entry: archives.Entry, version: str, bound: int
) -> Iterator[pa.RecordBatch]:
    stream = fast.Stream(entry.path, version)
    try:
        if entry.stream.start().startswith(parquet.MAGIC):
            yield from _parquet(batcher, entry.path, version, entry.stream.seekable())
            return
        stored = _start(entry.stream)
        text = inflate.whole(stored, MAX_WHOLE) if len(stored) <= MAX_STORED else None
        if text is not None:
            batcher.add_text(entry.path, version, text)
            return
        entry.stream.push_back(stored)
        yield from stream.batches(inflate.chunks(entry.stream, bound))
    except Exception:  # the careful reader says what is wrong
        stream.refused = True
    if stream.refused:
        batcher.add(entry.path, version, REFUSED, error="refused")


def _parquet(
    batcher: Batcher, path: str, version: str, file: IO[bytes]
) -> Iterator[pa.RecordBatch]:
    with batcher.whatever_happens(path, version):
        for row in parquet.read(file):
            batcher.add_row(path, version, row)
            yield from batcher.ready()


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
    with batcher.whatever_happens(source.path, source.version):
        handle, version = source.open()
        with handle:
            for entry in archives.entries(source.path, handle, archives.MAX_UNPACKED):
                if entry.path not in only:
                    continue
                if entry.fault:
                    batcher.add(entry.path, version, 0, error=entry.fault)
                    continue
                with batcher.whatever_happens(entry.path, version):
                    for row in careful.read(_pieces(entry.stream, bound)):
                        batcher.add_row(entry.path, version, row)
                        yield from batcher.ready()
    yield from batcher.rest()


def _pieces(stream: archives.Stream, bound: int) -> Iterator[bytes]:
    try:
        yield from inflate.chunks(stream, bound, gentle=True)
    except OSError as error:
        raise inflate.Damaged(reason(error)) from error
