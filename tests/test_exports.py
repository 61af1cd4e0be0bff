"""The same 300 events in every shape give the same alerts, with the same ids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from exports import EXPORTS, NOTHING, Record
from support import LOGS, Invoke, alerts_of
from trailhound.load import load
from trails import read

EVENTS = 300
WANTED = ("GetPolicyVersion", "GetBucketAcl")  # less of the commonest
OWN = "file_path, file_version, position, loaded_at"
LOSSY = [name for name, each in EXPORTS.items() if each.lost != NOTHING]


@pytest.fixture(scope="module")
def records() -> list[Record]:
    """Events of the sample trail, each once."""
    unique = {each["eventID"]: each for each in read(LOGS / "sample")}
    some = sorted(unique.values(), key=lambda each: each["eventName"] in WANTED)
    chosen = some[:EVENTS]
    # What a row of a table cannot tell from an absent field.
    return [{k: v for k, v in each.items() if v is not None} for each in chosen]


def loaded(records: list[Record], name: str, folder: Path) -> list[Any]:
    """The rows that a shape gives, as they are in the store."""
    path = folder / "file"
    path.write_bytes(EXPORTS[name].make(records))
    connection = duckdb.connect()
    report = load(connection, [str(path)])
    assert (report.records, report.valid) == (EVENTS, EVENTS), report
    return connection.execute(
        f"select * exclude ({OWN}) from cloudtrail_logs order by eventid"
    ).fetchall()


@pytest.fixture(scope="module")
def expected(records: list[Record], tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    return loaded(records, "trail", tmp_path_factory.mktemp("expected"))


@pytest.mark.parametrize("name", [name for name in EXPORTS if name not in LOSSY])
def test_nothing_is_lost(
    records: list[Record], expected: list[Any], tmp_path: Path, name: str
) -> None:
    """The same rows: what is built of them is the same too."""
    assert loaded(records, name, tmp_path) == expected


def test_where_something_is_lost_the_alerts_are_the_same(
    records: list[Record], invoke: Invoke, tmp_path: Path
) -> None:
    alerts: dict[str, list[dict[str, Any]]] = {}
    for name in ("trail", *LOSSY):
        path = tmp_path / name.replace(" ", "")
        path.write_bytes(EXPORTS[name].make(records))
        store = tmp_path / f"{len(alerts)}.duckdb"
        done = invoke("run", path, "--store", store, "--format", "ndjson", "--quiet")
        alerts[name] = alerts_of(done.stdout)
    assert len(alerts["trail"]) > 10
    for name, found in alerts.items():
        wanted = [
            alert["alert_id"]
            for alert in alerts["trail"]
            if alert["detection"] not in EXPORTS[name].silent
        ]
        assert [alert["alert_id"] for alert in found] == wanted, name


def test_every_shape_at_once_is_the_same_events(records: list[Record], tmp_path: Path) -> None:
    for number, name in enumerate(EXPORTS):
        (tmp_path / f"{number}").write_bytes(EXPORTS[name].make(records))
    connection = duckdb.connect()
    report = load(connection, [str(tmp_path)])
    assert report.valid == report.records == EVENTS * len(EXPORTS)
    assert connection.execute("select count(distinct eventid) from cloudtrail_logs").fetchone() == (
        EVENTS,
    )
