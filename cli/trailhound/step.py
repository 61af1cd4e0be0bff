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
    of_single_events: bool = False
    """Whether each row comes of one event alone, so that new events only add rows."""
