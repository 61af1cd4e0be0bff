"""A table of networks: what is refused, and the seed that is made of it."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest

from trailhound.errors import TrailhoundError
from trailhound.project import networks

MAPPED = "0" * 20 + "ffff"


def csv_file(folder: Path, *lines: str) -> Path:
    path = folder / "mine.csv"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def seed_of(path: Path) -> list[list[str]]:
    out = io.StringIO()
    networks.write_seed(path, out)
    return list(csv.reader(io.StringIO(out.getvalue())))


def test_the_seed_has_the_addresses_in_order_and_the_text_as_it_is(tmp_path: Path) -> None:
    path = csv_file(
        tmp_path,
        "start_ip,end_ip,network",
        '2001:db8::,2001:db8::ff,"it\'s, a ""net"""',
        "8.8.8.0,8.8.8.255,as15169",
    )
    assert seed_of(path) == [
        ["first_address", "last_address", "network"],
        [MAPPED + "08080800", MAPPED + "080808ff", "as15169"],
        ["20010db8" + "0" * 24, "20010db8" + "0" * 22 + "ff", 'it\'s, a "net"'],
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("9.0.0.0,9.0.0.1,", "it names no network"),
        ("9.0.0.0,9.0.0.1, ", "it names no network"),
        ("9.0.0.0,9.0.0.1", "2 fields instead of 3: start_ip,end_ip,network"),
        ("9.0.0.0/8,9.0.0.1,AS1", "start_ip '9.0.0.0/8' is no address"),
        ("8.8.8.255,8.8.9.0,AS1", "it overlaps the range in line 2"),
    ],
)
def test_a_wrong_row_is_named_with_its_line(tmp_path: Path, row: str, reason: str) -> None:
    path = csv_file(tmp_path, "start_ip,end_ip,network", "8.8.8.0,8.8.8.255,AS15169", row)
    with pytest.raises(TrailhoundError) as raised:
        seed_of(path)
    assert str(raised.value) == f"mine.csv, line 3: {reason}"


def test_by_hand(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "9.0.0.0,9.0.0.1,AS1")
    command = [sys.executable, "-m", "trailhound.project.networks", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == (
        f"first_address,last_address,network\n{MAPPED}09000000,{MAPPED}09000001,AS1\n"
    )
