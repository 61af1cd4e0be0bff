"""Zip and tar archives, and standard input."""

import gzip
import io
import lzma
import os
import subprocess
import sys
import tarfile
import threading
import zipfile

import duckdb
import pytest
import zstandard
from load_support import event, lines, load_paths, records

from trailhound.load import batches

MEMBERS = {
    "trail/one.json.gz": gzip.compress(records(event(1), event(2))),
    "trail/two.json": records(event(3)),
    "lines": lines(event(4), event(5)),
    "empty": b"",
    "noise.txt": b"noise",
    "cut.gz": gzip.compress(records(event(6), event(7), event(8)))[:-9],
}
IDS = [f"id-{number}" for number in range(1, 9)]


def zipped(members=MEMBERS, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.mkdir("trail")
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def tarred(members=MEMBERS):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        folder = tarfile.TarInfo("trail")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        link = tarfile.TarInfo("trail/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        for name, content in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return out.getvalue()


ARCHIVES = {
    "zip": zipped,
    "zip, stored": lambda: zipped(method=zipfile.ZIP_STORED),
    "zip, lzma": lambda: zipped(method=zipfile.ZIP_LZMA),
    "tar": tarred,
    "tar.gz": lambda: gzip.compress(tarred()),
    "tar.zst": lambda: zstandard.compress(tarred()),
    "zip in tar": lambda: tarred({"inner": zipped()}),
    "tar.gz in zip": lambda: zipped({"inner": gzip.compress(tarred())}),
    "zip in gzip": lambda: gzip.compress(zipped()),
    "zip in xz in tar": lambda: tarred({"inner": lzma.compress(zipped())}),
}


def check_members(loaded, path):
    assert sorted(loaded.ids) == IDS
    errors = {
        row["file_path"].removeprefix(f"{path}!").removeprefix("inner!"): row["error"]
        for row in loaded.rows
        if row["error"]
    }
    assert errors == {"noise.txt": "not JSON", "cut.gz": "gzip data ends too early"}
    assert [skipped for _, skipped in loaded.skips] == ["empty file"]


@pytest.mark.parametrize("kind", ARCHIVES)
@pytest.mark.parametrize("is_small", [True, False])
def test_archive(tmp_path, kind, is_small, monkeypatch):
    if not is_small:
        monkeypatch.setattr(batches, "MAX_STORED", 64)
        monkeypatch.setattr(batches, "MAX_WHOLE", 64)
    path = tmp_path / "evidence"
    path.write_bytes(ARCHIVES[kind]())
    connection = duckdb.connect()
    loaded = load_paths(path, connection=connection)
    check_members(loaded, path)
    assert loaded.report.files_read == 1
    again = load_paths(path, connection=connection)
    assert (again.report.files_known, again.report.records) == (1, 0)
    path.write_bytes(zipped({"other": records(event(9))}))
    assert load_paths(path, connection=connection).ids == ["id-9"]


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_truncated_tar(tmp_path, keep, pack):
    members = {f"{number}": records(event(number)) for number in range(100, 200)}
    packed = pack(tarred(members))
    path = tmp_path / "evidence.tar"
    path.write_bytes(packed[: int(len(packed) * keep)])
    loaded = load_paths(path)
    assert len(loaded.ids) > 5
    assert loaded.ids == [f"id-{100 + number}" for number in range(len(loaded.ids))]
    assert loaded.errors


def test_tar_cut_between_two_members(tmp_path):
    path = tmp_path / "evidence.tar"
    whole = tarred({f"{number}": records(event(number)) for number in range(3)})
    end = whole.rindex(b"ustar") - 257  # where the last header begins
    path.write_bytes(whole[:end])
    loaded = load_paths(path)
    assert loaded.ids == ["id-0", "id-1"]
    assert loaded.errors == [(0, "damaged archive: empty header")]


def test_tar_with_a_damaged_header(tmp_path):
    path = tmp_path / "evidence.tar"
    whole = bytearray(tarred({f"{number}": records(event(number)) for number in range(3)}))
    whole[whole.rindex(b"ustar") - 100] ^= 1
    path.write_bytes(whole)
    loaded = load_paths(path)
    assert loaded.ids == ["id-0", "id-1"]
    assert loaded.errors == [(0, "damaged archive: bad checksum")]


@pytest.mark.parametrize("damage", ["cut", "member", "directory", "password"])
def test_damaged_zip(tmp_path, damage):
    stored = bytearray(
        zipped({"one": records(event(1)), "two": records(event(2))}, zipfile.ZIP_STORED)
    )
    if damage == "cut":
        stored = stored[:-30]
    elif damage == "member":
        stored[stored.index(b"CreateUser")] ^= 1
    elif damage == "directory":
        stored[stored.index(b"PK\x01\x02")] ^= 1
    else:  # the flag that says that a member is encrypted
        stored[stored.rindex(b"PK\x03\x04") + 6] |= 1
        stored[stored.rindex(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "evidence.zip").write_bytes(stored)
    (tmp_path / "good").write_bytes(records(event("good")))
    loaded = load_paths(tmp_path)
    assert "id-good" in loaded.ids
    if damage in ("member", "password"):
        assert loaded.ids == (["id-2"] if damage == "member" else ["id-1"]) + ["id-good"]
        assert loaded.errors[0][1].startswith("damaged archive member: ")
    else:
        assert loaded.errors[0][1].startswith("damaged archive: ")
    assert loaded.report.problems[0].file.startswith(str(tmp_path / "evidence.zip"))


def test_archives_too_deep_and_empty(tmp_path):
    content = records(event(1))
    for _ in range(4):
        content = zipped({"inner": content})
    (tmp_path / "deep").write_bytes(content)
    (tmp_path / "empty.zip").write_bytes(zipped({}))
    (tmp_path / "empty.tar").write_bytes(tarred({}))
    (tmp_path / "good").write_bytes(records(event("good")))
    loaded = load_paths(tmp_path)
    assert loaded.ids == ["id-good"]
    assert loaded.errors == [(0, "more than 3 archives in one another")]
    assert loaded.skips == [(0, "empty file")] * 2


def test_archive_bombs(tmp_path, monkeypatch):
    monkeypatch.setattr("trailhound.load.sources.archives.MAX_UNPACKED", 6 << 20)
    (tmp_path / "bomb.zip").write_bytes(
        zipped({f"{number}": b"[" + b" " * (3 << 20) for number in range(8)})
    )
    (tmp_path / "good").write_bytes(records(event("good")))
    loaded = load_paths(tmp_path)
    assert loaded.ids == ["id-good"]
    assert "the archive unpacks to too much: cut off there" in str(loaded.errors)


def test_names_in_archives_are_only_names(tmp_path):
    names = ["../../etc/passwd", "/absolute", "a!b", "line\nbreak", "c:\\x"]
    (tmp_path / "evil.tar").write_bytes(
        tarred({name: records(event(number)) for number, name in enumerate(names)})
    )
    connection = duckdb.connect()
    loaded = load_paths(tmp_path, connection=connection)
    assert {row["file_path"] for row in loaded.rows} == {
        f"{tmp_path}/evil.tar!{name}" for name in names
    }
    assert load_paths(tmp_path, connection=connection).report.files_known == 1
    assert os.listdir(tmp_path) == ["evil.tar"]  # noqa: PTH208


LOAD_STDIN = """
import sys, duckdb
from trailhound.load import load
report = load(duckdb.connect(sys.argv[1]), ["-"])
print(report.files_read, report.files_known, report.records)
"""


@pytest.mark.parametrize("content", [MEMBERS["trail/one.json.gz"], zipped({"x": records(event())})])
def test_stdin(tmp_path, content):
    store = str(tmp_path / "store.duckdb")

    def run(data):
        command = [sys.executable, "-c", LOAD_STDIN, store]
        return subprocess.run(command, input=data, capture_output=True, check=True).stdout.split()

    first = run(content)
    assert first[:2] == [b"1", b"0"]
    assert run(content) == [b"0", b"1", b"0"]
    assert run(records(event(9))) == [b"1", b"0", b"1"]
    paths = duckdb.connect(store).execute("select distinct file_path from cloudtrail_logs")
    assert all(path.startswith("stdin:") for (path,) in paths.fetchall())


def test_named_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(records(event(1)),))
    writer.start()
    loaded = load_paths(pipe)
    writer.join()
    assert loaded.ids == ["id-1"]
