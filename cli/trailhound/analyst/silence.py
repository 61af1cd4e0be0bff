"""Whether the trail still speaks: its newest event, its gaps, who fell silent before the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise
from typing import NamedTuple

from trailhound.analyst.acknowledged import Acknowledged
from trailhound.analyst.findings import NOTE, OK, PROBLEM, Check, Finding, some
from trailhound.engines import Warehouse
from trailhound.formats.as_json import iso
from trailhound.text import counted

DEFAULT_MAX_AGE = timedelta(hours=26)
"""A day, in which every trail has some event, and two hours for what is delivered late."""

_SILENT_DAYS = 2
_ENOUGH_DAYS = 3  # of events, before one can say that a region is silent and not just rarely used


class RegionDays(NamedTuple):
    """The days on which a region of an account has events."""

    account_id: str
    region: str
    days: dict[date, int]
    """Events on each UTC day that has some."""


def region_days(warehouse: Warehouse) -> list[RegionDays]:
    """Events of each account, region and UTC day."""
    found: dict[tuple[str, str], dict[date, int]] = {}
    for account, region, day, events in warehouse.query(
        "select account_id, coalesce(aws_region, 'none'), event_date, count(*) "
        f"from {warehouse.relation('cloudtrail_events')} "
        "group by account_id, aws_region, event_date order by 1, 2, 3"
    ).rows:
        found.setdefault((account, region), {})[_as_date(day)] = int(events)
    return [RegionDays(*key, days) for key, days in found.items()]


def newest_events(warehouse: Warehouse) -> dict[str, datetime]:
    """The time of each account's newest event, UTC."""
    rows = warehouse.query(
        f"select account_id, max(event_time) from {warehouse.relation('cloudtrail_events')} "
        "group by account_id order by account_id"
    ).rows
    return {account: at if at.tzinfo else at.replace(tzinfo=UTC) for account, at in rows}


def dead_trail(
    newest: dict[str, datetime], now: datetime, max_age: timedelta, acknowledged: Acknowledged
) -> Iterator[Finding]:
    """No event for longer than `max_age` before `now`, a time with a zone.

    The finding's name is the day of the newest event: a row that acknowledges one silence does not
    cover the next.
    """
    last = max(newest.values())
    hours = max_age.total_seconds() / 3600
    yield from Check(
        "newest event",
        lambda _: f"{iso(last)}, more than {hours:g} hours ago",
        "look whether the trail still logs and its files arrive",
        iso(last),
    ).of([str(last.date())] if now - last > max_age else [], acknowledged)


def silent_accounts(
    newest: dict[str, datetime], max_age: timedelta, acknowledged: Acknowledged
) -> Iterator[Finding]:
    """Accounts whose newest event is older than that of the others by more than `max_age`."""
    last = max(newest.values())
    yield from Check(
        "silent accounts",
        lambda names: some([f"{name} since {iso(newest[name])}" for name in names]),
        "look whether these accounts are still in the trail",
    ).of([name for name, at in newest.items() if last - at > max_age], acknowledged)


def silent_regions(coverage: Sequence[RegionDays], acknowledged: Acknowledged) -> Iterator[Finding]:
    """Regions that fell silent before their account did, for longer than ever before.

    Counted are the days on which the account has events, so that its own gaps are none of a region.
    """
    silent: dict[str, date] = {}
    for _, group in groupby(coverage, lambda each: each.account_id):
        regions = list(group)
        every = sorted({day for each in regions for day in each.days})
        place = {day: number for number, day in enumerate(every)}
        for each in regions:
            active = [place[day] for day in sorted(each.days)]
            longest = max((after - before for before, after in pairwise(active)), default=0)
            if len(active) >= _ENOUGH_DAYS and len(every) - 1 - active[-1] > max(
                longest, _SILENT_DAYS
            ):
                silent[f"{each.account_id} {each.region}"] = max(each.days)
    yield from Check(
        "silent regions",
        lambda names: some([f"{name} since {silent[name]}" for name in names]),
        "look whether these regions are still in the trail",
    ).of(list(silent), acknowledged)


def days(coverage: Sequence[RegionDays], acknowledged: Acknowledged) -> Iterator[Finding]:
    """Days without an event between an account's first and last, and how much there is in all."""
    if not coverage:
        yield Finding(PROBLEM, "days", "there is no event", "load logs: `trailhound run PATH`")
        return
    missing = [
        (account, day)
        for account, regions in groupby(coverage, lambda each: each.account_id)
        for day in missing_days(sorted({day for each in regions for day in each.days}))
    ]
    yield from Check(
        "missing days",
        lambda names: some(_stretches(names)),
        "load those days, or find out whether the trail was off",
    ).of([f"{account} {day}" for account, day in missing], acknowledged)
    every = {day for each in coverage for day in each.days}
    accounts = len({each.account_id for each in coverage})
    span = (max(every) - min(every)).days + 1
    found = (
        f"{counted(accounts, 'account')} with events on {len(every):,} of {counted(span, 'day')}, "
        f"{min(every)} to {max(every)}"
    )
    if len(every) < span:
        yield Finding(NOTE, "days", found, "load the days between, if they belong together")
    elif not missing:
        yield Finding(OK, "days", found)


def missing_days(days: Sequence[date]) -> list[date]:
    """The days between the first and the last of some sorted days that are not among them."""
    every = (days[0] + timedelta(days=n) for n in range((days[-1] - days[0]).days))
    return sorted(set(every) - set(days))


def _stretches(names: Sequence[str]) -> list[str]:
    """Accounts and days, sorted; days that follow each other as the first and the last of them."""
    found: list[tuple[str, date, date]] = []
    for name in names:
        account, _, text = name.rpartition(" ")
        day = date.fromisoformat(text)
        if found and found[-1][0] == account and day - found[-1][2] == timedelta(days=1):
            found[-1] = (account, found[-1][1], day)
        else:
            found.append((account, day, day))
    return [
        f"{account} {first}" if first == last else f"{account} {first} to {last}"
        for account, first, last in found
    ]


def _as_date(day: date | datetime) -> date:
    return day.date() if isinstance(day, datetime) else day
