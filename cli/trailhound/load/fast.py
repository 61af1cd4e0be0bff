"""The fast way: cuts a text into records where they seem to begin, for DuckDB to confirm.

A text that looks like `{"Records":[…]}`, a bare array or JSON Lines of events is cut at what looks
like the seam between two of them. In valid JSON the text of a seam cannot stand inside a string,
because its quotes would be escaped; should one stand deeper inside a record, then the pieces around
it have unbalanced brackets. So if every piece is one valid value, every cut was right; if not, the
file is refused and the careful reader takes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trailhound.load.store import ON_TRUST, STREAM

_BLANK = rb"[ \t\r\n]*"
_RECORDS_HEAD = re.compile(rb'B\{B"Records"B:B\[B(?=\{B("[^"\\]+")B:)'.replace(b"B", _BLANK))
_ARRAY_HEAD = re.compile(rb'B\[B(?=\{B("[^"\\]+")B:)'.replace(b"B", _BLANK))
_LINE_HEAD = re.compile(rb'(?=\{B("[^"\\]+")B:[^\n]*\}[ \t\r]*\n\{)'.replace(b"B", _BLANK))
_RECORDS_TAIL = re.compile(rb"\}B\]B\}B\Z".replace(b"B", _BLANK))
_ARRAY_TAIL = re.compile(rb"\}B\]B\Z".replace(b"B", _BLANK))
_LINE_TAIL = re.compile(rb"\}B\Z".replace(b"B", _BLANK))
_LINE_SEAM = re.compile(rb"\}[ \t\r]*\n(?=(\{))")

# A first key that speaks for a shell around an event, which the careful reader opens.
_SHELLS = {
    *(b'"Events"', b'"EventId"', b'"_raw"', b'"messageType"', b'"awslogs"', b'"version"'),
    *(
        b'"preview"',
        b'"result"',
        b'"message"',
        b'"Type"',
        b'"messageId"',
        b'"field"',
        b'"metadata"',
    ),
    *(b'"EventSource"', b'"_index"', b'"eventversion"', b'"@timestamp"', b'"TenantId"'),
}

_TAIL = 64  # bytes in which a tail is looked for
_INLINE = 12  # bytes up to which Arrow keeps a string in its view


Ints = npt.NDArray[np.integer[Any]]


class Form(NamedTuple):
    """How a text is cut: the seam between records, and what must end the text."""

    seam: re.Pattern[bytes]
    tail: re.Pattern[bytes]


class Text(NamedTuple):
    """A text to cut. Records begin at `first`; the last one's bracket is at `last`."""

    path: str
    version: str
    text: bytes
    first: int
    last: int
    records_before: int = 0


def form_of(text: bytes) -> tuple[Form, int] | None:
    """The form that the start of a text speaks for, and where its first record begins."""
    for head, tail in ((_RECORDS_HEAD, _RECORDS_TAIL), (_ARRAY_HEAD, _ARRAY_TAIL)):
        if found := head.match(text):
            if found[1] in _SHELLS:
                return None
            return Form(_seam(found[1]), tail), found.end()
    found = _LINE_HEAD.match(text)
    if found and found[1] not in _SHELLS and found[1] != b'"Records"':
        return Form(_LINE_SEAM, _LINE_TAIL), 0
    return None


@cache
def _seam(first_key: bytes) -> re.Pattern[bytes]:
    return re.compile(
        rb"\}B,B(?=(\{BKEYB:))".replace(b"B", _BLANK).replace(b"KEY", re.escape(first_key))
    )


def last_record(form: Form, text: bytes) -> int | None:
    """Where the last record's closing bracket is, if the text ends as its form must."""
    start = max(0, len(text) - _TAIL)
    found = form.tail.search(text, start)
    return found.start() if found else None


