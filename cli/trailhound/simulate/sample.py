"""The attack that a detection brings beside its two files: `<name>.json`, a list of calls.

A call is `{"call": "iam.CreateUser", "by": "user", "at": 3, "request": {…}}`. The other keys:

    at                  minutes since the start, negative before it; default: as the call before
    by                  user (default), root, person, role, instance, service, federated, console,
                        unknown, web_identity, identity_center, or user:NAME
    times, every        so many calls, so many minutes apart; `{n}` in texts is the number of each
    from, agent, region source address, user agent, region
    response, additional, error, read_only, data_event
    fields              further fields of the record, or others than those made

The last call makes the detection fire: one short of it nothing does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from trailhound.errors import TrailhoundError
from trailhound.simulate import identities
from trailhound.simulate.identities import Caller
from trailhound.simulate.records import Call, Record, record

_INSTANCE = "i-0a1b2c3d4e5f60718"


def read_sample(path: Path) -> list[dict[str, Any]]:
    """The calls of a sample. Raises TrailhoundError naming the file if it holds no list of them."""
    try:
        calls = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise TrailhoundError(f"{path} is not JSON: {error}") from error
    if not isinstance(calls, list) or not all(
        isinstance(call, dict) and "." in str(call.get("call")) for call in calls
    ):
        raise TrailhoundError(f'{path} must be a list of calls like {{"call": "iam.CreateUser"}}')
    return calls


def records_of(
    calls: list[dict[str, Any]],
    rng: Random,
    *,
    start: datetime,
    account: str,
    quiet_below: bool = False,
) -> list[Record]:
    """The records of a sample's calls, in time order; without the last one if quiet_below."""
    made: list[tuple[datetime, Record]] = []
    at = 0.0
    for call in calls:
        at = float(call.get("at", at))
        for number in range(1, int(call.get("times", 1)) + 1):
            minutes = at + (number - 1) * float(call.get("every", 0))
            time = start + timedelta(minutes=minutes)
            made.append((time, _record(_numbered(call, number), rng, time, account, start)))
    if quiet_below:
        made = made[:-1]
    return [each for _, each in sorted(made, key=lambda pair: pair[0])]


def _record(
    call: Mapping[str, Any], rng: Random, time: datetime, account: str, start: datetime
) -> Record:
    service, name = str(call["call"]).split(".", 1)
    caller = _caller(str(call.get("by", "user")), account, start)
    if "from" in call:
        caller = caller.at(str(call["from"]))
    error = call.get("error")
    made = record(
        rng,
        caller,
        time,
        Call(
            service=service,
            name=name,
            region=call.get("region", "us-east-1"),
            request=call.get("request"),
            response=call.get("response"),
            error=(error, f"{name} was refused") if error else None,
            additional=call.get("additional"),
            read_only=call.get("read_only", name.startswith(("Get", "List", "Describe"))),
            data_event=call.get("data_event", False),
        ),
    )
    if "region" in call:
        made["awsRegion"] = call["region"]
    if "agent" in call:
        made["userAgent"] = call["agent"]
    for field, value in (call.get("fields") or {}).items():
        is_object = isinstance(value, dict) and isinstance(made.get(field), dict)
        made[field] = {**made[field], **value} if is_object else value
    return made


def _numbered(call: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The call with its number in place of `{n}` in every text."""
    text = json.dumps(call)
    return dict(json.loads(text.replace("{n}", str(number)))) if "{n}" in text else dict(call)


def _caller(who: str, account: str, start: datetime) -> Caller:
    """Who makes a call; the same words mean the same identity in every sample."""
    kind, _, given = who.partition(":")
    name = given or "mallory"
    callers: dict[str, Callable[[], Caller]] = {
        "user": lambda: identities.iam_user(account, name),
        "root": lambda: identities.root(account, start),
        "person": lambda: identities.sso_session(account, "Admin", f"{name}@example.com", start),
        "role": lambda: identities.role_session(account, "app-server", "session-1", start),
        "instance": lambda: identities.role_session(account, "app-server", _INSTANCE, start),
        "service": lambda: identities.aws_service(account, "ec2.amazonaws.com"),
        "federated": lambda: identities.federated_user(account, "console", name, start),
        "console": lambda: identities.console_user(account, name),
        "unknown": lambda: identities.unknown_console_user(account),
        "web_identity": lambda: identities.web_identity_user(
            account, f"repo:{name}:ref:refs/heads/main"
        ),
        "identity_center": lambda: identities.identity_center_user(account, name),
    }
    if kind not in callers:
        raise TrailhoundError(f"nobody is called '{who}' in samples: {', '.join(callers)}")
    return callers[kind]()
