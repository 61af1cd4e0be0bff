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
