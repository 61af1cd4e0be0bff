"""Ranges of addresses and their countries: what is refused, and the table that comes with it."""

from __future__ import annotations

import csv
import hashlib
import re
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path

import pytest

from trailhound.errors import TrailhoundError
from trailhound.project.countries import LONGEST_TEXT, lookup, pack, packed

SEEDS = Path(__file__).parents[2] / "seeds"


def csv_file(folder: Path, *lines: str) -> Path:
    path = folder / "mine.csv"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("header", [[], ["start_ip,end_ip,country"], ["Start_IP, End_IP, Country"]])
def test_the_header_may_be_left_out(tmp_path: Path, header: list[str]) -> None:
    path = csv_file(tmp_path, *header, "10.0.0.0,10.0.0.255,de", "2001:db8::,2001:db8::f,FR")
    rows = packed(path)
    assert lookup(rows, "10.0.0.255") == "DE"
    assert lookup(rows, "10.0.1.0") is None
    assert lookup(rows, "2001:db8::f") == "FR"
    assert lookup(rows, "2001:db8::10") is None


def test_rows_may_stand_in_any_order_and_touch(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "10.0.1.0,10.0.1.255,AT", "10.0.0.0,10.0.0.255,DE")
    rows = packed(path)
    assert [lookup(rows, f"10.0.{part}") for part in ("0.255", "1.0", "2.0")] == ["DE", "AT", None]


def test_the_whole_space_is_one_row(tmp_path: Path) -> None:
    ipv4, ipv6 = "0.0.0.0,255.255.255.255,DE", "::,ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,DE"
    rows = packed(csv_file(tmp_path, ipv4, ipv6))
    assert len(rows) == 1
    assert [lookup(rows, text) for text in ("::", "1.2.3.4", "ffff::")] == ["DE"] * 3


def test_a_range_of_ipv6_says_nothing_of_ipv4(tmp_path: Path) -> None:
    wide = "::,1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,DE"
    rows = packed(csv_file(tmp_path, "1.0.0.0,1.0.0.255,AU", wide))
    places = ("1.0.0.1", "2.0.0.1", "::1", "::fffe:ffff:ffff", "::1:0:0:0", "1fff::", "2000::")
    assert [lookup(rows, each) for each in places] == ["AU", None, *["DE"] * 4, None]


def test_zz_is_no_country(tmp_path: Path) -> None:
    rows = packed(csv_file(tmp_path, "10.0.0.0,10.255.255.255,ZZ", "11.0.0.0,11.0.0.255,AU"))
    assert [lookup(rows, each) for each in ("10.0.0.1", "11.0.0.1")] == [None, "AU"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("10.0.0,10.0.0.1,DE", "start_ip '10.0.0' is no address"),
        ("10.0.0.1,AWS Internal,DE", "end_ip 'AWS Internal' is no address"),
        ("010.0.0.1,10.0.0.2,DE", "start_ip '010.0.0.1' is no address"),
        ("167772161,167772162,DE", "start_ip '167772161' is no address"),
        ("fe80::1%0,fe80::2,DE", "start_ip 'fe80::1%0' has a zone"),
        ("10.0.0.2,10.0.0.1,DE", "start_ip 10.0.0.2 is above end_ip 10.0.0.1"),
        ("10.0.0.1,::1,DE", "start_ip 10.0.0.1 and end_ip ::1 are not of one family"),
        ("10.0.0.1,10.0.0.2,Germany", "country 'Germany' is not two letters"),
        ("10.0.0.1,10.0.0.2,", "country '' is not two letters"),
        ("10.0.0.1,10.0.0.2,--", "country '--' is not two letters"),
        ("10.0.0.1,10.0.0.2,D1", "country 'D1' is not two letters"),
        ("10.0.0.1,10.0.0.2,ÄÖ", "country 'ÄÖ' is not two letters"),
        ("10.0.0.1,10.0.0.2", "2 fields instead of 3: start_ip,end_ip,country"),
        ("10.0.0.1;10.0.0.2;DE", "1 fields instead of 3: start_ip,end_ip,country"),
        ("10.9.0.200,10.9.1.0,DE", "it overlaps the range in line 2"),
        ("10.9.0.0,10.9.0.0,DE", "it overlaps the range in line 2"),
    ],
)
def test_a_wrong_row_is_named_with_its_line(tmp_path: Path, row: str, reason: str) -> None:
    good = "10.9.0.0,10.9.0.255,DE"
    path = csv_file(tmp_path, "start_ip,end_ip,country", good, "", row)
    with pytest.raises(TrailhoundError) as raised:
        packed(path)
    assert str(raised.value) == f"mine.csv, line 4: {reason}"


def test_a_range_inside_a_wider_one_overlaps_it(tmp_path: Path) -> None:
    path = csv_file(
        tmp_path, "10.0.0.0,10.255.255.255,DE", "10.1.0.0,10.1.0.1,AT", "10.2.0.0,10.2.0.1,AT"
    )
    with pytest.raises(TrailhoundError) as raised:
        packed(path)
    assert str(raised.value).splitlines() == [
        "mine.csv, line 2: it overlaps the range in line 1",
        "mine.csv, line 3: it overlaps the range in line 1",
    ]


