"""What is asked of the table `cloudtrail_logs` on DuckDB, and the SQL that fills it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from trailhound.engines import STORE_VERSION, store_version
from trailhound.errors import first_line
from trailhound.load.result import LoadError, LoadReport, Problem
from trailhound.load.sources.archives import owners
from trailhound.load.table import EVENT_SHAPE, ddl
from trailhound.transaction import transaction

_REPEATED = pa.dictionary(pa.int32(), pa.large_string())

# One row of what the reader hands over. `mode` says what `text` is.
STREAM = pa.schema(
    [
        ("file_path", _REPEATED),
        ("file_version", _REPEATED),
        ("position", pa.int64()),
        ("mode", pa.int8()),
        ("skipped", _REPEATED),
        ("error", _REPEATED),
        ("place", _REPEATED),
        ("text", pa.binary_view()),
    ]
)
ON_TRUST, RECORD, DETAIL = range(3)
"""Values of `mode`: cut out by the fast reader, and to be refused unless it is an event of a
service or is to be skipped; a record of the careful reader; an EventBridge envelope."""

INGESTED = "ingested"
"""`skipped` of a file whose records were handed on to a warehouse (trailhound.load.ingest)."""

_INVALID = "not valid JSON"
REFUSED = -1  # position of a row that says: this file needs the careful reader

# The same form as the macro `utc_timestamp`; whether the day exists is for the cast to say.
_TIME = (
    "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]+)?"
    "(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?"
)
# Fields of a search made flat, and an identity as the text of a Hive or a Python value.
_PARTIAL = r'"userIdentity(\.|":\s*"\{)'
_OFFSET = "[+-][0-9]{2}:[0-9]{2}$"


def _has(*keys: str) -> str:
    return "(" + " or ".join(f"json_exists(record, '$.{key}')" for key in keys) + ")"


# `try`, because one bad text must not end the statement for the others. What was taken on trust and
# turns out wrong leaves a row at REFUSED.
_SELECT = f"""
with records as (
    select
        * exclude (text),
        case when mode = {DETAIL}
            then cast(json_extract(decode(text), '$.detail') as varchar)
            else try(decode(text)) end as record
    from trailhound_stream
),
events as (
    select *, case when skipped is null and error is null
        then try(from_json(record, '{EVENT_SHAPE}')) end as event
    from records
),
judged as (
    select
        * exclude (skipped, error),
        case
            when skipped is not null then skipped
            when error is not null then null
            when event.eventsource = 'aws:s3' then 'S3 notification'
            when event.eventsource like 'aws:%' and mode = {RECORD} then 'service notification'
            when event.eventtype = 'AwsAggregatedEvent' or event.eventcategory = 'Aggregated'
                then 'aggregated event'
            when event.eventtype = 'AwsCloudTrailInsight' or event.eventcategory = 'Insight'
                then 'insights event'
            when event is null
                or (coalesce(event.eventname, '') <> '' and coalesce(event.eventtime, '') <> '')
                then null
            when {_has("digestStartTime", "digestEndTime")} then 'digest file'
            when {_has("configurationItems", "configSnapshotId", "configurationItemCaptureTime")}
                then 'config file'
        end as skipped,
        case
            when error is not null or skipped is not null then error
            when event.eventsource like 'aws:%' then 'no CloudTrail record'
            when event.eventsource is null and mode = {ON_TRUST} then 'no eventSource'
            when event.useridentity.type is null and event.useridentity.arn is null
                and event.eventname is not null
                and regexp_matches(record, '{_PARTIAL}')
                then 'userIdentity is not whole: export the original record'
            when coalesce(event.eventname, '') <> ''
                and regexp_full_match(event.eventtime, '{_TIME}')
                and event.eventtime >= '0001'
                and (
                    event.eventtime between '0001-01-02' and '9999-12-31'
                    or not regexp_matches(event.eventtime, '{_OFFSET}')
                )
                and try_cast(left(event.eventtime, 19) as timestamp) is not null
                then null
            when event is null and not coalesce(json_valid(record), false) then '{_INVALID}'
            when json_type(record) <> 'OBJECT' then 'not an object'
            when coalesce(event.eventtime, '') = '' then 'no eventTime'
            when coalesce(event.eventname, '') = '' then 'no eventName'
            else 'unreadable eventTime'
        end as error
    from events
)
select
    file_path, file_version,
    case when error is not null and skipped is null and mode = {ON_TRUST}
        then {REFUSED} else position end,
    $loaded_at,
    skipped,
    case when skipped is null then error || coalesce(' at ' || place, '') end,
    case when skipped is not null or error is not null then record end,
    unnest(event)
