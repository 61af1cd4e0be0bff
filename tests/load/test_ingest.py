"""What `trailhound ingest` hands on to a warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from load_support import event, records

from support import Invoke, alerts_of
from trailhound.load import LoadError, load
from trailhound.load.ingest import hand_on

LOGS = Path(__file__).parents[1] / "logs"
TABLE = "cloudtrail_logs"


def hours(folder: Path) -> list[str]:
    """The hours of which there is a file, one a file."""
    return sorted(str(file.parent.relative_to(folder)) for file in folder.rglob("*.parquet"))


def ids(folder: Path) -> list[str]:
    rows = duckdb.execute(f"select eventid from '{folder}/**/*.parquet' order by 1").fetchall()
    return [row[0] for row in rows]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A store that knows a file of three records, one of them broken."""
    (tmp_path / "one.json").write_bytes(records(event(1), {"eventID": "odd"}, event(3)))
    connection = duckdb.connect()
    load(connection, [str(tmp_path / "one.json")])
    yield connection
    connection.close()


def test_each_record_once(store: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    to = tmp_path / "to"
    assert hand_on(store, TABLE, str(to)) == 2
    assert ids(to) == ["id-1", "id-3"]
    assert hand_on(store, TABLE, str(to)) == 0
    (tmp_path / "two.json").write_bytes(records(event(2)))
    load(store, [str(tmp_path / "two.json")])
    assert hand_on(store, TABLE, str(to)) == 1
    assert ids(to) == ["id-1", "id-2", "id-3"]
    left = store.execute(
        f"select file_path, position, skipped, error, eventid from {TABLE} order by 1, 2"
    ).fetchall()
    assert [(Path(path).name, *more) for path, *more in left] == [
        ("one.json", 0, "ingested", None, None),
        ("one.json", 2, None, "no eventTime", "odd"),
        ("two.json", 0, "ingested", None, None),
    ]


def test_what_could_not_be_written_is_handed_on_later(
    store: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    (tmp_path / "to").write_text("a file")
    with pytest.raises(LoadError, match="to: "):
        hand_on(store, TABLE, str(tmp_path / "to"))
    assert hand_on(store, TABLE, str(tmp_path / "other")) == 2


def test_a_file_is_in_no_hour_before_one_that_may_be_read(
    store: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = f"{datetime.now(UTC) + timedelta(hours=1):%Y/%m/%d/%H}"
    (tmp_path / "to" / soon).mkdir(parents=True)
    hand_on(store, TABLE, str(tmp_path / "to"))
    assert hours(tmp_path / "to") == [soon]

    # The hour passes while the file is written: it is there in both.
    (tmp_path / "two.json").write_bytes(records(event(2)))
    load(store, [str(tmp_path / "two.json")])
    answers = iter(["2026/01/01/09", "2026/01/01/10", "2026/01/01/10"])
    monkeypatch.setattr("trailhound.load.ingest._hour", lambda *_: next(answers))
    hand_on(store, TABLE, str(tmp_path / "passes"))
    assert hours(tmp_path / "passes") == ["2026/01/01/09", "2026/01/01/10"]


def test_an_hour_to_come_is_refused(store: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    (tmp_path / "to/2999/01/01/00").mkdir(parents=True)
    with pytest.raises(LoadError, match="an hour to come, 2999/01/01/00 UTC"):
        hand_on(store, TABLE, str(tmp_path / "to"))


@pytest.mark.usefixtures("folder")
def test_alerts_are_those_of_the_files(invoke: Invoke) -> None:
    sample = LOGS / "public" / "invictus"
    ingest: tuple[Any, ...] = ("ingest", sample, "--to", "to", "--store", "read.duckdb")
    assert "records to to" in invoke(*ingest).stdout
    assert "0 records to to" in invoke(*ingest).stdout
    found = [
        alerts_of(invoke("run", path, "--store", store, "--quiet", "--format", "json").stdout)
        for path, store in ((sample, "whole.duckdb"), ("to", "ingested.duckdb"))
    ]
    assert found[0]
    assert found[0] == found[1]
    events = "select count(*) from cloudtrail_logs"
    before = invoke("sql", events, "--store", "whole.duckdb").stdout
    assert "a store of its own" in invoke(*ingest[:-1], "whole.duckdb", code=2).stderr
    assert invoke("sql", events, "--store", "whole.duckdb").stdout == before
    for reader in (("run", sample), ("load", sample), ("events",), ("who", "AKIA")):
        done = invoke(*reader, "--store", "read.duckdb", code=2)
        assert "only knows what `trailhound ingest` read" in done.stderr
    assert "0 records to to" in invoke(*ingest).stdout


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("to", ["", "-", "memory://x", "s3:/bucket/x", "in", "in/below", "~::x"])
def test_a_folder_that_keeps_nothing_or_is_read_is_refused(
    invoke: Invoke, tmp_path: Path, to: str
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "one.json").write_bytes(records(event(1)))
    assert "--to" in invoke("ingest", "in", "--to", to, "--store", "s.duckdb", code=2).stderr
    assert not (tmp_path / "s.duckdb").exists()
    assert (
        "1 record to file://"
        in invoke(*("ingest", "in", "--to", f"file://{tmp_path}/out", "--store", "s.duckdb")).stdout
    )
    assert ids(tmp_path / "out") == ["id-1"]


def test_a_path_that_is_not_there_makes_no_store(invoke: Invoke, folder: Path) -> None:
    done = invoke("ingest", "nowhere", "--to", "to", "--store", "s.duckdb", code=2)
    assert done.stderr.endswith("no such file or folder: nowhere\n")
    assert list(folder.iterdir()) == []


def test_a_file_that_begins_with_something_else_is_known(invoke: Invoke, folder: Path) -> None:
    (folder / "one.json").write_bytes(records({"eventID": "odd"}, event(1), event(2)))
    ingest = ("ingest", "one.json", "--to", "to", "--store", "s.duckdb")
    assert "; 2 records to to" in invoke(*ingest).stdout
    assert "1 known already" in invoke(*ingest).stdout
    size = (folder / "s.duckdb").stat().st_size
    for number in range(3, 9):
        (folder / "one.json").write_bytes(records(event(number)))
        invoke(*ingest)
    assert (folder / "s.duckdb").stat().st_size <= size + 2 * 262_144
