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
