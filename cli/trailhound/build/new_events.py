"""Adding what was loaded since the last build, where that is exact.

Deduplicating and flattening all records is most of a build. A record that was loaded since can
change what is there in one way only: as an earlier, or an unequal, copy of an event. So the new
records go through the same compiled SQL alone, and where one of them is such a copy, where rows of
cloudtrail_logs are gone, or where anything but this module built the table, it is built whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from trailhound.transaction import transaction

if TYPE_CHECKING:
    import duckdb

    from trailhound.build.step import Step

EVENTS, RECORDS, LOGS = "cloudtrail_events", "cloudtrail_records", "cloudtrail_logs"
_NEW = "temp.main.new_cloudtrail_events"

# Of long documents zstd makes a third of what DuckDB's own choice does. It unpacks 2,048 values for
# the sake of one, so that ids and addresses are better left to that choice.
_ZSTD = {"request_parameters", "response_elements"}


class Call(NamedTuple):
    """What some event is of."""

    source: str
    name: str
    is_denied: bool


@dataclass(frozen=True)
class Built:
    """What a build made of cloudtrail_events."""

    rows: str
    """A name for the rows that it holds."""
    kept: str | None
    """The same of those that were there before, if all of them still are."""
    new_days: list[date]
    """The UTC days of those that came to the kept ones, in order."""
    new_calls: set[Call]
    """What those that came are of."""


def build_events(
    steps: Mapping[str, Step], connection: duckdb.DuckDBPyConnection, made_by: str, *, exists: bool
) -> Built:
    """Bring cloudtrail_events up to date, by its new rows alone or whole, in one transaction.

    made_by names the SQL that makes the table; exists: whether there is a table already.
    """
    events = steps[EVENTS]
    schema = events.relation.rpartition(".")[0]
    builds = f'{schema}."trailhound_builds"'
    logs = f'{schema}."{LOGS}"'
    kept, new_days, new_calls = None, list[date](), set[Call]()
    with transaction(connection):
        connection.execute(
            f"create table if not exists {builds} (fingerprint varchar, loaded_until timestamp, "
            "log_rows bigint, events_built_at timestamp)"
        )
        loaded_until = (
            _loaded_until(connection, builds, logs, events.relation, made_by) if exists else None
        )
        if loaded_until is not None:
            rows = _rows(connection, events)
            newest = connection.execute(f"select max(loaded_at) from {logs}").fetchone()
            if newest == (loaded_until,):
                return Built(rows, rows, [], set())
            if _add(connection, steps, logs, loaded_until):
                kept = rows
                new_days, new_calls = _what_came(connection)
            connection.execute(f"drop table {_NEW}")
        if kept is None:
            _build_whole(events, connection)
        connection.execute(f"delete from {builds}")
        connection.execute(
            f"insert into {builds} select ?, max(loaded_at), count(*), "
            f"(select max(built_at) from {events.relation}) from {logs}",
            [made_by],
        )
        return Built(_rows(connection, events), kept, new_days, new_calls)


def calls_of(connection: duckdb.DuckDBPyConnection, events: str) -> set[Call]:
    """What the events of a relation are of."""
    found = connection.execute(
        f"select distinct event_source, event_name, outcome = 'denied' from {events}"
    ).fetchall()
    return {Call(*row) for row in found}


def _rows(connection: duckdb.DuckDBPyConnection, events: Step) -> str:
    return str(
        connection.execute(f"select max(built_at), count(*) from {events.relation}").fetchone()
    )


def _build_whole(events: Step, connection: duckdb.DuckDBPyConnection) -> None:
    columns = ", ".join(
        f"{name} {kind}{' using compression zstd' if name in _ZSTD else ''}"
        for name, kind, *_ in connection.execute(f"describe {events.sql}").fetchall()
    )
    connection.execute(f"create or replace table {events.relation} ({columns})")
    connection.execute(f"insert into {events.relation} {events.sql}")


def _loaded_until(
    connection: duckdb.DuckDBPyConnection, builds: str, logs: str, events: str, made_by: str
) -> object:
    """When the newest record was loaded that the table has seen; None if it must be built whole."""
    last = connection.execute(
        f"select loaded_until, log_rows, events_built_at from {builds} where fingerprint = ?",
        [made_by],
    ).fetchone()
    if last is None or last[0] is None:
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
    known_ids = f"select event_id, account_id from {events.relation}"
    repeated = connection.execute(
        f"select 1 from {_NEW} where (event_id, account_id) in ({known_ids}) limit 1"
    ).fetchone()
    if repeated is not None and not _leave_out_copies(connection, events):
        return False
    connection.execute(f"insert into {events.relation} by name from {_NEW}")
    return True


def _leave_out_copies(connection: duckdb.DuckDBPyConnection, events: Step) -> bool:
    """Take out of the new events those that are known; False if one changes what is there."""
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
    if changes is not None:
        return False
    connection.execute(
        f"delete from {_NEW} where (event_id, account_id) in "
        f"(select (new.event_id, new.account_id) {copies})"
    )
    return True


def _what_came(connection: duckdb.DuckDBPyConnection) -> tuple[list[date], set[Call]]:
    days = connection.execute(f"select distinct event_date from {_NEW} order by all").fetchall()
    return [day for (day,) in days], calls_of(connection, _NEW)
