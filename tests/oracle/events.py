"""Sections 1 and 2: from records to events, with account, outcome and entity."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

DENIED_CODES = (
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "UnauthorizedException",
    "UnauthorizedAccess",
    "NotAuthorized",
    "NotAuthorizedException",
    "AuthorizationError",
    "VpceAccessDenied",
)
HUMAN_ROLES = ("AWSReservedSSO_*",)
ROLE_TYPES = ("AssumedRole", "Role", "AssumedRoot")
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:Z|([+-])(\d\d):(\d\d))?",
    re.ASCII,
)


@dataclass(frozen=True, eq=False)
class Event:
    """One deduplicated event. Times are UTC without a zone, absent values None."""

    event_id: str
    account_id: str
    time: datetime
    source: str | None
    name: str
    region: str | None
    outcome: str
    error_code: str | None
    entity_id: str
    entity_type: str
    user_arn: str | None
    session_name: str | None
    access_key_id: str | None
    source_ip: str | None
    user_agent: str | None
    resources: tuple[str, ...]
    request: Any = field(repr=False)
    response: Any = field(repr=False)
    extra: Any = field(default=None, repr=False)
    details: Any = field(default=None, repr=False)
    record: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def identity(self) -> dict[str, Any]:
        """The record's userIdentity; empty where there is none."""
        found = self.record.get("userIdentity")
        return found if isinstance(found, dict) else {}

    @property
    def is_network_activity(self) -> bool:
        """Whether it is VPC endpoint traffic, the refusals of endpoints apart (6.24)."""
        network = (
            self.record.get("eventCategory") == "NetworkActivity"
            or self.record.get("eventType") == "AwsVpceEvent"
        )
        return network and self.error_code != "VpceAccessDenied"


@dataclass(frozen=True)
class Trail:
    """What a set of records holds: records = events + duplicates + rejected + skipped."""

    events: tuple[Event, ...]
    duplicates: int
    rejected: int
    skipped: int


def read_records(
    records: Iterable[Any],
    *,
    denied_codes: Sequence[str] = DENIED_CODES,
    human_roles: Sequence[str] = HUMAN_ROLES,
) -> Trail:
    """The events in `records`, with the numbers of those that are none."""
    copies: dict[tuple[str, str], list[tuple[datetime, str, Event]]] = {}
    rejected = skipped = readable = 0
    for record in records:
        if not isinstance(record, dict):
            rejected += 1
        elif _is_insight(record):
            skipped += 1
        elif read_time(record.get("eventTime")) is None or text(record.get("eventName")) is None:
            rejected += 1
        else:
            readable += 1
            event = _event(record, denied_codes, human_roles)
            key = (event.event_id, event.account_id)
            copies.setdefault(key, []).append((event.time, canonical(record), event))
    events = tuple(min(each, key=lambda copy: copy[:2])[2] for each in copies.values())
    return Trail(events, readable - len(events), rejected, skipped)


def read_time(value: Any) -> datetime | None:
    """A readable time in UTC, cut to the second; None for anything else."""
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    *parts, sign, hours, minutes = found.groups()
    try:
        at = datetime(*map(int, parts))  # type: ignore[arg-type]
    except ValueError:
        return None
    if sign is None:
        return at
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return at - offset if sign == "+" else at + offset


def text(value: Any) -> str | None:
    """A value as text; None where it is absent, empty, a list or an object."""
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return value if isinstance(value, str) and value else None


def canonical(record: Any) -> str:
    """A record's content as one text that does not depend on the order of keys."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"))


def at_path(value: Any, *keys: str) -> Any:
    """What stands below nested keys; None as soon as one is missing."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def first(*values: Any) -> str | None:
    """The first value that is there, as text."""
    return next((found for value in values if (found := text(value)) is not None), None)


def matches_glob(pattern: str, value: str) -> bool:
    """Whether a text matches a pattern whose only wildcard is `*`; case counts."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), value, re.DOTALL) is not None


def _is_insight(record: dict[str, Any]) -> bool:
    return (
        record.get("eventType") == "AwsCloudTrailInsight"
        or record.get("eventCategory") == "Insight"
    )


def _event(record: dict[str, Any], denied_codes: Sequence[str], human: Sequence[str]) -> Event:
    found = record.get("userIdentity")
    identity: dict[str, Any] = found if isinstance(found, dict) else {}
    time, name = read_time(record["eventTime"]), text(record["eventName"])
    assert time is not None
    assert name is not None
    entity_type, entity_id = _entity(identity, record, human)
    content_hash = hashlib.sha256(canonical(record).encode()).hexdigest()
    listed = record.get("resources")
    arns = [text(at_path(each, "ARN")) for each in (listed if isinstance(listed, list) else [])]
    return Event(
        event_id=text(record.get("eventID")) or content_hash,
        account_id=first(record.get("recipientAccountId"), identity.get("accountId")) or "unknown",
        time=time,
        source=text(record.get("eventSource")),
        name=name,
        region=text(record.get("awsRegion")),
        outcome=_outcome(record, denied_codes),
        error_code=error_code(record),
        entity_id=entity_id or "unknown",
        entity_type=entity_type,
        user_arn=text(identity.get("arn")),
        session_name=_session_name(identity),
        access_key_id=text(identity.get("accessKeyId")),
        source_ip=text(record.get("sourceIPAddress")),
        user_agent=text(record.get("userAgent")),
        resources=tuple(arn for arn in arns if arn is not None),
        request=_document(record.get("requestParameters")),
        response=_document(record.get("responseElements")),
        extra=_document(record.get("additionalEventData")),
        details=_document(record.get("serviceEventDetails")),
        record=record,
    )


def _document(value: Any) -> Any:
    """Request or response: an object, or one that a shipper made a string of."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None


