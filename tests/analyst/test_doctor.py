"""What doctor takes for a dead trail, for silence, and for known and meant."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from support import Invoke
from trailhound.analyst.acknowledged import Acknowledged, read_acknowledged_file
from trailhound.analyst.doctor import _acknowledged as told_of_rows
from trailhound.analyst.findings import NOTE, OK, PROBLEM
from trailhound.analyst.silence import RegionDays, dead_trail, silent_accounts, silent_regions

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOTHING = Acknowledged([], NOW.date())
DAY = timedelta(days=1)
HEAD = "kind,name,reason,owner,expires_on\n"


def acknowledged(folder: Path, rows: str) -> Acknowledged:
    path = folder / "a.csv"
    path.write_text(HEAD + rows)
    return read_acknowledged_file(path, NOW.date())


def test_a_trail_is_dead_after_max_age() -> None:
    for age, state in ((26 * 3600, OK), (26 * 3600 + 1, PROBLEM)):
        newest = {"1": NOW - timedelta(seconds=age), "2": NOW - 9 * DAY}
        [found] = dead_trail(newest, NOW, timedelta(hours=26), NOTHING)
        assert (found.state, found.subject) == (state, "newest event")
    assert found.found == "2026-01-30T09:59:59Z, more than 26 hours ago"


def test_an_account_that_fell_silent_before_the_others_is_named() -> None:
    newest = {"1": NOW - 9 * DAY, "2": NOW - 7 * DAY, "3": NOW - 8 * DAY}
    [found] = silent_accounts(newest, DAY, NOTHING)
    assert (found.state, found.found) == (PROBLEM, "1 since 2026-01-22T12:00:00Z")
    assert not list(silent_accounts(newest, 2 * DAY, NOTHING))


@pytest.mark.parametrize(
    ("days", "is_silent"),
    [
        ([1, 2, 3], True),
        ([6, 7, 9], False),  # two days only
        ([1, 6, 7], False),  # no longer than before
        ([1, 2], False),  # too few to know
    ],
)
def test_a_region_that_fell_silent_before_its_account(days: list[int], is_silent: bool) -> None:
    def region(account: str, name: str, days: list[int]) -> RegionDays:
        return RegionDays(account, name, {date(2026, 1, day): 1 for day in days})

    every = [1, 2, 3, 4, 6, 7, 8, 9, 10, 31]  # its gaps are none of the region
    coverage = [region("1", "a", every), region("1", "b", days), region("2", "b", [1, 2, 3])]
    found = list(silent_regions(coverage, NOTHING))
    last = date(2026, 1, days[-1])
    assert [each.found for each in found] == ([f"1 b since {last}"] if is_silent else [])
    assert all(each.state == PROBLEM for each in found)


def test_what_is_acknowledged_is_no_problem_until_the_row_expires(folder: Path) -> None:
    newest = {"1": NOW - 9 * DAY, "2": NOW}
    for last_day, state in (("", OK), ("2026-01-31", OK), ("2026-01-30", PROBLEM)):
        rows = acknowledged(folder, f"silent accounts,1,closed,me,{last_day}\n")
        [found] = silent_accounts(newest, DAY, rows)
        assert found.state == state
    [told] = told_of_rows(rows)
    assert (told.state, told.found) == (
        NOTE,
        "silent accounts 1 (closed): expired on 2026-01-30",
    )


def test_a_row_tells_what_it_was_good_for(folder: Path) -> None:
    rows = acknowledged(folder, "files,*/LICENSE,no log,me,\nfiles,other,no log,me,\n")
    assert rows.without("files", ["/a/LICENSE", "/b/LICENSE", "/a/x"]) == ["/a/x"]
    assert rows.without("digests", ["/a/LICENSE"]) == ["/a/LICENSE"]
    assert [each.found for each in told_of_rows(rows)] == [
        "files */LICENSE (no log): 2 problems",
        "files other (no log) matched nothing",
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("file,*,r,o,", "kind 'file' is none of newest event, silent accounts"),
        ("files,,r,o,", "no name: * means any"),
        ("files,*,,o,", "no reason"),
        ("files,*,r,o,soon", "expires_on 'soon' is no date YYYY-MM-DD"),
        ("files,*,r,o", "4 fields instead of 5"),
    ],
)
def test_a_wrong_row_is_named_with_its_line(
    invoke: Invoke, folder: Path, row: str, said: str
) -> None:
    invoke("init", "own")
    (folder / "own" / "acknowledged.csv").write_text(f"{HEAD}{row}\n")
    told = invoke("doctor", "--project-dir", "own", code=1).stderr
    assert told.startswith(f"Error: acknowledged.csv, line 2: {said}")
