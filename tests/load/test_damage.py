"""Damaged files: what is whole stays, what is not is told, and the others go on."""

import base64
import bz2
import gzip
import json
import lzma
import zlib

import duckdb
import pytest
import zstandard
from load_support import event, lines, load_bytes, load_paths, records

from trailhound.cloudtrail import FIELDS
from trailhound.engines import STORE_VERSION
from trailhound.load import LoadError, batches, load
from trailhound.load.tolerant import judge

EVENTS = [event(number, userAgent="agent " * 20) for number in range(50)]
DOCUMENT = records(*EVENTS)
IDS = [each["eventID"] for each in EVENTS]


def partial(folder, content, **options):
    """Load a damaged file beside a good one."""
    (folder / "good").write_bytes(records(event("good")))
    (folder / "odd").write_bytes(content)
    loaded = load_paths(folder, **options)
    assert loaded.ids[0] == "id-good"
    return loaded


@pytest.mark.parametrize("cut", [200, 1000, len(DOCUMENT) - 2, len(DOCUMENT) - 1])
def test_truncated_document(tmp_path, cut):
    text = DOCUMENT[:cut]
    whole = text.count(b'agent agent "}') + text.count(b'agent "}') - text.count(b'agent agent "}')
    loaded = partial(tmp_path, text)
    assert loaded.ids[1:] == IDS[:whole]
    assert loaded.errors == [(0, "ends too early")]
    assert (loaded.report.records, loaded.report.rejected) == (whole + 1, 0)
    assert (loaded.report.files_partial, loaded.report.files_rejected) == (
        (1, 0) if whole else (0, 1)
    )
    assert loaded.report.problems[0].file.endswith("/odd")


def test_truncated_subscription(tmp_path):
    messages = [{"id": "1", "message": json.dumps(each)} for each in EVENTS[:3]]
    whole = json.dumps({"messageType": "DATA_MESSAGE", "logEvents": messages}).encode()
    loaded = partial(tmp_path, whole[:-20])
    assert loaded.ids[1:] == IDS[:2]
    assert loaded.errors == [(0, "ends too early")]


def test_malformed_document(tmp_path):
    text = b'{"Records": [\n' + json.dumps(event(1)).encode()
    text += b"\n" + json.dumps(event(2)).encode() + b"]}"
    loaded = partial(tmp_path, text)
    assert loaded.ids == ["id-good", "id-1"]
    assert loaded.errors == [(0, "malformed JSON at line 3, column 1")]
    assert loaded.rows[1]["raw"].startswith('{"eventVersion"')


def test_a_broken_record_ends_a_document(tmp_path):
    text = f'{{"Records":[{json.dumps(event(1))},{{"eventName" "x"}},{json.dumps(event(2))}]}}'
    loaded = partial(tmp_path, text.encode())
    assert loaded.ids == ["id-good", "id-1"]
    column = text.index('"x"') + 1
    assert loaded.errors == [(0, f"malformed JSON at line 1, column {column}")]
    assert loaded.rows[1]["raw"] == '{"eventName" "x"}'


@pytest.mark.parametrize(
    "bad",
    [b'{"eventVersion": "1.08", "user', b"noise", b"]}", b'{"a": 01}', b"\x00\xff", b'"', b"]"],
)
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_bad_line_is_rejected_and_the_others_stay(tmp_path, bad, at):
    good = [json.dumps(event(number)).encode() for number in (1, 2)]
    loaded = partial(tmp_path, b"\n".join([*good[:at], bad, *good[at:], b""]))
    assert loaded.ids == ["id-good", "id-1", "id-2"]
    assert [position for position, _ in loaded.errors] == [at + 1]
    assert loaded.report.rejected == 1


@pytest.mark.parametrize("whole", [1, 2])
@pytest.mark.parametrize("last", [json.dumps(EVENTS[9]).encode(), records(*EVENTS[9:11])])
def test_lines_that_are_cut_off(tmp_path, whole, last):
    loaded = partial(tmp_path, lines(*EVENTS[:whole]) + last[:-9])
    in_last = [IDS[9]] if b"Records" in last else []
    assert loaded.ids[1:] == IDS[:whole] + in_last
    assert loaded.errors == [(0, "ends too early")]
    assert (loaded.report.files_partial, loaded.report.rejected) == (1, 0)


def test_whole_records_of_a_bad_line_stay(tmp_path):
    text = lines({"Records": EVENTS[:3]}) + b"\n" + records(*EVENTS[3:6])[:-200]
    text += b"\n" + lines({"Records": EVENTS[6:8]})
    loaded = partial(tmp_path, text)
    assert loaded.ids[1:] == IDS[:5] + IDS[6:8]
    assert loaded.errors == [(6, "not valid JSON")]


