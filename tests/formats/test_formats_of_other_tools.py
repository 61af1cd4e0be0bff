"""Each format of another tool, read back by what that tool's own people read it with."""

from __future__ import annotations

import io
import json
from copy import deepcopy
from datetime import date, datetime
from typing import Any

import botocore.session
import jsonschema
import pytest
from botocore.validate import ParamValidator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
from openpyxl import load_workbook

from trailhound.errors import WrongUsage
from trailhound.formats import Column, Row, format_of, write
from trailhound.store.alerts import COLUMNS

HOSTILE = '=HYPERLINK("http://x")\x1b[31m<script>{{ 7*7 }}\u202e'
ALERT: dict[str, Any] = {
    "alert_id": "0123456789abcdef0123456789abcdef",
    "detection": "s3_buckets_enumerated",
    "title": "S3 - Buckets enumerated",
    "boc": "s3 - buckets enumerated",
    "severity": "medium",
    "tactics": ["Discovery", "Impact"],
    "techniques": ["T1619", "T1578.002"],
    "alert_date": date(2026, 1, 31),
    "account_id": "012345678901",
    "entity_id": "arn:aws:iam::012345678901:role/app",
    "entity_type": "role",
    "triggered_at": datetime(2026, 1, 31, 23, 59),
    "first_seen": datetime(2026, 1, 31, 23, 50),
    "last_seen": datetime(2026, 1, 31, 23, 59, 30),
    "is_continuation": False,
    "observed": 16,
    "threshold": 15,
    "window_minutes": 10,
    "event_count": 17,
    "event_ids": ["e1", "e2"],
    "regions": ["us-east-1"],
    "source_ips": ["192.0.2.1", "2001:db8::1", "cloudformation.amazonaws.com"],
    "user_agents": [HOSTILE],
    "access_key_ids": ["AKIAIOSFODNN7EXAMPLE"],
    "session_names": [HOSTILE],
    "resources": ["arn:aws:s3:::bucket"],
    "correlated_by": "AKIAIOSFODNN7EXAMPLE",
    "risk": 20,
    "evidence": {"buckets": [HOSTILE]},
}
INCIDENT = {
    **ALERT,
    "detection": "incidents",
    "title": "Incident - Several detections by one actor",
    "account_id": "",
    "entity_id": "j.doe@example.com",
    "entity_type": "sso_user",
    "window_minutes": 1440,
    "event_ids": ["0" * 32],
    "evidence": {
        "detections": ["s3_buckets_enumerated"],
        "severities": ["high"],
        "account_ids": ["012345678901", "111122223333"],
    },
}
BARE = {
    **ALERT,
    "window_minutes": None,
    **{
        key: []
        for key in (
            "event_ids", "regions", "source_ips", "user_agents", "access_key_ids",
            "session_names", "resources", "techniques", "tactics",
        )
    },
    "tactics": ["Defense Evasion"],
    "entity_id": HOSTILE,
    "evidence": {},
}  # fmt: skip


def row(alert: dict[str, Any]) -> Row:
    return tuple(alert[column.name] for column in COLUMNS)


def written(name: str, *alerts: dict[str, Any]) -> str:
    stream = io.StringIO()
    write(name, COLUMNS, [row(alert) for alert in alerts], stream)
    return stream.getvalue()


def lines(name: str, *alerts: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written(name, *alerts).splitlines()]


@pytest.fixture(scope="module")
def ocsf() -> jsonschema.Draft202012Validator:
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema("1.5.0"))
    return jsonschema.Draft202012Validator(
        schema.get_class_schema("detection_finding", profiles=["cloud"])
    )


def test_ocsf_holds_to_the_published_schema(ocsf: jsonschema.Draft202012Validator) -> None:
    findings = lines("ocsf", ALERT, BARE, INCIDENT)
    for finding in findings:
        assert [error.message for error in ocsf.iter_errors(finding)] == []
    assert findings[0]["finding_info"]["uid"] == ALERT["alert_id"]
    assert findings[0]["time"] == 1769903940000
    broken = deepcopy(findings[0])
    del broken["finding_info"]
    assert not ocsf.is_valid(broken)


def test_asff_is_what_the_aws_client_sends() -> None:
    service = botocore.session.get_session().get_service_model("securityhub")
    shape = service.operation_model("BatchImportFindings").input_shape
    assert shape is not None
    findings = json.loads(written("asff", ALERT, BARE, INCIDENT))
    assert not ParamValidator().validate({"Findings": findings}, shape).has_errors()
    assert findings[0]["AwsAccountId"] == "012345678901"
    assert findings[0]["Severity"] == {"Label": "MEDIUM"}
    assert [each["Type"] for each in findings[0]["Resources"]] == ["AwsIamRole", "Other"]
    findings[0]["Severity"] = "MEDIUM"
    assert ParamValidator().validate({"Findings": findings}, shape).has_errors()


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_asff_names_the_partition_of_the_region(region: str, partition: str) -> None:
    [finding] = json.loads(written("asff", {**ALERT, "regions": [region]}))
    assert finding["ProductArn"].startswith(f"arn:{partition}:securityhub:{region}:")
    assert {each["Partition"] for each in finding["Resources"]} == {partition}


