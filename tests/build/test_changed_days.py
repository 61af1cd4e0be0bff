"""New events change certain days, and only these are recomputed."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

import late_trail
from engines.warehouse import deliver, run
from support import ROOT, project_with
from trailhound.build.relations import changed_days

DAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("new_days", "days_after", "ranges"),
    [
        ([0], 0, [(0, 0)]),
        ([0], 1, [(0, 1)]),
        ([0, 1, 2], 0, [(0, 2)]),
        ([0, 2], 0, [(0, 0), (2, 2)]),
        ([0, 2, 9], 1, [(0, 3), (9, 10)]),
    ],
)
def test_days_in_a_row_are_one_range(
    new_days: list[int], days_after: int, ranges: list[tuple[int, int]]
) -> None:
    assert changed_days([DAY + timedelta(days=day) for day in new_days], days_after) == [
        (DAY + timedelta(days=first), DAY + timedelta(days=last)) for first, last in ranges
    ]


def test_nothing_is_left_out_where_there_is_no_bound() -> None:
    assert changed_days([DAY], None) == [(DAY, date.max)]
    assert changed_days([date.max], 30) == [(date.max, date.max)]


def test_many_scattered_days_are_joined() -> None:
    days = [DAY + timedelta(days=2 * number) for number in range(100)]
    assert changed_days(days, 0) == [(days[0], days[-1])]
    years = [DAY + timedelta(days=400 * number) for number in range(100)]
    assert changed_days(years, 0) == [(years[0], years[-1])]


def test_events_58_days_late_change_what_they_can(tmp_path: Path) -> None:
    project = project_with(late_trail.DETECTIONS, tmp_path / "project")

    def alerts(name: str) -> list[tuple[Any, ...]]:
        store = tmp_path / name
        run(
            ["trailhound", "run", tmp_path / "trail", "--store", store, "--quiet"],
            tmp_path,
            {"TRAILHOUND_TARGET": "duckdb"},
            late_trail.VARIABLES,
            project=project,
        )
        with duckdb.connect(str(store), read_only=True) as connection:
            return connection.execute(
                "select detection, cast(alert_date as varchar), is_continuation from alerts "
                "union all select detection, cast(alert_date as varchar), is_continuation "
                "from signals order by all"
            ).fetchall()

    deliver(tmp_path / "trail", "2026/04/28", late_trail.in_time())
    assert alerts("grown") == late_trail.BEFORE
    # A copy that changes what is there has DuckDB build everything whole.
    deliver(tmp_path / "trail", "2026/04/29", late_trail.late()[:-1])
    moved = ("aws_critical_changes_to_logging", "2026-03-19", False)
    kept = ("aws_critical_changes_to_logging", "2026-03-20", False)
    assert alerts("grown") == [kept if each == moved else each for each in late_trail.AFTER]


def test_every_detection_that_looks_back_says_how_far() -> None:
    looking_back = [
        path
        for path in (ROOT / "detections").glob("*/*.sql")
        if re.search(r"ref\('(active|account|entity)_days'\)|new_values\(", path.read_text())
    ]
    assert len(looking_back) >= 7
    assert [
        path.stem
        for path in looking_back
        if "lookback_days:" not in path.with_suffix(".yml").read_text()
    ] == []
