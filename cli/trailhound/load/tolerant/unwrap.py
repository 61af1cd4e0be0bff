"""Finds the CloudTrail records in a JSON value, whatever stands around them.

A value that is no record is searched under the keys that are known to carry records, a few levels
deep: objects, arrays, and texts that are JSON themselves or end in it. What is found first, from
the outside in, counts, so that nothing is read twice.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import Any, NamedTuple

from trailhound.load import inflate
from trailhound.load.tolerant import foreign, judge, mapped
from trailhound.load.tolerant.split import KEYS_OF_EVENTS, Part

MAX_DEPTH = 6
"""Keys, and arrays in arrays, that may stand around a record."""

_MAX_PACKED = 64 << 20  # bytes of base64 text unpacked; CloudWatch Logs itself sends 6 MB
_TOO_DEEP = "nested too deeply, or a number too long, to be searched"
# Places in a text where a record may begin after something else: so many, and in a short text as
# many as this many bytes are read for.
_TRIES, _READ_AGAIN = 16, 4 << 20

_CONTAINERS = ("Records", "Events", "records", "events", "logEvents", "Messages", "Items")

# The keys under which an answer that found nothing has an empty array.
_ARRAYS = (
    *_CONTAINERS,
    *("result", "results", "Results", "QueryResultRows", "tables", "rows", "hits", "data", "value"),
)

# Texts first: where a tool keeps the original beside what it made of it, the original counts.
_CARRIERS = (
    *("CloudTrailEvent", "eventJson", "_raw", "original", "event.original"),
    *("message", "@message", "Message", "log", "line", "body", "Body"),
    *_CONTAINERS,
    *("result", "results", "Results", "QueryResultRows", "tables", "hits", "_source", "fields"),
    *("event", "attributes", "data", "aws", "detail", "value", "values"),
    *("awslogs", "Sns", "kinesis"),
)

# An object that begins so is a record or nothing: most need no further look.
_RECORD_HEAD = re.compile(rb'\{\s*"(?:eventVersion|userIdentity)"\s*:')
_RECORD_START = re.compile(_RECORD_HEAD.pattern.decode())
_OBJECT_START = re.compile(r"\{\s*\"")


class What(Enum):
    """What is to be done with a text."""

    RECORD = auto()  # it is the record
    DETAIL = auto()  # the record is its member `detail`
    INNER = auto()  # it was a string in another value, and may be anything
    SKIP = auto()  # it is something else; the reason says what
    REJECT = auto()  # it cannot be read; the reason says why


class Found(NamedTuple):
    """One record or what stands for it. `place` is its path in the value, where it has one."""

    what: What
    text: bytes
    reason: str = ""
    place: str = ""


def unwrap(part: Part, text: bytes) -> list[Found]:
    """The records in a valid JSON value, or what rejects it; nothing for an empty container."""
    if _RECORD_HEAD.match(text) and b'"eventName"' in text and b'"aws:' not in text:
        return [Found(What.RECORD, text)]
    value = load_json(text)
    if isinstance(value, dict | list | str):
        return _in_value(value, part.place, text)
    is_unread = value is None and text[:1] in (b"{", b"[")
    if is_unread and not judge.has_key(text, "eventName"):
        return [Found(What.REJECT, text, _TOO_DEEP)]
    return [Found(What.RECORD, text)]


def _in_value(value: Any, place: str, text: bytes) -> list[Found]:
    if isinstance(value, dict) and _stands_alone(value):
        return [Found(What.RECORD, text)]
    if isinstance(value, dict) and "detail-type" in value and _stands_alone(value.get("detail")):
        return [Found(What.DETAIL, text)]
    found = list(search(value, place, depth=1 if place else 0))
    is_notification = _is_notification(value)
    is_named = not is_notification and not (isinstance(value, dict) and is_event(value))
    why = _why_not(value) if is_named else ""
    if found or (is_named and value and _is_empty_shell(value)):
        return found
    return [Found(What.REJECT, text, why) if why else Found(What.RECORD, text)]


def load_json(text: bytes | str) -> Any:
    """A JSON text as Python has it; None for what is none, and for what is nested too deeply."""
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def is_event(value: dict[str, Any]) -> bool:
    """Whether an object that holds no record is taken for an event itself."""
    return isinstance(value.get("eventName"), str) and isinstance(value.get("eventTime"), str)


def search(value: Any, place: str = "", depth: int = 0) -> Iterator[Found]:
    """The records in a value, with a rejection for each of their neighbours without one."""
    if isinstance(value, str):
        yield from _in_text(value, place, depth)
    elif isinstance(value, list):
        yield from _in_array(value, place, depth)
    elif isinstance(value, dict):
        if (record := _as_record(value)) is not None:
            yield Found(What.RECORD, dump(record), place=place)
        elif reason := foreign.notice(value):
            yield Found(What.SKIP, dump(value), reason, place)
        elif depth < MAX_DEPTH:
            yield from _in_carriers(value, place, depth)


def record_in_text(text: str, place: str = "") -> list[Found]:
    """The records in a line or a cell that may hold something before them."""
    return list(_in_text(text, place, 0))


def record_at_end(text: str) -> list[Found]:
    """The records in the one JSON value that a text ends with, whatever stands before it."""
    return list(_after_something(text, "", 0))


def is_record(text: bytes) -> bool:
    """Whether a JSON text is a record as a whole, whatever arrays it holds."""
    return b'"eventName"' in text and _stands_alone(load_json(text))


def dump(value: Any) -> bytes:
    """A value as JSON text."""
    return to_bytes(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def to_bytes(text: str) -> bytes:
    """A text of a JSON value as UTF-8; a lone surrogate in it becomes U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _as_record(value: dict[str, Any]) -> dict[str, Any] | None:
    """The value if it is a record, or what is judged as one; a record of it if it can be mapped."""
    return value if _stands_alone(value) else mapped.as_record(value)