def test_no_more_than_twenty_wrong_rows_are_shown(tmp_path: Path) -> None:
    with pytest.raises(TrailhoundError) as raised:
        packed(csv_file(tmp_path, *["x,y,z"] * 300))
    lines = str(raised.value).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "mine.csv: 280 more rows are wrong"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "mine.csv: it holds no range start_ip,end_ip,country"),
        (b"start_ip,end_ip,country\n", "mine.csv: it holds no range start_ip,end_ip,country"),
        ("10.0.0.1,10.0.0.2,DE\n".encode("utf-16"), "mine.csv: it is not UTF-8 text"),
        (b"PK\x03\x04\xff\xfe", "mine.csv: it is not UTF-8 text"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(content)
    with pytest.raises(TrailhoundError) as raised:
        packed(path)
    assert str(raised.value).startswith(reason)
    assert len(str(raised.value).splitlines()) == 1


def test_by_hand(tmp_path: Path) -> None:
    good = csv_file(tmp_path, "10.0.0.0,10.0.0.255,DE")
    command = [sys.executable, "-m", "trailhound.project.countries"]
    done = subprocess.run([*command, good], capture_output=True, text=True, check=True)
    assert done.stdout == (
        "first_prefix,last_prefix,ranges\n0,f,--0 DE00000000000000000000ffff0a"
        " --00000000000000000000ffff0a0001\n"
    )
    bad = csv_file(tmp_path, "10.0.0,10.0.0.255,DE")
    done = subprocess.run([*command, bad], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "mine.csv, line 1: start_ip '10.0.0' is no address\n"


def own_rows() -> list[list[str]]:
    with (SEEDS / "country_ranges.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("name", ["country_ranges", "aws_ranges", "country_distances"])
def test_the_projects_tables_are_those_that_the_readme_describes(name: str) -> None:
    digest = hashlib.sha256((SEEDS / f"{name}.csv").read_bytes()).hexdigest()
    readme = (SEEDS / "README.md").read_text(encoding="utf-8")
    assert f"| SHA-256 of `{name}.csv` | `{digest}` |" in readme


def test_the_readme_knows_how_many_rows_the_countries_take() -> None:
    readme = (SEEDS / "README.md").read_text(encoding="utf-8")
    described = re.search(r"packed into ([0-9,]+) rows", readme)
    assert described is not None
    assert int(described[1].replace(",", "")) == len(own_rows()) - 1


def test_the_projects_table_is_an_ordinary_seed() -> None:
    header, *rows = own_rows()
    assert header == ["first_prefix", "last_prefix", "ranges"]
    assert (SEEDS / "country_ranges.csv").stat().st_size < 4_000_000
    # A batch of 1,000 rows is one statement on Trino, which takes a million characters.
    sizes = [sum(map(len, row)) + 12 for row in rows]
    assert max(sum(sizes[at : at + 1000]) for at in range(len(rows))) < 1_000_000
    assert max(len(row[2]) for row in rows) <= LONGEST_TEXT


def test_the_projects_rows_follow_one_another_and_their_entries_too() -> None:
    _, *rows = own_rows()
    ends = ""
    for first, last, ranges in rows:
        assert len(first) == len(last) and first[:-1] == last[:-1] and first <= last
        assert ends < first
        ends = last + "g"
        starts = [entry[2:] for entry in ranges.split(" ")]
        assert starts == sorted(set(starts))
        assert starts[0] == first[-1]
        assert all(re.fullmatch("(--|[A-Z]{2})[0-9a-f]+", entry) for entry in ranges.split(" "))
        assert all(first[-1] <= start[0] <= last[-1] for start in starts)


@pytest.mark.parametrize(
    "network",
    [
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.2.0/24", "192.168.0.0/16", "198.51.100.0/24", "203.0.113.0/24"),
        *("224.0.0.0/3", "::/96", "fc00::/7", "fe80::/10", "ff00::/8", "2001:db8::/32"),
    ],
)
def test_nothing_private_or_reserved_has_a_country(network: str) -> None:
    """Neither its first address has one nor does any range begin inside."""
    first, last = (int(ip_network(network)[end]) for end in (0, -1))
    mapped = 0 if ":" in network else 0xFFFF << 32
    first_digits, last_digits = f"{first | mapped:032x}", f"{last | mapped:032x}"
    in_force = "--"
    for prefix, end, ranges in own_rows()[1:]:
        if end + "g" < first_digits:
            continue
        if prefix > last_digits:
            break
        for entry in ranges.split(" "):
            start = (prefix[:-1] + entry[2:]).ljust(32, "0")
            if start <= first_digits:
                in_force = entry[:2]
            elif start <= last_digits:
                assert entry[:2] == "--", entry
    assert in_force == "--"


def test_packing_nothing_gives_no_row() -> None:
    assert pack([]) == []


def test_distances_are_of_near_countries_too() -> None:
    """An override of impossible travel may ask for fewer than 500 km."""
    with (SEEDS / "country_distances.csv").open(newline="") as file:
        distances = {(a, b): int(km) for a, b, km in list(csv.reader(file))[1:]}
    assert distances["GB", "NL"] == 134
    assert ("BR", "FR") not in distances  # Guiana touches Brazil
    assert all(a < b and km > 0 for (a, b), km in distances.items())
