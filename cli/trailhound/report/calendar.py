"""On which days there are events, account by account and region by region."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise

# More columns than this cannot be told apart on a page.
_MOST_COLUMNS = 120
_STEPS = (1, 7, 28, 91, 364)


@dataclass(frozen=True)
class Line:
    """An account, or one region of it."""

    name: str
    days: int
    """Days with events."""
    cells: Sequence[int]
    """Events in each column of the calendar."""
    regions: Sequence[Line] = field(default=())
    """Of an account: its regions, by name."""
    gaps: Sequence[tuple[date, date]] = field(default=())
    """Of an account: runs of days without events within the calendar, first and last day."""

    @property
    def events(self) -> int:
        """Events in all."""
        return sum(self.cells)


@dataclass(frozen=True)
class Calendar:
    """Days from the first to the last with an event, in columns of one day or more."""

    first: date | None = None
    last: date | None = None
    step: int = 1
    """Days in a column."""
    covered: int = 0
    """Days with an event in any account."""
    accounts: Sequence[Line] = ()

    @property
    def events(self) -> int:
        """Events in all."""
        return sum(account.events for account in self.accounts)

    @property
    def days(self) -> int:
        """Days from the first to the last."""
        return (self.last - self.first).days + 1 if self.first and self.last else 0

    @property
    def regions(self) -> int:
        """Regions with an event in any account."""
        return len({region.name for account in self.accounts for region in account.regions})


def calendar_of(counts: Iterable[tuple[str, str, date, int]]) -> Calendar:
    """Make a calendar of rows (account, region, day, events)."""
    by_region: dict[str, dict[str, dict[date, int]]] = defaultdict(lambda: defaultdict(dict))
    days: set[date] = set()
    for account, region, day, events in counts:
        by_region[account][region][day] = events
        days.add(day)
    if not days:
        return Calendar()
    span = _Span(min(days), max(days))
    accounts = [_account(name, regions, span) for name, regions in sorted(by_region.items())]
    return Calendar(span.first, span.last, span.step, len(days), accounts)


@dataclass(frozen=True)
class _Span:
    first: date
    last: date

    @property
    def step(self) -> int:
        days = (self.last - self.first).days + 1
        return next((step for step in _STEPS if days <= step * _MOST_COLUMNS), _STEPS[-1])

    def cells(self, by_day: dict[date, int]) -> list[int]:
        cells = [0] * ((self.last - self.first).days // self.step + 1)
        for day, events in by_day.items():
            cells[(day - self.first).days // self.step] += events
        return cells

    def gaps(self, days: Iterable[date]) -> list[tuple[date, date]]:
        one = timedelta(days=1)
        known = [self.first - one, *sorted(days), self.last + one]
        return [
            (before + one, after - one) for before, after in pairwise(known) if after - before > one
        ]


def _account(name: str, regions: dict[str, dict[date, int]], span: _Span) -> Line:
    together: dict[date, int] = defaultdict(int)
    for by_day in regions.values():
        for day, events in by_day.items():
            together[day] += events
    lines = [
        Line(region, len(by_day), span.cells(by_day)) for region, by_day in sorted(regions.items())
    ]
    return Line(name, len(together), span.cells(together), lines, span.gaps(together))
