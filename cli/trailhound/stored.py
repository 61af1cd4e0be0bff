"""What a DuckDB store holds of the files that were loaded."""

from __future__ import annotations

from dataclasses import dataclass

from trailhound.errors import TrailhoundError
from trailhound.output.columns import Column, Row
from trailhound.warehouse import MissingRelation, Rows, Warehouse

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


def known_files(warehouse: Warehouse) -> list[Row]:
    """Every file that was loaded, as rows of FILE_COLUMNS in the order of their names.

    A duplicate repeats a record of an earlier file, or an earlier one of the same file.
    """
    logs = warehouse.relation("cloudtrail_logs")
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
        order by file_path""",
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


def _query(warehouse: Warehouse, sql: str) -> Rows:
    try:
        return warehouse.query(sql)
    except MissingRelation as error:
        raise TrailhoundError("the store holds no files: `trailhound load PATH`") from error
