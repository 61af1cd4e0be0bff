"""AWS Security Finding Format, as `aws securityhub batch-import-findings` takes it.

https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-syntax.html
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any, TextIO

from trailhound.formats.alert_fields import Alert, alerts_in, summary, technique_url
from trailhound.formats.as_json import iso, to_json
from trailhound.formats.columns import Column, Row
from trailhound.store.alerts import accounts_of

_MOST_RESOURCES = 32
_LONGEST_TITLE, _LONGEST_TEXT, _LONGEST_ID = 256, 1024, 512
_LONGEST_FIELD = 1024
_EFFECTS = {"Exfiltration": "Data Exfiltration", "Impact": "Resource Consumption"}
_NO_REGION = "us-east-1"


def write_asff(columns: Sequence[Column], rows: Sequence[Row], stream: TextIO) -> None:
    """An array of findings, a finding a line. Security Hub takes 100 at a time."""
    lines = ",\n".join("  " + to_json(finding(alert)) for alert in alerts_in(columns, rows))
    stream.write(f"[\n{lines}\n]\n" if lines else "[]\n")


def finding(alert: Alert) -> dict[str, Any]:
    """An alert as a finding, within the lengths that Security Hub allows."""
    account = accounts_of(alert)[0]
    region = alert["regions"][0] if alert["regions"] else _NO_REGION
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"trailhound/{alert['alert_id']}",
        "ProductArn": (
            f"arn:{_partition(region)}:securityhub:{region}:{account}:product/{account}/default"
        ),
        "ProductName": "trailhound",
        "CompanyName": "trailhound",
        "GeneratorId": alert["detection"],
        "AwsAccountId": account,
        "Region": region,
        "Types": [_type(tactic) for tactic in alert["tactics"]],
        "CreatedAt": iso(alert["triggered_at"]),
        "UpdatedAt": iso(alert["last_seen"]),
        "FirstObservedAt": iso(alert["first_seen"]),
        "LastObservedAt": iso(alert["last_seen"]),
        "Severity": {"Label": str(alert["severity"]).upper()},
        "Title": str(alert["title"])[:_LONGEST_TITLE],
        "Description": summary(alert)[:_LONGEST_TEXT],
        "Remediation": {
            "Recommendation": {
                "Text": f"trailhound explain {alert['alert_id']}",
                "Url": technique_url(alert["techniques"][0]) if alert["techniques"] else "",
            }
        },
        "Resources": list(islice(_resources(alert, region), _MOST_RESOURCES)),
        "ProductFields": {
            f"trailhound/{key}": _text(alert[key])[:_LONGEST_FIELD]
            for key in (
                "alert_id", "entity_type", "observed", "threshold", "window_minutes",
                "event_count", "is_continuation", "techniques", "event_ids", "source_ips",
                "user_agents", "access_key_ids", "session_names", "evidence",
            )
        },
        "RecordState": "ACTIVE",
        "Workflow": {"Status": "NEW"},
    }  # fmt: skip


def _type(tactic: str) -> str:
    if tactic in _EFFECTS:
        return f"Effects/{_EFFECTS[tactic]}"
    return f"TTPs/{tactic}"


def _resources(alert: Alert, region: str) -> Any:
    kind = {"iam_user": "AwsIamUser", "role": "AwsIamRole"}.get(alert["entity_type"], "Other")
    for type_of, name in [(kind, alert["entity_id"]), *(("Other", r) for r in alert["resources"])]:
        yield {
            "Type": type_of,
            "Id": str(name)[:_LONGEST_ID],
            "Partition": _partition(region),
            "Region": region,
        }


def _partition(region: str) -> str:
    """The AWS partition of a region, as it stands in ARNs."""
    return next((each for each in ("aws-cn", "aws-us-gov") if region.startswith(each[4:])), "aws")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else to_json(value)
