"""Which files a load takes, and which it knows."""

import gzip
import json
import os
from datetime import date
from pathlib import Path

import duckdb
import pytest
from load_support import event, load_paths, read_rows, records

from trailhound.load import LoadError, NoSuchFile, NothingRead, ensure_table, load, reader


def write(path, *events):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(records(*events))
    return path


def test_folders_globs_and_files(tmp_path):
    write(tmp_path / "a/one.json", event(1))
    write(tmp_path / "a/b/.hidden", event(2))
    write(tmp_path / "c/d/two.gz", event(3))
    write(tmp_path / "c/[x].json", event(4))
    assert load_paths(tmp_path).ids == ["id-2", "id-1", "id-4", "id-3"]
    assert load_paths(tmp_path / "a", tmp_path / "c/d/two.gz").report.files_read == 3
    assert load_paths(tmp_path / "*/**/*o.*").ids == ["id-3"]
    assert load_paths(tmp_path / "?/*.json").ids == ["id-1", "id-4"]
    assert load_paths(tmp_path / "c/[x].json").ids == ["id-4"]
    assert load_paths(tmp_path / "a", tmp_path / "a/one.json").report.files_read == 2


def test_paths_are_absolute(tmp_path, monkeypatch):
    write(tmp_path / "trail/one.json", event())
    monkeypatch.chdir(tmp_path / "trail")
    (row,) = load_paths("../trail/one.json").rows
    assert row["file_path"] == str(tmp_path / "trail/one.json")
    about = (tmp_path / "trail/one.json").stat()
    assert row["file_version"] == f"{about.st_size}-{about.st_mtime_ns}"


@pytest.mark.parametrize("path", ["missing", "missing*", "empty", "empty/*", "empty/**"])
def test_a_path_that_leads_to_no_file(tmp_path, path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoSuchFile, match=r"no .*file"):
        load(duckdb.connect(), [str(tmp_path / path)])


def test_known_files_are_not_read_again(tmp_path):
    connection = duckdb.connect()
    write(tmp_path / "one", event(1))
    assert load_paths(tmp_path, connection=connection).report.files_read == 1
    write(tmp_path / "two", event(2))
    report = load_paths(tmp_path, connection=connection).report
    assert (report.files_read, report.files_known, report.records) == (1, 1, 1)
    report = load_paths(tmp_path, connection=connection).report
    assert (report.files_read, report.files_known, report.records) == (0, 2, 0)


@pytest.mark.parametrize("content", [b"", b"[]", b"noise", b'{"Records":[{"eventTime'])
def test_files_without_a_record_are_known_too(tmp_path, content):
    connection = duckdb.connect()
    write(tmp_path / "good", event(1))
    (tmp_path / "odd").write_bytes(content)
    load_paths(tmp_path, connection=connection)
    assert load_paths(tmp_path, connection=connection).report.files_known == 2


def test_a_changed_file_replaces_its_rows(tmp_path):
    connection = duckdb.connect()
    path = write(tmp_path / "one", event(1), event(2))
    write(tmp_path / "two", event(9))
    load_paths(tmp_path, connection=connection)
    write(path, event(3))
    loaded = load_paths(tmp_path, connection=connection)
    assert loaded.ids == ["id-3", "id-9"]
    assert (loaded.report.files_read, loaded.report.records) == (1, 1)
    os.utime(path, ns=(1, 1))
    assert load_paths(tmp_path, connection=connection).report.files_read == 1


def test_any_order_gives_the_same_rows(tmp_path):
    for number in range(6):
        write(tmp_path / f"{number}", *[event(10 * number + each) for each in range(number)])
    paths = sorted(tmp_path.iterdir())
    together = load_paths(tmp_path).rows
    one_by_one = duckdb.connect()
    for path in reversed(paths):
        load_paths(path, connection=one_by_one)
    for rows in (together, later := read_rows(one_by_one)):
        for row in rows:
            del row["loaded_at"]
    assert together == later


