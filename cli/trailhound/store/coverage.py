"""What the loaded logs can and cannot show."""

from __future__ import annotations

from collections.abc import Sequence

from trailhound.engines import Rows, Warehouse
from trailhound.project.detections import Detection

# The calls on objects, which a trail logs only if it is told to: data events.
_DATA_EVENTS = (
    "AbortMultipartUpload",
    "CompleteMultipartUpload",
    "CopyObject",
    "CreateMultipartUpload",
    "DeleteObject",
    "DeleteObjectTagging",
    "DeleteObjects",
    "GetObject",
    "GetObjectAcl",
    "GetObjectAttributes",
    "GetObjectTagging",
    "HeadObject",
    "PutObject",
    "PutObjectAcl",
    "PutObjectTagging",
    "RestoreObject",
    "SelectObjectContent",
    "UploadPart",
    "UploadPartCopy",
)


def has_data_events(warehouse: Warehouse) -> bool:
    """Whether any S3 data event was logged. Raises MissingRelation before the first build."""
    places = ", ".join("?" for _ in _DATA_EVENTS)
    found = warehouse.query(
        f"select 1 from {warehouse.relation('cloudtrail_events')} "
        f"where event_source = ? and event_name in ({places}) limit 1",
        ("s3.amazonaws.com", *_DATA_EVENTS),
    )
    return bool(found.rows)


def days_of_history(warehouse: Warehouse, days: int) -> int:
    """On how many of so many UTC days before its newest an account has events: the one with most.

    What compares with history is silent for an account with too few. Raises MissingRelation before
    the first build.
    """
    account_days = warehouse.relation("account_days")
    found = warehouse.query(
        "select coalesce(max(covered), 0) from (select count(*) as covered "
        f"from {account_days} as each_day inner join (select account_id, max(event_date) as newest "
        f"from {account_days} group by account_id) as latest "
        "on each_day.account_id = latest.account_id "
        "where each_day.event_date < latest.newest "
        f"and each_day.event_date >= latest.newest - interval '{days:d}' day "
        "group by each_day.account_id) as accounts"
    )
    return int(found.rows[0][0])


def spans(warehouse: Warehouse) -> Rows:
    """Of each account and region: events, days with events, first_seen, last_seen (UTC)."""
    return warehouse.query(
        "select account_id, aws_region, count(*) as events, count(distinct event_date) as days, "
        "min(event_time) as first_seen, max(event_time) as last_seen "
        f"from {warehouse.relation('cloudtrail_events')} "
        "group by account_id, aws_region order by account_id, aws_region"
    )


def idle(detections: Sequence[Detection], warehouse: Warehouse) -> list[Detection]:
    """The enabled detections that cannot fire, because the trail logs no data events."""
    waiting = [each for each in detections if each.needs_data_events and each.enabled]
    return waiting if waiting and not has_data_events(warehouse) else []
