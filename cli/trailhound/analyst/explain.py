"""Why an alert fired: its burst call by call, who it was, what else they did, how to silence it."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from io import StringIO
from ipaddress import ip_address
from typing import Any, NamedTuple

from trailhound.analyst.counted import Counting
from trailhound.analyst.sessions import Session, sessions_of
from trailhound.analyst.triage import fill
from trailhound.engines import MissingRelation, Rows, Warehouse
from trailhound.project.address_ranges import digits_of
from trailhound.project.countries import PackedRow, lookup
from trailhound.project.detections import Detection
from trailhound.project.seeds import is_address
from trailhound.store.alerts import AROUND, Alert

BASELINE_DAYS = 14
"""The days before an alert of kind above_baseline that it is compared with."""
_VALUES_SHOWN = 20


class History(NamedTuple):
    """What was seen before an alert of kind first_seen."""

    days: int
    """How many UTC days before the alert's count (var history_days)."""
    account_days: int
    """On how many of them the account has any event."""
    entity_days: int
    """On how many of them the entity has one that the detection looks at."""
    last_seen_on: date | None
    """The last day before on which the new value was seen, however long ago; None: never."""
    values: Rows
    """What was seen on them, at most 20: seen_value, first_time, last_time (UTC), events."""


@dataclass(frozen=True)
class Explanation:
    """What `trailhound explain` tells of one alert."""

    alert: Alert
    timeline: Rows
    """Calls of the burst: event_time, observed (within the window then), event_name, aws_region,
    source_ip, user_agent, event_id, step (of a sequence, else None)."""
    history: History | None
    """Of kind first_seen: what was seen before."""
    baseline: Rows | None
    """Of kind above_baseline: event_date and events of the days compared that have any."""
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


def explain(
    warehouse: Warehouse, alert: Alert, detection: Detection, counting: Counting, history_days: int
) -> Explanation:
    """Gather what explains an alert.

    counting: its detection's SQL. history_days: the variable of that name in force.
    """
    is_new, is_above = (detection.kind == kind for kind in ("first_seen", "above_baseline"))
    return Explanation(
        alert=alert,
        timeline=warehouse.query(*timeline_query(alert, detection, counting)),
        history=history_of(warehouse, alert, history_days) if is_new else None,
        baseline=baseline_of(warehouse, alert) if is_above else None,
        sessions=sessions_of(warehouse, alert),
        countries=countries_of(warehouse, alert["source_ips"]),
        around=around(warehouse, alert),
        triage=[(step.question, fill(step.sql, alert)) for step in detection.triage],
        allow_list_row=allow_list_row(alert),
        override_row=override_row(alert, detection),
    )


def timeline_query(alert: Alert, detection: Detection, counting: Counting) -> tuple[str, list[Any]]:
    """A query for the alert's calls with the count that each brought, and its parameters."""
    conditions = ["account_id = ?", "entity_id = ?"]
    parameters = [alert["account_id"], alert["entity_id"]]
    key = counting.key
    if key is not None:
        conditions.append(f"{key} = ?")
        parameters.append(alert["correlated_by"])
    if alert["window_minutes"] is None and key is None:
        conditions.append("event_id = ?")
        parameters.append(alert["event_ids"][0])
    else:
        conditions.append("event_time between ? and ?")
        parameters += [alert["first_seen"], alert["last_seen"]]
    step = "min(step)" if detection.kind == "sequence" else "cast(null as integer)"
    sql = f"""{counting.ctes}
select
    event_time, coalesce(max(observed), 0) as observed, event_name, aws_region, source_ip,
    user_agent, event_id, {step} as step
from {counting.name}
where {" and ".join(conditions)}
group by event_time, event_name, aws_region, source_ip, user_agent, event_id
order by event_time, event_id"""
    return sql, parameters


def history_of(warehouse: Warehouse, alert: Alert, days: int) -> History:
    """What was seen on so many days before an alert whose value was new."""
    day: date = alert["alert_date"]
    span = [day - timedelta(days=days), day - timedelta(days=1)]
    entity_days = warehouse.relation("entity_days")
    is_entity = "dimension = ? and account_id = ? and entity_id = ?"
    entity = [alert["detection"], alert["account_id"], alert["entity_id"]]
    values = warehouse.query(
        f"""select seen_value, min(first_time) as first_time, max(last_time) as last_time,
            sum(events) as events
        from {entity_days}
        where {is_entity} and event_date between ? and ?
        group by seen_value
        order by last_time desc, seen_value
        limit {_VALUES_SHOWN}""",
        [*entity, *span],
    )
    [(seen_days,)] = warehouse.query(
        f"select count(distinct event_date) from {entity_days} "
        f"where {is_entity} and event_date between ? and ?",
        [*entity, *span],
    ).rows
    [(last_seen_on,)] = warehouse.query(
        f"select max(event_date) from {entity_days} "
        f"where {is_entity} and seen_value = ? and event_date < ?",
        [*entity, alert["correlated_by"], day],
    ).rows
    [(covered_days,)] = warehouse.query(
        f"select count(distinct event_date) from {warehouse.relation('account_days')} "
        "where account_id = ? and event_date between ? and ?",
        [alert["account_id"], *span],
    ).rows
    return History(days, covered_days, seen_days, last_seen_on, values)


def baseline_of(warehouse: Warehouse, alert: Alert) -> Rows:
    """The daily totals that an alert was compared with: event_date and events."""
    day: date = alert["alert_date"]
    return warehouse.query(
        f"""select event_date, sum(events) as events
        from {warehouse.relation("entity_days")}
        where dimension = ? and account_id = ? and entity_id = ? and event_date between ? and ?
        group by event_date
        order by event_date""",
        [
            alert["detection"],
            alert["account_id"],
            alert["entity_id"],
            day - timedelta(days=BASELINE_DAYS),
            day - timedelta(days=1),
        ],
    )


def around(warehouse: Warehouse, alert: Alert) -> Rows:
    """What the alert's entity did from an hour before to an hour after, by service and outcome."""
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


def countries_of(warehouse: Warehouse, source_ips: Sequence[str]) -> dict[str, str]:
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