def test_days_narrow_a_trail_by_its_folders(tmp_path):
    trail = tmp_path / "AWSLogs/1/CloudTrail/eu-west-1"
    for number, day in enumerate(["2025/12/31", "2026/01/01", "2026/01/02", "2026/01/03"]):
        write(trail / day / "file.json", event(number))
    write(tmp_path / "AWSLogs/1/elsewhere/2020/01/01/file", event(9))

    def ids(**days):
        return load_paths(tmp_path, **days).ids

    assert ids() == ["id-0", "id-1", "id-2", "id-3", "id-9"]
    assert ids(since=date(2026, 1, 2)) == ["id-2", "id-3", "id-9"]
    assert ids(until=date(2025, 12, 31)) == ["id-0", "id-1", "id-9"]  # and the day after: late ones
    assert ids(since=date(2026, 1, 1), until=date(2026, 1, 1)) == ["id-1", "id-2", "id-9"]
    assert ids(until=date.max) == ids(since=date.min) == ids()
    glob = trail / "**" / "*.json"
    assert load_paths(glob, since=date(2026, 1, 2)).ids == ["id-2", "id-3"]
    with pytest.raises(NoSuchFile):
        load(duckdb.connect(), [str(trail)], since=date(2027, 1, 1))


def test_nothing_could_be_read(tmp_path):
    """Files were given and no record is an event: that is an error, and names what it saw."""
    (tmp_path / "file").write_bytes(b"noise")
    with pytest.raises(NothingRead, match=r"CloudTrail event: .*/file: not JSON$"):
        load(duckdb.connect(), [str(tmp_path)])
    connection = duckdb.connect()
    (tmp_path / "two").write_bytes(b"\x00\x01")
    with pytest.raises(NothingRead, match=r"\(and 1 more file\)$"):
        load(connection, [str(tmp_path)])
    assert len(read_rows(connection)) == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"Records": [{"eventSource": "aws:s3", "eventName": "x"}]}, "S3 notification"),
        ({"Records": []}, "empty file"),
        ({"result": {"host": "h"}}, "no CloudTrail record"),
        ({"digestStartTime": "x"}, "digest file"),
    ],
)
def test_records_without_an_event(tmp_path, content, reason):
    (tmp_path / "file").write_text(json.dumps(content))
    connection = duckdb.connect()
    with pytest.raises(NothingRead, match=rf"/file: {reason}$"):
        load(connection, [str(tmp_path)])
    (tmp_path / "good").write_bytes(records(event()))
    assert load_paths(tmp_path, connection=connection).report.files_known == 1
    with pytest.raises(NothingRead, match=rf"/file: {reason}$"):
        load(connection, [str(tmp_path / "file")])  # it is known, and still nothing
    (tmp_path / "other").write_text(json.dumps(content))
    assert load(connection, [str(tmp_path)]).valid == 0  # the files known before hold events


def test_an_empty_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good").write_bytes(records(event()))
    with pytest.raises(NoSuchFile, match="a PATH is empty"):
        load(duckdb.connect(), [""])


def test_days_of_a_region_s_folder(tmp_path):
    """Without the folder CloudTrail above it, as `aws s3 sync` leaves it."""
    for day in ("2026/03/01", "2026/03/03", "2026/03/04"):
        (tmp_path / "us-gov-east-1" / day).mkdir(parents=True)
        (tmp_path / "us-gov-east-1" / day / "a").write_bytes(records(event(day)))
    assert load_paths(tmp_path, since=date(2026, 3, 4)).ids == ["id-2026/03/04"]


def test_the_table_may_stand_anywhere(tmp_path):
    connection = duckdb.connect()
    connection.execute(
        f"""attach '{tmp_path}/other.duckdb' as "o'ther"; create schema "o'ther".s"""
    )
    table = """"o'ther"."s"."cloud ""trail\""""
    ensure_table(connection, table)
    report = load(connection, [str(write(tmp_path / "one", event()))], table=table)
    assert report.records == 1
    assert connection.execute(f"select count(*) from {table}").fetchone() == (1,)


