"""Relations are built two at a time, each after what it needs."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from trailhound.build import relations
from trailhound.build.plan import Plan
from trailhound.build.step import Step

NAMES = ("a", "b", "c", "d")
# c reads a and b; d reads c.
NEEDS = {"c": ("a", "b"), "d": ("c",)}


def step(name: str) -> Step:
    read = " union all ".join(f'select x from "main"."{each}"' for each in NEEDS.get(name, ()))
    return Step(name, "table", f'"main"."{name}"', read or "select 1 as x", NEEDS.get(name, ()),
                is_detection=False)  # fmt: skip


PLAN = Plan("", tuple(map(step, NAMES)))


def test_each_comes_after_what_it_needs(tmp_path: Path) -> None:
    connection = duckdb.connect()
    assert relations.build(PLAN, connection, tmp_path, {}) == []
    assert connection.execute("select count(*) from d").fetchone() == (2,)


def test_what_needs_a_failed_one_is_left_out(tmp_path: Path) -> None:
    connection = duckdb.connect()
    connection.execute("create view b as select 1 as x")  # no table may take its place
    failures = relations.build(PLAN, connection, tmp_path, {})
    assert [each.name for each in failures] == ["b", "c", "d"]
    assert [each.reason for each in failures[1:]] == ["needs b", "needs c"]
    assert connection.execute("select count(*) from a").fetchone() == (1,)


def test_what_has_too_little_memory_beside_another_is_built_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build, refused = relations._Store._build_whole, ["a", "c"]

    def build_whole(store: relations._Store, step: Step) -> None:
        if step.name in refused:
            refused.remove(step.name)
            raise duckdb.OutOfMemoryException("too little")
        build(store, step)

    monkeypatch.setattr(relations._Store, "_build_whole", build_whole)
    connection = duckdb.connect()
    failures = relations.build(PLAN, connection, tmp_path, {})
    # c was not refused beside another: alone it has its one try.
    assert [each.name for each in failures] == ["c", "d"]
    refused.clear()
    assert relations.build(PLAN, connection, tmp_path, {}) == []
    assert connection.execute("select count(*) from d").fetchone() == (2,)
