"""The lineage as a tree of plain data, ready to be printed, drawn or handed on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from trailhound.engines import MissingRelation, Warehouse, nothing_built
from trailhound.lineage.calls import Given, Who, answered, parsed
from trailhound.lineage.graph import Graph
from trailhound.lineage.seeds import Seeds, find_seeds
from trailhound.lineage.use import Use, ends_of, uses_of

MOST_NODES = 200
"""How many credentials are looked at; a role may be assumed a million times."""
_MOST_BRANCHES = 25
_DEEPEST = 20
Asked = TypeVar("Asked", bound=Hashable)


@dataclass
class AlertRef:
    """An alert in which the credential took part."""

    alert_id: str
    detection: str
    title: str
    severity: str
    triggered_at: datetime


@dataclass
class Node:
    """A credential, a principal, a console login, or who else gave one, with what it did."""

    kind: str
    """`key`, `principal`, `login`, `service`, or `outsider`, whose own calls are not in these
    logs."""
    name: str
    """An access key id, an ARN, the id of a login's event, a host name."""
    use: Use | None = None
    """What its calls were; None: it made none in these logs."""
    owner: str | None = None
    """Whose a key is that made no call, as the call that gave it says: a user's name or an ARN."""
    ended: str | None = None
    """That a key was deleted or switched off, when and by whom."""
    alerts: list[AlertRef] = field(default_factory=list)
    gap: str | None = None
    """What the logs do not hold of where it comes from."""
    repeats: str | None = None
    """`cycle`: it stands above on the same branch; `shown`: it stands on another."""
    origins: list[Link] = field(default_factory=list)
    """Where it comes from; only on the way up from a seed."""
    children: list[Link] = field(default_factory=list)
    """What came of it; only on the way down from a seed."""
    left_out: int = 0
    """How many more there are, up or down."""


@dataclass
class Link:
    """How one thing came of another."""

    how: str
    """The call, or `belongs to`."""
    node: Node
    is_likely: bool
    """No answer of AWS names the two together; principal and time do."""
    event_time: datetime | None
    """UTC."""
    event_id: str | None
    accounts: list[str]
    """The accounts whose logs hold the call: two if it went from one into another."""
    source_ip: str | None


@dataclass
class Lineage:
    """What `trailhound who` tells."""

    asked: str
    kind: str
    """What was asked for: key, principal, role, address, session, alert."""
    seeds: list[Node]
    left_out: int
    """How many more credentials there are of what was asked for."""
    logs_begin: datetime | None
    logs_end: datetime | None
    """The first and the last event of the store, UTC."""
    is_cut: bool
    """Whether there is more than was looked at."""


def lineage(warehouse: Warehouse, asked: str) -> Lineage:
    """Find where a credential comes from and what came of it, as far as the store's events tell.

    asked: an access key id, an ARN or its end, an address, a role session's name, or the beginning
    of an alert's id. Raises WrongUsage if no event and no alert is about it, TrailhoundError if
    nothing is built yet.
    """
    try:
        return lineages(warehouse, {asked: find_seeds(warehouse, asked)})[asked]
    except MissingRelation as error:
        raise nothing_built(warehouse) from error


def lineages(
    warehouse: Warehouse, asked: Mapping[Asked, Seeds], most_branches: int = _MOST_BRANCHES
) -> dict[Asked, Lineage]:
    """The lineage of each of several, asked for together: as many queries as for one.

    Together they have at most MOST_NODES nodes, and each node at most `most_branches` branches.
    Raises MissingRelation if nothing is built yet.
    """
    events = warehouse.relation("cloudtrail_events")
    logs = warehouse.query(
        f"select account_id, min(event_time), max(event_time) from {events} group by account_id"
    ).rows
    begin = min((first for _, first, _ in logs), default=None)
    ends_of_logs = {account: last for account, _, last in logs}
    end = max(ends_of_logs.values(), default=None)
    graph = Graph(warehouse, MOST_NODES)
    graph.grow([who for seeds in asked.values() for who in seeds.found])
    uses, ends = uses_of(warehouse, graph.nodes), ends_of(warehouse, graph.nodes)
    for use in uses.values():
        use.logs_end = ends_of_logs.get(use.account_id)
    alerts = _alerts_of(warehouse)
    found = {}
    for name, seeds in asked.items():
        drawing = _Drawing(graph, uses, ends, alerts, most_branches)
        nodes = [drawing.seed(each) for each in seeds.found]
        found[name] = Lineage(
            str(name), seeds.kind, nodes, seeds.left_out, begin, end, graph.is_cut
        )
    return found


