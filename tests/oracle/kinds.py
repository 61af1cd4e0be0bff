"""Section 3 of the second page: the kinds, each by comparing every event with every other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from oracle.context import Context
from oracle.events import Event, at_path, text

PEOPLE = ("root", "iam_user", "sso_user", "federated_user", "identity_center_user", "saml_user")
Test = Callable[[Event, Context], bool]
Values = Callable[[Event, Context], Iterable[str | None]]


@dataclass(frozen=True)
class Step:
    """A step of a sequence or a part of a combination: the join keys of an event, if it fits."""

    test: Test
    keys: Values = lambda event, context: [""]
    anyone: bool = False
    times: int = 1


@dataclass(frozen=True)
class Kind:
    """One of rows 16-98; `threshold` None where the row takes no override."""

    name: str
    title: str
    kind: str
    test: Test | None = None
    threshold: int | None = None
    minutes: int | None = None
    values: Values | None = None
    steps: tuple[Step, ...] = ()
    by: str = "entity"  # entity, login, address, account, target, credential
    services: bool = False
    later: bool = False
    percent: int = 0
    hit: Test | None = None
    spread: Callable[[Sequence[Event], Context], bool] | None = None
    any_day: bool = False


def values_of(rule: Kind, event: Event, context: Context) -> set[str]:
    """The values that an event adds to a distinct count."""
    found = rule.values(event, context) if rule.values else []
    return {value for value in found if value}


def login(event: Event) -> str | None:
    """The login key; None where the user's name is hidden."""
    name, account = event.identity.get("userName"), event.identity.get("accountId")
    if event.user_arn:
        return event.user_arn
    if name == "HIDDEN_DUE_TO_SECURITY_REASONS":
        return None
    if event.identity.get("type") == "IAMUser" and name and account:
        return user_arn(event, account, name)
    return event.entity_id


def user_arn(event: Event, account: str, name: str) -> str:
    """The ARN of an IAM user without a path, in the partition of the event's region."""
    region = event.region or ""
    partition = "aws-cn" if region.startswith("cn-") else "aws"
    partition = "aws-us-gov" if region.startswith("us-gov-") else partition
    return f"arn:{partition}:iam::{account}:user/{name}"


def key_of(rule: Kind, event: Event) -> tuple[str, str, str] | None:
    """entity_id, entity_type and correlated_by of an event's alerts; None: it has no key."""
    if rule.by == "login":
        found = login(event)
        return None if found is None else (found, event.entity_type, "")
    if rule.by == "address":
        return (event.source_ip, "address", "") if event.source_ip else None
    if rule.by == "account":
        return event.account_id, "account", ""
    if rule.by == "target":
        name = text(at_path(event.request, "userName"))
        return (user_arn(event, event.account_id, name), "iam_user", "") if name else None
    if rule.by == "credential":
        key = event.access_key_id
        return (event.entity_id, event.entity_type, key) if key else None
    return event.entity_id, event.entity_type, ""
