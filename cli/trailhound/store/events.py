"""Stored events: which are wanted, read a page at a time, in the order of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from trailhound.engines import MissingRelation, Rows, Warehouse, nothing_built
from trailhound.errors import WrongUsage, unknown
from trailhound.formats.columns import Column, Row
from trailhound.project.address_ranges import digits_of
from trailhound.store.alerts import like

COLUMNS = (
    Column("event_time", "time"),
    Column("event_id"),
    Column("account_id"),
    Column("aws_region"),
    Column("entity_id"),
    Column("entity_type"),
    Column("user_arn"),
    Column("session_name"),
    Column("access_key_id"),
    Column("event_source"),
    Column("event_name"),
    Column("outcome"),
    Column("error_code"),
    Column("error_message"),
    Column("source_ip"),
    Column("user_agent"),
    Column("read_only", "boolean"),
    Column("request_parameters"),
    Column("response_elements"),
    Column("additional_event_data"),
    Column("resources"),
    Column("request_id"),
    Column("shared_event_id"),
)
_NAMES = [column.name for column in COLUMNS]
# source_address has IPv4 among IPv6, below ::ffff:0:0/96: a wider range would hold it all.
_MAPPED_PREFIX = 96
_TEXTS = ("request_parameters", "response_elements", "additional_event_data", "resources")


@dataclass(frozen=True)
class EventFilters:
    """Which events are wanted; None: any. In texts `*` stands for anything."""

    entity: str | None = None
    """An entity id or user ARN, what stands in it after a `/` or `:`, or a glob."""
    key: str | None = None
    ip: str | None = None
    """An address or a range (CIDR), of IPv4 or IPv6, a host name, or a glob."""
    session: str | None = None
    user_agent: str | None = None
    name: str | None = None
    source: str | None = None
    """A service's `s3` or `s3.amazonaws.com`."""
    outcome: str | None = None
    resource: str | None = None
    """A text in the resources or the parameters."""
    account: str | None = None
    region: str | None = None
    text: str | None = None
    """A text anywhere in what was asked, answered or said, in either case."""
    since: datetime | None = None
    until: datetime | None = None


class Position(NamedTuple):
    """Where a page ended: its last event, as pages are ordered."""

    event_time: datetime
    event_id: str
    account_id: str

    @classmethod
    def of(cls, event: Row, columns: Sequence[Column] = COLUMNS) -> Position:
        """The position of a row of these columns."""
        names = [column.name for column in columns]
        return cls(*(event[names.index(name)] for name in cls._fields))

    @classmethod
    def parsed(cls, text: str) -> Position:
        """Read what str() gave. Raises WrongUsage for anything else."""
        try:
            time, event_id, account_id = text.split("/")
            moment = datetime.fromisoformat(time)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is not None:
            raise WrongUsage(f"'{text}' is no position: a page that has a next one ends with it")
        return cls(moment, unquote(event_id), unquote(account_id))

    def __str__(self) -> str:
        """TIME/EVENT_ID/ACCOUNT: one word in any shell, for an id from a log may hold anything."""
        return "/".join((self.event_time.isoformat(), *(quote(each, safe="") for each in self[1:])))


def read_events(
    warehouse: Warehouse,
    filters: EventFilters,
    limit: int,
    after: Position | None = None,
    columns: Sequence[Column] = COLUMNS,
) -> Rows:
    """At most `limit` events, the oldest first; only those behind a position.

    columns: those of COLUMNS that are wanted; to read them all takes twice as long as a few.
    Raises WrongUsage for a bad range, TrailhoundError if nothing is built yet.
    """
    conditions, parameters = _conditions(filters)
    if after is not None:
        conditions.append(
            "(event_time > ? or (event_time = ? and "
            "(event_id > ? or (event_id = ? and account_id > ?))))"
        )
        parameters += [*[after.event_time] * 2, *[after.event_id] * 2, after.account_id]
    sql = f"""
select {", ".join(column.name for column in columns)}
from {{events}}
{_where(conditions)}
order by event_time, event_id, account_id
limit {int(limit)}"""
    return _query(warehouse, sql, parameters)


