"""The analyst's two CSV files: what Python refuses, and that dbt alone refuses the same."""

from __future__ import annotations

import csv
import re
import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest
from click.testing import Result

from support import ROOT, dbt, project_with
from trailhound.build.relations import seed_sql
from trailhound.project.detections import read_detections
from trailhound.project.project import Project
from trailhound.project.seeds import (
    AllowListRow,
    Known,
    OverrideRow,
    TrustedAccountRow,
    read_allow_list,
    read_overrides,
    read_trusted_accounts,
)
from trailhound.project.seeds_in_force import seeds_in_force
from trailhound.settings import Settings

ALLOW_LIST = list(AllowListRow.model_fields)
OVERRIDES = list(OverrideRow.model_fields)
TRUSTED = list(TrustedAccountRow.model_fields)
LOGGING = "aws_critical_changes_to_logging"
FAILED = "iam_multiple_failed_api_calls"


@pytest.fixture(scope="session")
def known() -> Known:
    detections = read_detections(Project(ROOT))
    return Known(
        [each.name for each in detections if each.enabled],
        [each.name for each in detections if each.threshold is None],
    )


def write(path: Path, columns: list[str], rows: list[dict[str, str]]) -> Path:
    """A file of rows that have a reason unless they say otherwise, in lines 2, 3, ..."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows([{"reason": "because", **row} for row in rows])
    return path


GOOD_ALLOWED: list[dict[str, str]] = [
    {},
    {"detection": "*"},
    {"detection": FAILED},
    {"detection": "iam_*_calls"},
    {"detection": LOGGING},
    {"source_ip": "10.0.0.1"},
    {"source_ip": "10.0.0.0/8"},
    {"source_ip": "10.0.0.0/08"},
    {"source_ip": "10.0.0.1/32"},
    {"source_ip": "0.0.0.0/0"},
    {"source_ip": "::/0"},
    {"source_ip": "2001:DB8::/33"},
    {"source_ip": "2001:db8::1/128"},
    {"source_ip": "::ffff:10.0.0.0/104"},
    {"source_ip": "10.0.*"},
    {"source_ip": "*:1"},
    {"source_ip": "AWS Internal"},
    {"source_ip": "cloudformation.amazonaws.com"},
    {"expires_on": "2024-02-29"},
    {"expires_on": "9999-12-31"},
    {"user_agent": "Boto3/1.0 'quoted' \"twice\", and; more {{ braces }}", "owner": "Zoë"},
    {"reason": "it's\ntwo lines"},
]
BAD_ALLOWED: list[tuple[dict[str, str], str]] = [
    ({"reason": ""}, "no reason"),
    ({"reason": "  "}, "no reason"),
    ({"reason": "\t"}, "no reason"),
    ({"detection": "iam_x"}, "there is no enabled detection 'iam_x'"),
    ({"detection": "IAM_*"}, "there is no enabled detection 'IAM_*'"),
    ({"detection": f" {FAILED}"}, f"there is no enabled detection ' {FAILED}'"),
    ({"detection": "iam?multiple_failed_api_calls"}, "there is no enabled detection 'iam?"),
    *(
        (
            {"source_ip": text},
            f"source_ip '{text}' is no CIDR range: it has bits behind its prefix",
        )
        for text in ("10.0.0.1/8", "10.0.0.128/24", "2001:db8:8000::/32", "::ffff:10.0.0.0/90")
    ),
    ({"source_ip": "10.0.0.0/33"}, "source_ip '10.0.0.0/33' is no CIDR range"),
    ({"source_ip": "::/129"}, "source_ip '::/129' is no CIDR range"),
    ({"source_ip": "10.0.0.0/"}, "source_ip '10.0.0.0/' is no CIDR range"),
    ({"source_ip": "10.0.0.0/x"}, "source_ip '10.0.0.0/x' is no CIDR range"),
    ({"source_ip": "10.0.0.0/-1"}, "source_ip '10.0.0.0/-1' is no CIDR range"),
    ({"source_ip": "10.0.0.0/8/9"}, "source_ip '10.0.0.0/8/9' is no CIDR range"),
    ({"source_ip": "10.0.0.0/255.0.0.0"}, "source_ip '10.0.0.0/255.0.0.0' is no CIDR range"),
    ({"source_ip": "10.0.0.0/99999999999"}, "source_ip '10.0.0.0/99999999999' is no CIDR range"),
    ({"source_ip": "10.0/8"}, "source_ip '10.0/8' is no CIDR range"),
    ({"source_ip": "10.*/8"}, "source_ip '10.*/8' is no CIDR range"),
    ({"source_ip": "/8"}, "source_ip '/8' is no CIDR range"),
    ({"source_ip": "fe80::%1/64"}, "source_ip 'fe80::%1/64' is no CIDR range"),
    ({"source_ip": "10.0.0.256"}, "source_ip '10.0.0.256' is no address"),
    ({"source_ip": "10.0.0"}, "source_ip '10.0.0' is no address"),
    ({"source_ip": "10.0.0.1 "}, "source_ip '10.0.0.1 ' is no address"),
    ({"source_ip": " 10.0.0.1"}, "source_ip ' 10.0.0.1' is no address"),
    ({"source_ip": "fe80::1%0"}, "source_ip 'fe80::1%0' is no address"),
    ({"expires_on": "2026-02-30"}, "expires_on '2026-02-30' is no date YYYY-MM-DD"),
    ({"expires_on": "2026-1-1"}, "expires_on '2026-1-1' is no date YYYY-MM-DD"),
    ({"expires_on": "20260131"}, "expires_on '20260131' is no date YYYY-MM-DD"),
    ({"expires_on": "31.01.2026"}, "expires_on '31.01.2026' is no date YYYY-MM-DD"),
    ({"expires_on": "2026-W01-1"}, "expires_on '2026-W01-1' is no date YYYY-MM-DD"),
    ({"expires_on": "2026-01-31 "}, "expires_on '2026-01-31 ' is no date YYYY-MM-DD"),
    ({"expires_on": "never"}, "expires_on 'never' is no date YYYY-MM-DD"),
]
GOOD_OVERRIDES: list[dict[str, str]] = [
    {"threshold": "1"},
    {"threshold": "007"},
    {"threshold": "9223372036854775807"},
    {"detection": "*", "threshold": "5"},
    {"detection": "aws_*", "threshold": "5"},
    {"detection": FAILED, "threshold": "50"},
]
BAD_OVERRIDES: list[tuple[dict[str, str], str]] = [
    ({"threshold": "5", "reason": " "}, "no reason"),
    ({"detection": "iam_x", "threshold": "5"}, "there is no enabled detection 'iam_x'"),
    ({"detection": LOGGING, "threshold": "5"}, f"the detection '{LOGGING}' has no threshold"),
    *(
        ({"threshold": text}, f"threshold '{text}' is no whole number of at least 1")
        for text in ("", "0", "-1", "+5", "1.5", "5.0", "1e3", "five", " 5", "٣", "9" * 20)
    ),
]


@pytest.mark.parametrize("row", GOOD_ALLOWED, ids=str)
def test_a_good_row_of_the_allow_list(tmp_path: Path, known: Known, row: dict[str, str]) -> None:
    path = write(tmp_path / "allow_list.csv", ALLOW_LIST, [row])
    (found,), errors = read_allow_list(path, known)
    assert errors == []
    expected = dict.fromkeys(ALLOW_LIST, "") | {"reason": "because"} | row
    expires_on = expected.pop("expires_on")
    assert found.model_dump(exclude={"expires_on"}) == expected
    assert found.expires_on == (date.fromisoformat(expires_on) if expires_on else None)


@pytest.mark.parametrize(("row", "reason"), BAD_ALLOWED, ids=str)
def test_a_bad_row_of_the_allow_list(
    tmp_path: Path, known: Known, row: dict[str, str], reason: str
) -> None:
    path = write(tmp_path / "mine.csv", ALLOW_LIST, [{}, row, {}])
    rows, errors = read_allow_list(path, known)
    assert len(rows) == 2
    assert len(errors) == 1
    assert errors[0].startswith(f"mine.csv, line 3: {reason}")


@pytest.mark.parametrize(("row", "reason"), BAD_OVERRIDES, ids=str)
def test_a_bad_row_of_the_overrides(
    tmp_path: Path, known: Known, row: dict[str, str], reason: str
) -> None:
    rows, errors = read_overrides(write(tmp_path / "mine.csv", OVERRIDES, [row]), known)
    assert rows == []
    assert len(errors) == 1
    assert errors[0].startswith(f"mine.csv, line 2: {reason}")


def test_good_overrides(tmp_path: Path, known: Known) -> None:
    path = write(tmp_path / "mine.csv", OVERRIDES, GOOD_OVERRIDES)
    rows, errors = read_overrides(path, known)
    assert errors == []
    assert [row.threshold for row in rows] == [int(row["threshold"]) for row in GOOD_OVERRIDES]


ZEROS = "is not twelve digits: did a spreadsheet eat the zeros?"
BAD_TRUSTED: list[tuple[dict[str, str], str]] = [
    ({"account_id": "12345678901"}, f"account_id '12345678901' {ZEROS}"),
    ({"account_id": "1.23457E+11"}, f"account_id '1.23457E+11' {ZEROS}"),
    ({"account_id": "1234-5678-9012"}, f"account_id '1234-5678-9012' {ZEROS}"),
    ({"account_id": "*"}, f"account_id '*' {ZEROS}"),
    ({"account_id": ""}, f"account_id '' {ZEROS}"),
    ({"account_id": "012345678901", "reason": ""}, "no reason"),
]


def test_trusted_accounts(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", TRUSTED, [{"account_id": "012345678901", "name": "vault"}])
    rows, errors = read_trusted_accounts(path)
    assert errors == []
    assert [(row.account_id, row.name) for row in rows] == [("012345678901", "vault")]


@pytest.mark.parametrize(("row", "reason"), BAD_TRUSTED)
def test_a_wrong_trusted_account_is_named(tmp_path: Path, row: dict[str, str], reason: str) -> None:
    path = write(tmp_path / "mine.csv", TRUSTED, [row])
    assert read_trusted_accounts(path) == ([], [f"mine.csv, line 2: {reason}"])


def test_near_names_are_offered(tmp_path: Path, known: Known) -> None:
    path = write(tmp_path / "mine.csv", ALLOW_LIST, [{"detection": "iam_multiple_failed_calls*"}])
    assert f"Did you mean {FAILED}" in read_allow_list(path, known)[1][0]


def test_each_thing_that_is_wrong_with_a_row_is_said(tmp_path: Path, known: Known) -> None:
    row = {"detection": "x", "source_ip": "1.2", "expires_on": "y", "reason": ""}
    errors = read_allow_list(write(tmp_path / "mine.csv", ALLOW_LIST, [row]), known)[1]
    assert len(errors) == 4
    assert all(error.startswith("mine.csv, line 2: ") for error in errors)


def test_lines_are_those_of_the_file(tmp_path: Path, known: Known) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(
        b"\xef\xbb\xbfowner," + ",".join(ALLOW_LIST[:-1]).encode() + b"\r\n"
        b'me,,,,,,,,,"two\r\nlines"\r\n\r\nme,,,,,,,,,\r\nme,,,\r\n,,,,,,,,,\r\nme,x,,,,,,,,r\r\n'
    )
    rows, errors = read_allow_list(path, known)
    assert [row.owner for row in rows] == ["me"]
    assert errors == [
        "mine.csv, line 5: no reason",
        "mine.csv, line 6: 4 fields instead of 10",
        "mine.csv, line 7: no reason",
        "mine.csv, line 8: there is no enabled detection 'x'",
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "mine.csv: it is empty; the first line is detection,account_id,"),
        (b"detection,reason\n", "mine.csv, line 1: the columns must be detection,account_id,"),
        (
            ";".join(ALLOW_LIST).encode(),
            "mine.csv, line 1: the columns must be detection,account_id,",
        ),
        (
            ",".join([*ALLOW_LIST, "owner"]).encode(),
            "mine.csv, line 1: the columns must be detection,account_id,",
        ),
        (",".join(ALLOW_LIST).encode("utf-16"), "mine.csv: it is not UTF-8 text"),
        (
            ",".join(ALLOW_LIST).encode() + b"\n,,,,,,,,M\xfcller,me\n",
            "mine.csv: it is not UTF-8 text",
        ),
        (
            ",".join(ALLOW_LIST).encode() + b'\n,,,,,,,,"no end\n',
            "mine.csv, line 2: unexpected end of data",
        ),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, known: Known, content: bytes, reason: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(content)
    rows, errors = read_allow_list(path, known)
    assert rows == []
    assert len(errors) == 1
    assert errors[0].startswith(reason)


def test_the_projects_own_files_are_good(known: Known) -> None:
    assert read_allow_list(ROOT / "seeds" / "allow_list.csv", known) == ([], [])
    assert read_overrides(ROOT / "seeds" / "threshold_overrides.csv", known) == ([], [])


def dbt_build(folder: Path, select: list[str]) -> Result:
    """`dbt build` with the CSV files of folder/seeds: of a copy, for dbt writes over them."""
    project = project_with([FAILED, LOGGING], folder / "project")
    return dbt(
        *("--no-use-colors", "build", "--exclude-resource-type", "unit_test"),
        *("--project-dir", project, "--profiles-dir", project, "--target", "duckdb"),
        *("--target-path", folder / "target", "--log-path", folder / "logs"),
        *("--select", *select),
        TRAILHOUND_SEEDS=str(folder / "seeds"),
        TRAILHOUND_STORE=str(folder / "store.duckdb"),
    )


def test_dbt_alone_refuses_the_same_rows_and_builds_nothing_on_them(tmp_path: Path) -> None:
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    for path in (ROOT / "seeds").glob("*.csv"):
        shutil.copy(path, seeds)
    bad = {"allow_list": BAD_ALLOWED, "threshold_overrides": BAD_OVERRIDES}
    good = {"allow_list": GOOD_ALLOWED, "threshold_overrides": GOOD_OVERRIDES}
    for name, columns in (("allow_list", ALLOW_LIST), ("threshold_overrides", OVERRIDES)):
        rows = [row for row, _ in bad[name]] + good[name]
        numbered = [row | {"entity_id": f"row-{n}"} for n, row in enumerate(rows)]
        write(seeds / f"{name}.csv", columns, numbered)

    done = dbt_build(tmp_path, ["allow_list", "threshold_overrides", FAILED])

    assert done.exit_code == 1
    for name, wrong in bad.items():
        lines = re.findall(rf"{name}: row for .*entity_id 'row-(\d+)'.*: (.*)", done.stdout)
        refused = {int(number): problem for number, problem in lines}
        assert sorted(refused) == list(range(len(wrong))), name
        for number, (row, reason) in enumerate(wrong):
            assert ("no reason" in reason) == (refused[number] == "no reason"), row
            assert ("bits behind" in reason) == ("bits behind" in refused[number]), row
    assert re.search(rf"SKIP relation main.{FAILED}", done.stdout)


MAPPED = "0" * 20 + "ffff"
NETWORKS = [
    (MAPPED + "08080800", MAPPED + "080808ff", "AS1"),
    (MAPPED + "08080900", MAPPED + "080909ff", "AS2"),
    (MAPPED + "08090000", MAPPED + "08090000", "AS3"),
    (MAPPED + "0a000000", MAPPED + "0a0000ff", ""),
    ("8.8.8.0", MAPPED + "000000ff", "AS4"),
]


def test_dbt_alone_refuses_accounts_and_networks_that_cannot_be_meant(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "seeds", tmp_path / "seeds")
    good = {"account_id": "012345678901", "name": "good"}
    rows = [row | {"name": f"row-{n}"} for n, (row, _) in enumerate(BAD_TRUSTED)]
    write(tmp_path / "seeds" / "trusted_accounts.csv", TRUSTED, [*rows, good])
    with (tmp_path / "seeds" / "networks.csv").open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(NETWORKS)

    done = dbt_build(tmp_path, ["trusted_accounts", "networks"])

    assert done.exit_code == 1
    refused = re.findall(r"trusted_accounts: row for .*name 'row-(\d+)': (.*)", done.stdout)
    assert sorted((int(n), why) for n, why in refused) == [
        (n, "no reason" if why == "no reason" else f"account_id {ZEROS}")
        for n, (_, why) in enumerate(BAD_TRUSTED)
    ]
    assert "name 'good'" not in done.stdout
    assert re.findall(
        r"networks: row for first_address '(.*)', last_address '[^']*'(.*): (.*)", done.stdout
    ) == [
        (
            NETWORKS[2][0],
            f", overlapped '{NETWORKS[1][0]} to {NETWORKS[1][1]}'",
            "the two ranges overlap",
        ),
        (NETWORKS[3][0], "", "no network"),
        ("8.8.8.0", "", "first_address is not 32 hex digits"),
    ]


def test_dbt_alone_takes_good_files_and_names_wrong_columns(tmp_path: Path) -> None:
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    for path in (ROOT / "seeds").glob("*.csv"):
        shutil.copy(path, seeds)
    write(seeds / "allow_list.csv", ALLOW_LIST, GOOD_ALLOWED)
    columns = ["treshold" if name == "threshold" else name for name in OVERRIDES]
    write(seeds / "threshold_overrides.csv", columns, [])

    done = dbt_build(tmp_path, ["allow_list", "threshold_overrides"])

    assert done.exit_code == 1
    assert re.search(r"OK loaded seed file main.allow_list", done.stdout)
    wanted, found = ",".join(OVERRIDES), ",".join(columns)
    message = f"threshold_overrides: the columns must be {wanted}, not {found}"
    assert message in done.stdout


HEADER = ",".join(ALLOW_LIST)
QUOTED = ",".join(f'"{name}"' for name in ALLOW_LIST)
ODDLY_WRITTEN = {
    "a row that ends as on Windows": f"{HEADER}\n{LOGGING},,,,,,,,a,\r\n,,x,,,,,,b,\n",
    "every row ends so": f"{HEADER}\r\n{LOGGING},,,,,,,,a,\r\n,,x,,,,,,b,\r\n",
    "the header ends so": f"{HEADER}\r\n{LOGGING},,,,,,,,a,\n,,x,,,,,,b,\n",
    "blank lines": f"\n{HEADER}\n\n{LOGGING},,,,,,,,a,\n\r\n,,x,,,,,,b,\n\n",
    "a byte order mark": f"\ufeff{HEADER}\n{LOGGING},,,,,,,,a,\n,,x,,,,,,b,\n",
    "quotes": f'{QUOTED}\n"{LOGGING}",,,,,,,,"a",\n,,"x",,,,,,b,\n',
    "no end of the last line": f"{HEADER}\n{LOGGING},,,,,,,,a,\n,,x,,,,,,b,",
}


@pytest.mark.parametrize("how", ODDLY_WRITTEN)
def test_rows_written_in_other_ways_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("trailhound.project.seeds_in_force.check_rows", lambda *_: [])
    path = tmp_path / "some.csv"
    path.write_bytes(ODDLY_WRITTEN[how].encode())
    folder = seeds_in_force(Project(ROOT), Settings(allow_list=path), [], ())
    built_from = folder / "allow_list.csv"
    rows = duckdb.execute(seed_sql(built_from), [str(built_from)]).fetchall()
    assert [(row[0], row[2], row[8]) for row in rows] == [(LOGGING, None, "a"), (None, "x", "b")]


def test_the_project_s_other_files_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("trailhound.project.seeds_in_force.check_rows", lambda *_: [])
    seeds = tmp_path / "seeds"
    shutil.copytree(ROOT / "seeds", seeds)
    monkeypatch.setattr(Project, "seeds", property(lambda _: seeds))
    assert seeds_in_force(Project(ROOT), Settings(), [], ()) == seeds
    (seeds / "trusted_accounts.csv").write_bytes(
        b"account_id,name,reason,owner\n111111111111,,a,b\r\n\n222222222222,,c,d\n"
    )
    built_from = seeds_in_force(Project(ROOT), Settings(), [], ()) / "trusted_accounts.csv"
    rows = duckdb.execute(seed_sql(built_from), [str(built_from)]).fetchall()
    assert rows == [("111111111111", None, "a", "b"), ("222222222222", None, "c", "d")]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (f"{LOGGING}\t\t\t\t\t\t\t\ta\t", "line 3: 1 fields instead of 10"),
        (f'{LOGGING},,,,,,,,"a" b,', "line 3: "),
        (f'{LOGGING},,,,,,,,"a,', "line 3: "),
        ("   ", "line 3: 1 fields instead of 10"),
    ],
)
def test_rows_that_cannot_be_read_are_named(
    tmp_path: Path, known: Known, row: str, told: str
) -> None:
    path = tmp_path / "some.csv"
    path.write_text(f"{HEADER}\n{LOGGING},,,,,,,,a,\n{row}\n", encoding="utf-8")
    _, errors = read_allow_list(path, known)
    assert errors[0].startswith(f"some.csv, {told}")
