"""Rules and records of our own that cover what Sigma can say of CloudTrail."""

from __future__ import annotations

from typing import Any

USER = "arn:aws:iam::111122223333:user/mallory"
ROLE = "arn:aws:sts::111122223333:assumed-role/etl/i-0123456789abcdef0"
_LOGSOURCE = {"product": "aws", "service": "cloudtrail"}


def rule(title: str, condition: str = "selection", **selections: Any) -> dict[str, Any]:
    """A rule with selections and a condition."""
    return {
        "title": title,
        "id": f"00000000-0000-4000-8000-{sum(map(ord, title)) * len(title):012}",
        "author": "Mallory's neighbour",
        "level": "high",
        "tags": ["attack.persistence", "attack.t1098.001"],
        "logsource": _LOGSOURCE,
        "detection": {**selections, "condition": condition},
    }


def record(number: int, name: str = "CreateUser", **changes: Any) -> dict[str, Any]:
    """A record, a minute after the one before."""
    return {
        "eventVersion": "1.09",
        "eventID": f"event-{number}",
        "eventTime": f"2026-03-20T{9 + number // 60:02}:{number % 60:02}:00Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "198.51.100.23",
        "userAgent": "aws-cli/2.0",
        "recipientAccountId": "111122223333",
        "eventType": "AwsApiCall",
        "userIdentity": {
            "type": "IAMUser", "arn": USER, "userName": "mallory", "accountId": "111122223333",
            "principalId": "AIDAEXAMPLE", "accessKeyId": "AKIAEXAMPLE",
        },
        **changes,
    }  # fmt: skip


def _role(**context: Any) -> dict[str, Any]:
    return {
        "type": "AssumedRole", "arn": ROLE, "principalId": "AROAEXAMPLE:i-0123456789abcdef0",
        "accountId": "111122223333", "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": {
            "attributes": {"mfaAuthenticated": "false", "creationDate": "2026-03-20T08:00:00Z"},
            "sessionIssuer": {
                "type": "Role", "arn": "arn:aws:iam::111122223333:role/etl", "userName": "etl",
                **context,
            },
        },
    }  # fmt: skip


_DIFFERENT: list[dict[str, Any]] = [
    {},
    {"errorCode": "AccessDenied", "errorMessage": "User is not authorized: 100%_sure!"},
    {"errorCode": "Client.UnauthorizedOperation"},
    {"userAgent": "S3 Browser 9.5.5 https://s3browser.com"},
    {"userAgent": "x{{ var('since') }}y{% raw %}z"},
    {"userAgent": "it's a \\ back*slash?"},
    {"userAgent": "two\nlines"},
    {"sourceIPAddress": "203.0.113.9"},
    {"sourceIPAddress": "2001:db8::1"},
    {"sourceIPAddress": "AWS Internal"},
    {"userIdentity": _role()},
    {"userIdentity": _role(type="User")},
    {"userIdentity": {"type": "Root", "arn": "arn:aws:iam::111122223333:root"}},
    {"readOnly": True, "eventName": "ListUsers"},
    {"readOnly": False},
    {"requestParameters": {"userName": "Mallory"}},
    {"requestParameters": {"userName": USER}},
    {"requestParameters": {"fromPort": 22, "toPort": 3389}},
    {"requestParameters": {"fromPort": "443"}},
    {"requestParameters": {"fromPort": 1234567890123456789}},
    {"requestParameters": {"fromPort": 5.5}},
    {"userAgent": "\u0130stanbul", "errorMessage": "\u0391\u03a3"},
    {"requestParameters": {"enable": False}},
    {"requestParameters": {"enable": "FALSE"}},
    {"requestParameters": {"layers": []}},
    {"requestParameters": {"layers": ["arn:one", "arn:Two"]}},
    {"requestParameters": {"items": [{"cidr": "0.0.0.0/0"}, {"cidr": ["10.0.0.0/8", "::/0"]}]}},
    {"requestParameters": {"items": {"cidr": "0.0.0.0/0"}}},
    {"requestParameters": {"items": [{"cidr": None}, "text"]}},
    {"requestParameters": {"policyDocument": '{"Action":"s3:GetObject","Effect":"Allow"}'}},
    {"requestParameters": {"x-amz-acl": "public-read"}},
    {"requestParameters": {"empty": ""}},
    {"responseElements": {"ConsoleLogin": "Success"}, "eventName": "ConsoleLogin",
     "eventSource": "signin.amazonaws.com", "additionalEventData": {"MFAUsed": "No"}},
    {"serviceEventDetails": {"UserAuthentication": "Failure"}},
    {"eventName": "UpdateFunctionConfiguration20150331v2", "eventSource": "lambda.amazonaws.com"},
    {"eventName": "JobCreated", "eventSource": "s3.amazonaws.com",
     "eventType": "AwsServiceEvent"},
    {"vpcEndpointId": "vpce-1", "eventCategory": "Management"},
]  # fmt: skip
RECORDS = [
    record(number, **{"name": "CreateUser", **{"name" if key == "eventName" else key: value
                                               for key, value in changes.items()}})
    for number, changes in enumerate(_DIFFERENT)
]  # fmt: skip

