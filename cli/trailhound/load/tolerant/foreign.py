"""Names what is not CloudTrail, so that a rejection says what it is and what to do."""

from __future__ import annotations

import re
from typing import Any

DIGEST_KEYS = frozenset({"digestStartTime", "digestEndTime"})
CONFIG_KEYS = frozenset({"configurationItems", "configSnapshotId", "configurationItemCaptureTime"})
SKIPPED_KEYS = DIGEST_KEYS | CONFIG_KEYS
"""An object with one of these is a digest file or of AWS Config, unless it is an event."""

CONSOLE_CSV = "CSV of the console's Event history, which lacks most of each event: download JSON"
ATHENA_CSV = (
    "CSV of an Athena query, which spoils nested columns: "
    "use unload (select …) to 's3://…' with (format = 'parquet')"
)
ECS = "Elastic event without event.original: export that field"
_LOOKED_AT = 4096  # bytes of a file's start

_HEADER = r"(?=[^{\n]*\n)"  # of a table: no JSON on the first line
_LINE = r'(?![^\n]*\{\s*")'  # of a log that is all text: a record may come after an address too

# By what a text begins with.
_TEXTS = (
    (rf"{_HEADER}(?=.*\bEvent name\b).*\bEvent time\b", CONSOLE_CSV),
    (rf"{_HEADER}.*\baws\.cloudtrail\.\w", ECS),
    (
        rf"""{_HEADER}["']?(?:\w+["']?,["']?)*(?:event(?:version|source|name|time)|useridentity)\b""",
        ATHENA_CSV,
    ),
    (
        rf"{_HEADER}[a-z0-9 -]*\b(?:srcaddr|dstaddr|interface-id|vpc-id)\b",
        "VPC flow log, not CloudTrail",
    ),
    (
        rf"{_LINE}(?:\d{{4}}-\d\d-\d\dT\S+Z )?[2-9] \d{{12}} eni-",
        "VPC flow log, not CloudTrail",
    ),
    (
        rf"{_LINE}(?:https?|h2|wss?|grpcs?) \d{{4}}-\d\d-\d\dT\S+ (?:app|net)/",
        "ELB access log, not CloudTrail",
    ),
    (rf"{_LINE}tls \d\.\d \d{{4}}-\d\d-\d\dT\S+ net/", "ELB access log, not CloudTrail"),
    (rf"{_LINE}\d{{4}}-\d\d-\d\dT\S+Z \S+ [\d.]+:\d+ ", "ELB access log, not CloudTrail"),
    (rf"{_LINE}[0-9a-f]{{64}} \S+ \[\d\d/\w{{3}}/\d{{4}}:", "S3 access log, not CloudTrail"),
    (
        rf"{_LINE}1\.0 \d{{4}}-\d\d-\d\dT\S+Z Z[A-Z0-9]+ \S+ [A-Z]+ [A-Z]+ (?:UDP|TCP) ",
        "DNS log of Route 53, not CloudTrail",
    ),
    (r"Windows Registry Editor|REGEDIT4", "Windows registry, not CloudTrail"),
    (r"\{'", "text of a Python object, not JSON: print it with json.dumps"),
    (r"(?:---\s*\n)?(?:- )?(?:Events|Records):\s*\n", "YAML, not JSON: use --output json"),
    (r"<\?xml|<!DOCTYPE|<html", "a web page or XML, not JSON"),
)
_PATTERNS = tuple((re.compile(pattern), reason) for pattern, reason in _TEXTS)
_MAGICS = (
    (b"regf", "Windows registry, not CloudTrail"),
    (b"PAR1\x15", "Parquet, packed again: unpack it first"),
    (b"ORC", "ORC, which is not read: export Parquet or JSON"),
    (b"Obj\x01", "Avro, which is not read: export Parquet or JSON"),
    (b"SQLite format 3\0", "SQLite database, not CloudTrail"),
    (b"ElfFile\0", "Windows event log, not CloudTrail"),
    (b"\xd4\xc3\xb2\xa1", "packet capture, not CloudTrail"),
    (b"\x0a\x0d\x0d\x0a", "packet capture, not CloudTrail"),
    (b"%PDF", "PDF, not CloudTrail"),
    (b"\x7fELF", "a program, not CloudTrail"),
    (b"MZ", "a program, not CloudTrail"),
    (b"7z\xbc\xaf\x27\x1c", "7z archive, which is not read: unpack it first"),
    (b"Rar!", "RAR archive, which is not read: unpack it first"),
)
_BY_KEYS = (
    ({"webaclId"}, "WAF log, not CloudTrail"),
    ({"query_name", "query_timestamp"}, "DNS log of Route 53 Resolver, not CloudTrail"),
    ({"ProductArn", "SchemaVersion"}, "Security Hub finding, not CloudTrail"),
    ({"interface_id", "dstaddr"}, "VPC flow log, not CloudTrail"),
    ({"class_uid", "metadata"}, "OCSF of another source than CloudTrail"),
)
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")


def known(head: bytes) -> str:
    """What a file that begins so is, where that is known and it is not CloudTrail, else nothing."""
    head = head[:_LOOKED_AT]
    for magic, reason in _MAGICS:
        if head.startswith(magic) and _BINARY.search(head):
            return reason
    text = head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    return next((reason for pattern, reason in _PATTERNS if pattern.match(text)), "")


def furniture(path: str) -> str:
    """What a file is that AWS or a desktop puts beside logs, by its name, if it is one."""
    *above, name = re.split(r"[/\\!]", path)
    if name == "aws-logs-write-test":
        return "CloudWatch Logs' test of its permission"
    if name == ".DS_Store" or name.startswith("._") or "__MACOSX" in above:
        return "macOS's own file"
    return ""


def reason_of(head: bytes) -> str:
    """Why a file that begins so is not read, where it is not even JSON."""
    return known(head) or ("binary data, not JSON" if _BINARY.search(head) else "not JSON")


def name_of(value: Any) -> str:
    """What a JSON value without a record is, if it is known; else an empty text."""
    if not isinstance(value, dict):
        return ""
    detail, source = value.get("detail"), value.get("_source")
    inside = detail if isinstance(detail, dict) else source if isinstance(source, dict) else value
    if _is_ecs(inside):
        return ECS
    findings = inside.get("Findings")
    if isinstance(findings, list) and findings:
        return name_of(findings[0])
    service = inside.get("service", inside.get("Service"))
    if isinstance(service, dict) and "guardduty" in service.values():
        return "GuardDuty finding, not CloudTrail"
    return next((name for keys, name in _BY_KEYS if keys <= inside.keys()), "")


def notice(value: dict[str, Any]) -> str:
    """What an object that only tells of something else is, if it is known; else an empty text."""
    if value.get("messageType") == "CONTROL_MESSAGE":
        return "control message"
    is_of_bucket = value.get("source") == "aws.s3" and "bucket" in (value.get("detail") or ())
    if is_of_bucket or value.get("Event") == "s3:TestEvent":
        return "S3 notification"
    return ""


def _is_ecs(value: dict[str, Any]) -> bool:
    aws = value.get("aws")
    flat = any(key.startswith("aws.cloudtrail.") for key in value)
    return flat or (isinstance(aws, dict) and isinstance(aws.get("cloudtrail"), dict))


def long_document(head: str) -> str:
    """Why a document that is too long to be read whole is to be skipped, judged by its start."""
    keys = set(re.findall(r'"(\w+)"\s*:', head))
    return "config file" if keys & CONFIG_KEYS else ""
