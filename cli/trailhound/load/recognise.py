"""What a JSON value is: an event, a shell around events, or something that is no event at all."""

from __future__ import annotations

import base64
import binascii
import json
import re
from enum import Enum, auto
from typing import Any, NamedTuple

from trailhound.load import inflate
from trailhound.load.split import Kind

_MAX_SUBSCRIPTION = 64 << 20  # bytes inside `awslogs.data`; CloudWatch Logs itself sends 6 MB

# A value with none of these keys can only be an event or nothing: most need no further look.
_SHELL_KEYS = re.compile(
    rb'"(?:CloudTrailEvent|_raw|detail-type|logEvents|awslogs|digestStartTime|configSnapshotId'
    rb'|configurationItems|Records|Events)"'
)
_DOCUMENTS = (Kind.VALUE, Kind.ITEM)
_DIGEST_KEYS = {"digestStartTime", "digestEndTime"}
_CONFIG_KEYS = {"configurationItems", "configSnapshotId"}


class What(Enum):
    """What is to be done with a text."""

    RECORD = auto()  # it is the record
    DETAIL = auto()  # the record is its member `detail`
    INNER = auto()  # it was a string in another value, and may be anything
    SKIP = auto()  # it is something else; the reason says what
    REJECT = auto()  # it cannot be read; the reason says why


class Found(NamedTuple):
    """One record or what stands for it."""

    what: What
    text: bytes
    reason: str = ""


def unwrap(kind: Kind, text: bytes) -> list[Found]:
    """The records in a valid JSON value, of whatever shape this place may hold."""
    if kind is Kind.LOG_EVENT:
        return [_message(_value(text), text)]
    if kind is Kind.RECORD or not _SHELL_KEYS.search(text):
        return [Found(What.RECORD, text)]
    value = _value(text)
    if not isinstance(value, dict) or _is_event(value):
        return [Found(What.RECORD, text)]
    found = _item(value, text) if kind is not Kind.EVENT else _string(value, "CloudTrailEvent")
    if found:
        return [found]
    return _document(value, text) if kind in _DOCUMENTS else [Found(What.RECORD, text)]


def _value(text: bytes) -> Any:
    """A JSON text as Python has it; None for the few that DuckDB reads and Python does not."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _item(value: dict[str, Any], text: bytes) -> Found | None:
    """The record in what may stand in an array or on a line of its own."""
    if "detail-type" in value and isinstance(value.get("detail"), dict):
        return Found(What.DETAIL, text)
    return _string(value, "CloudTrailEvent") or _string(value, "_raw")


def _string(value: dict[str, Any], key: str) -> Found | None:
    inner = value.get(key)
    return Found(What.INNER, _bytes(inner)) if isinstance(inner, str) else None


def foreign(head: str) -> str | None:
    """Why a document that is too long to be read whole is to be skipped, judged by its start."""
    keys = set(re.findall(r'"(\w+)"\s*:', head))
    return "config file" if keys & _CONFIG_KEYS else None


def _is_event(value: dict[str, Any]) -> bool:
    return isinstance(value.get("eventName"), str) and isinstance(value.get("eventTime"), str)


def _document(value: dict[str, Any], text: bytes) -> list[Found]:
    if isinstance(value.get("logEvents"), list):
        return _subscription(value, text)
    logs = value.get("awslogs")
    if isinstance(logs, dict) and isinstance(logs.get("data"), str):
        return _lambda_payload(logs["data"], text)
    if value.keys() & _DIGEST_KEYS:
        return [Found(What.SKIP, text, "digest file")]
    if value.keys() & _CONFIG_KEYS:
        return [Found(What.SKIP, text, "config file")]
    return [Found(What.RECORD, text)]


def _subscription(value: dict[str, Any], text: bytes) -> list[Found]:
    if value.get("messageType") == "CONTROL_MESSAGE":
        return [Found(What.SKIP, text, "control message")]
    return [_message(item) for item in value["logEvents"]]


def _message(item: Any, text: bytes | None = None) -> Found:
    """The record in an item of `logEvents`, whose text may be given."""
    if isinstance(item, dict) and (found := _string(item, "message")):
        return found
    text = _bytes(json.dumps(item)) if text is None else text
    return Found(What.REJECT, text, "log event without a message")


def _lambda_payload(data: str, text: bytes) -> list[Found]:
    try:
        stored = base64.b64decode(data, validate=False)
        inner = inflate.whole(stored, _MAX_SUBSCRIPTION)
        value = json.loads(inner or b"")
    except (ValueError, binascii.Error, RecursionError):
        return [Found(What.REJECT, text, "unreadable awslogs.data")]
    if isinstance(value, dict) and isinstance(value.get("logEvents"), list):
        return _subscription(value, inner or b"")
    return [Found(What.REJECT, text, "awslogs.data holds no log events")]


def _bytes(text: str) -> bytes:
    """A string of a JSON value as UTF-8; a lone surrogate in it becomes U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