def error_code(record: dict[str, Any]) -> str | None:
    """The error code; None for what shippers write in place of none (6.28)."""
    value = record.get("errorCode")
    if isinstance(value, float) and math.isnan(value):
        return None
    found = text(value)
    return None if found in ("NaN", "null", "None", "-") else found


def _outcome(record: dict[str, Any], denied_codes: Sequence[str]) -> str:
    code, name = error_code(record), record["eventName"]
    response = _document(record.get("responseElements"))
    told: Any = "Success"
    if record.get("eventSource") == "signin.amazonaws.com":
        if name == "ConsoleLogin":
            code_decides = False
            told = at_path(response, "ConsoleLogin") or ""
        else:
            code_decides = True
            if name in ("UserAuthentication", "CredentialVerification"):
                told = at_path(_document(record.get("serviceEventDetails")), name)
            elif name in ("GetSigninToken", "CheckMfa", "SwitchRole", "PasswordUpdated"):
                told = at_path(response, name)
            told = "Success" if absent(told) else told
    else:
        code_decides = True
    if told == "Success" and not (code_decides and code):
        return "succeeded"
    return "denied" if code and code.removeprefix("Client.") in denied_codes else "failed"


def absent(value: Any) -> bool:
    """Null or empty."""
    return value is None or value == ""


def _entity(
    identity: dict[str, Any], record: dict[str, Any], human: Sequence[str]
) -> tuple[str, str | None]:
    """The entity's type and, if there is any, its id."""
    kind = text(identity.get("type"))
    arn, principal = text(identity.get("arn")), text(identity.get("principalId"))
    user_name, account = text(identity.get("userName")), text(identity.get("accountId"))
    issuer_arn = text(at_path(identity, "sessionContext", "sessionIssuer", "arn"))
    invoked_by = text(identity.get("invokedBy"))
    if kind == "Root":
        return "root", arn or (f"arn:aws:iam::{account}:root" if account else None)
    if kind == "IAMUser":
        return "iam_user", first(arn, user_name, principal)
    if kind in ROLE_TYPES:
        return _role_entity(identity, human)
    if kind == "FederatedUser":
        return "federated_user", first(issuer_arn, arn)
    if kind == "IdentityCenterUser":
        person = at_path(identity, "onBehalfOf", "userId")
        named = at_path(_document(record.get("additionalEventData")), "UserName")
        return "identity_center_user", first(person, principal, named)
    if kind == "Unknown" and (person := text(at_path(identity, "onBehalfOf", "userId"))):
        return "identity_center_user", person
    if kind == "Unknown" and user_name and re.fullmatch("[0-9]{12}", principal or ""):
        return "identity_center_user", user_name
    if kind in ("SAMLUser", "WebIdentityUser"):
        entity_type = "saml_user" if kind == "SAMLUser" else "web_identity_user"
        return entity_type, _pair(text(identity.get("identityProvider")), user_name or principal)
    if kind == "AWSAccount":
        if {account, principal} & {"ANONYMOUS_PRINCIPAL", "Anonymous"}:
            return "anonymous", "anonymous"
        return "aws_account", _pair(account, principal)
    if kind == "AWSService" or (kind is None and invoked_by):
        return "service", invoked_by
    return "unknown", first(arn, principal, user_name)


def _pair(left: str | None, right: str | None) -> str | None:
    return ":".join(each for each in (left, right) if each) or None


def _role_entity(identity: dict[str, Any], human: Sequence[str]) -> tuple[str, str | None]:
    issuer = at_path(identity, "sessionContext", "sessionIssuer")
    issuer_arn, arn = text(at_path(issuer, "arn")), text(identity.get("arn"))
    principal = text(identity.get("principalId"))
    role, _ = _role_and_session(arn)
    own_arn = arn
    if arn and role:
        own_arn = arn[: arn.index(":assumed-role/")] + f":assumed-role/{role}"
    name = (
        (issuer_arn.rsplit("/", 1)[-1] if issuer_arn else None)
        or text(at_path(issuer, "userName"))
        or role
        or (arn.rsplit("/", 1)[-1] if arn and ":role/" in arn else None)
        or ""
    )
    entity_id = first(issuer_arn, own_arn, principal.split(":")[0] if principal else None)
    if ":role/aws-service-role/" in (issuer_arn or "") or name.startswith("AWSServiceRoleFor"):
        return "service", entity_id
    if any(matches_glob(pattern, name) for pattern in human):
        return "sso_user", arn
    return "role", entity_id


def _role_and_session(arn: str | None) -> tuple[str | None, str | None]:
    """`arn:aws:sts::1:assumed-role/R/S` gives R and S."""
    if not arn or ":assumed-role/" not in arn:
        return None, None
    role, _, session = arn.split(":assumed-role/", 1)[1].partition("/")
    return role or None, session or None


def _session_name(identity: dict[str, Any]) -> str | None:
    if identity.get("type") not in ROLE_TYPES:
        return None
    _, session = _role_and_session(text(identity.get("arn")))
    principal = text(identity.get("principalId")) or ""
    return session or text(principal.partition(":")[2])
