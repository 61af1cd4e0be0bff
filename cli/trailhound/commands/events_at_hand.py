"""The events for commands that need no detection to be built."""

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
        if not work.on_duckdb or _are_up_to_date(warehouse):
            yield warehouse
            return
    from trailhound.build.build import build_events

    say(work.settings, "making the events of what was loaded")
    build_events(work)
    with work.warehouse() as warehouse:
        yield warehouse


def _are_up_to_date(warehouse: Warehouse) -> bool:
    """Whether there are events, and no later records; where a run is due, that is said instead."""
    if not _is_built(warehouse, "cloudtrail_events"):
        return False
    if not is_stale(warehouse):
        return True
    is_due = _is_built(warehouse, "alerts")
    if is_due:
        complain("what was loaded since the last run is left out: `trailhound run` adds it")
    return is_due


def tell_if_without_alerts(work: Work, warehouse: Warehouse) -> None:
    """Say on stderr that no detection is built yet, for an answer that tells of alerts too."""
    if not _is_built(warehouse, "alerts"):
        say(work.settings, "alerts are not told of, for none are built yet: `trailhound run` does")


def _is_built(warehouse: Warehouse, name: str) -> bool:
    try:
        warehouse.query(f"select 1 from {warehouse.relation(name)} limit 0")
    except MissingRelation:
        if elsewhere := in_another_schema(warehouse, name):
            raise elsewhere from None
        return False
    return True
