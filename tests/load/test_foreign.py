"""What is not CloudTrail: skipped with a reason, or refused by a name that says what to do."""

import io
import json
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from load_support import event, lines, load_bytes, load_paths, records

AGGREGATED = {
    "eventVersion": "1.0",
    "eventId": "x",
    "eventCategory": "Aggregated",
    "eventType": "AwsAggregatedEvent",
    "eventSource": "s3.amazonaws.com",
    "timeWindow": {"windowStart": "2026-03-01T10:00:00Z"},
}
S3_NOTIFICATION = {
    "eventVersion": "2.1",
    "eventSource": "aws:s3",
    "eventTime": "2026-03-01T10:00:00.977Z",
    "eventName": "ObjectCreated:Put",
    "s3": {"bucket": {"name": "trail"}},
}


def parquet(**columns):
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (AGGREGATED, "aggregated event"),
        (S3_NOTIFICATION, "S3 notification"),
        ({"eventSource": "aws:sqs", "body": "hello"}, "service notification"),
        ({"eventSource": "aws:kinesis", "eventName": "aws:kinesis:record"}, "service notification"),
    ],
)
@pytest.mark.parametrize(
    "wrap",
    [
        lambda value: records(value, event(1)),
        lambda value: lines(value, event(1)),
        lambda value: json.dumps([event(1), value], indent=1).encode(),
    ],
)
def test_records_of_other_kinds_are_skipped(tmp_path, value, reason, wrap):
    loaded = load_bytes(tmp_path, wrap(value))
    assert (loaded.ids, loaded.errors) == (["id-1"], [])
    assert [skipped for _, skipped in loaded.skips] == [reason]


def test_they_are_skipped_in_shells_too(tmp_path):
    by_category = {key: each for key, each in AGGREGATED.items() if key != "eventType"}
    for value, reason in (
        (AGGREGATED, "aggregated event"),
        (by_category, "aggregated event"),
        (S3_NOTIFICATION, "S3 notification"),
        ({"Service": "Amazon S3", "Event": "s3:TestEvent"}, "S3 notification"),
        ({"source": "aws.s3", "detail": {"bucket": {"name": "trail"}}}, "S3 notification"),
    ):
        [(_, skipped)] = load_bytes(tmp_path, json.dumps({"events": [value]})).skips
        assert skipped.startswith(reason)
        messages = [{"Body": json.dumps({"Message": json.dumps({"Records": [value]})})}]
        loaded = load_bytes(tmp_path, json.dumps({"Messages": messages}))
        assert loaded.skips == [(1, reason)]


REFUSED = {
    "console CSV": (
        b"Event name,Event time,User name,Event source,Resource type\nStopLogging,x,alice,c,\n",
        "CSV of the console's Event history",
    ),
    "console CSV, saved again": (
        b'"Event ID","Event time","Event name"\n"1","March 01, 2026, 10:00:00","StopLogging"\n',
        "CSV of the console's Event history",
    ),
    "Elastic's CSV": (
        b'"@timestamp","event.action","aws.cloudtrail.event_type"\n"x","StopLogging","y"\n',
        "Elastic event without event.original",
    ),
    "Athena CSV": (
        b'"eventversion","useridentity","eventtime"\n"1","{type=Root}","2026"\n',
        "CSV of an Athena query",
    ),
    "Athena CSV of some columns": (
        b'"eventtime","eventname"\n"2026-01-01T00:00:00Z","x"\n',
        "CSV of an Athena query",
    ),
    "CSV of fields": (
        b"eventTime,eventName,userIdentity\n2026,x,\"{'type': 'Root'}\"\n",
        "CSV without a column that holds whole records",
    ),
    "VPC flow": (
        b"version account-id interface-id srcaddr\n2 111122223333 eni-1 10.0.0.1\n",
        "VPC flow log",
    ),
    "VPC flow without a header": (b"2 111122223333 eni-1 10.0.0.1 10.0.0.2 1 2\n", "VPC flow log"),
    "VPC flow, own format": (b"vpc-id srcaddr dstaddr\nvpc-1 10.0.0.1 10.0.0.2\n", "VPC flow log"),
    "VPC flow out of a log group": (
        b"2026-03-01T10:00:00.000Z 2 111122223333 eni-1 10.0.0.1 10.0.0.2 1 2\n",
        "VPC flow log",
    ),
    "VPC flow, own order": (b"account-id bytes dstaddr\n1 2 10.0.0.1\n", "VPC flow log"),
    "DNS": (
        b"1.0 2026-03-01T10:00:00Z Z0123 a.example AAAA NOERROR UDP IAD2 10.0.0.1 -\n",
        "DNS log of Route 53",
    ),
    "ELB, classic": (
        b"2026-03-01T10:00:00.1Z lb 10.0.0.1:1 10.0.0.2:80 0 0 0 200 200 0 0\n",
        "ELB access log",
    ),
    "ELB": (
        b"https 2026-03-01T10:00:00.1Z app/lb/1 10.0.0.1:1 10.0.0.2:80 0 0 0 200\n",
        "ELB access log",
    ),
    "registry": ("Windows Registry Editor Version 5.00\r\n".encode("utf-16"), "Windows registry"),
    "registry hive": (b"regf\x01\0\0\0", "Windows registry"),
    "Python": (b"{'Events': [{'CloudTrailEvent': '{}'}]}", "text of a Python object"),
    "YAML": (b'Events:\n- CloudTrailEvent: \'{"eventVersion":"1.11"}\'\n', "YAML"),
    "YAML with its mark": (b"---\nRecords:\n- a: 1\n", "YAML"),
    "Parquet": (parquet(eventname=["x"], a=[1]), "Parquet without CloudTrail events"),
    "cut Parquet": (parquet(a=[1])[:-20], "damaged Parquet"),
    "Avro": (b"Obj\x01\x04", "Avro, which is not read"),
    "web page": (b"<!DOCTYPE html><html>", "a web page or XML"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_files_that_are_refused(tmp_path, what):
    content, reason = REFUSED[what]
    (tmp_path / "good").write_bytes(records(event("good")))
    (tmp_path / "odd").write_bytes(content)
    loaded = load_paths(tmp_path)
    [(position, error)] = loaded.errors
    assert (position, error.startswith(reason)) == (0, True), error
    assert loaded.ids == ["id-good"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"schemaVersion": "2.0", "service": {"serviceName": "guardduty"}}, "GuardDuty finding"),
        ({"Findings": [{"Service": {"ServiceName": "guardduty"}}]}, "GuardDuty finding"),
        ({"Findings": [{"ProductArn": "x", "SchemaVersion": "y"}]}, "Security Hub finding"),
        (
            {"events": [{"message": "2 111122223333 eni-1 10.0.0.1 10.0.0.2 1 2"}]},
            "VPC flow log",
        ),
        ({"timestamp": 1, "webaclId": "x", "httpRequest": {}}, "WAF log"),
        ({"version": "1.1", "query_name": "x", "query_timestamp": "y"}, "DNS log"),
        ({"event": {"action": "x"}, "aws": {"cloudtrail": {}}}, "Elastic event without"),
        ({"_source": {"event": {}, "aws": {"cloudtrail": {}}}}, "Elastic event without"),
        ({"class_uid": 4001, "metadata": {"product": {"name": "VPC Flow"}}}, "OCSF of another"),
    ],
)
def test_records_that_are_refused(tmp_path, value, reason):
    for content in (lines(value, event(1)), json.dumps([value, event(1)], indent=1)):
        loaded = load_bytes(tmp_path, content)
        [(position, error)] = loaded.errors
        assert (position, error.startswith(reason), loaded.ids) == (1, True, ["id-1"])


