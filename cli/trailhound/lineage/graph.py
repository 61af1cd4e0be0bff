"""What gave what, asked for from some credentials on, upwards and downwards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from trailhound.analyst.sessions import LONGEST_SESSION
from trailhound.engines import Warehouse
from trailhound.lineage.calls import (
    ARN_IN_ANSWER,
    KEY_IN_ANSWER,
    USER_IN_ANSWER,
    USER_IN_REQUEST,
    Call,
    Given,
    Who,
    account_of,
    answered,
    find_calls,
    marks,
    stands_in,
    user_name,
    what_they_gave,
)

_SLACK = timedelta(minutes=1)
"""How long before its login's event a console session may say that it began."""


class Owned(NamedTuple):
    """A key and whose it is, by the calls made with it."""

    key: str
    user_arn: str
    entity_type: str
    began: str | None
    """When the session began, as the log writes it; None for a lasting key."""
    first_seen: datetime

    @property
    def is_lasting(self) -> bool:
        """Whether it is a user's or root's own."""
        return self.began is None and self.entity_type in ("iam_user", "root")

    @property
    def given(self) -> Given:
        """That it belongs to its principal."""
        return Given(Who("principal", self.user_arn), Who("key", self.key))


class Graph:
    """Grows from some credentials on until nothing new comes, or `most` nodes are there."""

    def __init__(self, warehouse: Warehouse, most: int) -> None:
        self._warehouse, self._most = warehouse, most
        self.given: set[Given] = set()
        self.nodes: set[Who] = set()
        self.unknown: set[Who] = set()
        """Nodes whose origins or children nobody has asked for, because there are too many."""
        self.is_cut = False

    def grow(self, seeds: Sequence[Who]) -> None:
        """Ask for all that the seeds come from, then for all that came of them."""
        self.nodes.update(seeds)
        self._walk(seeds, self._origins, lambda given: (given.target, given.source))
        self._walk(seeds, self._children, lambda given: (given.source, given.target))

    def _walk(
        self,
        seeds: Sequence[Who],
        ask: Callable[[Sequence[Who]], Iterable[Given]],
        ends: Callable[[Given], tuple[Who, Who]],
    ) -> None:
        seen, frontier = set(seeds), list(seeds)
        while frontier:
            self.given.update(ask(frontier))
            asked = set(frontier)
            reached = {there for here, there in map(ends, self.given) if here in asked} - seen
            room = max(0, self._most - len(self.nodes | reached) + len(reached))
            frontier, rest = sorted(reached)[:room], sorted(reached)[room:]
            self.is_cut = self.is_cut or bool(rest)
            self.unknown.update(rest)
            self.nodes.update(reached)
            seen |= reached

    def _origins(self, whos: Sequence[Who]) -> list[Given]:
        found = self._origins_of_keys([who.name for who in whos if who.kind == "key"])
        principals = [who.name for who in whos if who.kind == "principal"]
        found += self._origins_of_users(principals)
        found += self._origins_of_sessions([each for each in principals if ":sts:" in each])
        logins = [who.name for who in whos if who.kind == "login"]
        if logins:
            calls = self._calls(f"event_id in ({marks(logins)})", logins)
            found += [each for each in what_they_gave(calls) if each.target.kind == "login"]
        return found

    def _origins_of_keys(self, keys: Sequence[str]) -> list[Given]:
        if not keys:
            return []
        wanted = {Who("key", key) for key in keys}
        calls = self._calls(*stands_in(KEY_IN_ANSWER, "response_elements", keys))
        found = [each for each in what_they_gave(calls) if each.target in wanted]
        has_giver = {each.target.name for each in found}
        without: list[Owned] = []
        for each in self._owned("access_key_id", keys):
            if each.is_lasting:
                found.append(each.given)
            elif each.key not in has_giver:
                without.append(each)
        return found + self._likely(without)

    def _owned_by_users(self, keys: Sequence[str]) -> list[Given]:
        """Whose the lasting ones among the keys are."""
        owned = self._owned("access_key_id", keys) if keys else []
        return [each.given for each in owned if each.is_lasting]

    def _likely(self, keys: Sequence[Owned]) -> list[Given]:
        """The login or the call without an answer that likely gave each key, else its principal."""
        if not keys:
            return []
        arns = sorted({each.user_arn for each in keys})
        times = [_began(each) for each in keys]
        within = "event_time between ? and ?"
        span = [min(times) - LONGEST_SESSION, max(times) + _SLACK]
        gave, parameters = stands_in(ARN_IN_ANSWER, "response_elements", arns)
        calls = self._calls(
            f"event_name = 'ConsoleLogin' and user_arn in ({marks(arns)}) and {within}",
            [*arns, *span],
        )
        calls += self._calls(
            f"event_source = 'sts.amazonaws.com' and {gave} and {within}", [*parameters, *span]
        )
        by_arn: defaultdict[str, list[Given]] = defaultdict(list)
        for each in what_they_gave(calls):
            if each.call is None:
                continue
            if each.target.kind == "login":
                by_arn[each.call.user_arn or ""].append(each)
            elif each.target.kind == "principal":
                by_arn[each.target.name].append(each)
        return [_likeliest(key, by_arn[key.user_arn]) for key in keys]

    def _origins_of_users(self, arns: Sequence[str]) -> list[Given]:
        by_place = _users_by_place(arns)
        if not by_place:
            return []
        names = sorted({name for _, name in by_place})
        named, parameters = stands_in(USER_IN_REQUEST, "request_parameters", names)
        calls = self._calls(
            f"event_name in ('CreateUser', 'CreateLoginProfile', 'UpdateLoginProfile') and {named}",
            parameters,
        )
        return [
            # Only CreateUser tells the path in a user's ARN.
            each._replace(target=Who("principal", arn))
            for call in calls
            for each in what_they_gave([call])
            if each.target.kind == "principal"
            for arn in by_place.get((call.account_id, user_name(each.target.name) or ""), ())
        ]

    def _origins_of_sessions(self, arns: Sequence[str]) -> list[Given]:
        if not arns:
            return []
        calls = self._calls(*stands_in(ARN_IN_ANSWER, "response_elements", arns))
        found: list[Given] = []
        for arn in arns:
            own = [call for call in calls if arn in answered(call, "arn")]
            found += [each._replace(target=Who("principal", arn)) for each in what_they_gave(own)]
        return found

    def _children(self, whos: Sequence[Who]) -> list[Given]:
        keys = [who.name for who in whos if who.kind == "key"]
        principals = [who.name for who in whos if who.kind == "principal"]
        calls: list[Call] = []
        own: list[Given] = []
        if keys:
            calls += self._calls(f"access_key_id in ({marks(keys)})", keys)
        if principals:
            calls += self._calls(
                f"user_arn in ({marks(principals)}) and access_key_id is null", principals
            )
            owned = self._owned("user_arn", principals)
            own += self._origins_of_keys(sorted({each.key for each in owned}))
            own += [each.given for each in owned if each.entity_type not in ("iam_user", "root")]
            own += self._created_keys(principals)
        # The other account's half of a call may say more.
        shared = sorted({each.shared_event_id for each in calls if each.shared_event_id})
        if shared:
            known = {(each.event_id, each.account_id) for each in calls}
            halves = self._calls(f"shared_event_id in ({marks(shared)})", shared)
            calls += [each for each in halves if (each.event_id, each.account_id) not in known]
        found = what_they_gave(calls)
        given_keys = sorted({each.target.name for each in found if each.target.kind == "key"})
        return found + own + self._owned_by_users(given_keys)

    def _created_keys(self, principals: Sequence[str]) -> list[Given]:
        """Keys made for IAM users, whether they were used or not."""
        by_place = _users_by_place(principals)
        if not by_place:
            return []
        names = sorted({name for _, name in by_place})
        named, parameters = stands_in(USER_IN_ANSWER, "response_elements", names)
        calls = self._calls(f"event_name = 'CreateAccessKey' and {named}", parameters)
        found: list[Given] = []
        for call in calls:
            for name in answered(call, "userName"):
                for arn in by_place.get((call.account_id, name), ()):
                    for each in what_they_gave([call]):
                        found += [each, Given(Who("principal", arn), each.target)]
        return found

    def _owned(self, column: str, values: Sequence[str]) -> list[Owned]:
        """The keys with which calls were made, by a column's values."""
        rows = self._warehouse.query(
            f"""
select access_key_id, user_arn, max(entity_type), min(session_creation_date), min(event_time)
from {self._warehouse.relation("cloudtrail_events")}
where {column} in ({marks(values)}) and access_key_id is not null and user_arn is not null
group by access_key_id, user_arn
order by access_key_id, user_arn""",
            values,
        ).rows
        return [Owned(*row) for row in rows]

    def _calls(self, condition: str, parameters: Sequence[object]) -> list[Call]:
        calls, is_all = find_calls(self._warehouse, condition, parameters)
        self.is_cut = self.is_cut or not is_all
        return calls


