"""The calls that give credentials, and what each gives to whom.

AWS STS, IAM and sign-in write the new key's id or the new user's name into the answer of the call:
https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from trailhound.engines import Warehouse

GIVING = {
    "sts.amazonaws.com": (
        "AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot",
        "GetSessionToken", "GetFederationToken",
    ),
    "iam.amazonaws.com": (
        "CreateAccessKey", "CreateUser", "CreateLoginProfile", "UpdateLoginProfile",
    ),
    "signin.amazonaws.com": ("ConsoleLogin",),
    "rolesanywhere.amazonaws.com": ("CreateSession",),
    "cognito-identity.amazonaws.com": ("GetCredentialsForIdentity",),
}  # fmt: skip
"""Event names by their event source."""
MOST_CALLS = 2000
"""How many calls one question may bring."""
Kind = Literal["key", "principal", "login", "service", "outsider"]
_FEW = 3
KEY_IN_ANSWER = """regexp_extract(response_elements, '"accessKeyId" *: *"([^"]+)"', 1)"""
ARN_IN_ANSWER = """regexp_extract(response_elements, '"arn" *: *"([^"]+)"', 1)"""
KEY_IN_REQUEST = """regexp_extract(request_parameters, '"accessKeyId" *: *"([^"]+)"', 1)"""
USER_IN_ANSWER = """regexp_extract(response_elements, '"userName" *: *"([^"]+)"', 1)"""
USER_IN_REQUEST = """regexp_extract(request_parameters, '"userName" *: *"([^"]+)"', 1)"""
_DEEPEST = 6


class Who(NamedTuple):
    """Something that calls or is called for: what kind of thing it is, and its name.

    A key has its access key id; a principal its ARN; a console login the id of its event; a service
    its host name; an outsider, whose own calls are in no log here, what the event says of it.
    """

    kind: Kind
    name: str


class Call(NamedTuple):
    """One call that succeeded."""

    event_id: str
    event_time: datetime
    account_id: str
    event_source: str
    event_name: str
    user_arn: str | None
    access_key_id: str | None
    entity_id: str
    entity_type: str
    user_account_id: str | None
    source_ip: str | None
    shared_event_id: str | None
    request_parameters: str | None
    response_elements: str | None

    @property
    def caller(self) -> Who:
        """Who made the call."""
        if self.access_key_id:
            return Who("key", self.access_key_id)
        if self.user_arn:
            return Who("principal", self.user_arn)
        return Who("service" if self.entity_type == "service" else "outsider", self.entity_id)


class Given(NamedTuple):
    """One call gave something to something, or one thing belongs to another if there is no call."""

    source: Who
    target: Who
    call: Call | None = None
    is_likely: bool = False
    """No answer names the target; place and time say so."""
    accounts: tuple[str, ...] = ()
    """The accounts whose logs hold the call."""


def find_calls(
    warehouse: Warehouse, condition: str, parameters: Sequence[Any]
) -> tuple[list[Call], bool]:
    """The calls that give credentials and meet a condition, the oldest first; and if it is all."""
    of_source = [
        f"(event_source = '{source}' and event_name in ({', '.join(map(_literal, names))}))"
        for source, names in GIVING.items()
    ]
    sql = f"""
select {", ".join(Call._fields)}
from {warehouse.relation("cloudtrail_events")}
where outcome = 'succeeded'
    and ({" or ".join(of_source)})
    and ({condition})
order by event_time, event_id, account_id
limit {MOST_CALLS + 1}"""
    rows = warehouse.query(sql, parameters).rows
    return [Call(*row) for row in rows[:MOST_CALLS]], len(rows) <= MOST_CALLS


def what_they_gave(calls: Iterable[Call]) -> list[Given]:
    """What each call gave, a call that two accounts have logged only once.

    Both sides of a call into another account carry its sharedEventID; the caller's side says who
    it was.
    """
    found: dict[tuple[str, Who], Given] = {}
    for call in calls:
        for target, is_likely in _targets(call):
            new = Given(call.caller, target, call, is_likely, (call.account_id,))
            both = (call.shared_event_id or f"{call.event_id} {call.account_id}", target)
            other = found.get(both)
            if other is not None:
                known = new.source.kind in ("key", "principal")
                better, rest = (new, other) if known else (other, new)
                new = better._replace(accounts=_merged(better.accounts, rest.accounts))
            found[both] = new
    return list(found.values())


def user_name(arn: str) -> str | None:
    """The name of an IAM user, by its ARN."""
    match = re.fullmatch(r"arn:[^:]+:iam::[^:]*:user/(.*/)?([^/]+)", arn, re.DOTALL)
    return match[2] if match else None


def account_of(arn: str) -> str | None:
    """The account of an ARN."""
    parts = arn.split(":", 5)
    return parts[4] or None if len(parts) == 6 else None


def marks(values: Sequence[Any]) -> str:
    """A `?` for each of the values, for `in (…)`."""
    return ", ".join("?" for _ in values)


def stands_in(found: str, column: str, values: Sequence[str]) -> tuple[str, list[str]]:
    """A condition that what `found` takes out of a column is one of the values; its parameters.

    To look for a few of them first is up to four times as fast as the regular expression.
    """
    condition = f"{found} in ({marks(values)})"
    if len(values) > _FEW:
        return condition, list(values)
    there = " or ".join([f"strpos({column}, ?) > 0"] * len(values))
    return f"({there}) and {condition}", [*values, *values]


def parsed(text: str | None) -> Any:
    """What a JSON text holds; None if it is none."""
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None


def answered(call: Call, key: str) -> list[str]:
    """Each text under a key of the call's answer."""
    return list(_texts(parsed(call.response_elements), key))


def _targets(call: Call) -> Iterator[tuple[Who, bool]]:
    """What a call gave, and whether that is only likely."""
    if call.event_name == "ConsoleLogin":
        yield Who("login", call.event_id), False
        return
    answer = parsed(call.response_elements)
    if call.event_name in ("CreateUser", "CreateLoginProfile", "UpdateLoginProfile"):
        arn = _user_arn(call, answer)
        if arn:
            yield Who("principal", arn), False
        return
    keys = list(_texts(answer, "accessKeyId"))
    for key in keys:
        yield Who("key", key), False
    if not keys:
        for arn in _texts(answer, "arn"):
            yield Who("principal", arn), True


def _user_arn(call: Call, answer: Any) -> str | None:
    """The IAM user that the call is about; a path, which only CreateUser tells, is left out."""
    for arn in _texts(answer, "arn"):
        return arn
    request = parsed(call.request_parameters)
    name = request.get("userName") if isinstance(request, dict) else None
    if not isinstance(name, str) or not name:
        return None
    known = re.match(r"arn:([\w-]+):", call.user_arn or "")
    return f"arn:{known[1] if known else 'aws'}:iam::{call.account_id}:user/{name}"


def _texts(value: Any, key: str, depth: int = 0) -> Iterator[str]:
    """Each text that stands under a key, however deep."""
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        for name, part in value.items():
            if name == key and isinstance(part, str) and part:
                yield part
            else:
                yield from _texts(part, key, depth + 1)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part, key, depth + 1)


def _merged(*groups: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({each for group in groups for each in group}))


def _literal(text: str) -> str:
    return f"'{text}'"
