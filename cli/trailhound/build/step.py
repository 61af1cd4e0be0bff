"""One relation of a build."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One relation to build."""

    name: str
    kind: str
    """seed, view or table."""
    relation: str
    """As SQL writes it, without the database: the store's file gives that its name."""
    sql: str
    """What the view or table selects; empty for a seed."""
    needs: tuple[str, ...]
    """Names of the steps before it."""
    is_detection: bool
    is_signal: bool = False
    """Whether its alerts are signals."""
    day_column: str = ""
    """The column with the UTC day of a table whose rows of one day depend on no later event."""
    key_column: str = ""
    """The column with the key of a table whose row of one key no other event changes."""
    minutes_of_effect: int = 0
    """For how many minutes after it an event can change alerts."""
    days_of_effect: int | None = 0
    """For how many days after its own an event can change rows by day; None if nothing says."""
    calls: tuple[tuple[str, str], ...] = ()
    """The calls that a detection or fact is made of alone: service and name, or a glob."""
