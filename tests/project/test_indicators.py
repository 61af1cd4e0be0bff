"""Lists of indicators: what is read of CSV and STIX, what is refused, and the seed made of them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from support import Invoke, alerts_of
from trailhound.errors import TrailhoundError
from trailhound.project import indicators

MAPPED = "0" * 20 + "ffff"


def seed_of(path: Path) -> list[list[str]]:
    out = io.StringIO()
    indicators.write_seed(path, out)
    return list(csv.reader(io.StringIO(out.getvalue())))[1:]


def csv_file(folder: Path, *lines: str) -> Path:
    path = folder / "mine.csv"
    path.write_text("".join(f"{line}\n" for line in ("kind,indicator,source", *lines)))
    return path


def bundle(folder: Path, *patterns: str, **more: Any) -> Path:
    path = folder / "mine.json"
    maker = {"type": "identity", "id": "identity--1", "name": "CERT"}
    found = [
        {"type": "indicator", "id": f"indicator--{number}", "created_by_ref": "identity--1",
         "name": "Campaign", "pattern": pattern, "pattern_type": "stix", **more}
        for number, pattern in enumerate(patterns)
    ]  # fmt: skip
    path.write_text(json.dumps({"type": "bundle", "id": "b", "objects": [maker, *found, 7]}))
    return path


def test_the_kind_is_told_by_the_text_and_sources_are_merged(tmp_path: Path) -> None:
    path = csv_file(
        tmp_path,
        ",198.51.100.0/24,CERT",
        ",2001:db8::1,CERT",
        ",AKIAIOSFODNN7EXAMPLE,a",
        "access_key,AKIAIOSFODNN7EXAMPLE,b",
        ",arn:aws:iam::111122223333:role/x,a",
        'user_agent,"=cmd|x, {{ 7 }}",a',
        "domain,evil.example,a",
    )
    v6 = "20010db8" + "0" * 23 + "1"
    assert seed_of(path) == [
        ["access_key", "AKIAIOSFODNN7EXAMPLE", "", "", "", "a; b"],
        ["address", "198.51.100.0/24", MAPPED + "c6336400", MAPPED + "c63364ff", "", "CERT"],
        ["address", "2001:db8::1", v6, v6, "", "CERT"],
        ["arn", "arn:aws:iam::111122223333:role/x", "", "", "", "a"],
        ["domain", "evil.example", "", "", "", "a"],
        ["user_agent", "=cmd|x, {{ 7 }}", "", "", "", "a"],
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",evil.example,a", "say its kind, user_agent or domain"),
        ("address,198.51.100.1/24,a", "is no address and no range"),
        ("file,x.exe,a", "kind 'file' is not one of"),
        ("user_agent,Pacu\x1b[2J,a", "'Pacu\\x1b[2J' holds a character that cannot be seen"),
        ("user_agent,abc,a", "give four characters or more"),
        ("domain,nodots,a", "'nodots' is no domain"),
        ("access_key,AKIA,a", "is no access key id"),
        ("arn,role/x,a", "is no ARN"),
        (",198.51.100.1, ", "it names no source"),
        (",198.51.100.1", "2 fields instead of 3"),
    ],
)
def test_a_wrong_row_is_named_with_its_line(tmp_path: Path, row: str, reason: str) -> None:
    with pytest.raises(TrailhoundError) as raised:
        seed_of(csv_file(tmp_path, ",198.51.100.9,a", row))
    assert str(raised.value).startswith("mine.csv, line 3: ")
    assert reason in str(raised.value)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("[ipv4-addr:value = '198.51.100.1']", ["198.51.100.1"]),
        ("[ipv4-addr:value ISSUBSET '198.51.100.0/24']", ["198.51.100.0/24"]),
        ("[ipv6-addr:value='2001:db8::1' OR domain-name:value='evil.example']",
         ["2001:db8::1", "evil.example"]),
        ("[domain-name:value = 'a.example'] OR [domain-name:value = 'b.example']",
         ["a.example", "b.example"]),
        ("[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = "
         "'Ev\\'il/1']", ["Ev'il/1"]),
        ("[user-account:user_id = 'AKIAIOSFODNN7EXAMPLE']", ["AKIAIOSFODNN7EXAMPLE"]),
        ("[user-account:user_id = 'ana']", []),
        ("[ipv4-addr:value = '198.51.100.1' AND domain-name:value = 'evil.example']", []),
        ("[ipv4-addr:value = '1.1.1.1'] FOLLOWEDBY [ipv4-addr:value = '2.2.2.2']", []),
        ("[ipv4-addr:value = '1.1.1.1'] WITHIN 5 SECONDS", []),
        ("[ipv4-addr:value != '1.1.1.1']", []),
        ("[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']", []),
        ("[" * 5000, []),
    ],
)  # fmt: skip
def test_what_cloudtrail_can_answer_of_a_pattern(pattern: str, found: list[str]) -> None:
    assert [value for _, value in indicators.terms(pattern)] == found


def test_a_bundle_gives_its_source_and_its_end(tmp_path: Path) -> None:
    path = bundle(tmp_path, "[ipv4-addr:value = '198.51.100.1']",
                  valid_until="2026-02-01T01:00:00.000+01:00")  # fmt: skip
    digits = MAPPED + "c6336401"
    assert seed_of(path) == [
        ["address", "198.51.100.1", digits, digits, "2026-02-01 00:00:00", "CERT: Campaign"]
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "it is no JSON"),
        ('{"type": "report"}', "it is no STIX bundle"),
        ('{"type": "bundle", "objects": []}', "none of its patterns"),
    ],
)
def test_a_file_that_is_no_bundle_is_named(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "mine.json"
    path.write_text(text)
    with pytest.raises(TrailhoundError, match=f"mine.json: {reason}"):
        seed_of(path)
    revoked = bundle(tmp_path, "[ipv4-addr:value = '198.51.100.1']", revoked=True)
    with pytest.raises(TrailhoundError, match="none of its patterns"):
        seed_of(revoked)


def test_a_run_with_a_list_names_who_published_what_was_seen(invoke: Invoke) -> None:
    invoke("simulate", "iam_multiple_users_created", "--start", "2026-01-31", "--output", "trail")
    invoke("run", "trail", "--quiet")
    first = alerts_of(invoke("alerts", "--format", "ndjson").stdout)
    assert {each["detection"] for each in first} & {"aws_indicator_seen"} == set()
    source = first[0]["source_ips"][0]
    Path("list.csv").write_text(f"kind,indicator,source\n,{source},CERT 7\n")
    invoke("run", "--indicators", "list.csv", "--quiet")
    found = alerts_of(
        invoke("alerts", "--detection", "aws_indicator_seen", "--format", "ndjson").stdout
    )
    assert [(each["correlated_by"], each["evidence"]["sources"]) for each in found] == [
        (source, ["CERT 7"])
    ]
    Path("list.csv").write_text("kind,indicator,source\n,1.2.3,x\n")
    assert "list.csv, line 2" in invoke("run", "--indicators", "list.csv", code=1).stderr
