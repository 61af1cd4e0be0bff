"""Who assumed the role that made an alert's calls: the call to AWS STS that gave the session."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from trailhound.engines import Warehouse

LONGEST_SESSION = timedelta(hours=12)
"""A role's session lives no longer (DurationSeconds of AssumeRole in AWS's API reference)."""
_ASKED = 20


class Session(NamedTuple):
    """A session in which an alert's calls were made, and where it came from."""

    session_name: str
    access_key_id: str | None
    source_identity: str | None
    caller: str | None
    """Who assumed the role: an ARN, or what else is known. None: the call is not in the logs."""
    event_name: str | None
    event_time: datetime | None
    """When, UTC."""
    source_ip: str | None


def sessions_query(events: str, alert: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """A query for the sessions of an alert, and its parameters. events: the relation of the events.

    Each session stands beside the calls that may have given it, the likeliest first.
    """
    names = alert["session_names"][:_ASKED]
    # AWS writes the answer of the call, which is why the key or the ARN within quotes is enough.
    sql = f"""
with calls as (
    select
        session_name, access_key_id, user_arn,
        max(source_identity) as source_identity, min(event_time) as first_call
    from {events}
    where account_id = ? and entity_id = ? and event_time between ? and ?
        and session_name in ({", ".join("?" for _ in names)})
    group by session_name, access_key_id, user_arn
),
given as (
    select event_time, event_name, coalesce(user_arn, entity_id) as caller, source_ip,
        response_elements, case when user_arn is null then 1 else 0 end as is_vague
    from {events}
    where event_source = 'sts.amazonaws.com' and outcome = 'succeeded'
        and event_name in ('AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity')
        and event_time between ? and ?
)
select calls.session_name, calls.access_key_id, calls.source_identity,
    given.caller, given.event_name, given.event_time, given.source_ip
from calls
left join given
    on given.event_time <= calls.first_call
        and (
            strpos(given.response_elements, '"' || calls.access_key_id || '"') > 0
            or strpos(given.response_elements, '"' || calls.user_arn || '"') > 0
        )
order by calls.first_call, calls.session_name, calls.access_key_id,
    case
        when strpos(given.response_elements, '"' || calls.access_key_id || '"') > 0 then 0
        else 1
    end,
    given.event_time desc, given.is_vague"""
    first, last = alert["first_seen"], alert["last_seen"]
    parameters = [alert["account_id"], alert["entity_id"], first, last, *names]
    return sql, [*parameters, first - LONGEST_SESSION, last]


def sessions_of(warehouse: Warehouse, alert: Mapping[str, Any]) -> list[Session]:
    """The sessions of an alert, in the order of their first calls; of each the likeliest origin."""
    if not alert["session_names"]:
        return []
    sql, parameters = sessions_query(warehouse.relation("cloudtrail_events"), alert)
    found: dict[tuple[str, str | None], Session] = {}
    for row in warehouse.query(sql, parameters).rows:
        session = Session(*row)
        found.setdefault((session.session_name, session.access_key_id), session)
    return list(found.values())
