"""Every shape in which CloudTrail records are handed around: one list for the test and the docs."""

from __future__ import annotations

import base64
import bz2
import csv
import gzip
import io
import json
import lzma
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

Record = dict[str, Any]

NOTHING = "nothing"


class Export(NamedTuple):
    """A shape: who gives it, how to get it so that nothing is lost, what is lost all the same.

    `silent` are the detections that need what is lost.
    """

    source: str
    how: str
    make: Callable[[Sequence[Record]], bytes]
    lost: str = NOTHING
    silent: tuple[str, ...] = ()


def text(value: Any) -> str:
    """JSON as AWS writes it."""
    return json.dumps(value, separators=(",", ":"))


def lines(values: Iterable[Any]) -> bytes:
    """A value a line."""
    return "".join(f"{text(value)}\n" for value in values).encode()


def document(records: Sequence[Record]) -> bytes:
    """A file of a trail."""
    return text({"Records": records}).encode()


def table(rows: Sequence[Sequence[str]]) -> bytes:
    """CSV."""
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def envelope(record: Record) -> Record:
    """What EventBridge hands on."""
    kind = "AWS API Call via CloudTrail"
    return {"version": "0", "detail-type": kind, "source": "aws.iam", "detail": record}


def subscription(messages: Iterable[str]) -> Record:
    """What CloudWatch Logs hands to a subscriber."""
    events = [{"id": str(at), "timestamp": 1, "message": each} for at, each in enumerate(messages)]
    return {"messageType": "DATA_MESSAGE", "logGroup": "trail", "logEvents": events}


def looked_up(record: Record) -> Record:
    """An item of lookup-events."""
    return {"EventId": record["eventID"], "EventName": "x", "CloudTrailEvent": text(record)}


def packed(value: Any) -> str:
    """Base64 of gzip, as streams deliver."""
    return base64.b64encode(gzip.compress(text(value).encode())).decode()


def lower(value: Any) -> Any:
    """All keys in lower case."""
    if isinstance(value, dict):
        return {key.lower(): lower(each) for key, each in value.items()}
    return [lower(each) for each in value] if isinstance(value, list) else value


_JSON_COLUMNS = (
    *("requestParameters", "responseElements", "additionalEventData", "serviceEventDetails"),
    "readOnly",
)


def row(record: Record, *, structs: bool = True) -> Record:
    """A row of AWS's table: fields without a shape are JSON text."""
    out = {}
    for key, value in record.items():
        is_text = key in _JSON_COLUMNS or (not structs and isinstance(value, dict | list))
        out[key.lower()] = text(value) if is_text and value is not None else lower(value)
    return out


def parquet(rows: Sequence[Record]) -> bytes:
    """A Parquet file, compressed as Athena does."""
    names = list(dict.fromkeys(name for each in rows for name in each))
    filled = [{name: each.get(name) for name in names} for each in rows]
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(filled), out, compression="gzip", row_group_size=100)
    return out.getvalue()


