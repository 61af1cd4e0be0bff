"""Findings that somebody looked at and said are no problem, until a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from trailhound.errors import TrailhoundError
from trailhound.project.globs import glob_matches

if TYPE_CHECKING:
    from trailhound.project.seeds import AcknowledgedRow

FILE_NAME = "acknowledged.csv"
"""In the folder of the project; no seed, for no SQL reads it."""


class Acknowledged:
    """The rows of a file, and what each was good for so far."""

    def __init__(self, rows: Sequence[AcknowledgedRow], today: date) -> None:
        self.rows = rows
        self._today = today
        self._used: Counter[AcknowledgedRow] = Counter()

    def without(self, kind: str, names: Sequence[str]) -> list[str]:
        """Those of the findings that no row in force acknowledges."""
        left = []
        for name in names:
            rows = [
                row
                for row in self.rows
                if row.kind == kind and glob_matches(row.name, name) and not self.is_expired(row)
            ]
            self._used.update(rows)
            if not rows:
                left.append(name)
        return left

    def is_expired(self, row: AcknowledgedRow) -> bool:
        """Whether a row counts no more."""
        return row.expires_on is not None and row.expires_on < self._today

    def used(self, row: AcknowledgedRow) -> int:
        """How many findings a row acknowledged."""
        return self._used[row]


def read_acknowledged_file(path: Path, today: date) -> Acknowledged:
    """Read a file; one that is not there has no rows. Raises TrailhoundError for each bad row."""
    if not path.exists():
        return Acknowledged([], today)
    from trailhound.project.seeds import read_acknowledged

    rows, errors = read_acknowledged(path)
    if errors:
        raise TrailhoundError(*errors)
    return Acknowledged(rows, today)
