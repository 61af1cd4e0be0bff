"""Object stores, against a local S3 server."""

import gzip
import socket
import subprocess
import sys
import time
from datetime import date

import duckdb
import pytest
from bench import object_store
from load_support import event, load_paths, read_rows, records

from exports import parquet, row
from trailhound.load import LoadError, NoSuchFile, batches, load
from trailhound.load.ingest import hand_on

PREFIX = "AWSLogs/o-1/000000000001/CloudTrail/eu-west-1"
DAYS = ["2025/12/31", "2026/01/01", "2026/01/02", "2026/02/01"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def server():
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, process.stdout.read()
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def bucket(server, monkeypatch, request):
    """A bucket of the test's own with a trail of four days, one file each."""
    import s3fs

    for name, value in object_store.client_environment(server).items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    system = s3fs.S3FileSystem()
    name = "trail-" + "".join(filter(str.isalnum, request.node.name.lower()))[:40]
    system.mkdir(name)
    for number, day in enumerate(DAYS):
        system.pipe(
            f"{name}/{PREFIX}/{day}/{number}.json.gz", gzip.compress(records(event(number)))
        )
    system.pipe(f"{name}/{PREFIX}/", b"")  # consoles leave such a marker for a folder
    yield name, system
    s3fs.S3FileSystem.clear_instance_cache()


def test_prefix_file_and_glob(bucket):
    name, _ = bucket
    connection = duckdb.connect()
    loaded = load_paths(f"s3://{name}/AWSLogs", connection=connection)
    assert sorted(loaded.ids) == ["id-0", "id-1", "id-2", "id-3"]
    row = loaded.rows[0]
    assert row["file_path"] == f"s3://{name}/{PREFIX}/{DAYS[0]}/0.json.gz"
    assert row["file_version"].startswith("etag:")
    again = load_paths(f"s3://{name}/{PREFIX}/{DAYS[1]}/1.json.gz", connection=connection)
    assert (again.report.files_known, again.report.files_read) == (1, 0)
    assert load_paths(f"s3://{name}/{PREFIX}/2026/*/02/*.gz").ids == ["id-2"]
    assert sorted(load_paths(f"s3://{name}").ids) == ["id-0", "id-1", "id-2", "id-3"]


def test_days_are_left_out_by_their_keys(bucket, monkeypatch):
    name, _ = bucket
    import s3fs

    listed = []
    ls = s3fs.S3FileSystem._lsdir
    monkeypatch.setattr(
        s3fs.S3FileSystem,
        "_lsdir",
        lambda self, path, *more, **options: (
            listed.append(path) or ls(self, path, *more, **options)
        ),
    )
    loaded = load_paths(f"s3://{name}", since=date(2026, 1, 1), until=date(2026, 1, 1))
    assert sorted(loaded.ids) == ["id-1", "id-2"]
    assert listed
    assert not any("/2025" in path or "/2026/02" in path for path in listed)
    with pytest.raises(NoSuchFile):
        load(duckdb.connect(), [f"s3://{name}"], since=date(2027, 1, 1))


@pytest.mark.parametrize("whole", [8 << 20, 500])
def test_parquet(bucket, monkeypatch, whole):
    """Fetched whole, and by ranges."""
    name, system = bucket
    monkeypatch.setattr(batches, "MAX_STORED", whole)
    monkeypatch.setattr("trailhound.load.reader.batches.MAX_STORED", whole)
    monkeypatch.setattr("trailhound.load.sources.remote._WHOLE", whole)
    content = parquet([row(event(number)) for number in range(3)])
    system.pipe(f"{name}/unloaded/20260301_one", content)
    assert load_paths(f"s3://{name}/unloaded/").ids == ["id-0", "id-1", "id-2"]


def test_a_changed_object(bucket):
    name, system = bucket
    connection = duckdb.connect()
    load_paths(f"s3://{name}", connection=connection)
    system.pipe(f"{name}/{PREFIX}/{DAYS[0]}/0.json.gz", gzip.compress(records(event(9))))
    report = load_paths(f"s3://{name}", connection=connection).report
    assert (report.files_read, report.files_known) == (1, 3)
    ids = {row["eventid"] for row in read_rows(connection)}
    assert ids == {"id-9", "id-1", "id-2", "id-3"}


def test_large_odd_and_many_objects(bucket, monkeypatch):
    name, system = bucket
    monkeypatch.setattr(batches, "MAX_STORED", 1000)
    monkeypatch.setattr(batches, "MAX_WHOLE", 1000)
    monkeypatch.setattr("trailhound.load.sources.remote._WHOLE", 1000)
    many = [event(number, userAgent=f"{number}" * 50) for number in range(100, 130)]
    system.pipe(f"{name}/odd/large", records(*many))
    system.pipe(f"{name}/odd/cut", gzip.compress(records(*many))[:-9])
    for number in range(40):
        system.pipe(f"{name}/odd/{number}", records(event(number)))
    loaded = load_paths(f"s3://{name}/odd")
    assert len(loaded.ids) == 100
    assert loaded.errors == [(0, "gzip data ends too early")]


def test_what_is_not_there(bucket):
    name, _ = bucket
    for path in (f"s3://{name}/nothing", f"s3://{name}/nothing*", "s3://no-such-bucket-at-all/x"):
        with pytest.raises(NoSuchFile, match=r"^no [^\n]*s3://"):
            load(duckdb.connect(), [path])


def test_a_server_that_is_gone(monkeypatch, bucket):
    import s3fs

    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(LoadError, match=r"^s3://[^\n]+$"):
        load(duckdb.connect(), [f"s3://{bucket[0]}"])


def test_an_object_that_vanishes(bucket, monkeypatch):
    name, system = bucket
    from trailhound.load import reader

    listing = reader.list_sources

    def vanish(*args):
        found = listing(*args)
        system.rm(f"{name}/{PREFIX}/{DAYS[1]}/1.json.gz")
        return found

    monkeypatch.setattr(reader, "list_sources", vanish)
    loaded = load_paths(f"s3://{name}")
    assert sorted(loaded.ids) == ["id-0", "id-2", "id-3"]
    assert len(loaded.errors) == 1


def test_ingested_records(bucket):
    name, system = bucket
    connection = duckdb.connect()
    load_paths(f"s3://{name}/AWSLogs", connection=connection)
    assert hand_on(connection, "cloudtrail_logs", f"s3://{name}/ingested/") == len(DAYS)
    [written] = system.glob(f"{name}/ingested/*/*/*/*/*.parquet")
    assert sorted(load_paths(f"s3://{written}").ids) == ["id-0", "id-1", "id-2", "id-3"]


def test_one_request_an_object_and_failing_ones_again(tmp_path, monkeypatch):
    folder = tmp_path / "AWSLogs"
    for number in range(120):
        path = folder / DAYS[number % len(DAYS)] / f"{number}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(records(event(number)))
    with object_store.serving(tmp_path, fails_each=20) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        loaded = load_paths(f"s3://{object_store.BUCKET}/AWSLogs")
    assert (len(loaded.ids), loaded.errors) == (120, [])
    assert server.asked["failed"] > 0
    # The folder, three years and months in it, four days.
    assert server.asked["GET"] + server.asked["list"] - server.asked["failed"] == 120 + 10
    assert server.asked["HEAD"] == 0