def sentinel(record: Record) -> Record:
    """A row of Sentinel's table AWSCloudTrail."""
    user = record["userIdentity"]
    session = user.get("sessionContext", {})
    issuer, attributes = session.get("sessionIssuer", {}), session.get("attributes", {})
    tls = record.get("tlsDetails", {})

    def as_text(key: str) -> str:
        return text(record[key]) if record.get(key) is not None else ""

    return {
        "TenantId": "00000000-0000-0000-0000-000000000000",
        "TimeGenerated": record["eventTime"].replace("Z", ".0000000Z"),
        "EventVersion": record["eventVersion"],
        "EventSource": record["eventSource"],
        "EventTypeName": record.get("eventType", ""),
        "EventName": record["eventName"],
        "UserIdentityType": user.get("type", ""),
        "UserIdentityPrincipalid": user.get("principalId", ""),
        "UserIdentityArn": user.get("arn", ""),
        "UserIdentityAccountId": user.get("accountId", ""),
        "UserIdentityInvokedBy": user.get("invokedBy", ""),
        "UserIdentityAccessKeyId": user.get("accessKeyId", ""),
        "UserIdentityUserName": user.get("userName", ""),
        "SessionMfaAuthenticated": attributes.get("mfaAuthenticated", ""),
        "SessionCreationDate": attributes.get("creationDate", ""),
        "SessionIssuerType": issuer.get("type", ""),
        "SessionIssuerPrincipalId": issuer.get("principalId", ""),
        "SessionIssuerArn": issuer.get("arn", ""),
        "SessionIssuerAccountId": issuer.get("accountId", ""),
        "SessionIssuerUserName": issuer.get("userName", ""),
        "AWSRegion": record["awsRegion"],
        "SourceIpAddress": record.get("sourceIPAddress", ""),
        "UserAgent": record.get("userAgent", ""),
        "ErrorCode": record.get("errorCode", ""),
        "ErrorMessage": record.get("errorMessage", ""),
        "RequestParameters": as_text("requestParameters"),
        "ResponseElements": as_text("responseElements"),
        "AdditionalEventData": as_text("additionalEventData"),
        "Resources": as_text("resources"),
        "AwsRequestId_": record.get("requestID", ""),
        "AwsEventId": record["eventID"],
        "ReadOnly": as_text("readOnly"),
        "APIVersion": record.get("apiVersion", ""),
        "RecipientAccountId": record.get("recipientAccountId", ""),
        "SharedEventId": record.get("sharedEventID", ""),
        "Category": record.get("eventCategory", ""),
        "TlsVersion": tls.get("tlsVersion", ""),
        "CipherSuite": tls.get("cipherSuite", ""),
        "ClientProvidedHostHeader": tls.get("clientProvidedHostHeader", ""),
    }


def log_analytics(rows: Sequence[Record]) -> Record:
    """The answer of the Log Analytics API."""
    columns = [{"name": name, "type": "string"} for name in rows[0]]
    values = [list(each.values()) for each in rows]
    return {"tables": [{"name": "PrimaryResult", "columns": columns, "rows": values}]}


def ocsf(record: Record) -> Record:
    """A row of Security Lake's table of CloudTrail's management events, OCSF 1.1."""
    user = record["userIdentity"]
    session = user.get("sessionContext", {})
    issuer = session.get("sessionIssuer", {})
    request, response = record.get("requestParameters"), record.get("responseElements")
    at = record["eventTime"]
    return {
        "class_uid": 6003,
        "class_name": "API Activity",
        "metadata": {
            "product": {
                "version": record["eventVersion"],
                "name": "CloudTrail",
                "vendor_name": "AWS",
                "feature": {"name": record.get("eventCategory")},
            },
            "event_code": record.get("eventType"),
            "uid": record["eventID"],
            "version": "1.1.0",
        },
        "time": int(pa.scalar(at.rstrip("Z")).cast(pa.timestamp("ms")).cast(pa.int64()).as_py()),
        "time_dt": at.rstrip("Z").replace("T", " "),
        "cloud": {
            "region": record["awsRegion"],
            "provider": "AWS",
            "account": {"uid": record.get("recipientAccountId")},
        },
        "api": {
            "operation": record["eventName"],
            "service": {"name": record["eventSource"]},
            "version": record.get("apiVersion"),
            "request": {
                "uid": record.get("requestID"),
                "data": text(request) if request is not None else None,
            },
            "response": {
                "error": record.get("errorCode"),
                "message": record.get("errorMessage"),
                "data": text(response) if response is not None else None,
            },
        },
        "actor": {
            "user": {
                "type": user.get("type"),
                "name": user.get("userName"),
                "uid": user.get("arn"),
                "uid_alt": user.get("principalId"),
                "account": {"uid": user.get("accountId")},
                "credential_uid": user.get("accessKeyId"),
            },
            "session": {
                "created_time_dt": session.get("attributes", {}).get("creationDate"),
                "is_mfa": session.get("attributes", {}).get("mfaAuthenticated") == "true",
                "issuer": issuer.get("arn"),
            },
            "invoked_by": user.get("invokedBy"),
        },
        "http_request": {"user_agent": record.get("userAgent")},
        "src_endpoint": {"ip": record.get("sourceIPAddress")},
        "status": (response or {}).get("ConsoleLogin") or "Success",
        "unmapped": {"readOnly": text(record.get("readOnly"))},
    }


