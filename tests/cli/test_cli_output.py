"""Every output format: real types, and nothing from a log drives a terminal or a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import threading
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cli_helpers import ALERT, alert, write_alerts
from rich.cells import cell_len

from support import Invoke
from trailhound.formats import FORMATS, Column, write
from trailhound.formats.table import write_table
from trailhound.project.detections import read_detections
from trailhound.project.project import installed_project
from trailhound.screens.alerts import short_entity

HOSTILE = "\x1b[2J\x1b]0;title\x07\x9b31m\r\u202egpj.exe [red]x[/red] =1+1 {{ 7*7 }} <b>"
COLUMNS = (
    Column("words"),
    Column("number", "integer"),
    Column("yes", "boolean"),
    Column("day", "date"),
    Column("moment", "time"),
    Column("several", "list"),
    Column("thing", "object"),
)
ROW = (
    'a, "b"',
    5,
    True,
    date(2026, 1, 31),
    datetime(2026, 1, 31, 23, 59),
    ["x", "y"],
    {"k": ["v"]},
)
NOTHING = (None,) * len(COLUMNS)


def written(name: str, *rows: tuple[Any, ...]) -> str:
    stream = io.StringIO(newline="")
    write(name, COLUMNS, rows, stream)
    return stream.getvalue()


def unsafe(text: str) -> set[str]:
    """Characters other than line breaks that a terminal may act on."""
    return {char for char in text if not char.isprintable()} - {"\n"}


def test_ndjson_has_real_types() -> None:
    lines = written("ndjson", ROW, NOTHING).splitlines()
    assert json.loads(lines[0]) == {
        "words": 'a, "b"',
        "number": 5,
        "yes": True,
        "day": "2026-01-31",
        "moment": "2026-01-31T23:59:00Z",
        "several": ["x", "y"],
        "thing": {"k": ["v"]},
    }
    assert set(json.loads(lines[1]).values()) == {None}


def test_json_is_an_array_of_the_same_objects() -> None:
    assert json.loads(written("json", ROW, ROW)) == [json.loads(written("ndjson", ROW))] * 2
    assert json.loads(written("json")) == []


def test_csv_reads_back() -> None:
    header, first, second = csv.reader(io.StringIO(written("csv", ROW, NOTHING)))
    assert header == [column.name for column in COLUMNS]
    assert first == [
        'a, "b"', "5", "true", "2026-01-31", "2026-01-31T23:59:00Z", '["x","y"]', '{"k":["v"]}',
    ]  # fmt: skip
    assert second == [""] * len(COLUMNS)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|'/C x'!A"])
def test_csv_defuses_formulas(text: str) -> None:
    stream = io.StringIO(newline="")
    write("csv", (Column("words"),), [(text,)], stream)
    [_, [field]] = csv.reader(io.StringIO(stream.getvalue(), newline=""))
    assert field.startswith("'" + text[0].replace("\t", "\\t").replace("\r", "\\r"))


def test_csv_leaves_real_numbers_alone() -> None:
    stream = io.StringIO(newline="")
    write("csv", (Column("number", "integer"),), [(-5,)], stream)
    assert stream.getvalue() == "number\n-5\n"


def test_parquet_has_real_types_even_without_rows() -> None:
    for rows in ([ROW, NOTHING], []):
        stream = io.BytesIO()
        write("parquet", COLUMNS, rows, stream)
        table = pq.read_table(pa.BufferReader(stream.getvalue()))
        assert table.schema.types == [
            pa.string(), pa.int64(), pa.bool_(), pa.date32(), pa.timestamp("us", "UTC"),
            pa.list_(pa.string()), pa.string(),
        ]  # fmt: skip
        assert table.num_rows == len(rows)
    first = pq.read_table(pa.BufferReader(_parquet(ROW))).to_pylist()[0]
    assert first["moment"] == datetime(2026, 1, 31, 23, 59, tzinfo=UTC)
    assert first["several"] == ["x", "y"]
    assert json.loads(first["thing"]) == {"k": ["v"]}


def _parquet(row: tuple[Any, ...]) -> bytes:
    stream = io.BytesIO()
    write("parquet", COLUMNS, [row], stream)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["table", "ndjson", "json", "csv"])
def test_no_format_lets_a_control_character_through(name: str) -> None:
    row = (HOSTILE, 1, True, None, None, [HOSTILE], {HOSTILE: [HOSTILE]})
    text = written(name, row)
    assert unsafe(text) == set()
    assert "gpj.exe" in text


def test_a_table_prints_markup_as_it_stands() -> None:
    text = written("table", ("[red]x[/red] :smile:", 1, True, None, None, ["[b]"], {}))
    assert "[red]x[/red] :smile:" in text
    assert "[b]" in text


def test_a_table_without_rows_is_nothing() -> None:
    assert written("table") == ""


@pytest.mark.parametrize(
    ("environment", "is_coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), (None, False)],
)
def test_only_a_terminal_gets_colours(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str] | None, is_coloured: bool
) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return environment is not None

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in (environment or {}).items():
        monkeypatch.setenv(name, value)
    columns = (Column("how_bad", "severity"), Column("what", "pair"))
    screen = Screen()
    write("table", columns, [("high", ("a", HOSTILE)), ("low", ("", None))], screen)
    assert ("\x1b[31mhigh\x1b[0m     a\n" in screen.getvalue()) == is_coloured
    plain = re.sub(r"\x1b\[[\d;]+m", "", screen.getvalue())
    assert (plain == screen.getvalue()) == (not is_coloured)
    assert unsafe(plain) == set()
    assert [line for line in plain.splitlines() if line != line.rstrip()] == []


@pytest.mark.parametrize(
    "text", ["a " * 90, "b" * 200, "日本 " * 40, "日" * 99, "a\u0301" * 99, "c…" * 70]
)
def test_a_table_breaks_between_words_and_loses_nothing(text: str) -> None:
    stream = io.StringIO()
    write_table((Column("n", "integer"), Column("text")), [(1, text)], stream, 41)
    _, _, *lines = stream.getvalue().splitlines()
    assert len(lines) > 1
    assert max(map(cell_len, lines)) <= 41
    parts = [line.strip().removeprefix("1").lstrip() for line in lines]
    assert "".join(parts).replace(" ", "") == text.replace(" ", "")
    assert all(part in text for part in parts)


@pytest.mark.parametrize("width", [60, 80])
def test_the_page_of_a_detection_fits_the_terminal(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    page = invoke("show", "ec2_multiple_instances_created").stdout
    prose = [line for line in page.partition("Triage")[0].splitlines() if "·" not in line]
    assert len(prose) > 10
    assert max(map(len, prose)) <= width


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_the_table_of_alerts_fits_the_terminal(
    invoke: Invoke, folder: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    long_entity = "arn:aws:sts::123456789012:assumed-role/" + "x" * 90 + "/alice@example.com"
    write_alerts(
        folder / "trailhound.duckdb",
        alert(),
        alert(entity_id=long_entity, evidence={"event_names": ["y" * 300], "none": []}),
    )
    text = invoke("alerts").stdout
    assert max(map(len, text.splitlines())) <= width
    for shown in ("2026-01-31 23:59:00", "medium", "user/mallory", "012345678901", "7 ≥ 5"):
        assert shown in text
    assert width == 100 or "/alice@example.com" in text


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160])
@pytest.mark.parametrize("has_store", [False, True])
def test_the_names_of_detections_are_whole_at_any_width(
    invoke: Invoke, folder: Path, monkeypatch: pytest.MonkeyPatch, width: int, has_store: bool
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    if has_store:
        write_alerts(folder / "trailhound.duckdb", alert())
    lines = invoke("list").stdout.splitlines()
    assert max(map(len, lines)) <= width
    words = {word for line in lines for word in line.split()}
    for each in read_detections(installed_project()):
        assert each.name in words
        assert each.techniques[0].rstrip(",") in {word.rstrip(",") for word in words}
        assert f"  {each.fires_at}" in "\n".join(lines)
    assert "needs S3 data events" in "\n".join(lines)


@pytest.mark.usefixtures("few")
def test_files_for_people_leave_out_what_is_nought(
    invoke: Invoke, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for day, copies in (("01", 1), ("02", 2)):
        (folder / "logs" / day).mkdir(parents=True)
        record = {"eventTime": f"2026-01-{day}T00:00:00Z", "eventName": "X", "eventID": day}
        (folder / "logs" / day / f"{day}.json").write_text(
            json.dumps({"Records": [record] * copies})
        )
    invoke("run", "logs/01")
    lines = invoke("files").stdout.splitlines()
    assert lines[0].split() == ["records", "file"]
    assert lines[2].split() == ["1", "01.json"]
    assert lines[3].split() == ["logs/01"]
    invoke("run", "logs")
    lines = invoke("files").stdout.splitlines()
    assert lines[0].split() == ["records", "duplicates", "file"]
    assert lines[4].split() == ["2", "1", "02.json"]


def test_no_column_for_a_state_that_none_has(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert "state" not in invoke("list", "ec2_multiple_*").stdout
    assert "state" in invoke("list", "s3_*").stdout


@pytest.mark.parametrize(
    ("entity", "short"),
    [
        ("arn:aws:iam::012345678901:user/mallory", "user/mallory"),
        ("arn:aws:iam::999999999999:user/mallory", "999999999999:user/mallory"),
        ("arn:aws-cn:iam::012345678901:root", "root"),
        (
            "arn:aws:sts::012345678901:assumed-role/AWSReservedSSO_AdministratorAccess_0/a@b.com",
            "assumed-role/…/a@b.com",
        ),
        ("AIDA" + "x" * 60, "AIDA" + "x" * 15 + "…" + "x" * 20),
        ("arn:aws:iam::012345678901:user/two\nlines", "user/two\nlines"),
        ("config.amazonaws.com", "config.amazonaws.com"),
    ],
)
def test_an_entity_in_short(entity: str, short: str) -> None:
    assert short_entity(entity, "012345678901") == short


@pytest.mark.parametrize(
    ("hostile", "field"),
    [(HOSTILE, "entity_id"), ([HOSTILE], "user_agents"), ({"k": [HOSTILE]}, "evidence")],
)
def test_hostile_alerts_come_out_of_every_text_format_as_text(
    invoke: Invoke, folder: Path, hostile: Any, field: str
) -> None:
    write_alerts(folder / "trailhound.duckdb", alert(**{field: hostile}))
    for name, each in FORMATS.items():
        if not each.is_binary:
            assert unsafe(invoke("alerts", "--format", name).stdout) == set()
    assert json.loads(invoke("alerts", "--format", "ndjson").stdout)[field] == hostile


@pytest.mark.parametrize("ending", ["ndjson", "jsonl", "json", "csv", "parquet", "txt"])
def test_export_takes_the_format_from_the_ending(invoke: Invoke, folder: Path, ending: str) -> None:
    write_alerts(folder / "trailhound.duckdb", alert())
    result = invoke("export", "--output", f"out.{ending}")
    assert result.stdout == ""
    assert [path.name for path in folder.glob("*out*")] == [f"out.{ending}"]
    content = (folder / f"out.{ending}").read_bytes()
    assert content.startswith(
        {
            "ndjson": b'{"alert_id"', "jsonl": b'{"alert_id"', "json": b"[\n", "csv": b"alert_id,",
            "parquet": b"PAR1", "txt": b"triggered (UTC)",
        }[ending]
    )  # fmt: skip


@pytest.mark.parametrize("name", ["out.json.gz", "out", "json", ".csv.bak", "out.xml"])
def test_export_does_not_guess_a_format(invoke: Invoke, folder: Path, name: str) -> None:
    write_alerts(folder / "trailhound.duckdb", alert())
    [line] = invoke("export", "--output", name, code=2).stderr.splitlines()
    for ending in (".txt", ".ndjson", ".parquet", ".asff.json"):
        assert f" {ending}," in line
    assert "--format" in line
    assert not (folder / name).exists()
    invoke("export", "--output", name, "--format", "csv")
    assert (folder / name).read_text().startswith("alert_id,")


def test_the_longest_ending_counts(invoke: Invoke, folder: Path) -> None:
    write_alerts(folder / "trailhound.duckdb", alert())
    invoke("export", "--output", "out.asff.json")
    assert "AwsAccountId" in json.loads((folder / "out.asff.json").read_text())[0]


def test_export_writes_ndjson_to_stdout_and_parquet_when_told(invoke: Invoke, folder: Path) -> None:
    write_alerts(folder / "trailhound.duckdb", alert())
    assert json.loads(invoke("export").stdout) == ALERT
    assert json.loads(invoke("export", "--output", "-").stdout) == ALERT
    assert invoke("export", "--format", "parquet").stdout_bytes.startswith(b"PAR1")


def test_an_export_that_cannot_be_written_is_one_line(invoke: Invoke, folder: Path) -> None:
    write_alerts(folder / "trailhound.duckdb", alert())
    result = invoke("export", "--output", "none/out.csv", code=1)
    assert result.stderr == "Error: none/out.csv cannot be written: No such file or directory\n"


def test_a_store_is_never_written_over(invoke: Invoke, folder: Path) -> None:
    store = write_alerts(folder / "trailhound.duckdb", alert())
    before = store.read_bytes()
    (folder / "link.csv").symlink_to(store)
    for name in ("trailhound.duckdb", "link.csv"):
        said = invoke("export", "--format", "csv", "--output", name, code=1).stderr
        assert said == f"Error: {store} is a store: it would be lost\n"
    assert store.read_bytes() == before


def test_a_link_stays_a_link_and_a_file_keeps_its_mode(invoke: Invoke, folder: Path) -> None:
    write_alerts(folder / "trailhound.duckdb", alert())
    target, link = folder / "target.csv", folder / "link.csv"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    invoke("export", "--output", link)
    assert link.is_symlink()
    assert target.read_text().startswith("alert_id,")
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_pipe_is_written_to(invoke: Invoke, folder: Path) -> None:
    write_alerts(folder / "trailhound.duckdb", alert())
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    invoke("export", "--format", "ndjson", "--output", pipe)
    reader.join()
    assert json.loads(read[0]) == alert()
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    "command", [["list"], ["list", "--format", "csv"], ["show", "s3_mass_delete_objects"], ["-h"]]
)
def test_a_reader_that_has_enough_is_no_error(tmp_path: Path, command: list[str]) -> None:
    """As `head` is: the pipe is closed before anything is written."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    program = Path(sys.executable).with_name("trailhound")
    done = subprocess.run(
        [program, *command], cwd=tmp_path, stdout=write_end, stderr=subprocess.PIPE, check=False
    )
    os.close(write_end)
    assert (done.returncode, done.stderr) == (0, b"")
