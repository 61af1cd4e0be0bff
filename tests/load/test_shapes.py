"""Every shape of file that holds CloudTrail records, by content and never by name."""

import base64
import bz2
import csv
import gzip
import io
import json
import lzma

import pytest
import zstandard
from load_support import event, load_bytes

from trailhound.load.tolerant import careful

EVENTS = [event(1), event(2), event(3)]
TEXTS = [json.dumps(each) for each in EVENTS]
LOOKUP = [{"EventId": "x", "EventName": "y", "CloudTrailEvent": text} for text in TEXTS]
ENVELOPES = [
    {"version": "0", "detail-type": "AWS API Call via CloudTrail", "detail": each}
    for each in EVENTS
]
SUBSCRIPTION = {
    "messageType": "DATA_MESSAGE",
    "logGroup": "trail",
    "logEvents": [{"id": "1", "timestamp": 1, "message": text} for text in TEXTS],
}


def lines(values):
    return "\n".join(json.dumps(each) for each in values)


def insights_row(text):
    return [{"field": "@timestamp", "value": "x"}, {"field": "@message", "value": text}]


def lake_row(text):
    return [{"eventTime": "x"}, {"eventJson": text}]


def table(*columns):
    out = io.StringIO()
    names = [f"message{number or ''}" for number in range(len(columns))]
    rows = zip(*columns, strict=True)
    csv.writer(out).writerows([("time", *names), *(("x", *cells) for cells in rows)])
    return out.getvalue()


SHAPES = {
    "records": json.dumps({"Records": EVENTS}),
    "records, compact": json.dumps({"Records": EVENTS}, separators=(",", ":")),
    "records, pretty": json.dumps({"Records": EVENTS}, indent=2),
    "records after other keys": json.dumps({"owner": [1, {"a": 2}], "Records": EVENTS, "end": 1}),
    "records, one a line": '{"Records":[\n' + ",\n".join(TEXTS) + "\n]}",
    "records, first on the first line": '{"Records":[' + ",\n".join(TEXTS) + "]}",
    "array": json.dumps(EVENTS),
    "array, pretty": json.dumps(EVENTS, indent=1),
    "array, one a line": "[" + ",\n".join(TEXTS) + "]",
    "lines": lines(EVENTS),
    "lines with an end": lines(EVENTS) + "\n",
    "lines ended as on Windows, blank ones too": "\r\n\r\n".join(TEXTS) + "\r\n",
    "lines with commas": ",\n".join(TEXTS),
    "concatenated": "".join(TEXTS),
    "concatenated, pretty": "\n".join(json.dumps(each, indent=4) for each in EVENTS),
    "one on a line, then pretty": TEXTS[0]
    + "\n"
    + "".join(json.dumps(each, indent=4) + "\n" for each in EVENTS[1:]),
    "one on a line, then pretty with an empty object on a line": json.dumps({"Records": EVENTS[:1]})
    + "\n"
    + json.dumps({"Records": EVENTS[1:], "items": [{}, [], {"a": {}}]}, indent=2),
    "records, pretty in odd places": '{"owner":1,"Records"\n:[\n' + ",\n".join(TEXTS) + "\n]}",
    "lines of records": lines([{"Records": EVENTS[:2]}, {"Records": EVENTS[2:]}]),
    "lines of arrays": lines([EVENTS[:2], EVENTS[2:]]),
    "records concatenated": json.dumps({"Records": EVENTS[:1]})
    + json.dumps({"Records": EVENTS[1:]}),
    "records concatenated, each file with a BOM": "\ufeff".join(
        ["", json.dumps({"Records": EVENTS[:1]}), json.dumps({"Records": EVENTS[1:]})]
    ),
    "lines, each with a BOM": "\n".join(f"\ufeff{text}" for text in TEXTS),
    "lookup-events": json.dumps({"Events": LOOKUP, "NextToken": "x"}, indent=4),
    "lookup-events items": lines(LOOKUP),
    "lookup-events items in an array": json.dumps(LOOKUP),
    "subscription": json.dumps(SUBSCRIPTION, indent=2),
    "subscriptions in an array": json.dumps([{**SUBSCRIPTION, "logEvents": []}, SUBSCRIPTION]),
    "subscriptions concatenated": json.dumps({**SUBSCRIPTION, "logEvents": []})
    + json.dumps(SUBSCRIPTION),
    "subscription in a Lambda payload": json.dumps(
        {
            "awslogs": {
                "data": base64.b64encode(gzip.compress(json.dumps(SUBSCRIPTION).encode())).decode()
            }
        }
    ),
    "EventBridge envelopes": lines(ENVELOPES),
    "EventBridge envelopes in an array": json.dumps(ENVELOPES),
    "rows of Logs Insights, a line each": lines(map(insights_row, TEXTS)),
    "rows of Logs Insights, pretty": "\n".join(
        json.dumps(insights_row(text), indent=2) for text in TEXTS
    ),
    "rows of CloudTrail Lake, a line each": lines(map(lake_row, TEXTS)),
    "rows of CloudTrail Lake, the record first": lines(lake_row(text)[::-1] for text in TEXTS),
    "items of one key": json.dumps({"result": [{"eventJson": text} for text in TEXTS]}),
    "in shells with a name and a time": json.dumps(
        [{"eventName": "x", "eventTime": event()["eventTime"], "message": text} for text in TEXTS]
    ),
    "CSV, indented records": table(json.dumps(each, indent=1) for each in EVENTS),
    "CSV, something before each record": table(f"2026-01-31 {text}" for text in TEXTS),
    "CSV after blank lines": "\n\n" + table(TEXTS),
    "CSV, a record in two cells of a row": table(TEXTS, TEXTS),
    "CSV, several records in a row": table([TEXTS[0], TEXTS[2]], [TEXTS[1], ""]),
    "CSV, escaped as Spark does": "time,message\n"
    + "".join(f"x,{json.dumps(text)}\n" for text in TEXTS),
    "CSV, tabs and no quotes": "time\tmessage\n" + "".join(f"x\t{text}\n" for text in TEXTS),
    "CSV, named fields beside the record": table(TEXTS).replace("time,", "eventname,"),
    "lines, an address before each record": "\n".join(
        f"2026-01-31T10:00:00Z collector 10.0.0.5:514 {text}" for text in TEXTS
    ),
    "lines, braces before each record": "\n".join(
        f"{'a{1}' * 20} {{app}} {text}" for text in TEXTS
    ),
    "lines, labels before each record": "\n".join(f'{{app="x"}} {text}' for text in TEXTS),
    "raw in an array": json.dumps([{"_raw": text} for text in TEXTS]),
    "raw, a line each": lines([{"_raw": text, "_time": 1} for text in TEXTS]),
    "keys of shippers": json.dumps(
        [{**each, "_raw": "x", "detail": {}, "detail-type": 1, "host": "h"} for each in EVENTS]
    ),
    "keys of shippers in lines": lines([{"@timestamp": 1, **each, "_raw": 1} for each in EVENTS]),
}


