"""Faults of the machine and of other processes: nothing is lost, nothing twice."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from load_support import event, lines, load_paths, read_rows, records

from trailhound.load import LoadError, load, reader, store
from trailhound.load.sources import files


def trail(folder, count=20, each=5):
    folder.mkdir(exist_ok=True)
    for number in range(count):
        events = [event(each * number + one) for one in range(each)]
        (folder / f"{number:03d}.json").write_bytes(records(*events))
    return folder


def comparable(connection):
    rows = read_rows(connection)
    for row in rows:
        del row["loaded_at"]
    return rows


def python(code, *arguments, **options):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


# Batches of three files, and a pause after each: long enough to be killed in.
SLOW_LOAD = """
import sys, time, duckdb
from trailhound.load import load
from trailhound.load import reader
reader._COMMIT_FILES = 3
insert = reader.store.insert
def slowly(*args):
    insert(*args)
    print("inserted", flush=True)
    time.sleep(0.05)
reader.store.insert = slowly
load(duckdb.connect(sys.argv[1]), [sys.argv[2]])
"""


@pytest.mark.parametrize("batches", [1, 3, 4])
def test_kill_in_the_middle_of_a_load(tmp_path, batches):
    source = trail(tmp_path / "trail")
    (source / "odd").write_bytes(records(event(1))[:-9])
    store = tmp_path / "store.duckdb"
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_LOAD, store, source], stdout=subprocess.PIPE
    )
    for _ in range(batches):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    connection = duckdb.connect(str(store))
    before = connection.execute(
        "select count(*) from duckdb_tables() where table_name = 'cloudtrail_logs'"
    ).fetchone()
    assert before == (1,)
    count = connection.execute("select count(*) from cloudtrail_logs").fetchone()[0]
    assert count < 100
    again = load_paths(source, connection=connection)
    assert again.report.records == 100 - count
    undisturbed = duckdb.connect()
    load_paths(source, connection=undisturbed)
    assert comparable(connection) == comparable(undisturbed)


def test_two_loads_at_once_in_one_process(tmp_path):
    source = trail(tmp_path / "trail")
    connection = duckdb.connect()
    failures = []

    def go():
        try:
            load(connection.cursor(), [str(source)])
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert connection.execute(
        "select count(*), count(distinct eventid) from cloudtrail_logs"
    ).fetchone() == (100, 100)


HOLD_STORE = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


def test_two_loads_at_once_in_two_processes(tmp_path):
    """The second has one clear line, and nothing is damaged."""
    source = trail(tmp_path / "trail")
    store = tmp_path / "store.duckdb"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_STORE, store], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    holder.stdout.readline()
    command = [Path(sys.executable).with_name("trailhound"), "load", source, "--store", store]
    second = subprocess.run(command, capture_output=True, text=True, check=False)
    holder.communicate()
    assert second.returncode == 4
    assert f"in use by process {holder.pid}" in second.stderr
    assert len(second.stderr.strip().splitlines()) == 1
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert load_paths(source, connection=duckdb.connect(str(store))).report.files_known == 20


# A limit on the size of a file stands for a full disk: the write fails in the same place.
FULL_DISK = """
import resource, sys, duckdb
from trailhound.load import LoadError, load
connection = duckdb.connect(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
try:
    load(connection, [sys.argv[2]])
except LoadError as error:
    print(error)
    sys.exit(3)
"""


@pytest.mark.parametrize("size", [20_000, 400_000, 1_500_000])
def test_full_disk(tmp_path, size):
    source = tmp_path / "trail"
    source.mkdir()
    for number in range(8):
        noise = [event(n, requestParameters={"x": os.urandom(500).hex()}) for n in range(500)]
        (source / f"{number}").write_bytes(records(*noise))
    store = tmp_path / "store.duckdb"
    first = python(FULL_DISK, store, source, size)
    assert first.returncode == 3, first.stderr
    assert first.stdout.startswith("the store refused: ")
    assert len(first.stdout.splitlines()) == 1
    again = load_paths(source, connection=duckdb.connect(str(store)))
    assert len(again.rows) == 4000
    assert again.report.files_known + again.report.files_read == 8


# Root may read everything: the test's process gives that up first.
AS_NOBODY = """
import os, sys, duckdb
from trailhound.load import load
import pyarrow.dataset
if os.getuid() == 0:
    os.setgid(65534), os.setuid(65534)
connection = duckdb.connect(sys.argv[2] if len(sys.argv) > 2 else ":memory:")
report = load(connection, [sys.argv[1]])
print(report.records, report.files_rejected)
for each in report.problems:
    print(each.file, each.row, each.reason)
"""


def test_unreadable_folder_and_file(tmp_path):
    source = trail(tmp_path / "trail", count=2)
    for name in ("closed folder", "closed file"):
        (source / name).mkdir() if "folder" in name else (source / name).touch()
        (source / name).chmod(0)
    for parent in (*tmp_path.parents, tmp_path):
        if parent.owner() == tmp_path.owner() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o755)
    try:
        done = python(AS_NOBODY, source)
    finally:
        (source / "closed folder").chmod(0o755)
    assert done.stdout.splitlines() == [
        "10 2",
        f"{source}/closed file 0 permission denied",
        f"{source}/closed folder 0 permission denied",
    ], done.stderr


def test_what_could_not_be_opened_is_tried_again(tmp_path, monkeypatch):
    source = trail(tmp_path / "trail", count=2)
    connection = duckdb.connect()
    scandir = os.scandir

    def refuse(path):
        if path == str(source / "below"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    (source / "below").mkdir()
    (source / "below/one").write_bytes(records(event("below")))
    (source / "link").symlink_to("later")
    monkeypatch.setattr(files.os, "scandir", refuse)
    loaded = load_paths(source, connection=connection)
    assert sorted(row["file_path"] for row in loaded.rows if row["error"]) == [
        f"{source}/below",
        f"{source}/link",
    ]
    monkeypatch.undo()
    (source / "later").write_bytes(records(event("later")))
    loaded = load_paths(source, connection=connection)
    assert loaded.errors == []
    assert {"id-below", "id-later"} <= set(loaded.ids)


def test_a_file_that_vanishes(tmp_path, monkeypatch):
    source = trail(tmp_path / "trail", count=3)
    listing = reader.list_sources

    def vanish(*args):
        found = listing(*args)
        (source / "001.json").unlink()
        return found

    monkeypatch.setattr(reader, "list_sources", vanish)
    connection = duckdb.connect()
    loaded = load_paths(source, connection=connection)
    assert len(loaded.ids) == 10
    assert loaded.errors == [(0, "no such file or directory")]
    monkeypatch.undo()
    trail(source, count=3)
    loaded = load_paths(source, connection=connection)
    assert (len(loaded.ids), loaded.errors) == (15, [])


def test_a_file_that_grows_while_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "growing"
    path.write_bytes(lines(event(1)) + b"\n" + lines(event(2))[:40])
    opening = files._open

    def open_and_grow(name):
        handle, version = opening(name)
        with path.open("wb") as out:
            out.write(lines(event(1), event(2), event(3)))
        return handle, version

    connection = duckdb.connect()
    monkeypatch.setattr(files, "_open", open_and_grow)
    load_paths(path, connection=connection)
    monkeypatch.undo()
    loaded = load_paths(path, connection=connection)
    assert loaded.report.files_read == 1
    assert (loaded.ids, loaded.errors) == (["id-1", "id-2", "id-3"], [])


def test_a_clock_in_the_future(tmp_path):
    path = tmp_path / "future"
    path.write_bytes(records(event(1, eventTime="2999-12-31T23:59:59Z")))
    os.utime(path, (2**33, 2**33))
    connection = duckdb.connect()
    assert load_paths(path, connection=connection).ids == ["id-1"]
    connection.execute("update cloudtrail_logs set loaded_at = '2999-01-01'")
    assert load_paths(path, connection=connection).report.files_known == 1
    path.write_bytes(records(event(2)))
    loaded = load_paths(path, connection=connection)
    assert (loaded.ids, loaded.report.records) == (["id-2"], 1)


def test_a_clock_that_is_put_back(tmp_path, monkeypatch):
    connection = duckdb.connect()

    class Clock(datetime):
        moment = datetime(2026, 1, 2, tzinfo=UTC)

        @classmethod
        def now(cls, _):
            return cls.moment

    monkeypatch.setattr(store, "datetime", Clock)
    for number in range(3):
        (tmp_path / "file").write_bytes(records(event(number), event(number + 10)))
        load_paths(tmp_path, connection=connection)
        times = connection.execute("select distinct loaded_at from cloudtrail_logs").fetchall()
        assert times == [(datetime(2026, 1, 2, microsecond=number),)]
        Clock.moment -= timedelta(hours=1)


def test_links_in_circles(tmp_path):
    source = trail(tmp_path / "trail", count=2)
    (source / "self").symlink_to("self")
    (source / "up").symlink_to("..")
    (source / "here").symlink_to(".")
    (source / "nowhere").symlink_to("missing")
    (source / "file").symlink_to("000.json")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/back").symlink_to(source)
    loaded = load_paths(tmp_path)
    assert loaded.report.files_read - loaded.report.files_rejected == 3
    reasons = {Path(each.file).name: each.reason for each in loaded.report.problems}
    assert reasons == {
        "self": "too many levels of symbolic links",
        "nowhere": "link to a file that is not there",
    }


def test_what_is_no_regular_file(tmp_path):
    source = trail(tmp_path / "trail", count=1)
    os.mkfifo(source / "pipe")
    for path in (source, source / "*"):
        loaded = load_paths(path)
        assert loaded.errors == [(0, "not a regular file")]


def test_names_that_are_not_utf8(tmp_path):
    for number, name in enumerate([b"\xff\xfe.json", b"caf\xe9", b"new\nline", "ü💥".encode()]):
        with open(os.fsencode(tmp_path) + b"/" + name, "wb") as out:  # noqa: PTH123
            out.write(records(event(number)))
    connection = duckdb.connect()
    loaded = load_paths(tmp_path, connection=connection)
    assert {Path(row["file_path"]).name for row in loaded.rows} == {
        "\\xff\\xfe.json",
        "caf\\xe9",
        "new\nline",
        "ü💥",
    }
    assert load_paths(tmp_path, connection=connection).report.files_known == 4


def test_many_tiny_files(tmp_path):
    """Three thousand here; what it costs a file is in the benchmark."""
    for number in range(3000):
        folder = tmp_path / f"{number // 100}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}").write_bytes(records(event(number)))
    connection = duckdb.connect()
    assert load_paths(tmp_path, connection=connection).report.records == 3000
    assert load_paths(tmp_path, connection=connection).report.files_known == 3000


def test_a_hundred_thousand_known_files_are_checked_in_seconds(tmp_path):
    for number in range(1000):
        (tmp_path / f"{number}").touch()
    (tmp_path / "0").write_bytes(records(event()))
    about = [(path.stat(), path) for path in tmp_path.iterdir()]
    connection = duckdb.connect()
    load_paths(tmp_path, connection=connection)
    rest = {f"{tmp_path}/x{number}": f"0-{number}" for number in range(99_000)}
    connection.execute(
        """insert into cloudtrail_logs (file_path, file_version, position, skipped, raw)
        select unnest($paths), unnest($versions), 0, 'empty file', ''""",
        {"paths": list(rest), "versions": list(rest.values())},
    )
    started = time.process_time()
    report = load_paths(tmp_path, connection=connection).report
    assert report.files_known == len(about)
    assert time.process_time() - started < 5


def test_hostile_text_is_only_text(tmp_path):
    hostile = [
        "'; drop table cloudtrail_logs; --",
        "{{ config(materialized='table') }}{% do run_query('drop table x') %}",
        "\x1b[2J\x1b]0;owned\x07",
        "=cmd|'/c calc'!A1",
        "<script>alert(1)</script>",
        "$(reboot) `reboot` %s {0} $loaded_at ? :1",
        "\u202eevil\u2066",
    ]
    folder = tmp_path / "'; drop table x; --"
    folder.mkdir()
    odd = [dict.fromkeys(event(), text) | {"eventTime": "2026-01-01T00:00:00Z"} for text in hostile]
    (folder / "{{ 1 }}").write_bytes(records(*odd))
    loaded = load_paths(folder)
    assert [row["eventname"] for row in loaded.valid] == hostile
    shutil.rmtree(folder)


def test_a_load_that_fails_leaves_the_store_as_it_was(tmp_path, monkeypatch):
    source = trail(tmp_path / "trail", count=2)
    connection = duckdb.connect()
    load_paths(source, connection=connection)
    before = comparable(connection)
    (source / "000.json").write_bytes(records(event("new")))

    def fail(*_):
        raise duckdb.IOException("IO Error: Could not write file: No space left on device\nmore")

    monkeypatch.setattr(reader.store, "refused_files", fail)
    with pytest.raises(LoadError, match=r"^the store refused: .*No space left on device$"):
        load(connection, [str(source)])
    assert comparable(connection) == before
    monkeypatch.undo()
    assert "id-new" in load_paths(source, connection=connection).ids
