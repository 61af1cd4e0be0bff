"""The events for commands that read nothing else, which need no detection to be built."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from trailhound.engines import MissingRelation, Warehouse, in_another_schema
from trailhound.screens.console import complain, say
from trailhound.store.freshness import is_stale
from trailhound.workspace import Work


@contextmanager
def events_at_hand(work: Work) -> Iterator[Warehouse]:
    """Connect to the target for reading events; of a store that was only loaded, make them first.

    Where there are alerts too, a run brings both up to date, and it is said that one is due. Raises
    TrailhoundError where the events stand in another schema, or cannot be made.
    """
    with work.warehouse() as warehouse:
        are_made = not work.on_duckdb or _has(warehouse, "cloudtrail_events")
        is_due = work.on_duckdb and are_made and is_stale(warehouse)
        if are_made and not (is_due and not _has(warehouse, "alerts")):
            if is_due:
                complain(
                    "events that were loaded since the last run are left out: `trailhound run`"
                )
            yield warehouse
            return
        if not are_made and (elsewhere := in_another_schema(warehouse, "cloudtrail_events")):
            raise elsewhere
    from trailhound.build.build import build_events

    say(work.settings, "making the events of what was loaded")
    build_events(work)
    with work.warehouse() as warehouse:
        yield warehouse


def _has(warehouse: Warehouse, relation: str) -> bool:
    try:
        warehouse.query(f"select 1 from {warehouse.relation(relation)} limit 0")
    except MissingRelation:
        return False
    return True
