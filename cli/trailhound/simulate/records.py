"""From a call to the record that CloudTrail writes of it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

from trailhound.simulate.identities import Caller, Json

Record = dict[str, Any]

EVENT_VERSION = "1.11"
ACCESS_DENIED = "AccessDenied"
_GLOBAL = {"iam", "signin", "organizations", "cloudfront", "route53"}


@dataclass(frozen=True, kw_only=True)
class Call:
    """One API call: what is in a record beside who made it and when.

    `service` is the event source without `.amazonaws.com`, `error` a pair of code and message.
    """

    service: str
    name: str
    region: str = "us-east-1"
    request: Json | None = None
    response: Json | None = None
    error: tuple[str, str] | None = None
    additional: Json | None = None
    resources: tuple[Json, ...] = ()
    read_only: bool = False
    data_event: bool = False
    event_type: str = "AwsApiCall"


def generator(seed: int | str) -> Random:
    """The source of everything invented in a trail: the same seed gives the same trail."""
    return Random(seed)  # noqa: S311 - invents ids, guards nothing


def record(rng: Random, caller: Caller, at: datetime, call: Call) -> Record:
    """The record of `call` by `caller` at `at` (cut to whole seconds), keys in AWS's order."""
    made: Record = {
        "eventVersion": EVENT_VERSION,
        "userIdentity": caller.identity,
        "eventTime": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{call.service}.amazonaws.com",
        "eventName": call.name,
        "awsRegion": "us-east-1" if call.service in _GLOBAL else call.region,
        "sourceIPAddress": caller.source_ip,
        "userAgent": f"[{caller.user_agent}]" if call.service == "s3" else caller.user_agent,
    }
    if call.error is not None:
        made["errorCode"], made["errorMessage"] = call.error
    made["requestParameters"] = call.request
    made["responseElements"] = None if call.error is not None else call.response
    if call.additional is not None:
        made["additionalEventData"] = call.additional
    if call.event_type == "AwsApiCall":
        made["requestID"] = request_id(rng, call.service)
    made["eventID"] = new_uuid(rng)
    made["readOnly"] = call.read_only
    if call.resources:
        made["resources"] = [{"accountId": caller.account, **each} for each in call.resources]
    made["eventType"] = call.event_type
    made["managementEvent"] = not call.data_event
    made["recipientAccountId"] = caller.account
    made["eventCategory"] = "Data" if call.data_event else "Management"
    if "invokedBy" not in caller.identity:
        made["tlsDetails"] = {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": host(call),
        }
    return made


def host(call: Call) -> str:
    """The host name that the call was sent to."""
    if call.service == "signin":
        return "signin.aws.amazon.com"
    if call.service == "s3" and call.request and "Host" in call.request:
        return str(call.request["Host"])
    if call.service in _GLOBAL:
        return f"{call.service}.amazonaws.com"
    return f"{call.service}.{call.region}.amazonaws.com"


def request_id(rng: Random, service: str) -> str:
    """A request id: S3 has 16 capitals and digits of its own, all others have a UUID."""
    if service == "s3":
        return "".join(rng.choices("ABCDEFGHJKMNPQRSTVWXYZ0123456789", k=16))
    return new_uuid(rng)


def new_uuid(rng: Random) -> str:
    """A random UUID (version 4) that the generator decides."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def new_id(rng: Random, prefix: str) -> str:
    """An id of an AWS resource: `i-`, `ami-`, ... and 17 hex digits."""
    return f"{prefix}-{rng.getrandbits(68):017x}"