from judged"""


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn what DuckDB raises into a LoadError of one line."""
    try:
        yield
    except duckdb.Error as error:
        raise LoadError(f"the store refused: {_first_line(error)}") from error


def ensure_table(connection: duckdb.DuckDBPyConnection, table: str, *, commit: bool = True) -> None:
    """Create the table (its name quoted, with schema and database if need be) where it is missing.

    One that an older version made gets today's columns, all rows kept, in one transaction; with
    `commit` false that is the caller's. Raises LoadError if it cannot be made, WrongUsage if a
    newer version made it.
    """
    with one_line_errors():
        version = store_version(connection, table)
        if version == STORE_VERSION:
            return
        if version:
            print(
                "an older trailhound wrote this store: its records stay, the rest is rebuilt",
                file=sys.stderr,
            )
        with transaction(connection) if commit else nullcontext():
            if version:
                connection.execute(f"create temp table older_logs as from {table}")
                connection.execute(f"drop table {table}")
            connection.execute(ddl(table))
            connection.execute(f"comment on table {table} is '{STORE_VERSION}'")
            if version:
                connection.execute(f"insert into {table} by name from older_logs")
                connection.execute("drop table older_logs")


def _first_line(error: Exception) -> str:
    return re.sub(r"^(IO|TransactionContext|Catalog|Invalid \w+) Error: ", "", first_line(error))


@dataclass(frozen=True)
class Known:
    """The files a store holds. The rows of an archive stand under its members' paths."""

    versions: dict[str, str]
    members: dict[str, list[str]]

    def rows_of(self, path: str) -> list[str]:
        """The paths whose rows came from a file."""
        return ([path] if path in self.versions else []) + list(self._members(path))

    def has(self, path: str, version: str) -> bool:
        """Whether the store holds this version of a file."""
        if path in self.versions and self.versions[path] != version:
            return False
        return path in self.versions or any(
            self.versions[member] == version for member in self._members(path)
        )

    def _members(self, path: str) -> Iterator[str]:
        """Those of an archive, but for files whose names only look like it."""
        return (each for each in self.members.get(path, []) if not Path(each).exists())


def known_files(connection: duckdb.DuckDBPyConnection, table: str) -> Known:
    """What the store holds. A file's rows begin at 0 or 1."""
    rows = connection.execute(
        f"select distinct file_path, file_version from {table} where position <= 1"
    ).fetchall()
    known = Known(dict(rows), {})
    for path in known.versions:
        for archive in owners(path):
            if archive != path:
                known.members.setdefault(archive, []).append(path)
    return known


def next_moment(connection: duckdb.DuckDBPyConnection, table: str) -> datetime:
    """The time in UTC that a load is known by: later than any before, whatever the clock says."""
    last = connection.execute(f"select max(loaded_at) from {table}").fetchone()
    now = datetime.now(UTC).replace(tzinfo=None)
    return max(now, last[0] + timedelta(microseconds=1)) if last and last[0] else now


def holds_events(connection: duckdb.DuckDBPyConnection, table: str, paths: Iterable[str]) -> bool:
    """Whether any record that was ever loaded from some paths is an event."""
    found = connection.execute(
        f"""select 1 from {table} where error is null and coalesce(skipped, $ingested) = $ingested
            and file_path in (select unnest($paths::varchar[])) limit 1""",
        {"ingested": INGESTED, "paths": list(paths)},
    ).fetchone()
    return found is not None


