"""Where a field that a Sigma rule names stands in cloudtrail_events."""

from __future__ import annotations

from typing import NamedTuple

from trailhound.errors import near_matches

_COLUMNS = {
    "eventSource": "event_source",
    "eventName": "event_name",
    "awsRegion": "aws_region",
    "errorCode": "error_code",
    "errorMessage": "error_message",
    "sourceIPAddress": "source_ip",
    "userAgent": "user_agent",
    "eventType": "event_type",
    "eventCategory": "event_category",
    "recipientAccountId": "recipient_account_id",
    "requestID": "request_id",
    "eventID": "event_id",
    "sharedEventID": "shared_event_id",
    "vpcEndpointId": "vpc_endpoint_id",
    "vpcEndpointAccountId": "vpc_endpoint_account_id",
    "readOnly": "read_only",
    "sessionCredentialFromConsole": "session_from_console",
    "userIdentity.type": "user_type",
    "userIdentity.userName": "user_name",
    "userIdentity.arn": "user_arn",
    "userIdentity.accountId": "user_account_id",
    "userIdentity.principalId": "principal_id",
    "userIdentity.accessKeyId": "access_key_id",
    "userIdentity.invokedBy": "invoked_by",
    "userIdentity.identityProvider": "identity_provider",
    "userIdentity.inScopeOf.issuerType": "issued_to_type",
    "userIdentity.inScopeOf.credentialsIssuedTo": "issued_to_arn",
    "userIdentity.sessionContext.attributes.creationDate": "session_creation_date",
    "userIdentity.sessionContext.attributes.mfaAuthenticated": "mfa_authenticated",
    "userIdentity.sessionContext.ec2RoleDelivery": "ec2_role_delivery",
    "userIdentity.sessionContext.sessionIssuer.arn": "session_issuer_arn",
    "userIdentity.sessionContext.sessionIssuer.type": "session_issuer_type",
    "userIdentity.sessionContext.sessionIssuer.userName": "session_issuer_user_name",
    "userIdentity.sessionContext.sourceIdentity": "source_identity",
    "userIdentity.sessionContext.webIdFederationData.federatedProvider": "web_identity_provider",
}
_JSON = {
    "requestParameters": "request_parameters",
    "responseElements": "response_elements",
    "additionalEventData": "additional_event_data",
    "serviceEventDetails": "service_event_details",
}
BOOLEANS = ("read_only", "session_from_console")
JSON_COLUMNS = tuple(_JSON.values())
COLUMNS = (*_COLUMNS.values(), *JSON_COLUMNS, "source_address")
"""Of cloudtrail_events, those that conditions read."""
# What cloudtrail_events does not hold.
_NOT_KEPT = (
    "eventTime", "eventVersion", "apiVersion", "managementEvent", "resources", "tlsDetails",
    "addendum", "edgeDeviceDetails", "insightDetails", "userIdentity",
)  # fmt: skip
# Fields that say who made the call: a correlation by them is one by the entity.
IDENTITY = frozenset(
    f"userIdentity.{name}" for name in ("arn", "userName", "principalId", "accessKeyId")
)


class Refused(Exception):
    """Why a rule cannot be made a detection, in words."""


class Field(NamedTuple):
    """A place in an event: a column of text, or what a path inside a column of JSON leads to."""

    name: str
    stored: str
    """The column of cloudtrail_events."""
    path: str = ""
    is_json: bool = False

    @property
    def column(self) -> str:
        """The column as SQL text expression."""
        return f"cast({self.stored} as varchar)" if self.stored in BOOLEANS else self.stored

    @property
    def text(self) -> str:
        """Jinja and SQL of the field as one text."""
        if not self.path:
            return self.column
        return f"{{{{ trailhound.json_value('{self.column}', '{self.path}') }}}}"


def field(name: str) -> Field:
    """Find a field of a record. Raises Refused if CloudTrail has none, or it is not kept."""
    if name in _COLUMNS:
        return Field(name, _COLUMNS[name])
    first, _, path = name.partition(".")
    if first in _JSON:
        if path and not all(key.replace("-", "").replace("_", "").isalnum() for key in
                            path.split(".")):  # fmt: skip
            raise Refused(f"the field {name} cannot be read: a key has letters of its own")
        return Field(name, _JSON[first], path, is_json=True)
    if first in _NOT_KEPT:
        raise Refused(f"the field {name} is not kept in cloudtrail_events")
    near = near_matches(name, [*_COLUMNS, *_JSON])
    hint = f"; did the rule mean {near[0]}?" if near else ""
    raise Refused(f"CloudTrail has no field {name}{hint}")


def is_field(name: str) -> bool:
    """Whether a text is the name of a field below one of a record's objects."""
    first, _, path = name.partition(".")
    return bool(path) and (first in _JSON or name in _COLUMNS)
