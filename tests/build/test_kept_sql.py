"""The compiled SQL is kept only where it is the same in every run."""

from __future__ import annotations

from typing import Any

import pytest

from trailhound.build.plan import fingerprint, moving_part
from trailhound.project.project import installed_project


@pytest.mark.parametrize(
    "raw, moving",
    [
        ("select 'statement', flags", None),
        ("{{ env_var('WATCH') }}", "env_var in iam_x"),
        ("{{ run_started_at }}", "run_started_at in iam_x"),
        ("{{ invocation_id }}", "invocation_id in iam_x"),
        ("{% set r = run_query('select 1') %}", "run_query in iam_x"),
    ],
)
def test_what_moves_is_named(raw: str, moving: str | None) -> None:
    node: dict[str, Any] = {
        "name": "iam_x",
        "resource_type": "model",
        "raw_code": raw,
        "config": {"materialized": "table"},
        "depends_on": {"macros": []},
    }
    assert moving_part(installed_project(), {"nodes": {"x": node}, "macros": {}}) == moving


def test_flags_of_dbt_are_in_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBT_EMPTY", raising=False)
    before = fingerprint(installed_project(), {})
    monkeypatch.setenv("DBT_EMPTY", "true")
    assert fingerprint(installed_project(), {}) != before
