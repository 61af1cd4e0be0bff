"""Can the detections see? What is missing from the logs, and what keeps the rules from firing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from trailhound.analyst.acknowledged import Acknowledged
from trailhound.analyst.allow_list import report_of
from trailhound.analyst.counted import Counting, countings
from trailhound.analyst.event_names import unknown_names
from trailhound.analyst.findings import NOTE, OK, PROBLEM, Check, Finding, some
from trailhound.analyst.silence import (
    RegionDays,
    days,
    dead_trail,
    newest_events,
    region_days,
    silent_accounts,
    silent_regions,
)
from trailhound.engines import MissingRelation, Warehouse, nothing_built
from trailhound.store.coverage import idle
from trailhound.store.files import store_counts
from trailhound.store.freshness import REMEDY, STALE, is_stale
from trailhound.text import counted
from trailhound.workspace import Work

_LATE_MINUTES = 24 * 60


def examine(
    work: Work,
    warehouse: Warehouse,
    now: datetime,
    max_age: timedelta,
    acknowledged: Acknowledged,
) -> tuple[list[Finding], list[RegionDays]]:
    """All findings, and the days of every account and region. Raises TrailhoundError if unbuilt.

    now, a time with a zone: a trail without an event for longer than `max_age` before it is dead.
    """
    try:
        coverage = region_days(warehouse)
    except MissingRelation as error:
        raise nothing_built(warehouse) from error
    findings: list[Finding] = []
    if coverage:
        newest = newest_events(warehouse)
        findings += dead_trail(newest, now, max_age, acknowledged)
        findings += silent_accounts(newest, max_age, acknowledged)
        findings += silent_regions(coverage, acknowledged)
    findings += days(coverage, acknowledged)
    findings += _data_events(work, warehouse, acknowledged)
    if work.on_duckdb:
        stale = is_stale(warehouse)
        if stale:
            findings.append(Finding(PROBLEM, "alerts", STALE, REMEDY))
        findings += _files(warehouse, acknowledged, stale=stale)
        findings += _digests(warehouse, acknowledged)
        findings += _delivery(warehouse, acknowledged)
    faults = {each: each.fault for each in countings(work)}
    findings += _contract([*work.faults.values(), *filter(None, faults.values())])
    sound = [each for each, fault in faults.items() if not fault]
    findings += _allow_list(work, warehouse, sound)
    findings += _acknowledged(acknowledged)
    findings += _event_names(sound, warehouse)
    findings += _sigma_notes(work)
    if work.on_duckdb:
        findings.append(_store(work))
    return findings, coverage


def _data_events(work: Work, warehouse: Warehouse, acknowledged: Acknowledged) -> Iterator[Finding]:
    yield from Check(
        "data events",
        lambda names: f"no S3 data event is logged: {', '.join(names)} cannot fire",
        "log data events in the trail, or disable these detections",
        "the logs hold S3 data events",
    ).of([each.name for each in idle(work.detections, warehouse)], acknowledged)
    if not work.on_duckdb:
        return
    logs = warehouse.relation("cloudtrail_logs")
    aggregated = warehouse.query(
        f"select count(*) from {logs} where skipped = ?", ("aggregated event",)
    ).rows[0][0]
    if aggregated:
        yield Finding(
            NOTE,
            "data events",
            f"S3 reads are only summarised here: {counted(aggregated, 'aggregated event')} skipped",
            "log single data events in the trail, to see who read what",
        )


def _files(warehouse: Warehouse, acknowledged: Acknowledged, *, stale: bool) -> Iterator[Finding]:
    logs = warehouse.relation("cloudtrail_logs")
    broken = {
        str(path): int(records)
        for path, records in warehouse.query(
            f"select file_path, count(*) filter (position > 0) from {logs} "
            "where error is not null group by file_path order by file_path"
        ).rows
    }
    yield from Check(
        "files",
        lambda names: (
            f"{counted(len(names), 'file')} with something unreadable, "
            f"{counted(sum(broken[name] for name in names), 'record')} rejected: {some(names)}"
        ),
        "`trailhound files --rejected` has the reasons, `--forget` takes a file out",
        "everything that was loaded could be read",
    ).of(list(broken), acknowledged)
    if stale:  # events and records are not of one time
        return
    counts = store_counts(warehouse)
    share = counts.duplicates / counts.records if counts.records else 0
    state = NOTE if share > 0.05 else OK
    yield Finding(
        state,
        "duplicates",
        f"{counts.duplicates:,} of {counts.records:,} records ({share:.0%}) were delivered twice",
        "harmless: each event counts once" if state == NOTE else "",
    )


def _digests(warehouse: Warehouse, acknowledged: Acknowledged) -> Iterator[Finding]:
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
    yield from Check(
        "digests",
        lambda names: (
            f"{len(names):,} of {len(named):,} log files that digests name were not loaded: "
            f"{some(names)}"
        ),
        "load them, or find out who deleted them",
        f"all {len(named):,} log files that digests name are loaded",
    ).of(sorted(named - loaded), acknowledged)


def _named_in_digest(raw: str) -> Iterator[str]:
    try:
        files = json.loads(raw)["logFiles"]
        yield from (PurePosixPath(each["s3Object"]).name for each in files)
    except (ValueError, KeyError, TypeError):
        return


def _delivery(warehouse: Warehouse, acknowledged: Acknowledged) -> Iterator[Finding]:
    """From an event to the time in the name of its file, which is when CloudTrail delivered it."""
    delays = f"""(
        select file_path, date_diff('minute', try_cast(left(eventtime, 19) as timestamp),
            try_strptime(regexp_extract(file_path, '_([0-9]{{8}}T[0-9]{{4}})Z_', 1),
                '%Y%m%dT%H%M')) as minutes
        from {warehouse.relation("cloudtrail_logs")} where error is null and skipped is null
    ) where minutes >= 0"""
    [(median, longest)] = warehouse.query(
        f"select quantile_cont(minutes, 0.5), max(minutes) from {delays}"
    ).rows
    if median is None:
        return
    late = dict(
        warehouse.query(
            f"select file_path, max(minutes) from {delays} group by file_path "
            f"having max(minutes) > {_LATE_MINUTES} order by file_path"
        ).rows
    )
    yield from Check(
        "delivery",
        lambda names: (
            f"{counted(len(names), 'file')} came more than a day after an event in it, "
            f"{max(late[name] for name in names):,.0f} minutes at most: "
            f"{some(names)}"
        ),
        "look who holds the trail's files back; a warehouse needs a larger late_delivery_days",
        f"{median:,.0f} minutes from event to file in the median, {longest:,.0f} at most",
    ).of(list(late), acknowledged)


def _contract(faults: Iterable[str]) -> Iterator[Finding]:
    """Detections that tools cannot ask what they count, or that no allow-list applies to."""
    for fault in faults:
        yield Finding(
            PROBLEM, "detections", fault, "`trailhound new` shows how a detection is written"
        )


def _allow_list(
    work: Work, warehouse: Warehouse, counted_by: Iterable[Counting]
) -> Iterator[Finding]:
    reports, _ = report_of(work, warehouse, counted_by)
    for each in reports:
        if each.is_expired:
            yield Finding(NOTE, "allow-list", f"{each.named}: {each.told}", "remove the row")
        elif not each.removed:
            yield Finding(
                NOTE, "allow-list", f"{each.named} matched nothing", "is it still needed?"
            )


def _acknowledged(acknowledged: Acknowledged) -> Iterator[Finding]:
    """What became of the rows; to be asked after all that they may acknowledge was looked at."""
    for row in acknowledged.rows:
        named = f"{row.kind} {row.name} ({row.reason})"
        if acknowledged.is_expired(row):
            found, advice = f"expired on {row.expires_on}", "remove the row, or set a new day"
            yield Finding(NOTE, "acknowledged", f"{named}: {found}", advice)
        elif used := acknowledged.used(row):
            yield Finding(OK, "acknowledged", f"{named}: {counted(used, 'problem')}")
        else:
            yield Finding(NOTE, "acknowledged", f"{named} matched nothing", "is it still needed?")


def _event_names(counted_by: Iterable[Counting], warehouse: Warehouse) -> Iterator[Finding]:
    """Names that detections filter on and that AWS does not have."""
    subject = "event names"
    try:
        unknown = unknown_names(counted_by, warehouse)
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


def _sigma_notes(work: Work) -> Iterator[Finding]:
    """What the import found to doubt in the rules that detections were made of."""
    for each in work.detections:
        if each.enabled:
            for note in each.sigma_notes:
                yield Finding(
                    NOTE, "sigma", f"{each.name}: {note}", "correct the rule and import it again"
                )


def _store(work: Work) -> Finding:
    from importlib.metadata import version

    versions = ", ".join(f"{name} {version(name)}" for name in ("trailhound", "duckdb", "dbt-core"))
    size = work.store.stat().st_size / 1e6
    return Finding(OK, "store", f"{work.store} has {size:,.1f} MB; {versions}")
