"""Records from rows of other tables: Athena's lower-case columns, OCSF, Sentinel's AWSCloudTrail.

Sources: https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table.html,
https://github.com/ocsf/examples (mappings/markdown/AWS, 1.0.0-rc.2 and 1.1.0),
https://learn.microsoft.com/azure/azure-monitor/reference/tables/awscloudtrail
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from trailhound.cloudtrail import COLUMNS, FIELDS, TEXT, Kind

Record = dict[str, Any]

_USER, _SESSION = "userIdentity", "userIdentity.sessionContext"
_ISSUER = f"{_SESSION}.sessionIssuer"

# Sentinel's columns, but for those that are spelt as the record's key with a capital.
_SENTINEL = {
    "TimeGenerated": "eventTime",
    "EventVersion": "eventVersion",
    "EventSource": "eventSource",
    "EventName": "eventName",
    "EventTypeName": "eventType",
    "UserIdentityType": f"{_USER}.type",
    "UserIdentityPrincipalid": f"{_USER}.principalId",
    "UserIdentityArn": f"{_USER}.arn",
    "UserIdentityAccountId": f"{_USER}.accountId",
    "UserIdentityInvokedBy": f"{_USER}.invokedBy",
    "UserIdentityAccessKeyId": f"{_USER}.accessKeyId",
    "UserIdentityUserName": f"{_USER}.userName",
    "SessionMfaAuthenticated": f"{_SESSION}.attributes.mfaAuthenticated",
    "SessionCreationDate": f"{_SESSION}.attributes.creationDate",
    "SessionIssuerType": f"{_ISSUER}.type",
    "SessionIssuerPrincipalId": f"{_ISSUER}.principalId",
    "SessionIssuerArn": f"{_ISSUER}.arn",
    "SessionIssuerAccountId": f"{_ISSUER}.accountId",
    "SessionIssuerUserName": f"{_ISSUER}.userName",
    "EC2RoleDelivery": f"{_SESSION}.ec2RoleDelivery",
    "AWSRegion": "awsRegion",
    "SourceIpAddress": "sourceIPAddress",
    "UserAgent": "userAgent",
    "ErrorCode": "errorCode",
    "ErrorMessage": "errorMessage",
    "RequestParameters": "requestParameters",
    "ResponseElements": "responseElements",
    "AdditionalEventData": "additionalEventData",
    "AwsRequestId_": "requestID",
    "AwsRequestId": "requestID",
    "AwsEventId": "eventID",
    "ReadOnly": "readOnly",
    "Resources": "resources",
    "APIVersion": "apiVersion",
    "RecipientAccountId": "recipientAccountId",
    "ServiceEventDetails": "serviceEventDetails",
    "SharedEventId": "sharedEventID",
    "VpcEndpointId": "vpcEndpointId",
    "Category": "eventCategory",
    "TlsVersion": "tlsDetails.tlsVersion",
    "CipherSuite": "tlsDetails.cipherSuite",
    "ClientProvidedHostHeader": "tlsDetails.clientProvidedHostHeader",
}

# OCSF's attributes; of two for one field the first that is there counts.
_OCSF = (
    ("metadata.product.version", "eventVersion"),
    ("api.service.name", "eventSource"),
    ("api.operation", "eventName"),
    ("cloud.region", "awsRegion"),
    ("src_endpoint.ip", "sourceIPAddress"),
    ("src_endpoint.domain", "sourceIPAddress"),
    ("src_endpoint.svc_name", "sourceIPAddress"),
    ("src_endpoint.uid", "vpcEndpointId"),
    ("http_request.user_agent", "userAgent"),
    ("api.response.error", "errorCode"),
    ("api.response.message", "errorMessage"),
    ("api.response.error_message", "errorMessage"),
    ("api.request.data", "requestParameters"),
    ("api.response.data", "responseElements"),
    ("api.request.uid", "requestID"),
    ("api.version", "apiVersion"),
    ("metadata.uid", "eventID"),
    ("metadata.event_code", "eventType"),
    ("cloud.account.uid", "recipientAccountId"),
    ("cloud.account_uid", "recipientAccountId"),
    ("actor.user.type", f"{_USER}.type"),
    ("actor.user.name", f"{_USER}.userName"),
    ("actor.user.uuid", f"{_USER}.arn"),
    ("actor.user.uid_alt", f"{_USER}.principalId"),
    ("actor.user.account.uid", f"{_USER}.accountId"),
    ("actor.user.account_uid", f"{_USER}.accountId"),
    ("actor.user.credential_uid", f"{_USER}.accessKeyId"),
    ("actor.invoked_by", f"{_USER}.invokedBy"),
    ("actor.idp.name", f"{_USER}.identityProvider"),
    ("actor.session.issuer", f"{_ISSUER}.arn"),
    ("actor.session.created_time_dt", f"{_SESSION}.attributes.creationDate"),
    ("actor.session.created_time", f"{_SESSION}.attributes.creationDate"),
)
_CATEGORIES = ("Management", "Data", "NetworkActivity")
# What OCSF's mapping leaves in `unmapped`, as dotted names of the record, and the events need.
_KEPT_UNMAPPED = re.compile(
    r"(?:readOnly|sharedEventID|recipientAccountId|eventType|vpcEndpointId|vpcEndpointAccountId)$"
    r"|(?:requestParameters|responseElements|userIdentity\.sessionContext\.sessionIssuer)\.[\w.]+$"
    r"|userIdentity\.sessionContext\.(?:sourceIdentity|ec2RoleDelivery)$"
)
_PORTAL_TIMES = ("%m/%d/%Y, %I:%M:%S.%f %p", "%m/%d/%Y, %I:%M:%S %p", "%m/%d/%Y %I:%M:%S %p")
_MILLISECONDS = re.compile(r"\d{12,13}")
_UTC = re.compile(r"(\d{4}-\d\d-\d\d)[ T]([\d:.]+?)(?:\.0+)?(?:Z|\+00(?::?00)?)?")
_TIMES = ("eventTime", f"{_SESSION}.attributes.creationDate")


def as_record(row: Mapping[str, Any]) -> Record | None:
    """The CloudTrail record of a row of one of these tables, or None if it is none of them."""
    if "eventsource" in row and "eventname" in row:
        is_record = "eventtime" in row or "eventid" in row
        has_other_case = any(key != key.lower() and key.lower() in COLUMNS for key in row)
        return _recased(row) if is_record and not has_other_case else None
    if "EventSource" in row and "EventName" in row and "AwsEventId" in row:
        return _sentinel(row)
    if "api" in row and "metadata" in row:
        return _ocsf(row)
    return None


def _recased(row: Mapping[str, Any]) -> Record:
    record: Record = _spelt(dict(row), dict(FIELDS))
    record["eventTime"] = _time(record.get("eventTime"))
    return record


def _spelt(value: Any, kind: Kind) -> Any:
    """A value with the keys of its kind as CloudTrail spells them; nested ones may be JSON text."""
    if not isinstance(kind, str):
        value = _parsed(value)
    if isinstance(kind, dict) and isinstance(value, Mapping):
        names = {name.lower(): name for name in kind}
        spelt: Record = {names.get(str(key).lower(), str(key)): value[key] for key in value}
        return {key: _spelt(each, kind.get(key, TEXT)) for key, each in spelt.items()}
    if isinstance(kind, list) and isinstance(value, list):
        return [_spelt(each, kind[0]) for each in value]
    return value


def _sentinel(row: Mapping[str, Any]) -> Record:
    record: Record = {}
    for column, path in _SENTINEL.items():
        value = row.get(column, row.get(f"{column} [UTC]"))
        if path in _TIMES:
            value = _time(value)
        _put(record, path, _parsed(value) if path == "resources" else value)
    return record


def _ocsf(row: Mapping[str, Any]) -> Record | None:
    product = str(_at(row, "metadata.product.name")).lower()
    if "cloudtrail" not in product or not _at(row, "api.operation"):
        return None
    record: Record = {}
    _put(record, "eventTime", _time(_at(row, "time") or _at(row, "time_dt")))
    for source, path in _OCSF:
        value = _at(row, source)
        _put(record, path, _time(value) if path in _TIMES else value)
    uid = _at(row, "actor.user.uid")
    is_arn = isinstance(uid, str) and uid.startswith("arn:")
    _put(record, f"{_USER}.arn" if is_arn else f"{_USER}.principalId", uid)
    category = _at(row, "metadata.product.feature.name")
    _put(record, "eventCategory", category if category in _CATEGORIES else None)
    unmapped = _parsed(row.get("unmapped"))
    for name, value in unmapped.items() if isinstance(unmapped, Mapping) else ():
        if _KEPT_UNMAPPED.match(name):
            _put(record, name, value)
    _name_issuer(record)
    if record["eventName"] == "ConsoleLogin":
        _put(record, "responseElements.ConsoleLogin", _at(row, "status"))
    return record


def _name_issuer(record: Record) -> None:
    """What a role's ARN says of it, which OCSF does not say again."""
    arn = _at(record, f"{_ISSUER}.arn")
    parts = str(arn).split(":", 5)
    if len(parts) == 6 and parts[5].startswith("role/"):
        _put(record, f"{_ISSUER}.type", "Role")
        _put(record, f"{_ISSUER}.accountId", parts[4])
        _put(record, f"{_ISSUER}.userName", parts[5].rpartition("/")[2])


