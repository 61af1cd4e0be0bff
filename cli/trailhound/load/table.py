"""The columns of `cloudtrail_logs` on DuckDB, and the shape of the records that fill them."""

from __future__ import annotations

from trailhound.cloudtrail import FIELDS, TEXT, Kind


def _sql_type(kind: Kind) -> str:
    if isinstance(kind, dict):
        return "struct(" + ", ".join(f"{k.lower()} {_sql_type(v)}" for k, v in kind.items()) + ")"
    if isinstance(kind, list):
        return _sql_type(kind[0]) + "[]"
    return "varchar" if kind == TEXT else "map(varchar, varchar)"


def _json_shape(kind: Kind) -> str:
    if isinstance(kind, dict):
        return "{" + ",".join(f'"{k}":{_json_shape(v)}' for k, v in kind.items()) + "}"
    if isinstance(kind, list):
        return f"[{_json_shape(kind[0])}]"
    return f'"{_sql_type(kind).upper()}"'


EVENT_SHAPE = _json_shape(dict(FIELDS))
"""The record's shape as DuckDB's `from_json` takes it: its fields are the columns, in order."""

# Where nearly every value differs, zstd is half as dear as DuckDB's own choice, and no larger.
_ZSTD = {
    "eventTime",
    "sourceIPAddress",
    "requestParameters",
    "responseElements",
    "requestID",
    "eventID",
}

_DDL = """create table if not exists {table} (
    file_path varchar, file_version varchar, position bigint, loaded_at timestamp,
    skipped varchar, error varchar, raw varchar,
    {columns}
)"""


def ddl(table: str) -> str:
    """The statement that makes the table (its name quoted) where it is missing."""
    columns = ", ".join(
        f"{name.lower()} {_sql_type(kind)}{' using compression zstd' if name in _ZSTD else ''}"
        for name, kind in FIELDS.items()
    )
    return _DDL.format(table=table, columns=columns)
