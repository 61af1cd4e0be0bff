"""The fields of a CloudTrail record, and the columns of AWS's own table of them.

https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html
Beyond that page: what newer records carry and the events use.
"""

from __future__ import annotations

from collections.abc import Mapping

# A text; a map from text to text; an array of one kind; named fields.
Kind = str | list["Kind"] | dict[str, "Kind"]
TEXT, TEXTS_BY_NAME = "text", "map"


def _texts(*names: str) -> dict[str, Kind]:
    return dict.fromkeys(names, TEXT)


_SESSION: Kind = {
    "attributes": _texts("mfaAuthenticated", "creationDate"),
    "sessionIssuer": _texts("type", "principalId", "arn", "accountId", "userName"),
    **_texts("ec2RoleDelivery", "sourceIdentity"),
    "webIdFederationData": {"federatedProvider": TEXT, "attributes": TEXTS_BY_NAME},
}
FIELDS: Mapping[str, Kind] = {
    "eventVersion": TEXT,
    "userIdentity": {
        **_texts("type", "principalId", "arn", "accountId", "invokedBy", "accessKeyId", "userName"),
        "identityProvider": TEXT,
        "onBehalfOf": _texts("userId", "identityStoreArn"),
        "inScopeOf": _texts("issuerType", "credentialsIssuedTo", "sourceArn", "sourceAccount"),
        "sessionContext": _SESSION,
    },
    **_texts("eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent"),
    **_texts("errorCode", "errorMessage", "requestParameters", "responseElements"),
    **_texts("additionalEventData", "requestID", "eventID", "readOnly"),
    "resources": [_texts("ARN", "accountId", "type")],
    **_texts("eventType", "apiVersion", "recipientAccountId", "serviceEventDetails"),
    **_texts("sharedEventID", "vpcEndpointId", "eventCategory"),
    "tlsDetails": _texts("tlsVersion", "cipherSuite", "clientProvidedHostHeader"),
    **_texts("vpcEndpointAccountId", "sessionCredentialFromConsole"),
}
"""In the order of AWS's table, by their keys in a record; objects without a shape are JSON text."""


def _lower(kind: Kind) -> Kind:
    if isinstance(kind, dict):
        return {name.lower(): _lower(each) for name, each in kind.items()}
    return [_lower(kind[0])] if isinstance(kind, list) else kind


COLUMNS: Mapping[str, Kind] = {name.lower(): _lower(kind) for name, kind in FIELDS.items()}
"""By their names in the table."""

OPTIONAL = ("eventcategory", "vpcendpointaccountid", "sessioncredentialfromconsole")
"""What the models read where a table of one's own has it; else null."""

NEEDED = tuple(name for name in COLUMNS if name not in (*OPTIONAL, "tlsdetails"))
"""What the models read: a table of one's own needs these, and of useridentity what it has."""
