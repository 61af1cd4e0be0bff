"""Triage queries are filled in with values that stay values."""

from __future__ import annotations

import re
from datetime import datetime

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailhound.analyst.triage import PLACEHOLDERS, fill, pieces
from trailhound.project.detections import read_detections
from trailhound.project.project import installed_project
from trailhound.text import literal

ALERT = {
    "account_id": "012345678901",
    "entity_id": "arn:aws:iam::012345678901:user/o'brien",
    "correlated_by": "eu-central-1",
    "triggered_at": datetime(2026, 1, 31, 23, 59),
    "first_seen": datetime(2026, 1, 31, 23, 50, 1),
    "last_seen": datetime(2026, 2, 1),
}


def test_each_placeholder_takes_its_value() -> None:
    sql = "select :account_id, :entity_id, :correlated_by, :triggered_at, :first_seen, :last_seen"
    assert fill(sql, ALERT) == (
        "select '012345678901', 'arn:aws:iam::012345678901:user/o''brien', 'eu-central-1', "
        "cast('2026-01-31 23:59:00' as timestamp), cast('2026-01-31 23:50:01' as timestamp), "
        "cast('2026-02-01 00:00:00' as timestamp)"
    )


def test_what_only_looks_like_a_placeholder_stays() -> None:
    sql = "select a::account_id, :account_ids, b:entity_id, :other from t -- 12:first_seen"
    assert pieces(sql) == [sql]
    assert fill(sql, ALERT) == sql


def test_a_value_is_not_filled_in_itself() -> None:
    alert = {"account_id": ":entity_id", "entity_id": "' or :account_id = '"}
    assert fill(":account_id :entity_id", alert) == "':entity_id' ''' or :account_id = '''"


@pytest.mark.parametrize("unseen", ["\x00", "\x1b", "\n", "\x7f", "\u202e", "\u2028", "\ufeff"])
def test_an_unseen_character_is_spelt_out(unseen: str) -> None:
    written = literal(f"a{unseen}b")
    assert written == f"('a' || chr({ord(unseen)}) || 'b')"
    assert duckdb.execute(f"select {written}").fetchall() == [(f"a{unseen}b",)]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back_from_the_database(text: str) -> None:
    written = literal(text)
    found = duckdb.execute(f"select {written} where {written} = ?", [text]).fetchall()
    assert found == [(text,)]


def test_the_detections_use_no_other_placeholder() -> None:
    for detection in read_detections(installed_project()):
        for step in detection.triage:
            without_texts = re.sub("'[^']*'", "''", step.sql)
            names = re.findall(r"(?<![:\w]):(\w+)", without_texts)
            assert set(names) <= set(PLACEHOLDERS), (detection.name, step.question)
            assert "entity_id" in names or "account_id" in names, (detection.name, step.question)