def check_events(loaded):
    assert [row["eventid"] for row in loaded.rows] == ["id-1", "id-2", "id-3"]
    assert [row["position"] for row in loaded.rows] == [1, 2, 3]
    assert all(row["error"] is row["skipped"] is row["raw"] is None for row in loaded.rows)
    assert (loaded.report.records, loaded.report.rejected, loaded.report.skipped) == (3, 0, 0)
    assert loaded.report.problems == ()


@pytest.mark.parametrize("shape", SHAPES)
def test_shape(tmp_path, shape):
    check_events(load_bytes(tmp_path, SHAPES[shape]))


PACKINGS = {
    "gzip": gzip.compress,
    "gzip twice": lambda text: gzip.compress(gzip.compress(text)),
    "gzip in members": lambda text: b"".join(
        gzip.compress(text[at : at + 100]) for at in range(0, len(text), 100)
    ),
    "gzip padded with zeros": lambda text: gzip.compress(text) + bytes(512),
    "zstd": zstandard.compress,
    "zstd in frames": lambda text: zstandard.compress(text[:90]) + zstandard.compress(text[90:]),
    "zstd after a frame to skip": lambda text: (
        b"\x53*M\x18\x03\0\0\0abc" + zstandard.compress(text)
    ),
    "zstd in gzip": lambda text: gzip.compress(zstandard.compress(text)),
    "bzip2": bz2.compress,
    "bzip2 in streams": lambda text: bz2.compress(text[:90]) + bz2.compress(text[90:]),
    "xz": lzma.compress,
    "xz in streams": lambda text: lzma.compress(text[:90]) + lzma.compress(text[90:]),
    "UTF-16 little-endian": lambda text: b"\xff\xfe" + text.decode().encode("utf-16-le"),
    "UTF-16 big-endian": lambda text: b"\xfe\xff" + text.decode().encode("utf-16-be"),
    "UTF-16 without a mark": lambda text: text.decode().encode("utf-16-le"),
    "UTF-16 in xz": lambda text: lzma.compress(text.decode().encode("utf-16")),
    "byte order mark": lambda text: b"\xef\xbb\xbf" + text,
    "byte order mark in gzip": lambda text: gzip.compress(b"\xef\xbb\xbf" + text),
}