def prefixed(records: Sequence[Record], prefix: str) -> bytes:
    """A record a line, each after something else."""
    return "".join(f"{prefix}{text(each)}\n" for each in records).encode()


_AWS, _LOGS, _MESSAGES = "AWS, as a trail writes it", "CloudWatch Logs", "SQS, SNS, Lambda"
_ATHENA, _OTHERS = "Athena", "other tools"
_MFA = "`mfa`, `resources`, `additional_event_data`, the session issuer's principal id"
_NEED_MFA = ("signin_console_login_without_mfa",)
_TLS = "fields that the table lacks, such as `inScopeOf` and `serviceEventDetails`"

EXPORTS: dict[str, Export] = {
    "trail": Export(_AWS, "`aws s3 sync s3://BUCKET/AWSLogs logs/`", document),
    "gzip": Export(
        _AWS, "the same, as it lies in the bucket", lambda r: gzip.compress(document(r))
    ),
    "zstd": Export(_AWS, "packed again with zstd", lambda r: zstandard.compress(document(r))),
    "bzip2": Export(_AWS, "packed again with bzip2", lambda r: bz2.compress(document(r))),
    "xz": Export(_AWS, "packed again with xz", lambda r: lzma.compress(document(r))),
    "utf-16": Export(
        _AWS, "written by Windows PowerShell", lambda r: document(r).decode().encode("utf-16")
    ),
    "array": Export(_OTHERS, "a JSON array of events", lambda r: text(r).encode()),
    "pretty": Export(_OTHERS, "the same, indented", lambda r: json.dumps(r, indent=2).encode()),
    "lines": Export(_OTHERS, "an event a line", lines),
    "concatenated": Export(
        _OTHERS, "files put together", lambda r: b"".join(document([each]) for each in r)
    ),
    "lookup-events": Export(
        "`aws cloudtrail lookup-events`",
        "`aws cloudtrail lookup-events --start-time … > events.json`; 90 days, no data events",
        lambda r: text({"Events": [looked_up(each) for each in r]}).encode(),
    ),
    "lookup-events, items": Export(
        "`aws cloudtrail lookup-events`",
        "the same through `jq -c '.Events[]'`",
        lambda r: lines(looked_up(each) for each in r),
    ),
    "lookup-events, parsed": Export(
        "`aws cloudtrail lookup-events`",
        "the same through `jq '.Events[].CloudTrailEvent |= fromjson'`",
        lambda r: text({"Events": [{"EventId": "x", "CloudTrailEvent": e} for e in r]}).encode(),
    ),
    "lookup-events, strings": Export(
        "`aws cloudtrail lookup-events`",
        "`--query 'Events[].CloudTrailEvent' --output json`",
        lambda r: json.dumps([text(each) for each in r], indent=4).encode(),
    ),
    "lookup-events, strings in lines": Export(
        "`aws cloudtrail lookup-events`",
        "the same through `jq -c '.[]'`",
        lambda r: lines(text(each) for each in r),
    ),
    "lookup-events, text": Export(
        "`aws cloudtrail lookup-events`",
        "`--query 'Events[].CloudTrailEvent' --output text`",
        lambda r: "\t".join(text(each) for each in r).encode(),
    ),
    "CloudTrail Lake": Export(
        "CloudTrail Lake",
        "`select eventJson from …` with `aws cloudtrail get-query-results`",
        lambda r: text({"QueryResultRows": [[{"eventJson": text(each)}] for each in r]}).encode(),
    ),
    "filter-log-events": Export(
        _LOGS,
        "`aws logs filter-log-events --log-group-name …`, `get-log-events`",
        lambda r: json.dumps(
            {"events": subscription(map(text, r))["logEvents"]}, indent=4
        ).encode(),
    ),
    "logs tail": Export(
        _LOGS,
        "`aws logs tail … --since 1d`",
        lambda r: prefixed(r, "2026-03-01T10:00:00+00:00 111122223333_CloudTrail_us-east-1 "),
    ),
    "export task": Export(
        _LOGS,
        "`aws logs create-export-task`; the probe `aws-logs-write-test` is skipped",
        lambda r: gzip.compress(prefixed(r, "2026-03-01T10:00:00.000Z ")),
    ),
    "Insights": Export(
        _LOGS,
        "Logs Insights with `fields @timestamp, @message`: `aws logs get-query-results`",
        lambda r: text(
            {
                "results": [
                    [{"field": "@timestamp", "value": "x"}, {"field": "@message", "value": text(e)}]
                    for e in r
                ],
                "status": "Complete",
            }
        ).encode(),
    ),
    "Insights, console": Export(
        _LOGS,
        "the same, from the console: Export results, JSON",
        lambda r: json.dumps([{"@message": text(each)} for each in r], indent=1).encode(),
    ),
    "Insights, CSV": Export(
        _LOGS,
        "the same, CSV",
        lambda r: table([("@timestamp", "@message"), *(("x", text(each)) for each in r)]),
    ),
    "subscription": Export(
        _LOGS,
        "a subscription to Firehose or Lambda",
        lambda r: text(subscription(map(text, r))).encode(),
    ),
    "Lambda payload": Export(
        _LOGS,
        "the same, as Lambda gets it",
        lambda r: text({"awslogs": {"data": packed(subscription(map(text, r)))}}).encode(),
    ),
    "Firehose records": Export(
        _LOGS,
        "the same, as a Firehose transformation gets it",
        lambda r: text(
            {"records": [{"recordId": "x", "data": packed(subscription(map(text, r)))}]}
        ).encode(),
    ),
    "EventBridge": Export(
        _MESSAGES, "an EventBridge rule's target", lambda r: lines(map(envelope, r))
    ),
    "EventBridge in logs": Export(
        _MESSAGES,
        "a rule to a log group `/aws/events/…`, and a subscription to that",
        lambda r: text(subscription(text(envelope(each)) for each in r)).encode(),
    ),
    "SNS": Export(
        _MESSAGES,
        "the same to SNS",
        lambda r: lines({"Type": "Notification", "Message": text(envelope(each))} for each in r),
    ),
    "SQS": Export(
        _MESSAGES,
        "SNS to SQS: `aws sqs receive-message`",
        lambda r: text(
            {"Messages": [{"Body": text({"Message": text(envelope(each))})} for each in r]}
        ).encode(),
    ),
    "SQS in Lambda": Export(
        _MESSAGES,
        "the same, as Lambda gets it",
        lambda r: text(
            {"Records": [{"eventSource": "aws:sqs", "body": text(envelope(e))} for e in r]}
        ).encode(),
    ),
    "Athena, Parquet": Export(
        _ATHENA,
        "`unload (select * from …) to 's3://…' with (format = 'parquet')`, or CTAS",
        lambda r: parquet([row(each) for each in r]),
    ),
    "Athena, Parquet with JSON text": Export(
        _ATHENA,
        "the same of a table whose nested columns are text",
        lambda r: parquet([row(each, structs=False) for each in r]),
    ),
    "Athena, JSON": Export(
        _ATHENA,
        "`unload … with (format = 'json')`",
        lambda r: gzip.compress(lines(row(each) for each in r)),
    ),
    "Security Lake, Parquet": Export(
        "Security Lake, CloudWatch's unified store",
        "`aws s3 sync` of the lake's folder of CloudTrail's management events",
        lambda r: parquet([ocsf(each) for each in r]),
        _MFA,
        _NEED_MFA,
    ),
    "OCSF, JSON": Export(
        "Security Lake, CloudWatch's unified store",
        "a query's rows as JSON",
        lambda r: lines(ocsf(each) for each in r),
        _MFA,
        _NEED_MFA,
    ),
    "Sentinel": Export(
        "Microsoft Sentinel",
        "`AWSCloudTrail | where …`: `az monitor log-analytics query`",
        lambda r: json.dumps([sentinel(each) for each in r], indent=2).encode(),
        _TLS,
    ),
    "Sentinel, API": Export(
        "Microsoft Sentinel",
        "the same by the API",
        lambda r: text(log_analytics([sentinel(each) for each in r])).encode(),
        _TLS,
    ),
    "Sentinel, CSV": Export(
        "Microsoft Sentinel",
        "the same from the portal: Export, CSV, all columns",
        lambda r: table(
            [list(sentinel(r[0])), *([str(v) for v in sentinel(each).values()] for each in r)]
        ),
        _TLS,
    ),
    "Splunk, JSON": Export(
        "Splunk",
        "`… | fields _raw`, Export, JSON; without `_raw` the fields are not whole",
        lambda r: lines({"preview": False, "result": {"_raw": text(each)}} for each in r),
    ),
    "Splunk, CSV": Export(
        "Splunk",
        "the same, CSV",
        lambda r: table([("_time", "_raw", "host"), *(("x", text(each), "h") for each in r)]),
    ),
    "Splunk, results": Export(
        "Splunk",
        "the same by the API, `output_mode=json`",
        lambda r: text({"results": [{"_raw": text(each)} for each in r]}).encode(),
    ),
    "Cribl": Export(
        "Cribl", "an array of `_raw`", lambda r: text([{"_raw": text(e)} for e in r]).encode()
    ),
    "Elastic": Export(
        "Elastic, OpenSearch",
        "`_search` with `event.original`, which the integration keeps if told to",
        lambda r: text(
            {"hits": {"hits": [{"_source": {"event": {"original": text(e)}}} for e in r]}}
        ).encode(),
    ),
    "Elastic, elasticdump": Export(
        "Elastic, OpenSearch",
        "elasticdump, a hit a line",
        lambda r: lines({"_index": "x", "_source": {"event": {"original": text(e)}}} for e in r),
    ),
    "Wazuh": Export(
        "Wazuh",
        "`alerts.json`, `archives.json`",
        lambda r: lines({"timestamp": "x", "data": {"integration": "aws", "aws": e}} for e in r),
    ),
    "Datadog": Export(
        "Datadog",
        "the logs API",
        lambda r: text(
            {"data": [{"type": "log", "attributes": {"attributes": each}} for each in r]}
        ).encode(),
    ),
    "Vector": Export(
        "Vector, Fluent Bit, Logstash",
        "the record as text in `message` or `log`",
        lambda r: lines({"bucket": "b", "message": text(each)} for each in r),
    ),
    "Loki": Export(
        "Loki",
        "the query API",
        lambda r: text(
            {"data": {"result": [{"stream": {}, "values": [["1", text(e)] for e in r]}]}}
        ).encode(),
    ),
    "syslog": Export(
        "syslog",
        "the record at the end of the line",
        lambda r: prefixed(r, "<134>Mar  1 10:00:00 collector cloudtrail[1]: "),
    ),
}


def markdown() -> str:
    """The table of the documentation."""
    rows = [
        f"| {each.source} | {each.how.replace('|', chr(92) + '|')} | {each.lost} |"
        for each in EXPORTS.values()
    ]
    return "\n".join(["| from | how | lost |", "|---|---|---|", *rows, ""])
