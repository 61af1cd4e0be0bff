"""Whether the alerts in a store know all that was loaded."""

from __future__ import annotations

from trailhound.engines import MissingRelation, Warehouse

STALE = "files were loaded or taken out since the alerts were built"
REMEDY = "`trailhound run` brings them up to date"


def is_stale(warehouse: Warehouse) -> bool:
    """Whether a DuckDB store's records are others than those that its alerts were built of."""
    try:
        newest, rows = warehouse.query(
            f"select max(loaded_at), count(*) from {warehouse.relation('cloudtrail_logs')}"
        ).rows[0]
        [(built_at,)] = warehouse.query(
            f"select max(built_at) from {warehouse.relation('cloudtrail_events')}"
        ).rows
    except MissingRelation:
        return False
    try:
        seen = warehouse.query(
            "select loaded_until, log_rows, events_built_at "
            f"from {warehouse.relation('trailhound_builds')}"
        ).rows
    except MissingRelation:  # only dbt ever built it
        seen = []
    if seen and seen[0][2] == built_at:
        return bool(seen[0][:2] != (newest, rows))
    return newest is not None and (built_at is None or newest > built_at)
