"""Can the detections see? What is missing from the logs, and what keeps the rules from firing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import PurePosixPath
from typing import NamedTuple

from trailhound.allow_list_report import report_of
from trailhound.building import compiled_detections
from trailhound.coverage import idle
from trailhound.errors import TrailhoundError
from trailhound.event_names import unknown_names
from trailhound.freshness import REMEDY, STALE, is_stale
from trailhound.output.text import counted
from trailhound.stored import store_counts
from trailhound.warehouse import MissingRelation, Warehouse
from trailhound.work import Work

OK, NOTE, PROBLEM = "ok", "note", "problem"
_SILENT_DAYS = 2
_NAMED = 5


class Finding(NamedTuple):
    """One thing that was looked at."""

    state: str
    """ok, note or problem; a problem is a hole in what the detections can see."""
    subject: str
    found: str
    advice: str = ""


class RegionDays(NamedTuple):
    """The days on which a region of an account has events."""

    account_id: str
    region: str
    days: dict[date, int]
    """Events on each UTC day that has some."""


def examine(work: Work, warehouse: Warehouse) -> tuple[list[Finding], list[RegionDays]]:
    """All findings, and the days of every account and region. Raises TrailhoundError if unbuilt."""
    try:
        coverage = region_days(warehouse)
    except MissingRelation as error:
        raise TrailhoundError("nothing is built yet: `trailhound run PATH` does") from error
    findings = [*_days(coverage), *_data_events(work, warehouse)]
    if work.on_duckdb:
        stale = is_stale(warehouse)
        if stale:
            findings.append(Finding(PROBLEM, "alerts", STALE, REMEDY))
        findings += [*_files(warehouse, stale=stale), *_digests(warehouse), *_lag(warehouse)]
    findings += _allow_list(work, warehouse)
    findings += _event_names(work, warehouse)
    if work.on_duckdb:
        findings.append(_store(work))
    return findings, coverage


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


def _days(coverage: Sequence[RegionDays]) -> Iterator[Finding]:
    """Gaps inside an account's days, and regions that fell silent before the account did."""
    if not coverage:
        yield Finding(PROBLEM, "events", "there is no event", "load logs: `trailhound run PATH`")
        return
    whole = True
    for account in sorted({each.account_id for each in coverage}):
        regions = [each for each in coverage if each.account_id == account]
        days = sorted({day for each in regions for day in each.days})
        missing = missing_days(days)
        if missing:
            whole = False
            yield Finding(
                PROBLEM,
                f"account {account}",
                f"no event on {counted(len(missing), 'day')} between {days[0]} and {days[-1]}: "
                f"{_some(_stretches(missing))}",
                "load those days, or find out whether the trail was off",
            )
        silent = [
            f"{each.region} since {max(each.days)}"
            for each in regions
            if len(each.days) > _SILENT_DAYS
            and max(each.days) < days[-1] - timedelta(days=_SILENT_DAYS)
        ]
        if silent:
            whole = False
            yield Finding(
                NOTE,
                f"account {account}",
                f"fell silent: {_some(silent)}",
                "look whether the region is still in the trail",
            )
    days = sorted({day for each in coverage for day in each.days})
    accounts = len({each.account_id for each in coverage})
    span = (days[-1] - days[0]).days + 1
    found = (
        f"{counted(accounts, 'account')} with events on {len(days):,} of {counted(span, 'day')}, "
        f"{days[0]} to {days[-1]}"
    )
    if len(days) < span:
        yield Finding(NOTE, "days", found, "load the days between, if they belong together")
    elif whole:
        yield Finding(OK, "days", found)


def missing_days(days: Sequence[date]) -> list[date]:
    """The days between the first and the last of some sorted days that are not among them."""
    every = (days[0] + timedelta(days=n) for n in range((days[-1] - days[0]).days))
    return sorted(set(every) - set(days))


def _stretches(days: Sequence[date]) -> list[str]:
    """Sorted days, those that follow each other as the first and the last of them."""
    found: list[tuple[date, date]] = []
    for day in days:
        if found and day - found[-1][1] == timedelta(days=1):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return [str(first) if first == last else f"{first} to {last}" for first, last in found]


def _data_events(work: Work, warehouse: Warehouse) -> Iterator[Finding]:
    waiting = idle(work.detections, warehouse)
    if waiting:
        yield Finding(
            PROBLEM,
            "data events",
            f"no S3 data event is logged: {', '.join(each.name for each in waiting)} cannot fire",
            "log data events in the trail, or disable these detections",
        )
    else:
        yield Finding(OK, "data events", "the logs hold S3 data events")