def test_bad_lines_one_after_the_other(tmp_path):
    text = b'{"eventName": 1,\n{"eventName"\n' + lines(event(1)) + b'\n{"x\n{"y": [\n'
    loaded = partial(tmp_path, text)
    assert loaded.ids == ["id-good", "id-1"]
    assert loaded.report.rejected == 4


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a;b;c\n1;2;3\n", "not JSON"),
        (bytes(range(256)) * 20, "binary data, not JSON"),
        (b"\x7fELF\x02\x01\x01" + bytes(100), "a program, not CloudTrail"),
        (b"null", "not an object"),
        (b"5", "not an object"),
        (b"5\n6\n", "not JSON"),
        (b"}", "not JSON"),
        (b"{", "ends too early"),
        (b'{"eventName": x}', "malformed JSON at line 1, column 15"),
        (b'{\n "eventName":\n  x}', "malformed JSON at line 3, column 3"),
        (b"BZh9rubbish", "bzip2 data is corrupt"),
        (bz2.compress(b"{}")[:20], "bzip2 data ends too early"),
        (lzma.compress(b"{}")[:24], "xz data ends too early"),
        (lzma.compress(b"{}")[:9] + b"rubbish" * 9, "xz data is corrupt"),
        (b"\x1f\x8b", "gzip data ends too early"),
        (b"\x1f\x8b\x08\x00" + b"rubbish" * 20, "gzip data is corrupt"),
        (b"\x28\xb5\x2f\xfdrubbish", "zstd data is corrupt"),
    ],
)
def test_rejected_file(tmp_path, content, reason):
    loaded = partial(tmp_path, content)
    assert loaded.errors == [(0, reason)]
    assert (loaded.report.files_rejected, loaded.report.records) == (1, 1)


