"""The server that the engine tests run on is a real Trino, and reads trails as AWS writes them."""

from __future__ import annotations

import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engines import trino_install
from engines.trino_client import TrinoError
from engines.trino_install import NoTrino
from engines.trino_server import TrinoServer, iceberg_on_files


@pytest.fixture(scope="module")
def catalog(trino: TrinoServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    trino.add_catalog(
        "infrastructure", "iceberg", iceberg_on_files(tmp_path_factory.mktemp("infrastructure"))
    )
    trino.client().execute("create schema infrastructure.tests")
    return "infrastructure"


def test_it_is_the_version_that_was_asked_for(trino: TrinoServer) -> None:
    found = trino.client().rows("select node_version, coordinator from system.runtime.nodes")
    assert found == [[trino_install.VERSION, True]]


@pytest.mark.parametrize(
    "sql",
    [
        "select list_sort(array[1])",
        "select 1 from (values 1) as t (x) qualify true",
        "select 'a' ilike 'A'",
        "select 'a' || 1",
        "select x as y, y + 1 from (values 1) as t (x)",
        "select date '2026-01-31' + 1",
        "select x, count(*) from (values 1) as t (x) group by all",
    ],
)
def test_what_only_duckdb_takes_fails(trino: TrinoServer, sql: str) -> None:
    with pytest.raises(TrinoError) as caught:
        trino.client().execute(sql)
    assert caught.value.kind == "USER_ERROR"


def test_iceberg_tables_take_rows_lose_days_and_merge(trino: TrinoServer, catalog: str) -> None:
    client = trino.client(catalog, "tests")
    client.execute(
        "create table days with (partitioning = array['day']) as select * from (values "
        "(1, date '2026-01-30'), (2, date '2026-01-31'), (3, date '2026-01-31')) as t (id, day)"
    )
    deleted = client.execute("delete from days where day >= date '2026-01-31'")
    assert (deleted.update_type, deleted.update_count) == ("DELETE", 2)
    client.execute(
        "merge into days using (values (1, date '2026-02-01'), (4, date '2026-02-01')) as new "
        "(id, day) on days.id = new.id when matched then update set day = new.day "
        "when not matched then insert values (new.id, new.day)"
    )
    assert client.rows("select * from days order by id") == [[1, "2026-02-01"], [4, "2026-02-01"]]
    assert client.execute("select * from days").scanned_bytes > 0


def test_each_page_of_a_long_answer_arrives(trino: TrinoServer) -> None:
    rows = trino.client().rows(
        "select a.n * 1000 + b.n from unnest(sequence(0, 19)) as a (n) "
        "cross join unnest(sequence(0, 999)) as b (n)"
    )
    assert sorted(row[0] for row in rows) == list(range(20_000))


def test_a_query_stops_when_it_is_cancelled(trino: TrinoServer) -> None:
    asked: list[bool] = []

    def cancelled() -> bool:
        asked.append(True)
        return True

    trino.client().execute(
        "select count(*) from unnest(sequence(1, 10000)) a cross join unnest(sequence(1, 10000)) b "
        "cross join unnest(sequence(1, 10000)) c",
        cancelled,
    )
    assert asked == [True]


def test_a_machine_without_a_new_java_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old = tmp_path / "old-java"
    (old / "bin").mkdir(parents=True)
    (old / "bin" / "java").touch()
    (old / "release").write_text('JAVA_VERSION="17.0.15"\n')
    monkeypatch.setattr(trino_install, "_java_homes", lambda: iter([old, tmp_path / "nothing"]))
    with pytest.raises(NoTrino, match=r"old-java \(17\).*nothing \(unknown\)"):
        trino_install.java_home()


def test_java_8_calls_itself_1_8(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").touch()
    (tmp_path / "release").write_text('JAVA_VERSION="1.8.0_452"\n')
    assert trino_install._java_version(tmp_path) == 8


def test_a_machine_without_maven_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TRAILHOUND_TRINO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoTrino, match="Maven"):
        trino_install.installed_server()
    assert not (tmp_path / "cache" / f"trino-server-{trino_install.VERSION}").exists()


def test_two_that_need_it_at_once_fetch_it_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = f"trino-server-{trino_install.VERSION}"
    kept, dropped = tmp_path / name / "plugin" / "hive", tmp_path / name / "plugin" / "kafka"
    kept.mkdir(parents=True)
    dropped.mkdir()
    fetched = []

    def fetch(folder: Path) -> Path:
        fetched.append(folder)
        time.sleep(0.2)
        folder.mkdir()
        with tarfile.open(folder / "server.tar.gz", "w:gz") as packed:
            packed.add(tmp_path / name, name)
        return folder / "server.tar.gz"

    monkeypatch.setenv("TRAILHOUND_TRINO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(trino_install, "_fetch", fetch)
    with ThreadPoolExecutor(2) as workers:
        homes = list(workers.map(lambda _: trino_install.installed_server(), range(2)))
    assert homes == [tmp_path / "cache" / name] * 2
    assert len(fetched) == 1
    assert [plugin.name for plugin in (homes[0] / "plugin").iterdir()] == ["hive"]