def _files(warehouse: Warehouse, *, stale: bool) -> Iterator[Finding]:
    logs = warehouse.relation("cloudtrail_logs")
    broken = [
        row[0]
        for row in warehouse.query(
            f"select distinct file_path from {logs} where error is not null order by 1"
        ).rows
    ]
    counts = store_counts(warehouse)
    if broken:
        yield Finding(
            PROBLEM,
            "files",
            f"{counted(len(broken), 'file')} with something unreadable, "
            f"{counted(counts.rejected, 'record')} rejected: {_some(broken)}",
            "`trailhound files --rejected` has the reasons, `--forget` takes a file out",
        )
    else:
        yield Finding(OK, "files", "everything that was loaded could be read")
    if stale:  # events and records are not of one time
        return
    share = counts.duplicates / counts.records if counts.records else 0
    state = NOTE if share > 0.05 else OK
    yield Finding(
        state,
        "duplicates",
        f"{counts.duplicates:,} of {counts.records:,} records ({share:.0%}) were delivered twice",
        "harmless: each event counts once" if state == NOTE else "",
    )


def _digests(warehouse: Warehouse) -> Iterator[Finding]:
    """Log files that a digest names and that were not loaded."""
    logs = warehouse.relation("cloudtrail_logs")
    named: set[str] = set()
    for (raw,) in warehouse.query(f"select raw from {logs} where skipped = 'digest file'").rows:
        named |= set(_named_in_digest(raw))
    if not named:
        return
    loaded = {
        PurePosixPath(path).name
        for (path,) in warehouse.query(f"select distinct file_path from {logs}").rows
    }
    lost = sorted(named - loaded)
    if lost:
        yield Finding(
            PROBLEM,
            "digests",
            f"{len(lost):,} of {len(named):,} log files that digests name were not loaded: "
            f"{_some(lost)}",
            "load them, or find out who deleted them",
        )
    else:
        yield Finding(OK, "digests", f"all {len(named):,} log files that digests name are loaded")


def _named_in_digest(raw: str) -> Iterator[str]:
    try:
        files = json.loads(raw)["logFiles"]
        yield from (PurePosixPath(each["s3Object"]).name for each in files)
    except (ValueError, KeyError, TypeError):
        return


def _lag(warehouse: Warehouse) -> Iterator[Finding]:
    """From an event to the time in the name of its file, which is when CloudTrail delivered it."""
    logs = warehouse.relation("cloudtrail_logs")
    rows = warehouse.query(
        f"""select quantile_cont(minutes, 0.5), max(minutes) from (
            select date_diff('minute', try_cast(left(eventtime, 19) as timestamp),
                try_strptime(regexp_extract(file_path, '_([0-9]{{8}}T[0-9]{{4}})Z_', 1),
                    '%Y%m%dT%H%M')) as minutes
            from {logs} where error is null and skipped is null
        ) where minutes >= 0"""
    ).rows
    median, longest = rows[0]
    if median is not None:
        state = NOTE if longest > 24 * 60 else OK
        yield Finding(
            state,
            "delivery",
            f"{median:,.0f} minutes from event to file in the median, {longest:,.0f} at most",
            "raise the variable late_delivery_days on a warehouse" if state == NOTE else "",
        )


def _allow_list(work: Work, warehouse: Warehouse) -> Iterator[Finding]:
    for each in report_of(work, warehouse):
        if each.is_expired:
            yield Finding(NOTE, "allow-list", f"{each.named}: {each.told}", "remove the row")
        elif not each.removed:
            yield Finding(
                NOTE, "allow-list", f"{each.named} matched nothing", "is it still needed?"
            )


def _event_names(work: Work, warehouse: Warehouse) -> Iterator[Finding]:
    """Names that detections filter on and that AWS does not have."""
    subject = "event names"
    try:
        unknown = unknown_names(compiled_detections(work), warehouse)
    except ImportError:
        yield Finding(NOTE, subject, "not checked", "`pip install botocore` brings AWS's names")
        return
    if not unknown:
        yield Finding(OK, subject, "detections filter on names that AWS has")
    for each in unknown:
        near = f"; AWS has {' and '.join(each.near)}" if each.near else ""
        yield Finding(
            NOTE,
            subject,
            f"{each.detection} filters on '{each.name}', which neither AWS nor the logs know{near}",
            "look whether it is spelt as CloudTrail spells it",
        )


def _store(work: Work) -> Finding:
    from importlib.metadata import version

    versions = ", ".join(f"{name} {version(name)}" for name in ("trailhound", "duckdb", "dbt-core"))
    size = work.store.stat().st_size / 1e6
    return Finding(OK, "store", f"{work.store} has {size:,.1f} MB; {versions}")


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _as_date(day: date | datetime) -> date:
    return day.date() if isinstance(day, datetime) else day
