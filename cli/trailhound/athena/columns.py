"""The columns of CloudTrail's table, as AWS's own definition has them and a little more.

https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html
Beyond that page: `identityprovider` and `sourceidentity`, which the events use.
"""

from __future__ import annotations

from collections.abc import Mapping

# A text; an array of one kind; a map from text to text; named fields.
Kind = str | list["Kind"] | dict[str, "Kind"]
TEXT, TEXTS_BY_NAME = "text", "map"

_ISSUER: Kind = dict.fromkeys(("type", "principalid", "arn", "accountid", "username"), TEXT)
_SESSION: Kind = {
    "attributes": {"mfaauthenticated": TEXT, "creationdate": TEXT},
    "sessionissuer": _ISSUER,
    "ec2roledelivery": TEXT,
    "sourceidentity": TEXT,
    "webidfederationdata": {"federatedprovider": TEXT, "attributes": TEXTS_BY_NAME},
}
_IDENTITY: Kind = {
    "type": TEXT,
    "principalid": TEXT,
    "arn": TEXT,
    "accountid": TEXT,
    "invokedby": TEXT,
    "accesskeyid": TEXT,
    "username": TEXT,
    "identityprovider": TEXT,
    "onbehalfof": {"userid": TEXT, "identitystorearn": TEXT},
    "sessioncontext": _SESSION,
}
_TLS: Kind = dict.fromkeys(("tlsversion", "ciphersuite", "clientprovidedhostheader"), TEXT)

COLUMNS: Mapping[str, Kind] = {
    "eventversion": TEXT,
    "useridentity": _IDENTITY,
    **dict.fromkeys(
        (
            *("eventtime", "eventsource", "eventname", "awsregion", "sourceipaddress"),
            *("useragent", "errorcode", "errormessage", "requestparameters", "responseelements"),
            *("additionaleventdata", "requestid", "eventid", "readonly"),
        ),
        TEXT,
    ),
    "resources": [{"arn": TEXT, "accountid": TEXT, "type": TEXT}],
    **dict.fromkeys(
        (
            *("eventtype", "apiversion", "recipientaccountid", "serviceeventdetails"),
            *("sharedeventid", "vpcendpointid", "eventcategory"),
        ),
        TEXT,
    ),
    "tlsdetails": _TLS,
}

# What the models read: a table of one's own needs these, and of useridentity what it has.
NEEDED = (
    *(
        "eventversion",
        "apiversion",
        "serviceeventdetails",
        "useridentity",
        "eventtime",
        "eventsource",
        "eventname",
        "awsregion",
        "sourceipaddress",
    ),
    *("useragent", "errorcode", "errormessage", "requestparameters", "responseelements"),
    *("additionaleventdata", "requestid", "eventid", "readonly", "resources", "eventtype"),
    *("recipientaccountid", "sharedeventid", "vpcendpointid"),
)


def hive_type(kind: Kind) -> str:
    """The type in the words of Hive's DDL, as Athena takes it."""
    if isinstance(kind, dict):
        return f"struct<{', '.join(f'{name}: {hive_type(each)}' for name, each in kind.items())}>"
    if isinstance(kind, list):
        return f"array<{hive_type(kind[0])}>"
    return {TEXT: "string", TEXTS_BY_NAME: "map<string, string>"}[kind]


def trino_type(kind: Kind) -> str:
    """The same type in Trino's words."""
    if isinstance(kind, dict):
        return f"row({', '.join(f'{name} {trino_type(each)}' for name, each in kind.items())})"
    if isinstance(kind, list):
        return f"array({trino_type(kind[0])})"
    return {TEXT: "varchar", TEXTS_BY_NAME: "map(varchar, varchar)"}[kind]


def fields_missing(kind: Kind, found: str) -> list[str]:
    """The fields of a struct that a Hive type's text does not name, as paths joined by dots."""
    return [path for path in _paths(kind) if f"{path.rpartition('.')[2]}:" not in found]


def _paths(kind: Kind, before: str = "") -> list[str]:
    if not isinstance(kind, dict):
        return []
    paths = []
    for name, each in kind.items():
        paths += [before + name, *_paths(each, f"{before}{name}.")]
    return paths
