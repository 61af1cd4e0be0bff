"""What a rule matches is what a plain reading of it matches, record by record."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sigma.conditions import ConditionFieldEqualsValueExpression
from sigma.types import SigmaString

from sigma_rules.matcher import matches
from sigma_rules.rules import RECORDS, REFUSED, RULES, rule
from support import ROOT, asked
from trailhound.build.build import build_events
from trailhound.project.aws_names import aws_names
from trailhound.project.macros import Macros
from trailhound.settings import Settings
from trailhound.sigma.detection import Maker
from trailhound.sigma.examples import Examples
from trailhound.sigma.fields import field
from trailhound.sigma.names import Names
from trailhound.sigma.predicates import Compiler
from trailhound.sigma.rules import read_rules
from trailhound.sigma.shape import Shape, grouped
from trailhound.sigma.sql import one_line
from trailhound.workspace import Work

Matched = Callable[[dict[str, Any]], set[str]]


def maker_of(paths: list[Path]) -> Maker:
    macros = Macros(ROOT / "macros", "duckdb", {})
    names = Names(aws_names())
    return Maker(read_rules(paths), names, Examples(macros, names, duckdb.connect()))


@pytest.fixture(scope="module")
def events(
    tmp_path_factory: pytest.TempPathFactory, project_of_few: Path
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The records as cloudtrail_events."""
    folder = tmp_path_factory.mktemp("events")
    trail, store = folder / "trail.json", folder / "store.duckdb"
    trail.write_text(json.dumps({"Records": RECORDS}))
    asked("load", trail, "--store", store)
    build_events(Work(Settings(project_dir=project_of_few, store=store)))
    with duckdb.connect(str(store), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def matched(events: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory) -> Matched:
    """The ids of the events that a rule matches, by its SQL."""
    path = tmp_path_factory.mktemp("rule") / "rule.yml"

    def find(rule: dict[str, Any]) -> set[str]:
        path.write_text(yaml.safe_dump(rule))
        maker = maker_of([path])
        assert maker.collection.unread == []
        condition = one_line(maker.condition_of(maker.collection.rules[0]))
        sql = maker.examples.macros.render(condition)
        rows = events.execute(f"select event_id from cloudtrail_events where {sql}").fetchall()
        return {event_id for (event_id,) in rows}

    return find


def _plainly(rule: dict[str, Any]) -> set[str]:
    return {each["eventID"] for each in RECORDS if matches(rule, each)}


@pytest.mark.parametrize("rule", RULES, ids=[each["title"] for each in RULES])
def test_a_rule_matches_what_it_says(matched: Matched, rule: dict[str, Any]) -> None:
    expected = _plainly(rule)
    assert 0 < len(expected) < len(RECORDS)
    assert matched(rule) == expected


_TEXTS = ["CreateUser", "accessdenied", "s3 b", "Root", "22", "false", "0.0.0.0/0", "arn:", "*", ""]
_FIELDS = [
    "eventName", "errorCode", "userAgent", "sourceIPAddress", "userIdentity.type", "readOnly",
    "userIdentity.arn", "requestParameters", "requestParameters.fromPort",
    "requestParameters.items.cidr", "requestParameters.layers", "requestParameters.enable",
]  # fmt: skip
_KEYS = st.sampled_from(_FIELDS).flatmap(
    lambda field: st.sampled_from(
        [field, *(f"{field}|{each}" for each in ("contains", "startswith", "endswith", "cased"))]
    )
)
_VALUES = st.one_of(
    st.sampled_from(_TEXTS), st.lists(st.sampled_from(_TEXTS[:-2]), min_size=1, max_size=3)
)
_SELECTIONS = st.dictionaries(_KEYS, _VALUES, min_size=1, max_size=2)
_CONDITIONS = st.sampled_from(
    ["a", "not a", "a and b", "a or b", "a and not b", "not (a or b)", "not a or b", "1 of them",
     "all of them"]
)  # fmt: skip


@pytest.mark.parametrize(
    ("field", "pattern"),
    [
        ("userAgent", r"(?<x>S)3 [(?<B]r(?<y>o)\w+"),
        ("requestParameters.layers", "(?<x>n):T"),
    ],
)
def test_a_group_may_have_a_name_in_either_spelling(
    matched: Matched, field: str, pattern: str
) -> None:
    """Python and DuckDB know one of the two, RE2 itself and Sigma both."""
    inside = pattern.replace("(?<x", "(?P<x").replace("(?<y", "(?P<y")
    expected = _plainly(rule("python", selection={f"{field}|re": inside}))
    assert expected
    for each in (pattern, inside):
        assert matched(rule("named", selection={f"{field}|re": each})) == expected


@given(_SELECTIONS, _SELECTIONS, _CONDITIONS)
def test_random_rules_match_what_they_say(
    matched: Matched, a: dict[str, Any], b: dict[str, Any], condition: str
) -> None:
    made = rule("random", condition, a=a, b=b)
    assert matched(made) == _plainly(made)


@pytest.mark.parametrize("kind", REFUSED)
def test_what_has_no_meaning_here_is_refused_with_the_reason(tmp_path: Path, kind: str) -> None:
    document, reason = REFUSED[kind]
    path = tmp_path / "rule.yml"
    path.write_text(yaml.safe_dump(document))
    from trailhound.sigma.write import make_all

    *_, outcome = make_all(maker_of([path]), [], "low")
    assert outcome.made == []
    assert reason in outcome.refused[0].reason


def test_a_name_that_services_spell_in_two_ways_is_both() -> None:
    names = Names(aws_names())
    assert names.events("createapikey", []) == ["CreateAPIKey", "CreateApiKey"]
    assert names.events("createapikey", ["wafv2.amazonaws.com"]) == ["CreateAPIKey"]
    tree = ConditionFieldEqualsValueExpression("eventName", SigmaString("createapikey"))
    condition = one_line(Compiler(names, (), []).condition(tree))
    assert condition == "event_name in ('CreateAPIKey', 'CreateApiKey')"


def test_groups_of_several_fields_are_apart_whatever_is_in_them() -> None:
    shape = Shape([("true", [])], by=[field("userAgent"), field("errorMessage")])
    grouped(shape, is_correlation=True, is_literal=False)
    [(_, [column])] = shape.steps
    texts = ["", "|", "\\", "a|b", "a", "b|", "\\|", "|\\"]
    pairs = [(left, right) for left in texts for right in texts]
    with duckdb.connect() as connection:
        connection.execute("create table calls (user_agent varchar, error_message varchar)")
        connection.executemany("insert into calls values (?, ?)", pairs)
        rows = connection.execute(f"select {column} from calls").fetchall()
    assert len(set(rows)) == len(pairs)


def test_a_made_event_meets_the_rule(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(yaml.safe_dump_all(RULES))
    maker = maker_of([tmp_path])
    without = []
    for each in maker.collection.rules:
        event = maker.examples.of(maker.condition_of(each), each.tree)
        if event is None:
            without.append(each.title)
    # From a regular expression no text is made.
    assert [title for title in without if not title.startswith("re")] == []