def _stands_alone(value: Any) -> bool:
    """Whether a value is a record, or something whose own keys say that it is to be skipped."""
    if not isinstance(value, dict):
        return False
    source = value.get("eventSource")
    if isinstance(source, str) and isinstance(value.get("eventName"), str):
        if source.startswith("aws:") and source != "aws:s3":
            return False
        return "eventTime" in value or "eventID" in value
    if value.get("eventType") in ("AwsAggregatedEvent", "AwsCloudTrailInsight"):
        return True
    if value.get("eventCategory") in ("Aggregated", "Insight"):
        return True
    return not value.keys().isdisjoint(foreign.SKIPPED_KEYS)


def _in_carriers(value: dict[str, Any], place: str, depth: int) -> Iterator[Found]:
    only_arrays = False
    cut_off: list[Found] = []
    for key in _CARRIERS:
        inner = value.get(key)
        if not inner or (only_arrays and not isinstance(inner, list)):
            continue
        found = list(search(inner, f"{place}.{key}" if place else key, depth + 1))
        if not found and key == "data" and isinstance(inner, str):
            found = list(_in_base64(inner, f"{place}.{key}" if place else key, depth + 1))
        if len(found) == 1 and _is_cut_off(found[0]):  # the whole may stand under another key
            cut_off = cut_off or found
            continue
        yield from found
        if found and not isinstance(inner, list):
            return
        only_arrays = only_arrays or bool(found)
    if not only_arrays:
        yield from cut_off


def _is_cut_off(found: Found) -> bool:
    return found.what is What.INNER and not found.text.rstrip().endswith(b"}")


def _in_array(values: list[Any], place: str, depth: int) -> Iterator[Found]:
    if (row := _insights_row(values)) is not None:
        yield from search(row, place, depth)
        return
    values = _table_rows(values)
    is_row = place.endswith("]")  # as Loki's, of a time and a text
    found_any = False
    without = []
    for number, each in enumerate(values):
        here = f"{place}[{number}]"
        inside = depth + 1 if isinstance(each, list) else depth
        found = list(search(each, here, inside)) if inside <= MAX_DEPTH else []
        if not found and (isinstance(each, dict | list) or not is_row):
            without.append((each, here))
        found_any = found_any or bool(found)
        if found_any:
            yield from _rejected(without)
            without = []
        yield from found


def _rejected(without: list[tuple[Any, str]]) -> Iterator[Found]:
    for value, place in without:
        is_scalar = value is None or isinstance(value, int | float)
        why = "not an object" if is_scalar else _why_not(value) or "no CloudTrail record"
        yield Found(What.REJECT, dump(value), why, place)


