"""Whatever a single file does, even to our own code: the others load, and the file is named."""

import gzip
import io
import json
import tarfile
import zipfile

import duckdb
import pytest
from load_support import event, lines, load_paths, records

from trailhound.load import batches, fast, inflate, store
from trailhound.load.sources import archives, files
from trailhound.load.tolerant import by_line, careful, judge, settle

GOOD = ["a good", "z good"]
MARK = "the mark of the bad file"


def zipped(name, content):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, content)
    return out.getvalue()


def tarred(name, content):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


DOCUMENT = records(event(MARK))
PRETTY = json.dumps({"a": 1, "Records": [event(MARK)]}, indent=1).encode()
LINES = lines(event(MARK), event(2))
BROKEN = gzip.compress(DOCUMENT)[:-9]

# A stage of reading a file, and a file that goes through it.
STAGES = {
    "open": (files, "_open", DOCUMENT),
    "inflate": (inflate, "whole", DOCUMENT),
    "is it an archive": (archives, "is_archive", DOCUMENT),
    "zip": (archives, "_zip", zipped("member", DOCUMENT)),
    "tar": (archives, "_tar", tarred("member", DOCUMENT)),
    "start of a member": (batches, "_start", zipped("member", DOCUMENT)),
    "form": (fast, "form_of", DOCUMENT),
    "tail": (fast, "last_record", DOCUMENT),
    "seams": (fast, "_seams", DOCUMENT),
    "inflate in pieces": (inflate, "chunks", BROKEN),
    "pieces": (batches, "_pieces", BROKEN),
    "careful": (careful, "read", PRETTY),
    "lines or documents": (careful, "looks_like_lines", PRETTY),
    "by document": (careful, "_by_document", PRETTY),
    "by line": (careful, "by_line", b"x\n" + LINES + b"\n" + LINES),
    "lines": (by_line, "_line_blocks", b"x\n" + LINES + b"\n" + LINES),
    "split": (careful, "split", PRETTY),
    "unwrap": (settle, "unwrap", PRETTY),
    "validity": (judge, "valid", PRETTY),
    "mending": (judge, "mended", b'[{"eventName": "\t"}]'),
}


class Unforeseen(Exception):
    pass


@pytest.mark.parametrize("stage", STAGES)
def test_an_unexpected_error_in_any_stage(tmp_path, monkeypatch, stage):
    home, name, content = STAGES[stage]
    for each in GOOD:
        (tmp_path / each).write_bytes(records(event(each)))
    (tmp_path / "bad").write_bytes(content)
    right = getattr(home, name)
    raised = []

    def poisoned(*args, **options):
        said = repr([*args, *options.values()])
        if not any(f"id-{each}" in said or f"/{each}" in said for each in GOOD):
            raised.append(name)
            raise Unforeseen(f"in {name}\nand more")
        return right(*args, **options)

    monkeypatch.setattr(home, name, poisoned)
    loaded = load_paths(tmp_path)
    assert raised
    assert {f"id-{each}" for each in GOOD} <= set(loaded.ids)
    if MARK in str(loaded.ids):  # another way of reading it was there
        return
    [problem] = {(each.file, each.reason) for each in loaded.report.problems}
    assert problem == (f"{tmp_path}/bad", f"unexpected Unforeseen: in {name}")


def test_what_the_store_cannot_take(tmp_path, monkeypatch):
    """One statement inserts many files: the bad one is found by halves."""
    for number in range(9):
        (tmp_path / f"{number}").write_bytes(records(event(number)))
    insert = store.insert

    def poisoned(connection, table, stream, loaded_at):
        stream = list(stream)
        paths = [path for each in stream for path in each.column("file_path").to_pylist()]
        if f"{tmp_path}/6" in paths and any(each.column("error").null_count for each in stream):
            raise duckdb.ConversionException("no such value")
        insert(connection, table, stream, loaded_at)

    monkeypatch.setattr(store, "insert", poisoned)
    loaded = load_paths(tmp_path)
    assert loaded.ids == [f"id-{number}" for number in range(9) if number != 6]
    [problem] = loaded.report.problems
    assert (problem.file, problem.reason) == (
        f"{tmp_path}/6",
        "unexpected ConversionException: no such value",
    )


EMPTY = {"array": "[\n]", "lookup": '{\n  "Events": [\n  ]\n}\n', "records": '{"Records":[\n\n]}'}


@pytest.mark.parametrize("shape", EMPTY)
def test_an_empty_container_over_several_lines(tmp_path, shape):
    (tmp_path / "good").write_bytes(records(event(1)))
    (tmp_path / "empty").write_text(EMPTY[shape])
    loaded = load_paths(tmp_path)
    assert (loaded.ids, loaded.errors, loaded.skips) == (["id-1"], [], [(0, "empty file")])
