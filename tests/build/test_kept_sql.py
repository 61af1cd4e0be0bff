"""The compiled SQL is kept only where it is the same in every run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support import LOGS
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


def test_two_runs_at_once_of_a_project_that_nobody_compiled_yet(
    tmp_path: Path, project_of_few: Path
) -> None:
    program = Path(sys.executable).with_name("trailhound")
    command = [program, "run", LOGS / "sample", "--project-dir", project_of_few, "--verbose"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    running = [
        subprocess.Popen(
            [*command, "--store", tmp_path / name, "--vars", "{travel_kmh: 999}"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for name in ("one", "other")
    ]
    told = [each.communicate() for each in running]
    assert [each.returncode for each in running] == [0, 0], told
    assert sorted(said.count(b"Running with dbt") for _, said in told) == [0, 1]
    assert told[0][0] == told[1][0]