PACKERS = {"gzip": lambda text: gzip.compress(text, mtime=0), "zstd": zstandard.compress}


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("form", [records, lines])
def test_truncated_packing(tmp_path, packer, form):
    packed = PACKERS[packer](form(*EVENTS))
    loaded = partial(tmp_path, packed[: len(packed) * 3 // 4])
    assert loaded.ids[1:] == IDS[: len(loaded.ids) - 1]
    assert (0, f"{packer} data ends too early") in loaded.errors
    if packer == "gzip":  # a zstd frame this small is one block: all or nothing
        assert len(loaded.ids) > 3


def test_gzip_cut_just_before_its_checksum(tmp_path):
    loaded = partial(tmp_path, gzip.compress(DOCUMENT)[:-4])
    assert loaded.ids[1:] == IDS
    assert loaded.errors == [(0, "gzip data ends too early")]


def test_gzip_with_a_wrong_checksum(tmp_path):
    packed = bytearray(gzip.compress(DOCUMENT))
    packed[-6] ^= 1
    loaded = partial(tmp_path, bytes(packed))
    assert loaded.ids[1:] == IDS
    assert loaded.errors == [(0, "gzip data is corrupt")]


def test_corrupt_gzip_keeps_what_inflated(tmp_path):
    stored = zlib.compressobj(0, wbits=31)  # not compressed, so that the place is known
    packed = stored.compress(DOCUMENT) + stored.flush(zlib.Z_FULL_FLUSH)
    loaded = partial(tmp_path, packed + b"\x07 no such block")
    assert loaded.ids[1:] == IDS
    assert loaded.errors == [(0, "gzip data is corrupt")]


def test_a_second_gzip_member_that_is_damaged(tmp_path):
    loaded = partial(tmp_path, gzip.compress(lines(*EVENTS) + b"\n") + gzip.compress(b"{}")[:9])
    assert loaded.ids[1:] == IDS
    assert loaded.errors == [(0, "gzip data ends too early")]


def test_something_after_the_gzip_data(tmp_path):
    loaded = partial(tmp_path, gzip.compress(DOCUMENT) + b"rubbish")
    assert loaded.ids[1:] == IDS
    assert loaded.errors == [(0, "gzip data is followed by something else")]


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("inside", [b"[" + b" " * (1 << 27), bytes(1 << 27)], ids=["blank", "zero"])
def test_bomb(tmp_path, packer, inside):
    bomb = PACKERS[packer](lines(event(1)) + b"\n" + inside)
    loaded = partial(tmp_path, bomb, max_inflated=100 << 20)
    assert loaded.ids == ["id-good", "id-1"]
    assert len(loaded.errors) >= 1
    assert any("inflates to more than 104,857,600 bytes" in error for _, error in loaded.errors)


def test_bomb_in_a_bomb(tmp_path):
    loaded = partial(tmp_path, gzip.compress(gzip.compress(bytes(1 << 27))), max_inflated=1 << 26)
    assert loaded.errors == [(0, "binary data, not JSON")]


def test_lambda_payload_that_is_none(tmp_path):
    payloads = [
        {"awslogs": {"data": "!!"}},
        {"awslogs": {"data": base64.b64encode(gzip.compress(b"{}")).decode()}},
        {"awslogs": {"data": base64.b64encode(b"{").decode()}},
        {"logEvents": [1, {"message": 2}, {"message": "no JSON"}]},
    ]
    loaded = partial(tmp_path, lines(*payloads))
    assert [error for _, error in loaded.errors] == [
        "no CloudTrail record",
        "no CloudTrail record",
        "no CloudTrail record",
        "not an object",
        "no CloudTrail record",
        "no CloudTrail record",
    ]


# What JSON forbids inside a string, or what is hard on a parser, in a record fine otherwise.
HARD = {
    "lone high surrogate": rb'"\ud83d"',
    "lone low surrogate": rb'"x\uDE00"',
    "surrogates in the wrong order": rb'"\ude00\ud83d"',
    "escaped backslash before u": rb'"\\ud83d \ud83d"',
    "control characters": b'"a\tb\x01c\x1f"',
    "line break in a string": b'"a\nb\r\nc"',
    "NUL": b'"a\x00b"',
    "NUL, escaped": rb'"a\u0000b"',
    "invalid UTF-8": b'"a\xff\xfe\xc3b"',
    "overlong UTF-8": b'"\xc0\xaf"',
    "surrogate in UTF-8": b'"\xed\xa0\x80"',
    "deep nesting": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "100,000 keys": json.dumps({f"key {n}": n for n in range(100_000)}).encode(),
    "duplicate keys": b'{"a":1,"a":2}',
    "huge number": b"123456789012345678901234567890123456789012345678901234567890",
    "huge exponent": b"[1e999, -1e999, 1e-999]",
    "long string": b'"' + b"x" * 5_000_000 + b'"',
}


@pytest.mark.parametrize("what", HARD)
@pytest.mark.parametrize("form", ["records", "line", "array", "pretty"])
def test_hard_values(tmp_path, what, form):
    before, after = (json.dumps(event(number)).encode() for number in (1, 3))
    hard = json.dumps(event(2)).encode()[:-1] + b', "requestParameters": ' + HARD[what] + b"}"
    text = {
        "records": b'{"Records":[' + b",".join([before, hard, after]) + b"]}",
        "line": b"\n".join([before, hard, after]),
        "array": b"[" + b", ".join([before, hard, after]) + b"]",
        "pretty": b'{\n  "Records":\n [\n' + b"\n,\n".join([before, hard, after]) + b"\n]\n}\n",
    }[form]
    loaded = load_bytes(tmp_path, text)
    assert loaded.ids == ["id-1", "id-2", "id-3"]
    assert loaded.errors == []
    kept = loaded.rows[1]["requestparameters"]
    assert kept
    kept.encode()
    if what == "huge number":
        assert kept == HARD[what].decode()
    if what == "lone high surrogate":
        assert kept == "\ufffd"
    if what == "escaped backslash before u":
        assert kept == "\\ud83d \ufffd"


def test_duplicate_keys_of_a_record(tmp_path):
    text = json.dumps(event(1))[:-1] + ', "eventID": "second"}'
    assert load_bytes(tmp_path, f'{{"Records":[{text}]}}').ids == ["id-1"]


WRONG = [None, True, 0, -1.5, 10**40, "", "text", [], [1, [2]], {}, {"a": {"b": None}}, [{"a": 1}]]


@pytest.mark.parametrize("value", WRONG, ids=str)
def test_wrong_types_in_every_field(tmp_path, value):
    odd = [
        {**event(number), field: value}
        for number, field in enumerate(FIELDS)
        if field not in ("eventTime", "eventName")
    ]
    everything = dict.fromkeys(FIELDS, value)
    for text in (records(*odd, everything), json.dumps([*odd, everything], indent=1).encode()):
        loaded = load_bytes(tmp_path, text)
        assert len(loaded.valid) == len(odd)
        assert loaded.report.rejected == 1


def test_wrong_types_deep_in_the_identity(tmp_path):
    for number, value in enumerate(WRONG):
        identities = [
            value,
            {"sessionContext": value},
            {"sessionContext": {"sessionIssuer": value, "webIdFederationData": value}},
            {"sessionContext": {"webIdFederationData": {"attributes": value}}},
            {"onBehalfOf": value, "arn": value},
        ]
        odd = [event(userIdentity=each, resources=[value, {"ARN": value}]) for each in identities]
        assert len(load_bytes(tmp_path, records(*odd), name=str(number)).valid) == len(odd)


def test_a_record_longer_than_can_be_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("trailhound.load.tolerant.split.MAX_RECORD", 1 << 20)
    monkeypatch.setattr("trailhound.load.inflate.CHUNK", 1 << 18)
    long = event(2, requestParameters={"text": "x" * (3 << 20)})
    text = (
        b'{"a":1, "Records":['
        + b",".join(json.dumps(each).encode() for each in (event(1), long, event(3)))
        + b"]}"
    )
    path = tmp_path / "file.gz"
    path.write_bytes(gzip.compress(text)[:-8] + bytes(8))  # damaged: for the careful reader
    loaded = load_paths(path)
    assert loaded.ids == ["id-1", "id-3"]
    assert loaded.rows[2]["error"] == "longer than 1,048,576 bytes"


def test_a_document_larger_than_is_read_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(batches, "MAX_WHOLE", 1 << 10)
    monkeypatch.setattr(batches, "MAX_STORED", 1 << 10)
    monkeypatch.setattr("trailhound.load.reader.batches.MAX_STORED", 1 << 10)
    monkeypatch.setattr("trailhound.load.inflate.CHUNK", 1 << 10)
    nested = [
        event(n, requestParameters={"x": [{"eventVersion": 1}, {"eventVersion": 2}]})
        for n in range(3)
    ]
    for number, text in enumerate(
        [
            DOCUMENT,
            lines(*EVENTS),
            json.dumps(EVENTS).encode(),
            json.dumps({"Records": EVENTS}, indent=3).encode(),
            b"[" + b",".join(json.dumps(each).encode() for each in EVENTS) + b"]",
            gzip.compress(DOCUMENT),
            zstandard.compress(lines(*EVENTS)),
        ]
    ):
        assert load_bytes(tmp_path, text, name=f"{number}").ids == IDS
    assert load_bytes(tmp_path, records(*nested) + b" ", name="nested").ids == [
        "id-0",
        "id-1",
        "id-2",
    ]
    for number, text in enumerate([DOCUMENT[:-1], DOCUMENT[:-2], DOCUMENT + b"x"]):
        loaded = load_bytes(tmp_path, text, name=f"cut {number}")
        assert loaded.ids == IDS
        assert len(loaded.errors) == 1


def test_a_store_that_refuses(tmp_path):
    connection = duckdb.connect()
    connection.execute("create table cloudtrail_logs (file_path int)")
    connection.execute(f"comment on table cloudtrail_logs is '{STORE_VERSION}'")
    (tmp_path / "one").write_bytes(records(event()))
    with pytest.raises(LoadError, match=r"^the store refused: [^\n]+$"):
        load(connection, [str(tmp_path)])


def test_a_line_longer_than_can_be_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("trailhound.load.tolerant.by_line.MAX_RECORD", 1 << 16)
    monkeypatch.setattr("trailhound.load.inflate.CHUNK", 1 << 14)
    long = event(2, userAgent="x" * (1 << 18))
    text = b"noise\n" + lines(event(1), long, event(3), {"tail": "y" * (1 << 18)})
    path = tmp_path / "file.gz"
    path.write_bytes(gzip.compress(text)[:-8] + bytes(8))  # damaged: read piece by piece
    loaded = load_paths(path)
    assert loaded.ids == ["id-1", "id-3"]
    assert [error for _, error in loaded.errors] == [
        "gzip data is corrupt",
        "not valid JSON",
        "longer than 65,536 bytes",
        "longer than 65,536 bytes",
    ]


@pytest.mark.parametrize("bad", ["plain words", "22:41:18 [debug] {x}", "{not: json}", "17"])
def test_bad_lines_are_judged_many_at_a_time(tmp_path, monkeypatch, bad):
    """One by one a log of another kind would take minutes."""
    asked = []
    valid = judge.valid
    monkeypatch.setattr(judge, "valid", lambda texts: asked.append(len(texts)) or valid(texts))
    loaded = load_bytes(tmp_path, f"{bad}\n" * 500 + lines(event(1)).decode() + "\n")
    assert (loaded.ids, loaded.report.rejected) == (["id-1"], 500)
    assert len(asked) < 20
