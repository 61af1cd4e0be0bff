"""Adding what was loaded since the last build, where that is exact.

Deduplicating and flattening all records is most of a build. A record that was loaded since can
change what is there in one way only: as an earlier, or an unequal, copy of an event. So the new
records go through the same compiled SQL alone, and where one of them is such a copy, where rows of
cloudtrail_logs are gone, or where anything but this module built the table, it is built whole.

A model whose rows come of one event each (meta: of_single_events) gets the rows of the new events
in the same transaction. A comment on its table says which events it has seen: any other build of
the table leaves none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from trailhound.transaction import transaction
from trailhound.triage import literal

if TYPE_CHECKING:
    import duckdb

    from trailhound.step import Step

EVENTS, RECORDS, LOGS = "cloudtrail_events", "cloudtrail_records", "cloudtrail_logs"
_NEW = "temp.main.new_cloudtrail_events"

# Where nearly every value differs, zstd takes a third of the room of DuckDB's own choice.
_ZSTD = {"event_id", "request_id", "request_parameters", "response_elements", "source_ip"}


def build_events(
    steps: Mapping[str, Step], connection: duckdb.DuckDBPyConnection, fingerprint: str
) -> None:
    """Bring cloudtrail_events up to date, by its new rows alone or whole, in one transaction."""
    events = steps[EVENTS]
    schema = events.relation.rpartition(".")[0]
    builds = f'{schema}."trailhound_builds"'
    logs = f'{schema}."{LOGS}"'
    with transaction(connection):
        connection.execute(
            f"create table if not exists {builds} (fingerprint varchar, loaded_until timestamp, "
            "log_rows bigint, events_built_at timestamp)"
        )
        loaded_until = _loaded_until(connection, builds, logs, events.relation, fingerprint)
        if loaded_until is None or not _add(connection, steps, logs, loaded_until, fingerprint):
            _build_whole(events, connection)
        connection.execute(f"delete from {builds}")
        connection.execute(
            f"insert into {builds} select ?, max(loaded_at), count(*), "
            f"(select max(built_at) from {events.relation}) from {logs}",
            [fingerprint],
        )


def _build_whole(events: Step, connection: duckdb.DuckDBPyConnection) -> None:
    columns = ", ".join(
        f"{name} {kind}{' using compression zstd' if name in _ZSTD else ''}"
        for name, kind, *_ in connection.execute(f"describe {events.sql}").fetchall()
    )
    connection.execute(f"create or replace table {events.relation} ({columns})")
    connection.execute(f"insert into {events.relation} {events.sql}")


def build_of_single_events(
    step: Step, events: Step, connection: duckdb.DuckDBPyConnection, fingerprint: str
) -> None:
    """Build a model whose rows come of one event each, unless it has seen all events already."""
    seen = _state(events, connection, fingerprint)
    if _seen(step, connection) == seen:
        return
    with transaction(connection):
        connection.execute(f"create or replace table {step.relation} as {step.sql}")
        _note_seen(step, seen, connection)


def _loaded_until(
    connection: duckdb.DuckDBPyConnection, builds: str, logs: str, events: str, fingerprint: str
) -> object:
    """When the newest record was loaded that the table has seen; None if it must be built whole."""
    last = connection.execute(
        f"select loaded_until, log_rows, events_built_at from {builds} where fingerprint = ?",
        [fingerprint],
    ).fetchone()
    if last is None or last[0] is None or not _comments(events, connection):
        return None
    loaded_until, log_rows, built_at = last
    now = connection.execute(
        f"select (select count(*) from {logs} where loaded_at <= ?), "
        f"(select max(built_at) from {events})",
        [loaded_until],
    ).fetchone()
    return loaded_until if now == (log_rows, built_at) else None


def _add(
    connection: duckdb.DuckDBPyConnection,
    steps: Mapping[str, Step],
    logs: str,
    loaded_until: object,
    fingerprint: str,
) -> bool:
    """Insert the events of new records; False if one is a copy that changes what is there."""
    events, records = steps[EVENTS], steps[RECORDS]
    new_logs = f"(select * from {logs} where loaded_at > getvariable('trailhound_loaded_until'))"
    new_records = f"({records.sql.replace(logs, new_logs)})"
    connection.execute("set variable trailhound_loaded_until = ?", [loaded_until])
    connection.execute(
        f"create or replace temp table {_NEW.rpartition('.')[2]} as "
        f"{events.sql.replace(records.relation, new_records)}"
    )
    columns = [
        row[0]
        for row in connection.execute(f"describe {events.relation}").fetchall()
        if row[0] != "built_at"
    ]
    new, known = (", ".join(f"{alias}.{each}" for each in columns) for alias in ("new", "known"))
    copies = (
        f"from {_NEW} as new inner join {events.relation} as known using (event_id, account_id)"
    )
    changes = connection.execute(
        f"select 1 {copies} where new.event_time < known.event_time "
        f"or (new.event_time = known.event_time and row({new}) is distinct from row({known})) "
        "limit 1"
    ).fetchone()
    if changes is None:
        connection.execute(
            f"delete from {_NEW} where (event_id, account_id) in "
            f"(select (new.event_id, new.account_id) {copies})"
        )
        seen = _state(events, connection, fingerprint)
        growing = [
            step
            for step in steps.values()
            if step.of_single_events and _seen(step, connection) == seen
        ]
        connection.execute(f"insert into {events.relation} by name from {_NEW}")
        seen = _state(events, connection, fingerprint)
        for step in growing:
            rows = step.sql.replace(events.relation, _NEW)
            connection.execute(f"insert into {step.relation} by name {rows}")
            _note_seen(step, seen, connection)
    connection.execute(f"drop table {_NEW}")
    return changes is None


def _state(events: Step, connection: duckdb.DuckDBPyConnection, fingerprint: str) -> str:
    """What tells the events there are from any others: by which SQL and when they were built."""
    built = connection.execute(f"select max(built_at) from {events.relation}").fetchone()
    return f"{fingerprint} {built[0] if built else None}"


def _seen(step: Step, connection: duckdb.DuckDBPyConnection) -> str | None:
    """The state of the events that a table was built of, if this module built it."""
    found = _comments(step.relation, connection)
    return found[0] if found else None


def _comments(relation: str, connection: duckdb.DuckDBPyConnection) -> list[str | None]:
    """The comment on a table, in a list; an empty one if there is no such table."""
    found = connection.execute(
        "select comment from duckdb_tables() where database_name = current_database() "
        """and concat('"', schema_name, '"."', table_name, '"') = ?""",
        [relation],
    ).fetchall()
    return [comment for (comment,) in found]


def _note_seen(step: Step, seen: str, connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(f"comment on table {step.relation} is {literal(seen)}")
