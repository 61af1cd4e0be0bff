"""A store that another version of trailhound wrote."""

from __future__ import annotations

import lzma
from pathlib import Path

import duckdb
import pytest

from support import Invoke
from trailhound.engines import STORE_VERSION

# Made by version 0.1.0 of the nine recordings in logs/public/stratus, without country_ranges.
OLD = Path(__file__).parents[1] / "logs" / "store_0.1.0.duckdb.xz"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store.duckdb"
    path.write_bytes(lzma.decompress(OLD.read_bytes()))
    return path


def of(store: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(store)) as connection:
        return connection.execute(query).fetchall()


def test_an_older_store_is_read_after_a_run(invoke: Invoke, store: Path) -> None:
    refused = invoke("alerts", "--store", str(store), code=2)
    assert refused.stderr.strip().endswith("`trailhound run` brings it up to date")
    records = "select file_path, position, eventid, useridentity.arn from cloudtrail_logs"
    known, alerts = set(of(store, records)), set(of(store, "select alert_id from alerts"))
    done = invoke("run", "--store", str(store))
    assert "an older trailhound wrote this store" in done.stderr
    assert set(of(store, records)) == known
    assert alerts
    assert alerts <= set(of(store, "select alert_id from alerts"))
    assert "older" not in invoke("run", "--store", str(store)).stderr


def test_a_newer_store_is_refused(invoke: Invoke, store: Path) -> None:
    of(store, f"comment on table cloudtrail_logs is '{STORE_VERSION + 1}'")
    for command in ("alerts", "run"):
        refused = invoke(command, "--store", str(store), code=2)
        assert "a newer trailhound wrote this store: upgrade trailhound" in refused.stderr