@pytest.mark.parametrize(
    "change",
    [
        {"userIdentity.type": "IAMUser", "userIdentity.arn": "arn:aws:iam::1:user/x"},
        {"userIdentity": "{type=IAMUser, arn=arn:aws:iam::1:user/x}"},
        {"userIdentity": "{'type': 'IAMUser'}"},
    ],
)
@pytest.mark.parametrize(
    "wrap",
    [
        records,
        lines,
        lambda value: lines({"result": value}),
        lambda value: json.dumps({"results": [flat(value)]}).encode(),
    ],
)
def test_fields_of_a_search_are_no_whole_record(tmp_path, change, wrap):
    """They would be events of nobody."""
    loaded = load_bytes(tmp_path, wrap({**event(1), **change}))
    [(position, error)] = loaded.errors
    assert (position, error.partition(":")[0]) == (1, "userIdentity is not whole")


def flat(value):
    """A row of Logs Insights."""
    return [{"field": key, "value": each} for key, each in value.items()]


def test_a_search_s_answer_is_named_by_what_is_in_it(tmp_path):
    hits = [{"_source": {"event": {"action": "x"}, "aws": {"cloudtrail": {}}}}] * 2
    finding = {"detail-type": "x", "detail": {"service": {"serviceName": "guardduty"}}}
    for number, (value, reason) in enumerate(
        [
            ({"took": 1, "hits": {"total": 2, "hits": hits}}, "Elastic event without"),
            ({"Type": "Notification", "Message": json.dumps(finding)}, "GuardDuty finding"),
        ]
    ):
        [(_, error)] = load_bytes(tmp_path, json.dumps(value), str(number)).errors
        assert error.startswith(reason)


def test_a_text_in_a_text(tmp_path):
    value = {"message": json.dumps(json.dumps(event(1)))}
    assert load_bytes(tmp_path, json.dumps(value)).ids == ["id-1"]


def test_what_a_desktop_and_aws_put_beside_logs(tmp_path):
    """Skipped where it cannot be read: what is in a file counts more than its name."""
    with zipfile.ZipFile(tmp_path / "evidence.zip", "w") as archive:
        archive.writestr("logs/one.json", records(event(1)))
        archive.writestr("__MACOSX/logs/._one.json", b"\x00\x05\x16\x07" + bytes(90))
        archive.writestr("logs/.DS_Store", b"\x00\x00\x00\x01Bud1" + bytes(90))
        archive.writestr("logs/._two.json", records(event(2)))
    (tmp_path / "aws-logs-write-test").write_bytes(b"Permission Check Successful")
    loaded = load_paths(tmp_path)
    assert (loaded.ids, loaded.errors) == (["id-2", "id-1"], [])
    assert sorted(reason for _, reason in loaded.skips) == [
        "CloudWatch Logs' test of its permission",
        "macOS's own file",
        "macOS's own file",
    ]
    assert loaded.report.files_rejected == 0
