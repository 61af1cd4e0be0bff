"""What the allow-list removed: asked of the compiled SQL of each detection."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from trailhound.build.build import compiled_detections
from trailhound.engines import Warehouse
from trailhound.text import counted
from trailhound.workspace import Work

FIELDS = (
    "detection", "account_id", "entity_id", "source_ip", "region", "user_agent", "event_name",
    "expires_on", "reason", "owner",
)  # fmt: skip

# As macros/detection/countable.sql writes it.
_COUNTABLE = re.compile(
    r"from (?P<cte>\w+) as event -- countable: (?P=cte)\n"
    r".*?select 1\s+from (?P<allow_list>.*?) as allow\n"
    r"\s*where -- allow-list match\n(?P<match>.*?)\n\s*-- end of match",
    re.DOTALL,
)
# As macros/alerts/alert_per_burst.sql and its neighbours write it, ` by ` and the key behind it if
# alerts have one beside account and entity.
_ALERTS = "\n-- trailhound: alerts"


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


def matching_sql(compiled: str) -> str:
    """The part of a detection's compiled SQL before its alerts: its CTEs, `counted` the last."""
    return compiled.split(_ALERTS, 1)[0].rstrip()


def key_of_alerts(compiled: str) -> str | None:
    """The column of `counted`, or its expression, that alerts show as correlated_by; or None."""
    line = compiled.partition(_ALERTS)[2].partition("\n")[0]
    return line.removeprefix(" by ") or None


def removals_sql(compiled: str) -> str:
    """A query for the allow-list rows that match a detection's events, and how many each.

    Raises ValueError if the SQL does not read its events through countable().
    """
    found = _COUNTABLE.search(compiled)
    if found is None:
        raise ValueError("the detection counts without countable()")
    fields = [f"coalesce(allow.{field}, '')" for field in FIELDS]
    named = ", ".join(f"{text} as {field}" for text, field in zip(fields, FIELDS, strict=True))
    return f"""{matching_sql(compiled)}
select {named}, count(distinct concat(event.account_id, '|', event.event_id)) as removed
from {found["cte"]} as event
inner join {found["allow_list"]} as allow
    on {found["match"]}
where event.entity_type <> 'service'
group by {", ".join(fields)}"""


def report_of(work: Work, warehouse: Warehouse) -> list[RowReport]:
    """What each row of the allow-list in force removed, in the order of its file."""
    rows = allow_list_rows(work.seeds / "allow_list.csv")
    if not rows:
        return []
    return allow_list_report(warehouse, compiled_detections(work), rows, datetime.now(UTC).date())


def allow_list_rows(path: Path) -> list[tuple[str, ...]]:
    """The rows of an allow-list that was checked before, without its header and empty lines."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [tuple(row[field] or "" for field in FIELDS) for row in csv.DictReader(file)]


def allow_list_report(
    warehouse: Warehouse,
    compiled: Mapping[str, str],
    rows: Iterable[Sequence[str]],
    today: date,
) -> list[RowReport]:
    """What each row of the allow-list removed, in the order of the rows.

    compiled: the compiled SQL of each enabled detection, by name. today: the UTC date.
    """
    wanted = [tuple(row) for row in rows]
    if not wanted:
        return []
    removed: dict[tuple[str, ...], Counter[str]] = {row: Counter() for row in wanted}
    for name, sql in compiled.items():
        for *row, count in warehouse.query(removals_sql(sql)).rows:
            removed.setdefault(tuple(row), Counter())[name] += int(count)
    return [
        RowReport(row, removed[row], bool(row[7]) and date.fromisoformat(row[7]) < today)
        for row in wanted
    ]
