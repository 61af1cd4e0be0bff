"""A Sigma matcher on raw records in plain Python: no pySigma, no SQL, one reading of the rules."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Record = Mapping[str, Any]
_JSON_FIELDS = (
    "requestParameters", "responseElements", "additionalEventData", "serviceEventDetails",
)  # fmt: skip


def matches(rule: Mapping[str, Any], record: Record) -> bool:
    """Whether a record meets the condition of a rule."""
    detection = rule["detection"]
    conditions = detection["condition"]
    return any(
        _Condition(detection, record).holds(each)
        for each in (conditions if isinstance(conditions, list) else [conditions])
    )


class _Condition:
    """Reads a condition from left to right: or, and, not, parentheses, `1 of`, `all of`."""

    def __init__(self, detection: Mapping[str, Any], record: Record) -> None:
        self.detection, self.record = detection, record
        self.words: list[str] = []

    def holds(self, condition: str) -> bool:
        self.words = re.findall(r"\(|\)|[^\s()]+", condition)
        found = self._or()
        assert not self.words, self.words
        return found

    def _or(self) -> bool:
        found = self._and()
        while self.words[:1] == ["or"]:
            self.words.pop(0)
            found = self._and() or found
        return found

    def _and(self) -> bool:
        found = self._not()
        while self.words[:1] == ["and"]:
            self.words.pop(0)
            found = self._not() and found
        return found

    def _not(self) -> bool:
        word = self.words.pop(0)
        if word == "not":
            return not self._not()
        if word == "(":
            found = self._or()
            assert self.words.pop(0) == ")"
            return found
        if word in ("1", "any", "all") and self.words[:1] == ["of"]:
            self.words.pop(0)
            pattern = self.words.pop(0)
            names = [
                name
                for name in self.detection
                if name not in ("condition", "timeframe")
                and (
                    (pattern == "them" and not name.startswith("_"))
                    or re.fullmatch(pattern.replace("*", ".*"), name)
                )
            ]
            found_all = [_selection(self.detection[name], self.record) for name in names]
            return all(found_all) if word == "all" else any(found_all)
        return _selection(self.detection[word], self.record)


def _selection(selection: Any, record: Record) -> bool:
    if isinstance(selection, list):
        return any(_selection(each, record) for each in selection)
    return all(_item(key, value, record) for key, value in selection.items())


def _item(key: str, value: Any, record: Record) -> bool:
    field, *modifiers = key.split("|")
    values = value if isinstance(value, list) else [value]
    combine: Callable[[Iterable[bool]], bool] = all if "all" in modifiers else any
    found = combine(_value(field, modifiers, each, record) for each in values)
    return not found if "neq" in modifiers else found


def _value(  # noqa: PLR0911 - one for each kind of value
    field: str, modifiers: list[str], value: Any, record: Record
) -> bool:
    texts = texts_of(record, field)
    if "exists" in modifiers:
        return bool(texts) == value
    if "fieldref" in modifiers:
        others = {each.lower() for each in texts_of(record, value)}
        return any(each.lower() in others for each in texts)
    is_part = {"contains", "startswith", "endswith"} & {*modifiers}
    if value is None or (value == "" and not is_part):
        return not texts
    if "cidr" in modifiers:
        return any(_is_within(each, value) for each in texts)
    for name, compare in _COMPARISONS.items():
        if name in modifiers:
            numbers = [_number(each) for each in texts]
            return any(each is not None and compare(each, value) for each in numbers)
    if '"' in _text(value) and field.partition(".")[0] in _JSON_FIELDS:
        texts = [each.replace('\\"', '"') for each in texts]
    if "re" in modifiers:
        flags = re.IGNORECASE if "i" in modifiers else 0
        return any(re.search(value.replace('\\\\"', '"'), each, flags) for each in texts)
    pattern = _pattern(_text(value), modifiers)
    cased = 0 if "cased" in modifiers else re.IGNORECASE
    return any(re.fullmatch(pattern, each, re.DOTALL | cased) for each in texts)


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
}


def _pattern(text: str, modifiers: list[str]) -> str:
    pattern = ""
    position = 0
    while position < len(text):
        char = text[position]
        following = text[position + 1 : position + 2]
        if char == "\\" and following in ("*", "?", "\\") and following:
            pattern += re.escape(following)
            position += 1
        else:
            pattern += {"*": ".*", "?": "."}.get(char) or re.escape(char)
        position += 1
    before = ".*" if "contains" in modifiers or "endswith" in modifiers else ""
    after = ".*" if "contains" in modifiers or "startswith" in modifiers else ""
    return f"{before}{pattern}{after}"


def texts_of(record: Record, field: str) -> list[str]:
    """The texts that a field stands for, arrays by their elements and as a whole; '' is absent."""
    found: list[Any] = [record]
    for key in field.split("."):
        found = [
            each[key]
            for value in found
            for each in (value if isinstance(value, list) else [value])
            if isinstance(each, Mapping) and key in each
        ]
    texts = []
    for value in found:
        texts += [value, *value] if isinstance(value, list) else [value]
    return [_text(each) for each in texts if each is not None and each != ""]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _is_within(text: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(text) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