def oddities(
    connection: duckdb.DuckDBPyConnection, table: str, loaded_at: datetime, paths: Iterable[str]
) -> list[Problem]:
    """Why one load, and what is known of some paths, has no event: a line for each file and reason.

    Broken ones come first.
    """
    rows = connection.execute(
        f"""select file_path, min(position), coalesce(error, skipped) as reason from {table}
        where (loaded_at = $loaded_at or file_path in (select unnest($paths::varchar[])))
            and (error is not null or skipped is not null)
        group by file_path, error, skipped
        order by min(error is null), file_path, min(position)
        limit 1000""",
        {"loaded_at": loaded_at, "paths": list(paths)},
    ).fetchall()
    return [Problem(*row) for row in rows]


def own_files(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The files of the databases that are open, which may lie in a folder that is loaded."""
    paths = connection.execute(
        "select path from duckdb_databases() where path is not null and not internal"
    ).fetchall()
    return [f"{Path(path).resolve()}{ending}" for (path,) in paths for ending in ("", ".wal")]


def forget(connection: duckdb.DuckDBPyConnection, table: str, paths: Iterable[str]) -> int:
    """Delete all rows of some paths. Returns how many there were."""
    gone = list(paths)
    if not gone:
        return 0
    deleted = connection.execute(
        f"delete from {table} where file_path in (select unnest(?::varchar[]))", [gone]
    ).fetchone()
    return int(deleted[0]) if deleted else 0


def insert(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    batches: Iterable[pa.RecordBatch],
    loaded_at: datetime,
) -> None:
    """Insert what a stream of batches of schema STREAM holds, reading it as it comes."""
    stream = pa.RecordBatchReader.from_batches(STREAM, batches)
    connection.register("trailhound_stream", stream)
    connection.execute(f"insert into {table} {_SELECT}", {"loaded_at": loaded_at})
    connection.unregister("trailhound_stream")  # after a failure the rollback does it


def refused_files(connection: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    """The files that need the careful reader."""
    rows = connection.execute(
        f"select distinct file_path from {table} where position = {REFUSED}"
    ).fetchall()
    return {path for (path,) in rows}


def report(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    loaded_at: datetime,
    files_read: int,
    files_known: int,
) -> LoadReport:
    """Count what one load brought, by its time."""
    if not files_read:
        return LoadReport(files_known=files_known)
    here = f"from {table} where loaded_at = $loaded_at"
    when = {"loaded_at": loaded_at}
    counts = connection.execute(
        f"""select count(*) filter (position > 0),
            count(*) filter (position > 0 and error is not null),
            count(*) filter (position > 0 and skipped is not null) {here}""",
        when,
    ).fetchone()
    odd_files = connection.execute(
        f"""select bool_or(position = 0 and error is not null),
            count(*) filter (position > 0), count(*) = count(skipped)
        {here} and file_path in (
            select file_path {here} and (error is not null or skipped is not null))
        group by file_path""",
        when,
    ).fetchall()
    problems = connection.execute(
        f"""select file_path, position, error {here} and error is not null
        order by position > 0, file_path, position
        limit (select 1000 + count(*) {here} and error is not null and position = 0)""",
        when,
    ).fetchall()
    records, rejected, skipped = counts or (0, 0, 0)
    return LoadReport(
        files_read=files_read,
        files_known=files_known,
        files_rejected=sum(1 for broken, whole, _ in odd_files if broken and not whole),
        files_partial=sum(1 for broken, whole, _ in odd_files if broken and whole),
        files_skipped=sum(1 for _, _, only_skipped in odd_files if only_skipped),
        records=records,
        rejected=rejected,
        skipped=skipped,
        problems=tuple(Problem(*row) for row in problems),
    )
