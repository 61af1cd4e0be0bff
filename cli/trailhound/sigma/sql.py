"""Conditions in SQL, in the project's hand, and texts of a rule in them that stay texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

# What may stand in a template as it is; a brace may begin Jinja. Characters that a terminal might
# act on are in no literal (trailhound.text).
_PLAIN = re.compile(r"[^{}\\]*")
_BRACE = re.compile(r"[{}]")


class All(NamedTuple):
    """Conditions that must all hold."""

    parts: tuple[Condition, ...]


class Any(NamedTuple):
    """Conditions of which one must hold."""

    parts: tuple[Condition, ...]


class Not(NamedTuple):
    """A condition that must not hold; one that is null does not."""

    part: Condition


Condition = str | All | Any | Not


def jinja_string(text: str) -> str:
    """A text as a string inside a Jinja expression."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + _BRACE.sub(lambda found: f"\\u{ord(found[0]):04x}", escaped) + '"'


def in_template(sql: str) -> str:
    """SQL that a template gives out as it is, whatever stands in its literals."""
    return sql if _PLAIN.fullmatch(sql) else f"{{{{ {jinja_string(sql)} }}}}"


def condition_lines(condition: Condition) -> list[str]:
    """The lines of a condition, the outermost `and` or `or` at their beginning."""
    if isinstance(condition, str):
        return [condition]
    if isinstance(condition, Not):
        inner = condition_lines(condition.part)
        if len(inner) == 1:
            return [f"not coalesce({inner[0]}, false)"]
        return ["not coalesce(", *_indented([*inner[:-1], f"{inner[-1]},", "false"]), ")"]
    word = "and" if isinstance(condition, All) else "or"
    lines: list[str] = []
    for part in condition.parts:
        inner = _grouped(part)
        lines += [f"{word} {inner[0]}" if lines else inner[0], *inner[1:]]
    return lines


def one_line(condition: Condition) -> str:
    """A condition in one line, to stand anywhere."""
    return " ".join(line.strip() for line in _grouped(condition))


def _grouped(condition: Condition) -> list[str]:
    lines = condition_lines(condition)
    if isinstance(condition, str | Not) or len(lines) == 1:
        return lines
    return ["(", *_indented(lines), ")"]


def _indented(lines: Sequence[str]) -> Iterator[str]:
    return (f"    {line}" for line in lines)


def all_of(parts: Sequence[Condition]) -> Condition:
    """All of some conditions, without a needless level."""
    flat = [each for part in parts for each in (part.parts if isinstance(part, All) else (part,))]
    return flat[0] if len(flat) == 1 else All(tuple(flat))


def any_of(parts: Sequence[Condition]) -> Condition:
    """Any of some conditions; comparisons of one expression with texts become a list."""
    flat = [each for part in parts for each in (part.parts if isinstance(part, Any) else (part,))]
    merged: list[Condition] = []
    lists: dict[str, list[str]] = {}
    for each in flat:
        equal = _EQUAL.fullmatch(each) if isinstance(each, str) else None
        if equal is None:
            merged.append(each)
            continue
        if equal[1] not in lists:
            merged.append(equal[1])  # its place
        lists.setdefault(equal[1], []).append(equal[2])
    done = [
        _one_of(each, lists[each]) if isinstance(each, str) and each in lists else each
        for each in merged
    ]
    return done[0] if len(done) == 1 else Any(tuple(done))


_EQUAL = re.compile(r"([a-z_()\. ]+) = ('(?:[^'{]|'')*')")


def _one_of(expression: str, literals: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(literals))
    if len(distinct) == 1:
        return f"{expression} = {distinct[0]}"
    return f"{expression} in ({', '.join(distinct)})"
