"""The columns of `cloudtrail_logs` on DuckDB, and the shape of the records that fill them."""

from __future__ import annotations

# AWS's Athena columns, in its order: column, key in the record, shape. Text is the common shape.
_TEXT = "VARCHAR"
_FIELDS: list[tuple[str, object]] = [
    ("eventVersion", _TEXT),
    (
        "userIdentity",
        {
            "type": _TEXT,
            "principalId": _TEXT,
            "arn": _TEXT,
            "accountId": _TEXT,
            "invokedBy": _TEXT,
            "accessKeyId": _TEXT,
            "userName": _TEXT,
            "identityProvider": _TEXT,
            "onBehalfOf": {"userId": _TEXT, "identityStoreArn": _TEXT},
            "sessionContext": {
                "attributes": {"mfaAuthenticated": _TEXT, "creationDate": _TEXT},
                "sessionIssuer": {
                    "type": _TEXT,
                    "principalId": _TEXT,
                    "arn": _TEXT,
                    "accountId": _TEXT,
                    "userName": _TEXT,
                },
                "ec2RoleDelivery": _TEXT,
                "sourceIdentity": _TEXT,
                "webIdFederationData": {
                    "federatedProvider": _TEXT,
                    "attributes": "MAP(VARCHAR, VARCHAR)",
                },
            },
        },
    ),
    ("eventTime", _TEXT),
    ("eventSource", _TEXT),
    ("eventName", _TEXT),
    ("awsRegion", _TEXT),
    ("sourceIPAddress", _TEXT),
    ("userAgent", _TEXT),
    ("errorCode", _TEXT),
    ("errorMessage", _TEXT),
    ("requestParameters", _TEXT),
    ("responseElements", _TEXT),
    ("additionalEventData", _TEXT),
    ("requestID", _TEXT),
    ("eventID", _TEXT),
    ("readOnly", _TEXT),
    ("resources", [{"ARN": _TEXT, "accountId": _TEXT, "type": _TEXT}]),
    ("eventType", _TEXT),
    ("apiVersion", _TEXT),
    ("recipientAccountId", _TEXT),
    ("serviceEventDetails", _TEXT),
    ("sharedEventID", _TEXT),
    ("vpcEndpointId", _TEXT),
    ("eventCategory", _TEXT),
    ("tlsDetails", {"tlsVersion": _TEXT, "cipherSuite": _TEXT, "clientProvidedHostHeader": _TEXT}),
]


def _sql_type(shape: object) -> str:
    if isinstance(shape, dict):
        return "struct(" + ", ".join(f"{k.lower()} {_sql_type(v)}" for k, v in shape.items()) + ")"
    if isinstance(shape, list):
        return _sql_type(shape[0]) + "[]"
    return str(shape).lower()


def _json_shape(shape: object) -> str:
    if isinstance(shape, dict):
        return "{" + ",".join(f'"{k}":{_json_shape(v)}' for k, v in shape.items()) + "}"
    if isinstance(shape, list):
        return f"[{_json_shape(shape[0])}]"
    return f'"{shape}"'


EVENT_SHAPE = _json_shape(dict(_FIELDS))
"""The record's shape as DuckDB's `from_json` takes it: its fields are the columns, in order."""

# Where nearly every value differs, zstd is half as dear as DuckDB's own choice, and no larger.
_ZSTD = {
    "eventTime",
    "sourceIPAddress",
    "requestParameters",
    "responseElements",
    "requestID",
    "eventID",
}

_DDL = """create table if not exists {table} (
    file_path varchar, file_version varchar, position bigint, loaded_at timestamp,
    skipped varchar, error varchar, raw varchar,
    {columns}
)"""


def ddl(table: str) -> str:
    """The statement that makes the table (its name quoted) where it is missing."""
    columns = ", ".join(
        f"{name.lower()} {_sql_type(shape)}{' using compression zstd' if name in _ZSTD else ''}"
        for name, shape in _FIELDS
    )
    return _DDL.format(table=table, columns=columns)