class _Drawing:
    """Makes trees of the graph; each node is drawn with its branches once in a direction."""

    def __init__(
        self,
        graph: Graph,
        uses: dict[Who, Use],
        ends: dict[Who, str],
        alerts: dict[str, list[AlertRef]],
        most_branches: int,
    ) -> None:
        self._most_branches = most_branches
        self._graph, self._uses, self._ends, self._alerts = graph, uses, ends, alerts
        self._up = _by(graph.given, lambda given: given.target)
        self._down = _by(graph.given, lambda given: given.source)
        self._drawn: dict[str, set[Who]] = {"origins": set(), "children": set()}

    def seed(self, who: Who) -> Node:
        """A seed with what is above and what is below it."""
        node = self._node(who)
        self._branch(node, who, "origins", (who,))
        self._branch(node, who, "children", (who,))
        return node

    def _branch(self, node: Node, who: Who, way: str, path: tuple[Who, ...]) -> None:
        self._drawn[way].add(who)
        given = self._up[who] if way == "origins" else self._down[who]
        shown = given[: self._most_branches] if len(path) <= _DEEPEST else []
        node.left_out += len(given) - len(shown)
        links: list[Link] = getattr(node, way)
        for each in shown:
            other = each.source if way == "origins" else each.target
            below = self._node(other)
            links.append(_link(each, below))
            if other in path:
                below.repeats = "cycle"
            elif other in self._drawn[way]:
                below.repeats = "shown"
            else:
                self._branch(below, other, way, (*path, other))

    def _node(self, who: Who) -> Node:
        alerts = list(self._alerts.get(who.name, ())) if who.kind in ("key", "principal") else []
        gap = None if self._up[who] else self._gap(who)
        use = self._uses.get(who)
        owner = _owner(self._up[who]) if who.kind == "key" and use is None else None
        return Node(who.kind, who.name, use, owner, self._ends.get(who), alerts, gap)

    def _gap(self, who: Who) -> str | None:
        if who in self._graph.unknown:
            return "not looked at: there is too much"
        match who.kind:
            case "key":
                return "the call that gave it is not in these logs"
            case "principal" if ":user/" in who.name:
                return "the call that created it is not in these logs"
            case "principal" if ":assumed-role/" in who.name:
                return "the call that began the session is not in these logs"
            case "outsider":
                return "its own calls are not in these logs"
        return None


def _owner(origins: Iterable[Given]) -> str | None:
    calls = [each.call for each in origins if each.call is not None]
    return next(
        (name for call in calls for key in ("userName", "arn") for name in answered(call, key)),
        None,
    )


def _link(given: Given, node: Node) -> Link:
    call = given.call
    return Link(
        how=call.event_name if call else "belongs to",
        node=node,
        is_likely=given.is_likely,
        event_time=call.event_time if call else None,
        event_id=call.event_id if call else None,
        accounts=list(given.accounts),
        source_ip=call.source_ip if call else None,
    )


def _by(given: Iterable[Given], end: Any) -> defaultdict[Who, list[Given]]:
    found: defaultdict[Who, list[Given]] = defaultdict(list)
    for each in sorted(given, key=_place):
        found[end(each)].append(each)
    return found


def _place(given: Given) -> tuple[Any, ...]:
    """Calls in the order of time, then what merely belongs."""
    time = given.call.event_time if given.call else datetime.max
    return (time, given.source, given.target)


def _alerts_of(warehouse: Warehouse) -> dict[str, list[AlertRef]]:
    """The alerts by the keys and the entities in them; none where no detection is built yet."""
    found: dict[str, list[AlertRef]] = defaultdict(list)
    try:
        rows = warehouse.query(f"""
select {", ".join(AlertRef.__dataclass_fields__)}, entity_id, access_key_ids
from {warehouse.relation("alerts")}
order by triggered_at, detection, alert_id""").rows
    except MissingRelation:
        return {}
    for *columns, entity, keys in rows:
        ref = AlertRef(*columns)
        for name in {entity, *_texts(parsed(keys))}:
            found[name].append(ref)
    return found


def _texts(values: Sequence[Any] | None) -> list[str]:
    return [each for each in values or () if isinstance(each, str)]
