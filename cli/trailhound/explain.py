"""Why an alert fired: its burst call by call, who it was, what else they did, how to silence it."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from ipaddress import ip_address
from typing import Any

from trailhound.alerts import COLUMNS, read_alerts
from trailhound.allow_list_report import matching_sql
from trailhound.catalog import Detection
from trailhound.countries import PackedRow, digits_of, lookup
from trailhound.errors import WrongUsage
from trailhound.seeds import is_address
from trailhound.sessions import Session, sessions_of
from trailhound.triage import fill
from trailhound.warehouse import MissingRelation, Rows, Warehouse

Alert = dict[str, Any]
AROUND = timedelta(hours=1)
_SHORTEST_PREFIX = 4


@dataclass(frozen=True)
class Explanation:
    """What `trailhound explain` tells of one alert."""

    alert: Alert
    timeline: Rows
    """Calls of the burst: event_time, observed (within the window then), event_name, aws_region,
    source_ip, user_agent, event_id."""
    sessions: Sequence[Session]
    """The role's sessions in which the calls were made, and who assumed the role for each."""
    countries: Mapping[str, str]
    """Country of each source address that has one."""
    around: Rows
    """What the entity did from an hour before to an hour after: event_source, outcome, calls, and
    how many of them before, during and after the burst."""
    triage: Sequence[tuple[str, str]]
    """Questions, each with its query filled in."""
    allow_list_row: str | None
    """The row of allow_list.csv that would have silenced the alert, if one can name its entity."""
    override_row: str | None
    """The row of threshold_overrides.csv that would have, if the detection has a threshold too."""


def find_alert(warehouse: Warehouse, prefix: str) -> Alert:
    """The alert whose id begins so.

    Raises WrongUsage if there is none or more than one.
    """
    if len(prefix) < _SHORTEST_PREFIX or not prefix.isalnum():
        raise WrongUsage(f"'{prefix}' is no alert id: give at least four of its hex digits")
    names = [column.name for column in COLUMNS]
    found = [
        dict(zip(names, row, strict=True))
        for row in read_alerts(warehouse)
        if row[0].startswith(prefix.lower())
    ]
    if not found:
        raise WrongUsage(f"there is no alert '{prefix}': `trailhound alerts` lists them")
    if len(found) > 1:
        ids = ", ".join(each["alert_id"][: len(prefix) + 4] for each in found[:5])
        raise WrongUsage(f"'{prefix}' is the beginning of {len(found)} alert ids: {ids}")
    return found[0]


def explain(warehouse: Warehouse, alert: Alert, detection: Detection, compiled: str) -> Explanation:
    """Gather what explains an alert. `compiled` is its detection's SQL."""
    return Explanation(
        alert=alert,
        timeline=warehouse.query(*timeline_query(alert, compiled)),
        sessions=sessions_of(warehouse, alert),
        countries=_countries(warehouse, alert["source_ips"]),
        around=_around(warehouse, alert),
        triage=[(step.question, fill(step.sql, alert)) for step in detection.triage],
        allow_list_row=allow_list_row(alert),
        override_row=override_row(alert, detection),
    )


def timeline_query(alert: Alert, compiled: str) -> tuple[str, list[Any]]:
    """A query for the alert's calls with the count that each brought, and its parameters."""
    conditions = ["account_id = ?", "entity_id = ?"]
    parameters = [alert["account_id"], alert["entity_id"]]
    if alert["window_minutes"] is None:
        conditions.append("event_id = ?")
        parameters.append(alert["event_ids"][0])
    else:
        conditions.append("event_time between ? and ?")
        parameters += [alert["first_seen"], alert["last_seen"]]
    sql = f"""{matching_sql(compiled)}
select
    event_time, max(observed) as observed, event_name, aws_region, source_ip, user_agent, event_id
from counted
where {" and ".join(conditions)}
group by event_time, event_name, aws_region, source_ip, user_agent, event_id
order by event_time, event_id"""
    return sql, parameters


def _around(warehouse: Warehouse, alert: Alert) -> Rows:
    # The entity of a login is its ARN, which is not always the event's own entity.
    sql = f"""
select
    event_source,
    outcome,
    count(*) as calls,
    sum(case when event_time < ? then 1 else 0 end) as before_it,
    sum(case when event_time between ? and ? then 1 else 0 end) as during_it,
    sum(case when event_time > ? then 1 else 0 end) as after_it
from {warehouse.relation("cloudtrail_events")}
where account_id = ? and (entity_id = ? or user_arn = ?) and event_time between ? and ?
group by event_source, outcome
order by calls desc, event_source, outcome"""
    first, last = alert["first_seen"], alert["last_seen"]
    entity = alert["entity_id"]
    parameters = [first, first, last, last, alert["account_id"], entity, entity]
    return warehouse.query(sql, [*parameters, first - AROUND, last + AROUND])


def _countries(warehouse: Warehouse, source_ips: Sequence[str]) -> dict[str, str]:
    """The country of each address that is one and has one."""
    return {
        source: country
        for source in source_ips
        if (country := country_of(warehouse, source)) is not None
    }


def country_of(warehouse: Warehouse, source: str) -> str | None:
    """The country of an address, from the seed country_ranges; None for a host name."""
    try:
        digits = digits_of(ip_address(source))
    except ValueError:
        return None
    try:
        rows = warehouse.query(
            "select first_prefix, last_prefix, ranges "
            f"from {warehouse.relation('country_ranges')} "
            "where first_prefix <= ? and concat(last_prefix, 'g') > ?",
            [digits, digits],
        ).rows
    except MissingRelation:
        return None
    return lookup([PackedRow(*row) for row in rows], source)


def _can_be_named(alert: Alert) -> bool:
    """Whether a row can mean this entity alone: `*` is a wildcard there, whoever wrote it."""
    return "*" not in f"{alert['account_id']}{alert['entity_id']}"


def allow_list_row(alert: Alert, reason: str = "WHY", owner: str = "WHO") -> str | None:
    """A row of allow_list.csv that would have removed the alert's events; it never expires."""
    if not _can_be_named(alert):
        return None
    sources = [each for each in alert["source_ips"] if is_address(each)]
    fields = [
        alert["detection"],
        alert["account_id"],
        alert["entity_id"],
        sources[0] if sources == alert["source_ips"] and len(sources) == 1 else "",
        *[""] * 4,
        reason,
        owner,
    ]
    return csv_line(fields)


def override_row(
    alert: Alert, detection: Detection, reason: str = "WHY", owner: str = "WHO"
) -> str | None:
    """The row of threshold_overrides.csv that would have kept the alert from firing, if any can."""
    if detection.threshold is None or not _can_be_named(alert):
        return None
    return csv_line(
        [
            alert["detection"],
            alert["account_id"],
            alert["entity_id"],
            str(alert["observed"] + 1),
            reason,
            owner,
        ]
    )


def csv_line(fields: Sequence[str]) -> str:
    """One row of a CSV file, without the line's end."""
    line = StringIO()
    csv.writer(line, lineterminator="").writerow(fields)
    return line.getvalue()