def batch(form: Form, texts: Iterable[Text]) -> pa.RecordBatch | None:
    """The records of some texts of one form, without a copy; None if one is too short to be one."""
    texts = list(texts)
    bounds: list[int] = []
    counts = []
    for each in texts:
        before = len(bounds)
        bounds.append(each.first)
        bounds += _seams(form, each)
        bounds.append(each.last)
        counts.append((len(bounds) - before) // 2)
    of_text = np.repeat(np.arange(len(texts), dtype=np.int32), counts)
    pairs: Ints = np.array(bounds, np.int64).reshape(-1, 2)
    pairs[:, 1] += 1  # past the closing bracket
    if (pairs[:, 1] - pairs[:, 0]).min() <= _INLINE:
        return None
    first_row = np.cumsum(counts) - counts
    records_before = np.array([each.records_before for each in texts])
    positions: Ints = np.arange(1, len(pairs) + 1) - (first_row - records_before)[of_text]
    return _record_batch(texts, of_text, positions, pairs)


def _seams(form: Form, text: Text) -> Iterator[int]:
    """Where each seam begins and ends, if all are spelt as the first one is, as they nearly are."""
    end = text.last + 1
    seam = form.seam.search(text.text, text.first, end)
    if seam is None:
        return
    spelt, width, at = seam[0] + seam[1], len(seam[0]), seam.start()
    find = text.text.find
    while at != -1:
        yield at
        yield at + width
        at = find(spelt, at + width, end)


def _record_batch(
    texts: list[Text], of_text: Ints, positions: Ints, bounds: Ints
) -> pa.RecordBatch:
    count = len(positions)
    # Length, prefix (DuckDB takes it from the text itself), number of the buffer, offset in it.
    views = np.zeros((count, 4), np.int32)
    views[:, 0], views[:, 2], views[:, 3] = bounds[:, 1] - bounds[:, 0], of_text, bounds[:, 0]
    data = [pa.py_buffer(each.text) for each in texts]
    text = pa.Array.from_buffers(pa.binary_view(), count, [None, pa.py_buffer(views), *data])
    nothing = pa.nulls(count, STREAM.field("error").type)
    indices = _numbers(of_text, pa.int32())
    return pa.RecordBatch.from_arrays(
        [
            _dictionary(indices, [each.path for each in texts]),
            _dictionary(indices, [each.version for each in texts]),
            _numbers(positions, pa.int64()),
            _numbers(np.full(count, ON_TRUST, np.int8), pa.int8()),
            nothing,
            nothing,
            nothing,
            text,
        ],
        schema=STREAM,
    )


def _dictionary(indices: pa.Array, values: list[str]) -> pa.DictionaryArray:
    stored = [value.encode() for value in values]
    ends = np.cumsum([0, *map(len, stored)], dtype=np.int64)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(stored))]
    texts = pa.Array.from_buffers(pa.large_string(), len(values), buffers)
    return pa.DictionaryArray.from_arrays(indices, texts)


def _numbers(values: Ints, kind: pa.DataType) -> pa.Array:
    """An array without a copy. `pa.array` would first import pandas, where that is installed."""
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


class Stream:
    """Cuts a text that comes in pieces. `refused` says that the careful reader must have it."""

    def __init__(self, path: str, version: str) -> None:
        self._where = (path, version)
        self.refused = False

    def batches(self, pieces: Iterable[bytes]) -> Iterator[pa.RecordBatch]:
        """The records piece by piece, the unfinished one carried over to the next."""
        form = None
        held = b""
        first = records = 0
        for piece in pieces:
            text = held + piece
            if form is None:
                found = form_of(text)
                if not found:
                    break
                form, first = found
            cut = self._last_seam(form, text)
            if cut is None:
                break
            whole = batch(form, [Text(*self._where, text, first, cut[0], records)])
            if whole is None:
                break
            yield whole
            records += len(whole)
            held, first = text[cut[1] :], 0
        else:
            if form and (last := last_record(form, held)) is not None:
                rest = batch(form, [Text(*self._where, held, first, last, records)])
                if rest:
                    yield rest
                    return
        self.refused = True

    @staticmethod
    def _last_seam(form: Form, text: bytes) -> tuple[int, int] | None:
        """The last seam, looked for in ever larger ends of the text."""
        reach = 1 << 16
        while True:
            start = max(0, len(text) - reach)
            seams = list(form.seam.finditer(text, start))
            if seams:
                return seams[-1].span()
            if start == 0:
                return None
            reach *= 16
