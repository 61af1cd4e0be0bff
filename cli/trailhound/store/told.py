"""What was told to whom: kept in the store, on a warehouse in a table that every run sees to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from trailhound.engines import DuckDB, MissingRelation, Warehouse
from trailhound.errors import TrailhoundError
from trailhound.store.alerts import Alert
from trailhound.workspace import Work

_NAME = "trailhound_notified"
_KEPT = ("alert_id", "detection", "account_id", "entity_id", "first_seen", "last_seen",
         "correlated_by")  # fmt: skip
_ROWS_A_STATEMENT = 200  # Athena takes 262,144 bytes


class Told:
    """The alerts that destinations were told of."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._table = warehouse.relation(_NAME)

    def to(self, destination: str) -> list[Alert]:
        """What a destination was told of, with the columns that a burst is known by.

        Those that an older version noted have no correlated_by.
        """
        try:
            found = self._warehouse.query(
                f"select * from {self._table} where destination = ?", [key_of(destination)]
            )
        except MissingRelation:  # nobody was told of anything
            return []
        return [dict(zip(found.columns, row, strict=True)) for row in found.rows]

    def note(self, destination: str, alerts: Sequence[Alert]) -> None:
        """Note that a destination was told of these alerts.

        Raises TrailhoundError on a warehouse that no run of this version built.
        """
        columns = ("destination", "notified_at", *_KEPT)
        mine = (key_of(destination), datetime.now(UTC).replace(tzinfo=None))
        row = f"({', '.join('?' for _ in columns)})"
        for start in range(0, len(alerts), _ROWS_A_STATEMENT):
            some = alerts[start : start + _ROWS_A_STATEMENT]
            values = [value for each in some for value in (*mine, *(each[key] for key in _KEPT))]
            try:
                self._warehouse.query(
                    f"insert into {self._table} ({', '.join(columns)}) "
                    f"values {', '.join(row for _ in some)}",
                    values,
                )
            except MissingRelation as error:
                raise TrailhoundError(
                    "what was told cannot be noted: `trailhound run` makes the table for it"
                ) from error


@contextmanager
def open_told(work: Work, *, writable: bool) -> Iterator[Told]:
    """Look up, and if writable note, what was told."""
    if not work.on_duckdb:
        with work.warehouse() as warehouse:
            yield Told(warehouse)
        return
    store = work.when_free(lambda: DuckDB(work.target.config, read_only=not writable))
    try:
        if writable:
            _make_table(store)
        yield Told(store)
    finally:
        store.close()


def _make_table(store: Warehouse) -> None:
    table = store.relation(_NAME)
    store.query(
        f"create table if not exists {table} (destination varchar, alert_id varchar, "
        "detection varchar, account_id varchar, entity_id varchar, first_seen timestamp, "
        "last_seen timestamp, notified_at timestamp)"
    )
    store.query(f"alter table {table} add column if not exists correlated_by varchar")


def key_of(destination: str) -> str:
    """What stands for a destination: its URL holds secrets."""
    return hashlib.sha256(destination.encode()).hexdigest()[:16]