def test_the_callers_transaction(tmp_path):
    connection = duckdb.connect()
    path = write(tmp_path / "one", event())
    odd = tmp_path / "odd"
    odd.write_bytes(b'{"Records":[{"eventName":"\\ud800","eventTime":"2026-01-01T00:00:00Z"}]}')
    cursor = connection.cursor()
    cursor.execute("begin")
    report = load(cursor, [str(path), str(odd)], commit=False)
    assert report.records == 2
    cursor.execute("rollback")
    assert connection.execute("show tables").fetchall() == []
    cursor.execute("begin")
    load(cursor, [str(path), str(odd)], commit=False)
    cursor.execute("commit")
    assert connection.execute("select count(*) from cloudtrail_logs").fetchone() == (2,)


@pytest.mark.parametrize("limit", ["17.3GB", "2GB", "1.1GB", "400MB"])
def test_settings_of_the_caller_come_back(tmp_path, limit):
    connection = duckdb.connect(config={"memory_limit": limit})
    settings = """select name, value from duckdb_settings()
        where name <> 'write_buffer_row_group_memory_limit'"""  # a share of the memory limit
    before = connection.execute(settings).fetchall()
    for number in range(3):
        load(connection, [str(write(tmp_path / f"{number}", event()))])
    assert connection.execute(settings).fetchall() == before


def test_progress(tmp_path):
    for number in range(3):
        write(tmp_path / f"{number}", event(number))
    (tmp_path / "3").write_bytes(gzip.compress(records(event(3)))[:-9])
    told = []
    load(duckdb.connect(), [str(tmp_path)], progress=told.append)
    assert told[-1].files == told[-1].files_total == 4
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert told[-1].bytes_read == told[-1].bytes_total == size


def test_another_load_at_the_same_moment_is_not_counted(tmp_path):
    """A report counts by the load's time, which no other load of the store may share."""
    connection = duckdb.connect()
    first = load_paths(write(tmp_path / "one", event()), connection=connection)
    second = load_paths(write(tmp_path / "two", event()), connection=connection)
    assert first.rows[0]["loaded_at"] < max(row["loaded_at"] for row in second.rows)
    assert second.report.records == 1


def test_a_store_does_not_load_itself(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"eventName": "A", "eventTime": "2026-01-01T00:00:00Z"}')
    with duckdb.connect(str(tmp_path / "trailhound.duckdb")) as connection:
        report = load(connection, [str(tmp_path)])
        assert (report.files_read, report.records) == (1, 1)
        (tmp_path / "a.json").unlink()
        with pytest.raises(NoSuchFile, match="but the store itself"):
            load(connection, [str(tmp_path)])


def test_paths_may_overlap(tmp_path):
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "a.json").write_text(
        '{"eventName": "A", "eventTime": "2026-01-01T00:00:00Z"}'
    )
    paths = [str(tmp_path), str(tmp_path / "below"), str(tmp_path / "*")]
    with duckdb.connect() as connection:
        assert load(connection, paths).files_read == 1


def test_nothing_readable_stays_an_error(tmp_path):
    (tmp_path / "noise").write_bytes(b"\x00\x01")
    with duckdb.connect() as connection:
        for _ in range(2):
            with pytest.raises(LoadError, match="nothing could be read"):
                load(connection, [str(tmp_path)])


def test_what_is_packed_stays_as_it_is_until_rows_are_deleted(tmp_path, monkeypatch):
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(f"attach '{tmp_path / 'store'}' as store (row_group_size 2048)")
    connection.execute("use store")

    def row_groups():
        return connection.execute(
            "select distinct row_group_id, count from pragma_storage_info('cloudtrail_logs') "
            "where column_name = 'position' and segment_type = 'BIGINT'"
        ).fetchall()

    monkeypatch.setattr(reader, "_COMMIT_FILES", 1)
    for name in "abc":
        write(tmp_path / "trail" / name, *map(event, range(2100)))
    load_paths(tmp_path / "trail", connection=connection, table="cloudtrail_logs")
    assert len(row_groups()) == 6
    monkeypatch.undo()
    for name, count in (("a", 1000), ("b", 1900), ("c", 1000)):
        write(tmp_path / "trail" / name, *map(event, range(count)))
    load_paths(tmp_path / "trail", connection=connection, table="cloudtrail_logs")
    assert len(row_groups()) == 2
    write(tmp_path / "trail/b", event())
    load_paths(tmp_path / "trail", connection=connection, table="cloudtrail_logs")
    assert len(row_groups()) == 1
