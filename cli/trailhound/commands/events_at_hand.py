"""The events for commands that read nothing else, which need no detection to be built."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from trailhound.engines import MissingRelation, Warehouse, in_another_schema
from trailhound.screens.alerts import tell_if_stale
from trailhound.screens.console import say
from trailhound.workspace import Work


@contextmanager
def events_at_hand(work: Work) -> Iterator[Warehouse]:
    """Connect to the target for reading events; of a store that was only loaded, make them first.

    Raises TrailhoundError where they stand in another schema, or cannot be made.
    """
    with work.warehouse() as warehouse:
        if not work.on_duckdb or _are_built(warehouse):
            tell_if_stale(work, warehouse)
            yield warehouse
            return
    from trailhound.build.build import build_events

    say(work.settings, "making the events of what was loaded")
    build_events(work)
    with work.warehouse() as warehouse:
        yield warehouse


def _are_built(warehouse: Warehouse) -> bool:
    try:
        warehouse.query(f"select 1 from {warehouse.relation('cloudtrail_events')} limit 0")
    except MissingRelation:
        if elsewhere := in_another_schema(warehouse, "cloudtrail_events"):
            raise elsewhere from None
        return False
    return True
