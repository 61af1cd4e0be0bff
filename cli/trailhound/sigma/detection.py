"""The two files of the detection that a Sigma rule becomes."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from sigma.correlations import SigmaCorrelationRule

from trailhound.project.scaffold import render_template
from trailhound.sigma.examples import Examples
from trailhound.sigma.fields import IDENTITY, Refused
from trailhound.sigma.lint import doubts
from trailhound.sigma.metadata import comment, metadata
from trailhound.sigma.names import Names
from trailhound.sigma.predicates import Compiler, named
from trailhound.sigma.rules import Collection, Rule
from trailhound.sigma.shape import Shape, correlation_shape, grouped
from trailhound.sigma.sql import Condition, condition_lines, jinja_string
from trailhound.sigma.unit_tests import unit_tests
from trailhound.text import literal

_HASH = re.compile(r"(?:--|#) sha256 ([0-9a-f]{64}) of what follows\n")


@dataclass(frozen=True)
class Made:
    """A detection made of a rule: the texts of its two files, and what its reader should know."""

    rule: Rule
    name: str
    sql: str
    yml: str
    notes: tuple[str, ...]


@dataclass
class Maker:
    """Makes detections of the rules of a collection.

    minutes:        the window of a rule that only matches
    is_literal:     group by fields as written, where else who made the call is the entity
    """

    collection: Collection
    names: Names
    examples: Examples
    minutes: int = 60
    is_literal: bool = False

    def make(self, rule: Rule, name: str) -> Made:
        """The files of a rule's detection. Raises Refused."""
        notes: list[str] = []
        counted = self._counted_rules(rule)
        conditions = []
        for each in counted:
            conditions.append(self._condition(each, notes))
            notes += doubts(each.tree, self._sources(each))
        if isinstance(rule.parsed, SigmaCorrelationRule):
            shape = correlation_shape(rule.parsed, conditions, notes)
        else:
            shape = Shape([(conditions[0], [])], minutes=self.minutes)
        tests = unit_tests(name, shape, conditions, [each.tree for each in counted], self.examples)
        if shape.has_steps and not tests:
            notes.append(
                "it has no tests: none of its events can be made, or an event of one of its rules "
                "is one of another too, and counts for the first"
            )
        names = {text for each in counted for text in named(each.tree, "eventName")}
        yml = metadata(rule, name, shape, notes, names, tests)
        sql = _sql(rule, shape, is_literal=self.is_literal)
        unique = tuple(dict.fromkeys(notes))
        return Made(rule, name, hashed(sql, "--"), hashed(yml, "#"), unique)

    def condition_of(self, rule: Rule) -> Condition:
        """The condition of a rule that is no correlation. Raises Refused."""
        if rule.is_correlation:
            raise Refused("a correlation counts what other rules match: import it")
        return self._condition(rule, [])

    def _condition(self, rule: Rule, notes: list[str]) -> Condition:
        return Compiler(self.names, self._sources(rule), notes).condition(rule.tree)

    def _sources(self, rule: Rule) -> tuple[str, ...]:
        """The event sources that a rule names, in AWS's spelling."""
        sources = [self.names.source(each) for each in named(rule.tree, "eventSource")]
        return tuple(each for each in sources if each)

    def _counted_rules(self, rule: Rule) -> list[Rule]:
        """The rules whose events a rule counts: itself, or those that a correlation names."""
        if not isinstance(rule.parsed, SigmaCorrelationRule):
            return [rule]
        found = [
            self.collection.find(each.reference, rule.path) for each in rule.parsed.rules or ()
        ]
        if any(each.is_correlation for each in found):
            raise Refused("it is a correlation of correlations")
        return found


def hashed(text: str, mark: str) -> str:
    """A file's text under a line that tells whether somebody edited it since."""
    return f"{mark} sha256 {_digest(text)} of what follows\n{text}"


def is_as_made(text: str) -> bool:
    """Whether a file is as it was generated."""
    head = _HASH.match(text)
    return head is not None and _digest(text[head.end() :]) == head[1]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _sql(rule: Rule, shape: Shape, *, is_literal: bool) -> str:
    key, partition, correlated_by = grouped(
        shape, is_correlation=rule.is_correlation, is_literal=is_literal
    )
    for place in shape.by:
        if place.name in IDENTITY and not is_literal and not key:
            shape.evidence[f"{place.column}s"] = place.column
    source = "keyed_events" if key else "matching_events"
    distinct = f", distinct='{shape.distinct}'" if shape.distinct else ""
    by = f", by='{correlated_by}'" if distinct and correlated_by else ""
    countable = f"{{{{ trailhound.countable('{source}'{distinct}{by}) }}}}"
    chain: list[dict[str, Any]] = []
    observed, begins = shape.observed, ""
    if shape.ordered_steps:
        chain, observed, countable = _chain(shape, countable)
        begins = "case when step = 1 then event_time end"
    author = literal(json.dumps([str(rule.parsed.author or "unknown")], ensure_ascii=False))
    return render_template(
        "sigma.sql.jinja",
        title=comment(rule.title),
        id=comment(rule.id or "without an id"),
        author=comment(rule.author),
        steps=[
            {"lines": condition_lines(condition), "columns": columns}
            for condition, columns in shape.steps
        ],
        key=key,
        chain=chain,
        partition=partition,
        observed=observed,
        counted_from=countable,
        evidence=shape.evidence,
        author_fact=jinja_string(author),
        correlated_by=correlated_by,
        begins=begins,
    )


def _chain(shape: Shape, countable: str) -> tuple[list[dict[str, Any]], str, str]:
    """CTEs that carry the latest start of a chain from step to step, as a sequence has them."""
    count = shape.ordered_steps
    window = "{{ trailhound.window_interval() }}"
    chain = []
    source = countable
    for step in range(2, count + 1):
        before = "event_time" if step == 2 else f"started_{step - 1}"
        chain.append({
            "name": f"chained_{step}",
            "column": f"case when step = {step} then max(case when step = {step - 1} then {before} "
                      f"end) over recent end as started_{step}",
            "source": source,
            "has_window": True,
        })  # fmt: skip
        source = f"chained_{step}"
    chain.append({
        "name": "completed",
        "column": f"case when step = {count} and started_{count} >= event_time - {window} then 1 "
                  "end as is_complete",
        "source": source,
        "has_window": False,
    })  # fmt: skip
    observed = "case when is_complete = 1 then count(is_complete) over recent else 0 end"
    return chain, observed, "completed"
