"""What a person asks `trailhound who` for: which credentials it means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any, NamedTuple

from trailhound.engines import Warehouse
from trailhound.errors import WrongUsage
from trailhound.lineage.calls import ARN_IN_ANSWER, KEY_IN_ANSWER, Who, answered, find_calls
from trailhound.project.address_ranges import digits_of
from trailhound.store.alerts import find_alert, like

MOST_SEEDS = 20


class Seeds(NamedTuple):
    """The credentials that are meant, the busiest first."""

    kind: str
    found: list[Who]
    left_out: int = 0


def find_seeds(warehouse: Warehouse, asked: str) -> Seeds:
    """The credentials that a text means. Raises WrongUsage if it means none."""
    if re.fullmatch("(?i)a[ks]ia[a-z0-9]{12,}", asked):
        asked = asked.upper()
    found = _of_name(warehouse, asked) if asked else Seeds("", [])
    if not found.found:
        raise WrongUsage(
            f"no event and no alert is about '{asked}': give an access key id, an ARN or its end, "
            "an address, a role session's name or an alert's id"
        )
    return found


def seeds_of(
    warehouse: Warehouse, entity: str, keys: Sequence[str], most: int = MOST_SEEDS
) -> Seeds:
    """The keys that an entity's alerts name, the first ones; if they name none, the entity's."""
    if keys:
        return Seeds("alert", [Who("key", each) for each in keys[:most]], len(keys[most:]))
    if entity.startswith("arn:") or _digits(entity) is not None:
        found = _of_name(warehouse, entity)._replace(kind="alert")
    else:
        found = _credentials(warehouse, "alert", "entity_id = ?", [entity])
    return Seeds("alert", found.found[:most], found.left_out + len(found.found[most:]))


def _of_name(warehouse: Warehouse, asked: str) -> Seeds:
    if asked.startswith("arn:") and ":role/" in asked:
        return _credentials(warehouse, "role", "entity_id = ?", [asked])
    if asked.startswith("arn:"):
        is_known = (
            _is_there(warehouse, "user_arn = ? or entity_id = ?", [asked, asked])
            or (find_calls(warehouse, "strpos(response_elements, ?) > 0", [f'"{asked}"'])[0])
        )
        return Seeds("principal", [Who("principal", asked)] if is_known else [])
    if (digits := _digits(asked)) is not None:
        return _credentials(warehouse, "address", "source_address = ?", [digits])
    if (
        _is_there(warehouse, "access_key_id = ?", [asked])
        or (find_calls(warehouse, f"{KEY_IN_ANSWER} = ?", [asked])[0])
    ):
        return Seeds("key", [Who("key", asked)])
    found = _of_alert(warehouse, asked)
    if found is None:
        found = _credentials(warehouse, "session", "session_name = ?", [asked])
    elif not found.found:
        raise WrongUsage(
            f"the events of alert {asked} name neither an access key nor an ARN, so nothing leads "
            f"on from there: `trailhound events --around {asked}` shows what was done"
        )
    if not found.found:
        # Host names of services stand where addresses do.
        found = _credentials(warehouse, "address", "source_ip = ?", [asked])
    if not found.found and "*" not in asked:
        ends = [f"%/{like(asked)}", f"%:{like(asked)}"]
        condition = "entity_id like ? escape '!' or entity_id like ? escape '!'"
        found = _credentials(warehouse, "principal", condition, ends)
        if not found.found:
            found = _of_answers(warehouse, ends, (f"/{asked}", f":{asked}"))
    return found


def _of_answers(warehouse: Warehouse, patterns: Sequence[str], ends: tuple[str, ...]) -> Seeds:
    """Who was made and then made no call: principals that an answer names, by an ARN's end."""
    likes = " or ".join([f"{ARN_IN_ANSWER} like ? escape '!'"] * len(patterns))
    calls, _ = find_calls(warehouse, likes, patterns)
    arns = {arn for call in calls for arn in answered(call, "arn") if arn.endswith(ends)}
    return Seeds(
        "principal",
        [Who("principal", arn) for arn in sorted(arns)[:MOST_SEEDS]],
        max(0, len(arns) - MOST_SEEDS),
    )


def _of_alert(warehouse: Warehouse, asked: str) -> Seeds | None:
    """The keys of the alert whose id begins so, or its entity; None if there is no such alert."""
    if not re.fullmatch("[0-9A-Fa-f]{4,32}", asked):
        return None
    try:
        alert = find_alert(warehouse, asked)
    except WrongUsage as error:
        if "is the beginning of" in str(error):
            raise
        return None
    return seeds_of(
        warehouse, alert["entity_id"], [each for each in alert["access_key_ids"] if each]
    )


def _credentials(
    warehouse: Warehouse, kind: str, condition: str, parameters: Sequence[Any]
) -> Seeds:
    """The keys of some events; where an event has none, its principal."""
    rows = warehouse.query(
        f"""
select access_key_id, case when access_key_id is null then user_arn end as principal
from {warehouse.relation("cloudtrail_events")}
where ({condition}) and (access_key_id is not null or user_arn is not null)
group by access_key_id, case when access_key_id is null then user_arn end
order by count(*) desc, access_key_id, principal""",
        parameters,
    ).rows
    found = [Who("key", key) if key else Who("principal", arn) for key, arn in rows]
    return Seeds(kind, found[:MOST_SEEDS], len(found[MOST_SEEDS:]))


def _is_there(warehouse: Warehouse, condition: str, parameters: Sequence[Any]) -> bool:
    events = warehouse.relation("cloudtrail_events")
    return bool(
        warehouse.query(f"select 1 from {events} where {condition} limit 1", parameters).rows
    )


def _digits(text: str) -> str | None:
    try:
        return digits_of(ip_address(text))
    except ValueError:
        return None
