"""What a DuckDB store holds of the files that were loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from trailhound.engines import MissingRelation, Rows, Warehouse, in_another_schema
from trailhound.errors import TrailhoundError
from trailhound.formats.columns import Column, Row

FILE_COLUMNS = (
    Column("file"),
    Column("records", "integer"),
    Column("duplicates", "integer"),
    Column("rejected", "integer"),
    Column("skipped", "integer"),
    Column("problem"),
    Column("loaded_at", "time"),
)
ODD_COLUMNS = (
    Column("file"),
    Column("record", "integer"),
    Column("reason"),
    Column("raw"),
)

# As the models identify an event; a record without an id is known by what it says. Apart, so that
# for the others only their ids are read.
_IDENTIFIED = """
    select file_path, position, loaded_at, event_id,
        coalesce(nullif(recipientaccountid, ''), nullif(useridentity.accountid, ''), 'unknown')
            as account_id
    from (
        select *, eventid as event_id from {logs} where eventid <> ''
        union all
        select *, cast(hash(
            eventtime, eventversion, eventsource, eventname, awsregion, errorcode, errormessage,
            useridentity, sourceipaddress, useragent, readonly, requestparameters, responseelements,
            additionaleventdata, resources, requestid, sharedeventid, eventtype, apiversion,
            serviceeventdetails, recipientaccountid, vpcendpointid
        ) as varchar) as event_id
        from {logs}
        where coalesce(eventid, '') = ''
    )
    where error is null and skipped is null"""


@dataclass(frozen=True)
class StoreCounts:
    """Records in a store: those loaded are events, duplicates, rejected or skipped."""

    records: int
    rejected: int
    skipped: int
    events: int

    @property
    def duplicates(self) -> int:
        """Records that repeat an event."""
        return self.records - self.rejected - self.skipped - self.events


def store_counts(warehouse: Warehouse) -> StoreCounts:
    """Count what the store holds. Raises TrailhoundError before the first build."""
    rows = _query(
        warehouse,
        f"""select
            count(*) filter (position > 0),
            count(*) filter (position > 0 and error is not null),
            count(*) filter (position > 0 and skipped is not null),
            (select count(*) from {warehouse.relation("cloudtrail_events")})
        from {warehouse.relation("cloudtrail_logs")}""",
    ).rows
    return StoreCounts(*map(int, rows[0]))


def duplicates_of_last_load(warehouse: Warehouse) -> int:
    """Count the records of the last load that repeat another one, of that load or of before."""
    logs = warehouse.relation("cloudtrail_logs")
    rows = _query(
        warehouse,
        f"""with events as (
            select
                min(loaded_at) as first_loaded_at,
                count(*) filter (loaded_at = (select max(loaded_at) from {logs})) as copies
            from ({_IDENTIFIED.format(logs=logs)})
            group by event_id, account_id
        )
        select coalesce(sum(
            copies
            - case when first_loaded_at = (select max(loaded_at) from {logs}) then 1 else 0 end
        ), 0)
        from events
        where copies > 0""",
    ).rows
    return int(rows[0][0])


def told_clashes(warehouse: Warehouse) -> str:
    """Say how many records of the last load share an eventID and differ; else an empty text.

    They count as one event. Made-up samples are so, and what lost fields on the way from a tool.
    """
    logs = warehouse.relation("cloudtrail_logs")
    rows = _query(
        warehouse,
        f"""with events as ({_IDENTIFIED.format(logs=logs)}),
        shared as (
            select event_id, account_id, count(*) as copies
            from events
            semi join (
                from events where loaded_at = (select max(loaded_at) from {logs})
            ) as newest using (event_id, account_id)
            group by event_id, account_id
            having count(*) > 1
        ),
        differing as (
            select any_value(copies) as copies
            from {logs}
            inner join shared
                on event_id = eventid
                and account_id = coalesce(
                    nullif(recipientaccountid, ''), nullif(useridentity.accountid, ''), 'unknown')
            where error is null and skipped is null
            group by event_id, account_id
            having count(distinct hash(
                left(eventtime, 19), eventsource, eventname, errorcode, awsregion, sourceipaddress,
                useridentity.type,
                coalesce(useridentity.arn, useridentity.principalid, useridentity.username),
                coalesce(cast(try_cast(requestparameters as json) as varchar), ''),
                coalesce(cast(try_cast(responseelements as json) as varchar), ''),
                coalesce(cast(try_cast(additionaleventdata as json) as varchar), '')
            )) > 1
        )
        select coalesce(sum(copies), 0), count(*) from differing""",
    ).rows
    records, ids = map(int, rows[0])
    if not ids:
        return ""
    which = "1 eventID" if ids == 1 else f"{ids:,} eventIDs"
    return f"{records:,} records share {which} and differ: {records - ids:,} dropped"


def known_files(warehouse: Warehouse, before: date | None = None) -> list[Row]:
    """Every file that was loaded, as rows of FILE_COLUMNS in the order of their names.

    A duplicate repeats a record of an earlier file, or an earlier one of the same file. before:
    only files without an event of this UTC day or later; one without any event goes by the day on
    which it was loaded.
    """
    logs = warehouse.relation("cloudtrail_logs")
    having, parameters = "", []
    if before is not None:
        newest = "max(try_cast(left(eventtime, 19) as timestamp)) filter (error is null)"
        having, parameters = f"having coalesce({newest}, max(loaded_at)) < ?", [before]
    return _query(
        warehouse,
        f"""with copies as (
            select file_path, row_number() over (
                partition by event_id, account_id order by loaded_at, file_path, position
            ) as copy_number
            from ({_IDENTIFIED.format(logs=logs)})
        ),
        duplicates as (
            select file_path, count(*) as duplicates
            from copies
            where copy_number > 1
            group by file_path
        )
        select
            file_path,
            count(*) filter (position > 0),
            coalesce(any_value(duplicates), 0),
            count(*) filter (position > 0 and error is not null),
            count(*) filter (position > 0 and skipped is not null),
            min(coalesce(error, skipped)) filter (position = 0),
            max(loaded_at)
        from {logs}
        left join duplicates using (file_path)
        group by file_path
        {having}
        order by file_path""",
        parameters,
    ).rows


def rejected(warehouse: Warehouse) -> list[Row]:
    """Everything that could not be read, as rows of ODD_COLUMNS; record 0 is the file itself."""
    return _odd(warehouse, "error")


def skipped(warehouse: Warehouse) -> list[Row]:
    """Everything that was recognised as something else, as rows of ODD_COLUMNS."""
    return _odd(warehouse, "skipped")


def _odd(warehouse: Warehouse, reason: str) -> list[Row]:
    return _query(
        warehouse,
        f"""select file_path, position, {reason}, raw
        from {warehouse.relation("cloudtrail_logs")}
        where {reason} is not null
        order by file_path, position""",
    ).rows


def _query(warehouse: Warehouse, sql: str, parameters: Sequence[Any] = ()) -> Rows:
    try:
        return warehouse.query(sql, parameters)
    except MissingRelation as error:
        raise (
            in_another_schema(warehouse, "cloudtrail_logs")
            or TrailhoundError("the store holds no files: `trailhound load PATH`")
        ) from error
