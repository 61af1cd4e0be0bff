"""What a credential was used for: when, from where, for which services, and how it ended."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from trailhound.engines import MissingRelation, Warehouse
from trailhound.lineage.calls import KEY_IN_REQUEST, Kind, Who, marks, parsed

_MOST_ADDRESSES = 50
_MOST_AGENTS = 20


@dataclass
class Address:
    """An address that calls came from."""

    source_ip: str
    country: str | None
    calls: int
    first_seen: datetime
    last_seen: datetime


@dataclass
class Use:
    """The calls of a credential; of a principal, those that it made with any."""

    principal: str | None
    entity_type: str
    account_id: str
    session_name: str | None
    first_seen: datetime
    """UTC, as all times here."""
    last_seen: datetime
    calls: int
    denied: int
    logs_end: datetime | None = None
    """The last event of its account: what came later is in no log here."""
    services: dict[str, int] = field(default_factory=dict)
    """Calls by service, the most first."""
    addresses: list[Address] = field(default_factory=list)
    """The fifty that most calls came from."""
    more_addresses: int = 0
    user_agents: list[str] = field(default_factory=list)
    """The twenty that were seen first."""


def uses_of(warehouse: Warehouse, whos: Iterable[Who]) -> dict[Who, Use]:
    """The use of each of them that made a call; a console login's is the login itself."""
    columns: dict[Kind, str] = {
        "key": "access_key_id", "principal": "user_arn", "login": "event_id",
    }  # fmt: skip
    wanted: dict[Kind, list[str]] = defaultdict(list)
    for who in whos:
        if who.kind in columns:
            wanted[who.kind].append(who.name)
    found: dict[Who, Use] = {}
    for kind, names in wanted.items():
        for name, use in _uses(warehouse, columns[kind], names).items():
            found[Who(kind, name)] = use
    return found


def _uses(warehouse: Warehouse, column: str, names: Sequence[str]) -> dict[str, Use]:
    """The use of each value of a column."""
    rows = warehouse.query(
        f"""
select {column} as name, user_arn, entity_type, account_id, session_name, event_source, source_ip,
    user_agent, count(*) as calls, sum(case when outcome = 'denied' then 1 else 0 end) as denied,
    min(event_time) as first_seen, max(event_time) as last_seen
from {warehouse.relation("cloudtrail_events")}
where {column} in ({marks(names)})
group by {column}, user_arn, entity_type, account_id, session_name, event_source, source_ip,
    user_agent
order by first_seen, calls desc, name, source_ip, user_agent, event_source, user_arn, entity_type,
    account_id, session_name""",
        names,
    ).rows
    countries = _countries(warehouse, sorted({row[6] for row in rows if row[6]}))
    found: dict[str, Use] = {}
    services: dict[str, Counter[str]] = defaultdict(Counter)
    places: dict[str, dict[str, Address]] = defaultdict(dict)
    for (
        name,
        arn,
        kind,
        account,
        session,
        service,
        source,
        agent,
        calls,
        denied,
        first,
        last,
    ) in rows:
        use = found.setdefault(name, Use(arn, kind, account, session, first, last, 0, 0))
        use.first_seen, use.last_seen = min(use.first_seen, first), max(use.last_seen, last)
        use.calls += calls
        use.denied += denied
        services[name][str(service)] += calls
        if agent and agent not in use.user_agents and len(use.user_agents) < _MOST_AGENTS:
            use.user_agents.append(agent)
        if source:
            place = places[name].setdefault(
                source, Address(source, countries.get(source), 0, first, last)
            )
            place.calls += calls
            place.first_seen = min(place.first_seen, first)
            place.last_seen = max(place.last_seen, last)
    for name, use in found.items():
        use.services = dict(sorted(services[name].items(), key=lambda each: (-each[1], each[0])))
        addresses = sorted(places[name].values(), key=lambda each: (-each.calls, each.source_ip))
        use.addresses = addresses[:_MOST_ADDRESSES]
        use.more_addresses = len(addresses) - len(use.addresses)
    return found


def _countries(warehouse: Warehouse, addresses: Sequence[str]) -> dict[str, str]:
    if not addresses:
        return {}
    try:
        rows = warehouse.query(
            f"select source_ip, country from {warehouse.relation('source_addresses')} "
            f"where country is not null and source_ip in ({marks(addresses)})",
            addresses,
        ).rows
    except MissingRelation:
        return {}
    return dict(rows)


def ends_of(warehouse: Warehouse, whos: Iterable[Who]) -> dict[Who, str]:
    """What DeleteAccessKey or UpdateAccessKey last did to each key, when and by whom."""
    keys = [who.name for who in whos if who.kind == "key"]
    if not keys:
        return {}
    rows = warehouse.query(
        f"""
select event_name, event_time, entity_id, request_parameters
from {warehouse.relation("cloudtrail_events")}
where event_source = 'iam.amazonaws.com' and event_name in ('DeleteAccessKey', 'UpdateAccessKey')
    and outcome = 'succeeded' and {KEY_IN_REQUEST} in ({marks(keys)})
order by event_time, event_id""",
        keys,
    ).rows
    found: dict[Who, str] = {}
    for name, time, by, request in rows:
        asked: Any = parsed(request)
        if not isinstance(asked, dict) or not isinstance(asked.get("accessKeyId"), str):
            continue
        done = "deleted" if name == "DeleteAccessKey" else f"set {asked.get('status')}"
        if asked["accessKeyId"] in keys:
            found[Who("key", asked["accessKeyId"])] = f"{done} {time:%Y-%m-%d %H:%M:%S} by {by}"
    return found
