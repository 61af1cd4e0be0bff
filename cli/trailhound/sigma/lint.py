"""What in a rule cannot mean what its author meant: told, and made all the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
)
from sigma.types import SigmaFieldReference, SigmaString

from trailhound.project.aws_names import members_of
from trailhound.sigma.fields import is_field
from trailhound.sigma.predicates import named
from trailhound.text import visible

_SHAPES = {"requestParameters": "input", "responseElements": "output"}
# What these write there is not what their API takes.
_OTHER_WORDS = ("ec2.amazonaws.com", "s3.amazonaws.com", "signin.amazonaws.com")
_NEVER_EQUAL = {"userIdentity.arn", "userIdentity.sessionContext.sessionIssuer.arn"}


def doubts(tree: object, sources: Sequence[str]) -> Iterator[str]:
    """What to doubt in a rule's condition, a line each.

    sources: the event sources that the rule names, in AWS's spelling
    """
    names = named(tree, "eventName")
    for each in _comparisons(tree):
        yield from _of_value(each)
        yield from _of_shape(str(each.field), sources, names)
    for node in _nodes(tree):
        if isinstance(node, ConditionAND):
            yield from _contradictions(node)


def _of_value(each: ConditionFieldEqualsValueExpression) -> Iterator[str]:
    value = each.value
    if isinstance(value, SigmaString):
        text = str(value).strip("*")
        if is_field(text):
            yield f"{each.field} is compared with the text {text}, which is a field: |fieldref?"
        if each.field == "errorCode" and text.lower() == "success":
            yield "no errorCode is Success: it is absent where a call succeeded"
    elif isinstance(value, SigmaFieldReference) and (
        (str(each.field) in _NEVER_EQUAL) != (value.field in _NEVER_EQUAL)
        and "rn" not in value.field.rpartition(".")[2]
    ):
        yield f"{each.field} is an ARN and {value.field} is none: they are never equal"


def _of_shape(name: str, sources: Sequence[str], calls: Sequence[str]) -> Iterator[str]:
    column, _, path = name.partition(".")
    if not path or column not in _SHAPES or len(sources) != 1 or sources[0] in _OTHER_WORDS:
        return
    member = path.split(".", 1)[0].lower()
    shapes = [members_of(sources[0], call, _SHAPES[column]) for call in calls]
    if shapes and all(each is not None and member not in each for each in shapes):
        yield f"{name} is in no record of {', '.join(map(visible, calls[:3]))}"


def _contradictions(node: ConditionAND) -> Iterator[str]:
    """Fields that must be two different things at once, and exceptions that can never hold."""
    wanted: dict[str, set[str]] = {}
    for each in node.args:
        for name, texts in _allowed(each).items():
            if name in wanted and not wanted[name] & texts:
                both = sorted((min(wanted[name]), min(texts)))
                yield f"{name} cannot be {' and '.join(map(visible, both))} at once"
            wanted[name] = wanted[name] & texts if name in wanted else texts
    for each in node.args:
        if isinstance(each, ConditionNOT):
            for name, texts in _allowed(each.args[0]).items():
                if wanted.get(name) and not wanted[name] & texts:
                    yield f"its exception for {name} {visible(min(texts))} can never hold"


def _allowed(node: object) -> dict[str, set[str]]:
    """The texts that a condition lets a field have, in lower case, for fields where it says so.

    What a path in JSON leads to may be several.
    """
    if isinstance(node, ConditionFieldEqualsValueExpression):
        name = str(node.field)
        is_plain = isinstance(node.value, SigmaString) and not node.value.contains_special()
        if is_plain and ("." not in name or name.startswith("userIdentity.")):
            return {name: {str(node.value).lower()}}
    if isinstance(node, ConditionAND):
        found: dict[str, set[str]] = {}
        for each in node.args:
            for name, texts in _allowed(each).items():
                found[name] = found[name] & texts if name in found else texts
        return found
    if isinstance(node, ConditionOR):
        parts = [_allowed(each) for each in node.args]
        names = set.intersection(*(set(each) for each in parts)) if parts else set()
        return {name: set().union(*(each[name] for each in parts)) for name in names}
    return {}


def _comparisons(tree: object) -> Iterator[ConditionFieldEqualsValueExpression]:
    for node in _nodes(tree):
        if isinstance(node, ConditionFieldEqualsValueExpression):
            yield node


def _nodes(tree: object) -> Iterator[object]:
    yield tree
    if isinstance(tree, ConditionAND | ConditionOR | ConditionNOT):
        for each in tree.args:
            yield from _nodes(each)
