"""Words that the rows are written in."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from oracle.context import Context
from oracle.events import Event, at_path, text
from oracle.kinds import PEOPLE, Test


def rp(event: Event, path: str) -> Any:
    """A value below requestParameters, its path with dots."""
    return at_path(event.request, *path.split("."))


def name_in(event: Event, path: str) -> str | None:
    """A text below requestParameters; None if absent or the text `null`."""
    found = text(rp(event, path))
    return None if found == "null" else found


def each(value: Any) -> list[Any]:
    """Each element, or the value itself if it is no array; nothing for null."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def present(value: Any) -> bool:
    """Not null, not empty, not the text `null` (6.3)."""
    return value is not None and value not in ("", "null")


def call(event: Event, service: str, names: str) -> bool:
    """Whether it is one of a service's calls; a name may end in `*`."""
    return event.source == f"{service}.amazonaws.com" and any(
        event.name.startswith(name[:-1]) if name.endswith("*") else event.name == name
        for name in names.split()
    )


def ok(service: str, names: str) -> Test:
    """A succeeded call of these names."""
    return lambda event, _: event.outcome == "succeeded" and call(event, service, names)


def any_outcome(service: str, names: str) -> Test:
    """A call of these names, whatever came of it."""
    return lambda event, _: call(event, service, names)


def person(event: Event) -> bool:
    """Whether the entity is one of people."""
    return event.entity_type in PEOPLE


def own_name(event: Event) -> str | None:
    """The caller's own user name (6.6)."""
    if event.identity.get("type") == "IAMUser":
        return text(event.identity.get("userName"))
    if event.identity.get("type") == "FederatedUser":
        return text(at_path(event.identity, "sessionContext", "sessionIssuer", "userName"))
    return None


def statements(document: Any) -> list[dict[str, Any]]:
    """The statements of a policy, which may be JSON text or an object."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return []
    return [one for one in each(at_path(document, "Statement")) if isinstance(one, dict)]


def unconditional(statement: dict[str, Any]) -> bool:
    """No Condition: absent, null or {} (6.3)."""
    return statement.get("Condition") in (None, {}, "")


def grants_administration(document: Any) -> bool:
    """Whether a policy holds a statement that grants administration."""
    return any(
        one.get("Effect") == "Allow"
        and {"*", "*:*", "iam:*"} & {(text(a) or "").lower() for a in each(one.get("Action"))}
        and "*" in each(one.get("Resource"))
        and unconditional(one)
        for one in statements(document)
    )


def open_to_everyone(document: Any) -> bool:
    """Whether a policy holds a statement that is open to everyone."""
    return any(
        one.get("Effect") == "Allow"
        and (one.get("Principal") == "*" or "*" in each(at_path(one.get("Principal"), "AWS")))
        and unconditional(one)
        for one in statements(document)
    )


def foreign_accounts(document: Any, event: Event, context: Context) -> set[str]:
    """The foreign accounts that a policy allows."""
    found = {
        context.foreign(principal, event)
        for one in statements(document)
        if one.get("Effect") == "Allow"
        for principal in each(at_path(one.get("Principal"), "AWS"))
    }
    return {account for account in found if account}


def texts(values: Iterable[Any]) -> list[str]:
    """The values that are texts."""
    return [found for value in values if (found := text(value)) and found != "null"]