def _at(row: Mapping[str, Any], path: str) -> Any:
    value: Any = row
    for key in path.split("."):
        value = _parsed(value)
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _put(record: Record, path: str, value: Any) -> None:
    """Set what is not set yet; nothing, or an empty text, sets nothing."""
    if value is None or value == "":
        return
    *above, last = path.split(".")
    for key in above:
        record = record.setdefault(key, {})
        if not isinstance(record, dict):
            return
    record.setdefault(last, value)


def _parsed(value: Any) -> Any:
    """A text that is a JSON object or array as such."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value, strict=False)
        except (ValueError, RecursionError):
            return value
    return value


def _time(value: Any) -> Any:
    """A time as CloudTrail writes it: from milliseconds, a table's timestamp, a portal's export."""
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)
        except OverflowError:
            return str(value)
        text = moment.isoformat(timespec="milliseconds" if value % 1000 else "seconds")
        return text.replace("+00:00", "Z")
    return _of_text(value) if isinstance(value, str) else value


def _of_text(value: str) -> Any:
    if _MILLISECONDS.fullmatch(value):
        return _time(int(value))
    for form in _PORTAL_TIMES if value.endswith(("AM", "PM")) else ():
        with suppress(ValueError):
            return datetime.strptime(value, form).replace(tzinfo=UTC).isoformat()
    # DuckDB's text of a timestamp, with time zone or without: both are UTC.
    if found := _UTC.fullmatch(value):
        return f"{found[1]}T{found[2]}Z"
    return value
