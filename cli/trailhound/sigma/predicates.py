"""A Sigma rule's condition as a SQL condition on cloudtrail_events.

Texts compare in any case, as Sigma says; the two fields that detections filter on first,
eventSource and eventName, compare exactly in AWS's own spelling, to which a rule in another case is
corrected.
A field that is absent matches nothing, and `not` of that is true.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field as data_field
from ipaddress import IPv4Network, IPv6Network

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
)
from sigma.types import (
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SigmaTimestampPart,
    SpecialChars,
)

from trailhound.project.address_ranges import digits_of
from trailhound.sigma.fields import Field, Refused, field
from trailhound.sigma.names import Names
from trailhound.sigma.sql import (
    Condition,
    Not,
    all_of,
    any_of,
    in_template,
    jinja_string,
)
from trailhound.text import literal

_FLAGS = {
    SigmaRegularExpressionFlag.IGNORECASE: "i",
    SigmaRegularExpressionFlag.MULTILINE: "m",
    SigmaRegularExpressionFlag.DOTALL: "s",
}
_COMPARISONS = {"LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}
_EXACT = ("eventSource", "eventName")
# Engines spell a group with a name in different ways, and nothing asks for it. Escapes and classes
# go by.
_GROUP = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?P?<[A-Za-z_]\w*>", re.DOTALL)


@dataclass
class Compiler:
    """Writes the conditions of one rule; `notes` gathers what its reader should know.

    names:    AWS's event sources and names
    sources:  the event sources that the rule names, in AWS's spelling
    """

    names: Names
    sources: tuple[str, ...] = ()
    notes: list[str] = data_field(default_factory=list)

    def condition(self, node: object) -> Condition:
        """The condition of a node of pySigma's tree. Raises Refused."""
        if isinstance(node, ConditionAND):
            return all_of([self.condition(each) for each in node.args])
        if isinstance(node, ConditionOR):
            return any_of([self.condition(each) for each in node.args])
        if isinstance(node, ConditionNOT):
            return Not(self.condition(node.args[0]))
        if isinstance(node, ConditionFieldEqualsValueExpression):
            return self._comparison(field(str(node.field)), node.value)
        raise Refused("keywords without a field say nothing of a CloudTrail record")

    def _comparison(  # noqa: PLR0911 - one for each kind of value
        self, place: Field, value: object
    ) -> Condition:
        if isinstance(value, SigmaExpansion):
            return any_of([self._comparison(place, each) for each in value.values])
        if isinstance(value, SigmaNull):
            return _presence(place, wanted=False)
        if isinstance(value, SigmaExists):
            return _presence(place, wanted=value.exists)
        if isinstance(value, SigmaBool):
            return self._texts(place, "true" if value.boolean else "false")
        if isinstance(value, SigmaTimestampPart):
            raise Refused("parts of a time are not compared")
        if isinstance(value, SigmaNumber):
            return self._texts(place, str(value.number))
        if isinstance(value, SigmaString):
            return self._string(place, value)
        if isinstance(value, SigmaRegularExpression):
            return self._regex(place, value)
        if isinstance(value, SigmaCIDRExpression):
            return _in_network(place, value.network)
        if isinstance(value, SigmaCompareExpression):
            operator = _COMPARISONS[value.op.name]
            return _any(place, f"try_cast({{0}} as double) {operator} {value.number}")
        if isinstance(value, SigmaFieldReference):
            return _same(place, field(value.field), value)
        raise Refused(f"{type(value).__name__.removeprefix('Sigma')} has no meaning here")

    def _string(self, place: Field, value: SigmaString) -> Condition:
        if value.contains_placeholder():
            raise Refused("a placeholder needs --pipeline")
        parts = value.s
        if not parts:
            return _presence(place, wanted=False)
        if all(part is SpecialChars.WILDCARD_MULTI for part in parts):
            return _presence(place, wanted=True)
        is_cased = isinstance(value, SigmaCasedString)
        if not any(isinstance(part, SpecialChars) for part in parts):
            return self._texts(place, "".join(str(part) for part in parts), is_cased=is_cased)
        pattern = "".join(_like(part) for part in parts)
        return _any(place, "{0} like {1} escape '!'", pattern, is_cased=is_cased)

    def _texts(self, place: Field, text: str, *, is_cased: bool = False) -> Condition:
        if place.name in _EXACT and not is_cased:
            spelt = [literal(each) for each in self._aws_spellings(place.name, text)]
            if len(spelt) == 1:
                return in_template(f"{place.column} = {spelt[0]}")
            if spelt:
                return in_template(f"{place.column} in ({', '.join(spelt)})")
        return _any(place, "{0} = {1}", text, is_cased=is_cased)

    def _aws_spellings(self, name: str, text: str) -> list[str]:
        if name == "eventSource":
            source = self.names.source(text)
            if source is None:
                self.notes.append(f"no AWS service is known as {text}")
            return [source] if source else []
        spelt = self.names.events(text, self.sources)
        if not spelt:
            self.notes.append(self.names.what_is(text, self.sources))
        return spelt

    def _regex(self, place: Field, value: SigmaRegularExpression) -> Condition:
        flags = "".join(sorted(_FLAGS[each] for each in value.flags))
        pattern = _GROUP.sub(
            lambda found: "(" if found[0][:2] == "(?" else found[0], str(value.regexp)
        )
        pattern = f"(?{flags}){pattern}" if flags else pattern
        subject = _subject(place, pattern)
        if place.is_json:
            pattern = pattern.replace('\\\\"', '"')
        found = f"trailhound.regex_found({jinja_string(subject)}, {jinja_string(literal(pattern))})"
        return _in_json(place, found) if place.path else f"{{{{ {found} }}}}"