def events_of(warehouse: Warehouse, ids: Sequence[str]) -> Rows:
    """The events with these ids as rows of COLUMNS, the oldest first."""
    wanted = f"event_id in ({', '.join('?' for _ in ids)})" if ids else "false"
    sql = f"""
select {", ".join(_NAMES)}
from {{events}}
where {wanted}
order by event_time, event_id, account_id"""
    return _query(warehouse, sql, ids)


def count_events(warehouse: Warehouse, filters: EventFilters, column: str, limit: int) -> Rows:
    """The commonest values of a column: the value, events, first_seen, last_seen.

    Raises WrongUsage for a column that events do not have.
    """
    if column not in _NAMES:
        raise unknown("column", column, _NAMES)
    conditions, parameters = _conditions(filters)
    sql = f"""
select {column}, count(*) as events, min(event_time) as first_seen, max(event_time) as last_seen
from {{events}}
{_where(conditions)}
group by {column}
order by events desc, {column}
limit {int(limit)}"""
    return _query(warehouse, sql, parameters)


def _query(warehouse: Warehouse, sql: str, parameters: Sequence[Any]) -> Rows:
    events = warehouse.relation("cloudtrail_events")
    try:
        return warehouse.query(sql.replace("{events}", events), parameters)
    except MissingRelation as error:
        raise nothing_built(warehouse) from error


def _where(conditions: Sequence[str]) -> str:
    return f"where {' and '.join(conditions)}" if conditions else ""


def _conditions(filters: EventFilters) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    parameters: list[Any] = []

    def add(condition: str, *values: Any) -> None:
        conditions.append(condition)
        parameters.extend(values)

    def add_any(columns: Sequence[str], patterns: Sequence[str]) -> None:
        likes = [f"{column} like ? escape '!'" for column in columns for _ in patterns]
        add(f"({' or '.join(likes)})", *(list(patterns) * len(columns)))

    times = {"event_time >= ?": filters.since, "event_time <= ?": filters.until}
    exact = {
        "access_key_id": filters.key,
        "session_name": filters.session,
        "event_name": filters.name,
        "outcome": filters.outcome,
        "account_id": filters.account,
        "aws_region": filters.region,
    }
    for column, wanted in exact.items():
        if wanted is None:
            continue
        if "*" in wanted:
            add_any([column], [like(wanted)])
        else:
            add(f"{column} = ?", wanted)
    if filters.entity is not None:
        pattern = like(filters.entity)
        ends = [pattern] if "*" in filters.entity else [pattern, f"%/{pattern}", f"%:{pattern}"]
        add_any(["entity_id", "user_arn"], ends)
    if filters.ip is not None:
        add(*_from_address(filters.ip))
    if filters.user_agent is not None:
        add_any(["lower(user_agent)"], [f"%{like(filters.user_agent.lower())}%"])
    if filters.source is not None:
        add_any(["event_source"], [like(filters.source), f"{like(filters.source)}.amazonaws.com"])
    if filters.resource is not None:
        add_any(_as_text(_TEXTS), [f"%{like(filters.resource)}%"])
    if filters.text is not None:
        columns = [*_as_text(_TEXTS), "error_message", "user_agent", "event_name", "user_arn"]
        add_any([f"lower({column})" for column in columns], [f"%{like(filters.text.lower())}%"])
    for condition, moment in times.items():
        if moment is not None:
            add(condition, moment)
    return conditions, parameters


def _as_text(columns: Sequence[str]) -> list[str]:
    return [f"cast({column} as varchar)" for column in columns]


def _from_address(wanted: str) -> tuple[str, ...]:
    """A condition for an address, a range, a host name or a glob, and its parameters.

    Raises WrongUsage for a text with a `/` that is no range.
    """
    try:
        network = ip_network(wanted, strict=False)
    except ValueError as error:
        if "/" in wanted:
            raise WrongUsage(
                f"'{wanted}' is no range such as 10.0.0.0/8 or 2001:db8::/32"
            ) from error
        return "source_ip like ? escape '!'", like(wanted)
    condition = "source_address between ? and ?"
    if network.version == 6 and network.prefixlen < _MAPPED_PREFIX:
        condition += " and source_ip like '%:%'"
    return condition, digits_of(network[0]), digits_of(network[-1])
