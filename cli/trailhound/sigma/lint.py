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
    """Fields that must be two different things at once."""
    texts: dict[str, set[str]] = {}
    for each in node.args:
        if (
            isinstance(each, ConditionFieldEqualsValueExpression)
            and isinstance(each.value, SigmaString)
            and not each.value.contains_special()
            and "." not in str(each.field)
        ):
            texts.setdefault(str(each.field), set()).add(str(each.value).lower())
    for name, wanted in texts.items():
        if len(wanted) > 1:
            yield f"{name} cannot be {' and '.join(map(visible, sorted(wanted)[:2]))} at once"


def _comparisons(tree: object) -> Iterator[ConditionFieldEqualsValueExpression]:
    for node in _nodes(tree):
        if isinstance(node, ConditionFieldEqualsValueExpression):
            yield node


def _nodes(tree: object) -> Iterator[object]:
    yield tree
    if isinstance(tree, ConditionAND | ConditionOR | ConditionNOT):
        for each in tree.args:
            yield from _nodes(each)