def _presence(place: Field, *, wanted: bool) -> Condition:
    """Whether a field is there; an empty text is not."""
    if not place.path:
        return f"{place.text} is {'not ' if wanted else ''}null"
    there = _any(place, "{0} <> ''")
    return there if wanted else Not(there)


def _any(place: Field, form: str, text: str | None = None, *, is_cased: bool = False) -> Condition:
    """A comparison with a field, or with any text that a path in JSON leads to.

    form:  SQL with {0} for the field's text and {1} for the other text
    """
    has_case = text is not None and text.lower() != text.upper()
    subject = _subject(place, text)
    if place.is_json and text is not None:
        text = text.replace('\\"', '"')
    other = literal(text) if text is not None else ""
    if has_case and not is_cased:
        subject = f"lower({subject})"
        # Python writes some letters of other scripts in another way than the engines do.
        is_plain = text is not None and text.isascii()
        other = literal((text or "").lower()) if is_plain else f"lower({other})"
    sql = form.format(subject, other)
    if not place.path:
        return in_template(sql)
    return _in_json(place, jinja_string(sql))


def _subject(place: Field, text: str | None) -> str:
    """The SQL of what a text or pattern is compared with."""
    subject = "item" if place.path else place.column
    # JSON inside of JSON: its quotes stand escaped.
    is_nested = place.is_json and text is not None and '"' in text
    return f"replace({subject}, '\\\"', '\"')" if is_nested else subject


def _in_json(place: Field, condition: str) -> Condition:
    """Whether a condition on `item`, a Jinja expression, holds for a text that a path leads to."""
    return f"{{{{ trailhound.json_any('{place.column}', '{place.path}', {condition}) }}}}"


def _like(part: object) -> str:
    if part is SpecialChars.WILDCARD_MULTI:
        return "%"
    if part is SpecialChars.WILDCARD_SINGLE:
        return "_"
    return "".join(f"!{char}" if char in "!%_" else char for char in str(part))


def _in_network(place: Field, network: IPv4Network | IPv6Network) -> Condition:
    first, last = digits_of(network.network_address), digits_of(network.broadcast_address)
    if place.path:
        raise Refused(f"|cidr of {place.name} is not supported: only sourceIPAddress is an address")
    if place.name != "sourceIPAddress":
        raise Refused(f"|cidr of {place.name}: it is no address")
    between = f"source_address between '{first}' and '{last}'"
    # ::/0 is every IPv6 address and no IPv4 one.
    return between if network.version == 4 else all_of([between, "source_ip like '%:%'"])


def _same(place: Field, other: Field, value: SigmaFieldReference) -> Condition:
    if value.starts_with or value.ends_with:
        raise Refused("|fieldref with startswith or endswith is not supported")
    return f"lower({place.text}) = lower({other.text})"


def named(node: object, name: str) -> tuple[str, ...]:
    """The plain texts that a tree compares a field with, outside of `not`."""
    found: list[str] = []

    def walk(each: object) -> None:
        if isinstance(each, ConditionAND | ConditionOR):
            for arg in each.args:
                walk(arg)
        elif isinstance(each, ConditionFieldEqualsValueExpression) and each.field == name:
            value = each.value
            if isinstance(value, SigmaString) and not value.contains_special():
                found.append(str(value))

    walk(node)
    return tuple(dict.fromkeys(found))
