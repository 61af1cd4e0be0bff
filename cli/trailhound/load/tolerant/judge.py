"""Whether a text is JSON, as DuckDB sees it, and the mending of what is JSON but for its bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import duckdb
import pyarrow as pa

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_CONTROL = re.compile(rb"[\x00-\x1f]")
# An escaped backslash first, so that the `u` after it is not taken for an escape.
_SURROGATE = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)


def valid(texts: Sequence[bytes]) -> list[bool]:
    """For each text, whether DuckDB takes it for one JSON value."""
    if not texts:
        return []
    cursor = _database().cursor()
    table = pa.table({"text": pa.array(texts, pa.large_binary())})
    cursor.register("texts", table)
    answers = cursor.execute("select json_valid(try(decode(text))) from texts").fetchall()
    cursor.close()
    return [bool(answer) for (answer,) in answers]


def has_key(text: bytes, key: str) -> bool:
    """Whether a text that is JSON to DuckDB is an object with this key."""
    cursor = _database().cursor()
    found = cursor.execute("select json_exists(decode(?), '$.' || ?)", [text, key]).fetchone()
    cursor.close()
    return bool(found and found[0])


def as_json(rows: pa.RecordBatch) -> list[bytes]:
    """Each row as the text of a JSON object; times are in UTC. Raises duckdb.Error, ArrowException.

    Bytes are taken for text, which older writers do not mark as such.
    """
    cursor = _database().cursor()
    columns = [_plainly(column) for column in rows.columns]
    cursor.register("rows", pa.Table.from_arrays(columns, rows.schema.names))
    texts = cursor.execute("select to_json(trailhound_row) from rows as trailhound_row").fetchall()
    cursor.close()
    return [text.encode() for (text,) in texts]


def _plainly(column: pa.Array) -> pa.Array:
    try:
        return column.cast(_plain(column.type))
    except pa.ArrowInvalid:  # bytes that are no text
        values = column.to_pylist()
        texts = [readable(each) if isinstance(each, bytes) else each for each in values]
        return pa.array(texts)


def _plain(kind: pa.DataType) -> pa.DataType:
    """A type without what the engine need not know: time zones, and that a text is only bytes."""
    if pa.types.is_timestamp(kind):
        return pa.timestamp(kind.unit)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pa.large_string()
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_plain(field.type)) for field in kind])
    if pa.types.is_list(kind):
        return pa.list_(_plain(kind.value_type))
    return kind


@cache
def _database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:", config={"threads": 1})


def mended(text: bytes) -> bytes:
    """The text with what JSON forbids inside strings replaced, and valid UTF-8.

    Control characters become their escapes; lone surrogates and bytes that are not UTF-8 become
    the replacement character U+FFFD.
    """
    text = readable(text).encode()
    text = _SURROGATE.sub(_without_lone, text)
    return _STRING.sub(lambda found: _CONTROL.sub(_escape, found[0]), text)


def readable(text: bytes) -> str:
    """Any bytes as valid text."""
    return text.decode("utf-8", "replace")


def _without_lone(found: re.Match[bytes]) -> bytes:
    return b"\\ufffd" if len(found[0]) == 6 else found[0]


def _escape(found: re.Match[bytes]) -> bytes:
    return b"\\u%04x" % found[0][0]