RULES = [
    rule("equal", selection={"eventName": "CreateUser"}),
    rule("another case", selection={"eventSource": "IAM.amazonaws.com", "eventName": "createuser"}),
    rule("an unknown name in another case", selection={"eventName": "jobcreated"}),
    rule("a version behind the name", selection={"eventName|startswith": "UpdateFunction"}),
    rule("list", selection={"errorCode": ["accessdenied", "Other"]}),
    rule("maps in a list", selection=[{"errorCode": "AccessDenied"}, {"readOnly": True}]),
    rule("contains", selection={"userAgent|contains": "s3 browser"}),
    rule("contains all", selection={"userAgent|contains|all": ["browser", "9.5"]}),
    rule("startswith and endswith", selection={"userAgent|startswith": "s3",
                                              "userAgent|endswith": ".COM"}),
    rule("wildcards", selection={"userAgent": "S? Br*.com"}),
    rule("literal wildcards", selection={"userAgent|contains": "back\\*slash\\?"}),
    rule("a backslash and a quote", selection={"userAgent|contains": "it's a \\\\ back"}),
    rule("like's own characters", selection={"errorMessage|contains": "100%_sure!"}),
    rule("like's own characters mean themselves", "base and not filter",
         base={"errorMessage|contains": "100%"}, filter={"errorMessage|contains": "100_"}),
    rule("Jinja in a value", selection={"userAgent|contains": "{{ var('since') }}y{% raw %}"}),
    rule("lines", selection={"userAgent": "two\nlines"}),
    rule("cased", selection={"userAgent|contains|cased": "browser"}),
    rule("cased equal", selection={"eventName|cased": ["createuser", "ListUsers"]}),
    rule("re", selection={"userIdentity.arn|re": "^arn:.*:user/m[a-z]+$"}),
    rule("re in any case", selection={"userAgent|re|i": "s3 BROWSER [0-9]"}),
    rule("re in JSON", selection={"requestParameters.layers|re": "arn:T"}),
    rule("re in JSON within JSON", selection={"requestParameters|re": '"Effect":\\s*"Allow"'}),
    rule("re as it is escaped", selection={"requestParameters|re": '\\\\"Effect\\\\":'}),
    rule("cidr", selection={"sourceIPAddress|cidr": "203.0.113.0/24"}),
    rule("cidr of IPv6", selection={"sourceIPAddress|cidr": "2001:db8::/32"}),
    rule("cidrs", selection={"sourceIPAddress|cidr": ["203.0.113.0/24", "2001:db8::/32"]}),
    rule("exists", selection={"errorCode|exists": True}),
    rule("exists not", selection={"errorCode|exists": False}),
    rule("null", selection={"errorCode": None, "requestParameters": None}),
    rule("empty", selection={"errorMessage": ""}),
    rule("presence", selection={"requestParameters.layers|contains": "*"}),
    rule("numbers", selection={"requestParameters.fromPort": 22}),
    rule("a number longer than a float's", selection={
        "requestParameters.fromPort": 1234567890123456789}),
    rule("a number with a point", selection={"requestParameters.fromPort": [5.5, 6.5]}),
    rule("letters that are lowered otherwise", selection={"userAgent|startswith": "\u0130stan"}),
    rule("lt", selection={"requestParameters.fromPort|lt": 443}),
    rule("gte", selection={"requestParameters.fromPort|gte": 443}),
    rule("boolean", selection={"requestParameters.enable": False}),
    rule("boolean column", selection={"readOnly": "True"}),
    rule("fieldref", selection={"userIdentity.userName|fieldref": "requestParameters.userName"}),
    rule("fieldref within", "selection and not filter", selection={"eventName": "CreateUser"},
         filter={"userIdentity.arn|fieldref": "requestParameters.userName"}),
    rule("element of an array", selection={"requestParameters.layers": "ARN:two"}),
    rule("path through arrays", selection={"requestParameters.items.cidr": "0.0.0.0/0"}),
    rule("array in arrays", selection={"requestParameters.items.cidr": "::/0"}),
    rule("text of an array", selection={"requestParameters.items.cidr|contains": '8","::'}),
    rule("a key with dashes", selection={"requestParameters.x-amz-acl": "public-read"}),
    rule("JSON in JSON", selection={"requestParameters|contains": '"Action":"s3:getobject"'}),
    rule("JSON in JSON, by path",
         selection={"requestParameters.policyDocument|contains": '"Effect":"Allow"'}),
    rule("login", selection={"eventName": "ConsoleLogin", "additionalEventData.MFAUsed": "NO",
                             "responseElements.ConsoleLogin": "Success"}),
    rule("details", selection={"serviceEventDetails.UserAuthentication": "Failure"}),
    rule("issuer", selection={"userIdentity.sessionContext.sessionIssuer.type": "Role"}),
    rule("issuer's name", selection={"userIdentity.sessionContext.sessionIssuer.userName": "ETL"}),
    rule("session without MFA",
         selection={"userIdentity.sessionContext.attributes.mfaAuthenticated": "false"}),
    rule("neq", selection={"userIdentity.type|neq": "IAMUser"}),
    rule("and not", "selection and not filter", selection={"eventName": "CreateUser"},
         filter={"errorCode": "AccessDenied"}),
    rule("1 of", "1 of sel_*", sel_a={"errorCode": "AccessDenied"}, sel_b={"readOnly": True}),
    rule("not 1 of", "base and not 1 of filter_*", base={"eventSource": "iam.amazonaws.com"},
         filter_a={"errorCode|exists": True}, filter_b={"sourceIPAddress": "AWS Internal"}),
    rule("all of them", "all of them", a={"eventName": "CreateUser"}, b={"readOnly": False}),
    rule("parentheses", "a and (b or not c)", a={"eventSource": "iam.amazonaws.com"},
         b={"errorCode": "AccessDenied"}, c={"userIdentity.type": "IAMUser"}),
    rule("several conditions", ["a", "b"],  # type: ignore[arg-type]
         a={"errorCode": "AccessDenied"}, b={"readOnly": True}),
]  # fmt: skip

REFUSED = {
    "a field that is none": (rule("r1", selection={"status": "x"}), "CloudTrail has no field"),
    "a field that is not kept": (rule("r2", selection={"tlsDetails.x": "x"}), "is not kept"),
    "part of a time": (rule("r6", selection={"requestParameters.at|hour": 5}), "parts of a time"),
    "look-around": (rule("r3", selection={"userAgent|re": "(?!x)y"}), "RE2"),
    "keywords": (rule("r4", keywords=["x", "y"], condition="keywords"), "keywords without"),
    "another source": ({**rule("r5", selection={"a": "x"}), "logsource": {"product": "windows"}},
                       "its log source is windows"),
    "aggregation": (rule("r6", "selection | count() > 5", selection={"eventName": "x"}),
                    "write a correlation"),
    "a placeholder": (rule("r7", selection={"userAgent|expand": "%x%"}), "--pipeline"),
    "text": ({"title": "r8"}, "log source"),
}  # fmt: skip