def _insights_row(values: list[Any]) -> dict[str, Any] | None:
    """A row of CloudWatch Logs Insights, or of CloudTrail Lake, as one object."""
    if not values or not all(isinstance(each, dict) for each in values):
        return None
    cells: list[tuple[str, Any]] = []
    if all("field" in each and "value" in each for each in values):
        cells = [(str(each["field"]), each["value"]) for each in values]
    elif all(len(each) == 1 for each in values):
        cells = [cell for each in values for cell in each.items()]
        if [name for name, _ in cells if name in _CARRIERS] != ["eventJson"]:
            return None
    row = dict(cells)
    return row if cells and len(row) == len(cells) else None


def _table_rows(values: list[Any]) -> list[Any]:
    """The rows of tables as Log Analytics gives them, as objects; anything else as it is."""
    rows: list[Any] = []
    for each in values:
        if not (isinstance(each, dict) and isinstance(each.get("columns"), list)):
            return values
        names = [str(one.get("name")) for one in each["columns"] if isinstance(one, dict)]
        table = each.get("rows")
        for row in table if isinstance(table, list) else []:
            rows.append(dict(zip(names, row, strict=False)) if isinstance(row, list) else row)
    return rows


def _in_text(text: str, place: str, depth: int) -> Iterator[Found]:
    start = text.lstrip("\ufeff \t\r\n")
    if _RECORD_START.match(start) and '"aws:' not in start:
        yield Found(What.INNER, to_bytes(text), place=place)
        return
    if start[:1] in ("{", "[", '"') and depth <= MAX_DEPTH:
        value = load_json(start)
        if isinstance(value, str):  # a text in a text
            yield from _in_text(value, place, depth + 1)
            return
        if isinstance(value, dict) and _stands_alone(value):
            yield Found(What.INNER, to_bytes(text), place=place)
            return
        if value is None and _OBJECT_START.match(start) and '"eventName"' in start:
            # Python cannot read it; DuckDB may, and rejects it otherwise.
            yield Found(What.INNER, to_bytes(text), place=place)
            return
        if value is not None:
            yield from search(value, place, depth)
            return
    yield from _after_something(start, place, depth)


def _after_something(text: str, place: str, depth: int) -> Iterator[Found]:
    """The records in the JSON value that a text ends with, and those before it in between."""
    decoder = json.JSONDecoder(strict=False)
    before: list[Found] = []
    at = text.find("{")
    for _ in range(max(_TRIES, _READ_AGAIN // max(len(text), 1))):
        if at < 0:
            return
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
            continue
        whole = isinstance(value, dict) and _stands_alone(value)
        record = Found(What.INNER, to_bytes(text[at:end]), place=place) if whole else None
        if text[end:].strip(" \t\r\n\ufeff,"):
            before += [record] if record else []
            at = text.find("{", end)
            continue
        yield from before
        yield from [record] if record else search(value, place, depth)
        return


def _in_base64(text: str, place: str, depth: int) -> Iterator[Found]:
    """Records in text that a stream's delivery has packed."""
    try:
        stored = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return
    inner = inflate.whole(stored, _MAX_PACKED)
    if inner:
        yield from _in_text(inner.decode("utf-8", "replace"), place, depth)


def _is_empty_shell(value: Any, depth: int = 0) -> bool:
    """Whether a value is an answer without a hit: an empty array where records would be."""
    if depth > MAX_DEPTH:
        return False
    if isinstance(value, list):
        return all(_is_empty_shell(each, depth + 1) for each in value)
    if not isinstance(value, dict) or not value.keys().isdisjoint(KEYS_OF_EVENTS):
        return False
    arrays = [value[key] for key in _ARRAYS if isinstance(value.get(key), list | dict)]
    return bool(arrays) and all(_is_empty_shell(each, depth + 1) for each in arrays)


def _is_notification(value: Any) -> bool:
    return isinstance(value, dict) and str(value.get("eventSource")).startswith("aws:")


def _why_not(value: Any) -> str:
    """What a value without a record is, judged by what comes first in it."""
    is_shell = isinstance(value, dict) and not value.keys().isdisjoint(_CARRIERS)
    for _ in range(MAX_DEPTH):
        if isinstance(value, str):
            text, value = value, load_json(value)
            if value is None and (reason := foreign.known(to_bytes(text))):
                return reason
        if isinstance(value, list):
            value = value[0] if value else None
        if not isinstance(value, dict):
            break
        if reason := foreign.name_of(value):
            return reason
        value = next((value[key] for key in _CARRIERS if value.get(key)), None)
    return "no CloudTrail record" if is_shell else ""
