"""What a report tells, collected from the warehouse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from trailhound.analyst.incident import Finding, acts_of, finding, findings_of
from trailhound.engines import Warehouse
from trailhound.formats.columns import Row
from trailhound.project.detections import Detection, severity_rank
from trailhound.report.calendar import Calendar, calendar_of
from trailhound.report.entities import Entity, entities_of
from trailhound.store.alerts import INCIDENTS, Alert, Filters, like, named, read_alerts, value
from trailhound.store.coverage import idle
from trailhound.store.files import StoreCounts, store_counts
from trailhound.workspace import Work

_PROBLEMS_SHOWN = 200
_INCIDENTS_SHOWN = 50
_SIGNALS_SHOWN = 300


@dataclass(frozen=True)
class Problem:
    """A file with records that are no events, all for one reason."""

    file: str
    reason: str
    is_rejected: bool
    """Rejected: it could not be read. Otherwise skipped: it is something else."""
    records: int
    """How many of its records; 0: the file as a whole."""


@dataclass(frozen=True)
class Files:
    """What a DuckDB store knows of the files that were loaded."""

    files: int
    broken: int
    """Files that could not be read, or not to their end."""
    skipped: int
    """Files that are something else as a whole."""
    counts: StoreCounts
    problems: Sequence[Problem]
    """The rejected ones first, at most 200."""
    problems_in_all: int


@dataclass(frozen=True)
class Report:
    """All that a report tells. Times are UTC."""

    made_at: datetime
    target: str
    scope: Sequence[str]
    """What the alerts were chosen by, in words; empty: all of them."""
    incidents: Sequence[Alert]
    """The most severe ones first, of those the latest; at most 50."""
    incidents_in_all: int
    findings: Mapping[str, Sequence[Finding]]
    """Of each of these incidents by its alert_id, in the order of time."""
    alerts: Sequence[Row]
    """Rows of trailhound.store.alerts.COLUMNS, the oldest first."""
    signals: Sequence[Row]
    """The same of the signals, the latest 300."""
    signals_in_all: int
    entities: Sequence[Entity]
    entities_in_all: int
    """Entities with an alert or a signal."""
    detections: Sequence[Detection]
    idle: Sequence[str]
    """Names of the detections that cannot fire, because the trail logs no data events."""
    calendar: Calendar
    files: Files | None
    """None on a warehouse, whose files are the user's own."""


def collect(work: Work, warehouse: Warehouse, filters: Filters) -> Report:
    """Read the alerts that pass the filters, and the coverage of the same days and accounts.

    Raises TrailhoundError if nothing was built yet.
    """
    incidents = [named(row) for row in read_alerts(warehouse, filters, INCIDENTS)]
    # Read in the order of time, which stays among those of one severity.
    incidents.sort(key=lambda each: severity_rank(each["severity"]))
    shown = incidents[::-1][:_INCIDENTS_SHOWN]
    alerts = read_alerts(warehouse, filters)
    signals = read_alerts(warehouse, filters, "signals")
    findings = findings_of(warehouse, shown, work.detections)
    entities, entities_in_all = entities_of(
        warehouse,
        list(_findings(alerts, signals, work.detections)),
        [each.alert_id for of_incident in findings.values() for each in of_incident],
    )
    return Report(
        made_at=datetime.now(UTC).replace(tzinfo=None),
        target=work.target.name,
        scope=list(_scope(filters)),
        incidents=shown,
        incidents_in_all=len(incidents),
        findings=findings,
        alerts=alerts,
        signals=signals[-_SIGNALS_SHOWN:],
        signals_in_all=len(signals),
        entities=entities,
        entities_in_all=entities_in_all,
        detections=work.detections,
        idle=[each.name for each in idle(work.detections, warehouse)],
        calendar=calendar_of(_days(warehouse, filters)),
        files=_files(warehouse) if work.on_duckdb else None,
    )


def _findings(
    alerts: Sequence[Row], signals: Sequence[Row], detections: Sequence[Detection]
) -> Iterable[tuple[Finding, Sequence[str]]]:
    """Alerts and signals, each with its access keys, in the order of time."""
    acts = acts_of(detections)
    rows = [(row, False) for row in alerts] + [(row, True) for row in signals]
    for row, is_signal in sorted(rows, key=lambda each: value(each[0], "triggered_at")):
        yield finding(named(row), acts, is_signal=is_signal), value(row, "access_key_ids") or ()


def _scope(filters: Filters) -> Iterable[str]:
    if filters.severity:
        yield f"severity {filters.severity} or higher"
    if filters.detections:
        yield f"detection {', '.join(filters.detections)}"
    if filters.account:
        yield f"account {filters.account}"
    if filters.entity:
        yield f"entity {filters.entity}"
    if filters.since:
        yield f"since {filters.since:%Y-%m-%d %H:%M}"
    if filters.until:
        yield f"until {filters.until:%Y-%m-%d %H:%M}"


def _days(warehouse: Warehouse, filters: Filters) -> list[tuple[str, str, date, int]]:
    """Events by account, region and day."""
    conditions: list[str] = []
    parameters: list[Any] = []
    if filters.account:
        conditions.append("account_id like ? escape '!'")
        parameters.append(like(filters.account))
    if filters.since:
        conditions.append("event_date >= ?")
        parameters.append(filters.since.date())
    if filters.until:
        conditions.append("event_date <= ?")
        parameters.append(filters.until.date())
    where = f"where {' and '.join(conditions)}" if conditions else ""
    return warehouse.query(
        f"""select account_id, coalesce(aws_region, '') as region, event_date, count(*) as events
        from {warehouse.relation("cloudtrail_events")}
        {where}
        group by account_id, coalesce(aws_region, ''), event_date
        order by account_id, region, event_date""",
        parameters,
    ).rows


def _files(warehouse: Warehouse) -> Files:
    counts = store_counts(warehouse)
    logs = warehouse.relation("cloudtrail_logs")
    files, broken, skipped = warehouse.query(
        f"""select
            count(distinct file_path),
            count(distinct file_path) filter (position = 0 and error is not null),
            count(distinct file_path) filter (position = 0 and skipped is not null)
        from {logs}"""
    ).rows[0]
    by_reason = f"""
        select file_path, coalesce(error, skipped) as reason, error is not null as is_rejected,
            count(*) filter (position > 0) as records
        from {logs}
        where error is not null or skipped is not null
        group by file_path, coalesce(error, skipped), error is not null"""
    in_all = warehouse.query(f"select count(*) from ({by_reason})").rows[0][0]
    shown = warehouse.query(
        f"{by_reason} order by is_rejected desc, file_path, reason limit {_PROBLEMS_SHOWN}"
    ).rows
    return Files(files, broken, skipped, counts, [Problem(*row) for row in shown], int(in_all))