def test_ecs_has_the_fields_that_detections_in_elastic_read() -> None:
    document, bare = lines("ecs", ALERT, BARE)
    assert document["@timestamp"] == "2026-01-31T23:59:00Z"
    assert document["event"]["kind"] == "alert"
    assert document["source"]["ip"] == ["192.0.2.1", "2001:db8::1"]
    assert document["threat"]["technique"] == {
        "id": ["T1578", "T1619"],
        "subtechnique": {"id": ["T1578.002"]},
    }
    assert bare["source"]["ip"] == []


def test_timesketch_lines_have_what_it_demands_of_each() -> None:
    entries = lines("timesketch", ALERT, BARE)
    for entry in entries:
        assert entry["message"]
        assert entry["timestamp_desc"]
        moment = datetime.fromisoformat(entry["datetime"])
        assert entry["timestamp"] == moment.timestamp() * 1_000_000
        assert all(isinstance(value, str | int | list) for value in entry.values())
    assert [entry["timestamp_desc"] for entry in entries[:3]] == [
        "Alert Triggered",
        "First Seen",
        "Last Seen",
    ]


def test_a_workbook_holds_text_numbers_and_times_but_no_formula() -> None:
    stream = io.BytesIO()
    write("xlsx", COLUMNS, [row(ALERT), row(BARE)], stream)
    sheet = load_workbook(io.BytesIO(stream.getvalue()))["alerts"]
    header, first, second = sheet.iter_rows()
    values = dict(zip((cell.value for cell in header), first, strict=True))
    assert values["account_id"].value == "012345678901"
    assert values["observed"].value == 16
    assert values["triggered_at"].value == datetime(2026, 1, 31, 23, 59)
    assert {cell.data_type for cell in (*first, *second)} <= {"s", "n", "d", "b"}
    entity = dict(zip((cell.value for cell in header), second, strict=True))["entity_id"]
    assert entity.data_type == "s"
    assert entity.value.startswith("=HYPERLINK")


def test_the_incident_of_a_person_has_the_first_of_its_accounts() -> None:
    [ocsf], [ecs] = lines("ocsf", INCIDENT), lines("ecs", INCIDENT)
    [asff] = json.loads(written("asff", INCIDENT))
    assert ocsf["cloud"]["account"]["uid"] == "012345678901"
    assert ecs["cloud"]["account"]["id"] == asff["AwsAccountId"] == "012345678901"
    assert "in account 012345678901, 111122223333" in ecs["message"]


def test_a_layer_scores_what_fired_by_technique() -> None:
    [layer] = lines("navigator", ALERT, {**ALERT, "techniques": ["T1619"]}, BARE)
    assert layer["versions"] == {"attack": "18", "navigator": "5.2.0", "layer": "4.5"}
    assert layer["domain"] == "enterprise-attack"
    scores = {each["techniqueID"]: each["score"] for each in layer["techniques"]}
    assert scores == {"T1578.002": 1, "T1619": 2}
    assert layer["techniques"][0]["comment"] == "s3_buckets_enumerated"
    assert layer["gradient"]["maxValue"] == 2


def test_a_layer_scores_the_detections_that_are_enabled() -> None:
    columns = (Column("detection"), Column("techniques", "list"), Column("enabled", "boolean"))
    stream = io.StringIO()
    rows: list[Row] = [("a", ["T1530"], True), ("b", ["T1530"], True), ("c", ["T1537"], False)]
    write("navigator", columns, rows, stream)
    [technique] = json.loads(stream.getvalue())["techniques"]
    assert technique == {
        "techniqueID": "T1530",
        "score": 2,
        "comment": "a, b",
        "enabled": True,
    }


def test_a_layer_without_a_row_is_one_too() -> None:
    [layer] = lines("navigator")
    assert (layer["techniques"], layer["gradient"]["maxValue"]) == ([], 1)


@pytest.mark.parametrize("name", ["ocsf", "asff", "ecs", "timesketch", "navigator"])
def test_no_byte_drives_a_terminal(name: str) -> None:
    assert (
        written(name, ALERT, BARE, {**BARE, "techniques": [HOSTILE]})
        .replace("\n", "")
        .isprintable()
    )


@pytest.mark.parametrize("name", ["ocsf", "asff", "ecs", "timesketch", "navigator"])
def test_only_alerts_have_these_formats(name: str) -> None:
    with pytest.raises(WrongUsage, match="this format is for alerts"):
        write(name, (Column("file"),), [("a",)], io.StringIO())


@pytest.mark.parametrize(
    ("file_name", "expected"),
    [
        ("a.ndjson", "ndjson"),
        ("a.ocsf.ndjson", "ocsf"),
        ("a.asff.json", "asff"),
        ("A.XLSX", "xlsx"),
        ("a.timesketch.jsonl", "timesketch"),
        ("a.navigator.json", "navigator"),
        ("a.docx", None),
    ],
)
def test_a_file_name_tells_its_format(file_name: str, expected: str | None) -> None:
    assert format_of(file_name) == expected