@pytest.mark.parametrize("shape", ["records", "lines", "array, pretty"])
@pytest.mark.parametrize("packing", PACKINGS)
def test_packing(tmp_path, packing, shape):
    check_events(load_bytes(tmp_path, PACKINGS[packing](SHAPES[shape].encode())))


SKIPPED = {
    "empty": ("", "empty file", 0),
    "blank": (" \n\n ", "empty file", 0),
    "empty gzip": (gzip.compress(b""), "empty file", 0),
    "empty array": ("[]", "empty file", 0),
    "no records": ('{"Records": [ ] }', "empty file", 0),
    "no hits": (json.dumps({"took": 1, "hits": {"total": 0, "hits": []}}), "empty file", 0),
    "no rows": (json.dumps({"tables": [{"columns": [], "rows": []}]}), "empty file", 0),
    "no data": (json.dumps({"data": [], "meta": {"page": {}}}), "empty file", 0),
    "digest": (json.dumps({"digestStartTime": "x", "digestEndTime": "y"}), "digest file", 1),
    "config": (
        json.dumps({"fileVersion": "1.0", "configurationItems": [{"eventName": 1}]}),
        "config file",
        1,
    ),
    "insights": (
        json.dumps({"Records": [{"eventType": "AwsCloudTrailInsight", "eventTime": "x"}]}),
        "insights event",
        1,
    ),
    "insights by category": (
        json.dumps([event(eventCategory="Insight")]),
        "insights event",
        1,
    ),
    "control": (
        json.dumps({"messageType": "CONTROL_MESSAGE", "logEvents": [{"message": "CWL"}]}),
        "control message",
        1,
    ),
}


@pytest.mark.parametrize("what", SKIPPED)
def test_skipped(tmp_path, what):
    content, reason, records = SKIPPED[what]
    loaded = load_bytes(tmp_path, content)
    report = loaded.report
    assert (loaded.skips, loaded.errors) == ([(records, reason)], [])
    assert (report.records, report.skipped, report.files_skipped) == (records, records, 1)
    assert (report.files_rejected, report.problems) == (0, ())


OTHERS = {
    "digest file": {
        "digestStartTime": "2026-01-31T23:00:00Z",
        "digestEndTime": "x",
        "logFiles": [],
    },
    "config file": {"configurationItemCaptureTime": "x", "resourceType": "AWS::EC2::Instance"},
}


@pytest.mark.parametrize("wrap", [lambda values: {"Records": values}, lambda values: values])
@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("reason", OTHERS)
def test_skipped_among_events(tmp_path, reason, wrap, indent):
    content = json.dumps(wrap([EVENTS[0], OTHERS[reason], EVENTS[1]]), indent=indent)
    loaded = load_bytes(tmp_path, content)
    assert (loaded.ids, loaded.skips, loaded.errors) == (["id-1", "id-2"], [(2, reason)], [])
    assert (loaded.report.records, loaded.report.skipped) == (3, 1)


@pytest.mark.parametrize("reason", OTHERS)
def test_an_event_with_another_document_s_keys_is_an_event(tmp_path, reason):
    loaded = load_bytes(tmp_path, json.dumps({"Records": [{**OTHERS[reason], **EVENTS[0]}]}))
    assert (loaded.ids, loaded.skips) == (["id-1"], [])


TWO_CONTAINERS = {
    "Records, then Events": {"Records": EVENTS[:2], "a": [1], "Events": LOOKUP[2:]},
    "Events, then Records": {"Events": LOOKUP[:1], "eventName": "x", "Records": EVENTS[1:]},
    "an empty one first": {"Records": [], "Events": LOOKUP, "b": {"Records": [1]}},
}


@pytest.mark.parametrize("shape", TWO_CONTAINERS)
@pytest.mark.parametrize("indent", [None, 2])
def test_two_containers_in_one_object(tmp_path, shape, indent):
    check_events(load_bytes(tmp_path, json.dumps(TWO_CONTAINERS[shape], indent=indent)))
    check_events(load_bytes(tmp_path, json.dumps(TWO_CONTAINERS[shape]) + "\n", "line"))


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_two_containers_in_pieces(size):
    text = json.dumps({"Records": EVENTS[:1], "x": "y" * 9000, "Events": LOOKUP[1:]}).encode()
    pieces = (text[at : at + size] for at in range(0, len(text), size))
    assert [json.loads(row.text)["eventID"] for row in careful.read(pieces)] == [
        "id-1",
        "id-2",
        "id-3",
    ]
