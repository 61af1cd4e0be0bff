"""What the allow-list removed from what each detection counts."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from trailhound.analyst.counted import Counting
from trailhound.engines import Warehouse
from trailhound.errors import TrailhoundError
from trailhound.project.globs import glob_matches
from trailhound.text import counted
from trailhound.workspace import Work

FIELDS = (
    "detection", "account_id", "entity_id", "source_ip", "region", "user_agent", "event_name",
    "expires_on", "reason", "owner",
)  # fmt: skip


class RowReport(NamedTuple):
    """What became of one row of the allow-list."""

    row: tuple[str, ...]
    """Its ten fields, '' where empty."""
    removed: Mapping[str, int]
    """Events it removed, by detection; overlapping rows each count what they would remove."""
    is_expired: bool
    """Its expires_on is before today."""

    @property
    def told(self) -> str:
        """What became of it, in words."""
        removed = [
            f"{counted(count, 'event')} from {name}" for name, count in sorted(self.removed.items())
        ]
        words = f"removed {', '.join(removed)}" if removed else "matched nothing"
        return f"expired on {self.row[7]}; {words}" if self.is_expired else words

    @property
    def named(self) -> str:
        """The row by what it matches and its reason."""
        matches = " ".join(
            f"{field}={text}"
            for field, text in zip(FIELDS, self.row, strict=True)
            if text and field not in ("expires_on", "reason", "owner")
        )
        return f"{matches or 'every event'} ({self.row[8]})"


def removals_sql(counting: Counting) -> str:
    """A query for the allow-list rows that match a detection's events, and how many each.

    Raises TrailhoundError if no allow-list applies to the detection.
    """
    named = ", ".join(FIELDS)
    places = []
    for each in counting.countables:
        event, row = each.aliases
        fields = ", ".join(f"coalesce({row}.{field}, '') as {field}" for field in FIELDS)
        places.append(
            f"select {fields}, concat({event}.account_id, '|', {event}.event_id) as removed_event\n"
            f"from {each.events}\ninner join {each.allowed}\n    on {each.match}\n"
            f"where {each.others}"
        )
    removed = "\nunion all\n".join(places)
    return f"""{counting.ctes}
select {named}, count(distinct removed_event) as removed
from ({removed}) as removals
group by {named}"""


def report_of(
    work: Work, warehouse: Warehouse, counted_by: Iterable[Counting]
) -> tuple[list[RowReport], list[str]]:
    """As allow_list_report, for the allow-list in force and today."""
    rows = allow_list_rows(work.seeds / "allow_list.csv")
    return allow_list_report(warehouse, counted_by, rows, datetime.now(UTC).date())


def allow_list_rows(path: Path) -> list[tuple[str, ...]]:
    """The rows of an allow-list that was checked before, without its header and empty lines."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [tuple(row[field] or "" for field in FIELDS) for row in csv.DictReader(file)]


def allow_list_report(
    warehouse: Warehouse, counted_by: Iterable[Counting], rows: Sequence[Sequence[str]], today: date
) -> tuple[list[RowReport], list[str]]:
    """What each row of the allow-list removed, in their order; and what could not be asked.

    counted_by: what each enabled detection counts; without rows it is not looked at. today: the
    UTC date.
    """
    wanted = [tuple(row) for row in rows]
    removed: dict[tuple[str, ...], Counter[str]] = {row: Counter() for row in wanted}
    faults = []
    for each in counted_by if wanted else ():
        if not any(glob_matches(row[0], each.detection) for row in wanted):
            continue
        try:
            sql = removals_sql(each)
        except TrailhoundError as error:
            faults.append(str(error))
            continue
        for *row, count in warehouse.query(sql).rows:
            removed.setdefault(tuple(row), Counter())[each.detection] += int(count)
    reports = [
        RowReport(row, removed[row], bool(row[7]) and date.fromisoformat(row[7]) < today)
        for row in wanted
    ]
    return reports, faults