def _users_by_place(arns: Iterable[str]) -> dict[tuple[str, str], list[str]]:
    """The ARNs of IAM users by account and name; a path makes no other user."""
    found: dict[tuple[str, str], list[str]] = {}
    for arn in arns:
        account, name = account_of(arn), user_name(arn)
        if account is not None and name is not None:
            found.setdefault((account, name), []).append(arn)
    return found


def _likeliest(key: Owned, candidates: Sequence[Given]) -> Given:
    """The last call that may have given the key; or that it belongs to its principal."""
    began = _began(key)
    fitting = [
        each
        for each in candidates
        if each.call is not None
        and began - LONGEST_SESSION <= each.call.event_time <= began + _SLACK
    ]
    if not fitting:
        return key.given
    best = max(fitting, key=lambda each: each.call.event_time if each.call else began)
    if best.target.kind == "login":
        return Given(best.target, Who("key", key.key), None, is_likely=True)
    return best._replace(target=Who("key", key.key), is_likely=True)


def _began(key: Owned) -> datetime:
    """When the session began, or if the log does not say, the first call of it."""
    return _moment(key.began) or key.first_seen


def _moment(text: str | None) -> datetime | None:
    """A time as the log writes it, as UTC without a zone."""
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found.astimezone(UTC).replace(tzinfo=None) if found and found.tzinfo else found
