"""What makes a record an event, and what its columns hold."""

import json
from pathlib import Path

import pytest
from load_support import event, lines, load_bytes, load_paths, records

READABLE = [
    "2026-01-31T23:59:00Z",
    "2026-01-31 23:59:00Z",
    "2026-01-31T23:59:00",
    "2026-01-31T23:59:00.123456789Z",
    "2026-01-31T23:59:00+02:00",
    "2026-01-31T23:59:00.5-14:00",
    "2026-01-31T23:59:00+15:00",
    "2026-01-31T23:59:00-23:59",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "2024-02-29T00:00:00Z",
]
UNREADABLE = [
    "2026-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-00-10T00:00:00Z",
    "2026-01-32T00:00:00Z",
    "2026-01-31T24:00:00Z",
    "2026-01-31T23:60:00Z",
    "2026-01-31T23:59:60Z",
    "2026-01-31T23:59Z",
    "2026-01-31",
    "2026-01-31T23:59:00.Z",
    "2026-01-31T23:59:00z",
    "2026-01-31T23:59:00 Z",
    "2026-01-31T23:59:00+0200",
    "2026-01-31T23:59:00+02",
    "2026-01-31T23:59:00+24:00",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59-05:00",
    " 2026-01-31T23:59:00Z",
    "2026-01-31T23:59:00Z\n",
    "2026-1-31T23:59:00Z",
    "0000-01-01T00:00:00Z",
    "\uff12\uff10\uff12\uff16-01-31T23:59:00Z",
    "Jan 31, 2026, 11:59:00 PM",
    "1769903940",
]
NO_TEXT = [1769903940, {"t": "2026-01-31T23:59:00Z"}, ["2026-01-31T23:59:00Z"], True]

# The fast reader meets the one, the careful reader the other.
FORMS = [records, lines, lambda *each: json.dumps(each, indent=2).encode()]


@pytest.mark.parametrize("form", FORMS)
def test_readable_times(tmp_path, form):
    loaded = load_bytes(tmp_path, form(*(event(eventTime=time) for time in READABLE)))
    assert [row["eventtime"] for row in loaded.valid] == READABLE


@pytest.mark.parametrize("times", [UNREADABLE, *([each] for each in NO_TEXT)], ids=str)
@pytest.mark.parametrize("form", FORMS)
def test_unreadable_times(tmp_path, times, form):
    events = [event(eventTime=time) for time in times]
    loaded = load_bytes(tmp_path, form(*events))
    assert loaded.errors == [(each, "unreadable eventTime") for each in range(1, len(times) + 1)]
    assert [json.loads(row["raw"]) for row in loaded.rows] == events
    assert {row["eventname"] for row in loaded.rows} == {"CreateUser"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"eventTime": ""}, "no eventTime"),
        ({"eventTime": None}, "no eventTime"),
        ({"eventName": ""}, "no eventName"),
        ({"eventName": None}, "no eventName"),
    ],
)
@pytest.mark.parametrize("form", FORMS)
def test_absent(tmp_path, change, reason, form):
    assert load_bytes(tmp_path, form(event(**change))).errors == [(1, reason)]


def test_keys_are_exact(tmp_path):
    wrong = {"eventtime": "2026-01-31T23:59:00Z", "EventName": "x", "EVENTID": "y"}
    assert load_bytes(tmp_path, records(wrong)).errors == [(1, "no eventTime")]


@pytest.mark.parametrize("value", [1, "text", None, True, [], [1], {}], ids=str)
@pytest.mark.parametrize("form", ["records", "array", "lines"])
def test_a_record_that_is_no_event(tmp_path, value, form):
    around = [event(1), value, event(2)]
    text = {
        "records": json.dumps({"Records": around}),
        "array": json.dumps(around),
        "lines": "\n".join(map(json.dumps, around)),
    }[form]
    loaded = load_bytes(tmp_path, text)
    if form == "lines" and isinstance(value, list):  # a line may hold an array of events
        assert loaded.report.records == 2 + len(value)
        return
    assert loaded.ids == ["id-1", "id-2"]
    reason = "no eventTime" if value == {} else "not an object"
    assert loaded.errors == [(2, reason)]
    assert (loaded.report.records, loaded.report.rejected) == (3, 1)
    assert json.loads(loaded.rows[1]["raw"]) == value


def test_what_is_not_in_the_list_is_not_unwrapped(tmp_path):
    for number, wrapper in enumerate(
        [
            {"test_events": [{"event": event()}]},
            {"requestParameters": event()},
            {"record": json.dumps(event())},
            {"hits": {"total": {"record": event()}}},
        ]
    ):
        loaded = load_bytes(tmp_path, json.dumps(wrapper), name=str(number))
        [(position, error)] = loaded.errors
        assert (position, error in ("no eventTime", "no CloudTrail record")) == (1, True), wrapper


def test_what_stands_inside_an_event_is_no_event(tmp_path):
    inner = event(2, eventName="Inner")
    outer = event(1, requestParameters={"Records": [inner], "message": json.dumps(inner)})
    outer |= {"detail": inner, "message": json.dumps(inner), "events": [inner]}
    for number, text in enumerate([outer, {"Records": [outer]}, [outer], {"event": outer}]):
        for indent in (None, 1):
            loaded = load_bytes(tmp_path, json.dumps(text, indent=indent), f"{number}{indent}")
            assert [row["eventname"] for row in loaded.rows] == ["CreateUser"]


def test_the_outermost_reading_counts_once(tmp_path):
    record = event(1)
    both = {"message": json.dumps(record), "event": {"original": json.dumps(record)}, "aws": record}
    for number, text in enumerate([both, {"hits": {"hits": [{"_source": both}]}}]):
        assert load_bytes(tmp_path, json.dumps(text), str(number)).report.records == 1


@pytest.mark.parametrize("shell", [lambda values: values, lambda values: {"data": values}])
def test_what_stands_beside_records_is_counted(tmp_path, shell):
    values = [event(1), None, 5, "text", {"a": 1}, [event(2)], event(3)]
    loaded = load_bytes(tmp_path, json.dumps(shell(values)))
    assert loaded.ids == ["id-1", "id-2", "id-3"]
    assert [position for position, _ in loaded.errors] == [2, 3, 4, 5]


def nested(levels):
    """A record with some keys around it."""
    value = event(1)
    for _ in range(levels):
        value = {"data": value}
    return value


def test_six_levels_deep_and_no_deeper(tmp_path):
    assert load_bytes(tmp_path, json.dumps(nested(6)), "six").ids == ["id-1"]
    assert load_bytes(tmp_path, json.dumps(nested(7)), "seven").errors == [
        (1, "no CloudTrail record")
    ]
    for number, hostile in enumerate([b'{"data":' * 90_000, b"[" * 90_000, b'{"log":[' * 9_000]):
        end = b"}" if number == 0 else b"]" if number == 1 else b"]}"
        text = hostile + b"1" + end * (hostile.count(b'"log"') or 90_000)
        [(_, error)] = load_bytes(tmp_path, text, f"deep {number}").errors
        assert error.startswith("nested too deeply")


def test_a_rejected_record_has_its_path(tmp_path):
    good = {"_source": {"event": {"original": json.dumps(event(1))}}}
    timeless = {"_source": {"event": {"original": json.dumps(event(2, eventTime=""))}}}
    odd = {"_source": {"host": "h"}}
    loaded = load_bytes(tmp_path, json.dumps({"hits": {"hits": [odd, good, timeless]}}))
    assert (loaded.ids, loaded.errors) == (
        ["id-1"],
        [
            (1, "no CloudTrail record at hits.hits[0]"),
            (3, "no eventTime at hits.hits[2]._source.event.original"),
        ],
    )


def test_columns(tmp_path):
    record = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "P:s",
            "arn": "arn:aws:sts::1:assumed-role/R/s",
            "accountId": "000000000001",
            "invokedBy": "x.amazonaws.com",
            "accessKeyId": "ASIA",
            "userName": "u",
            "identityProvider": "idp",
            "onBehalfOf": {"userId": "o", "identityStoreArn": "i"},
            "sessionContext": {
                "attributes": {"mfaAuthenticated": "true", "creationDate": "2026"},
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": "P",
                    "arn": "arn:aws:iam::1:role/R",
                    "accountId": "000000000001",
                    "userName": "R",
                },
                "ec2RoleDelivery": "2.0",
                "sourceIdentity": "src",
                "webIdFederationData": {"federatedProvider": "f", "attributes": {"a": "b"}},
            },
            "credentialId": "not a column",
        },
        "eventTime": "2026-01-31T23:59:00Z",
        "eventSource": "s",
        "eventName": "n",
        "awsRegion": "r",
        "sourceIPAddress": "1.2.3.4",
        "userAgent": "agent",
        "errorCode": "e",
        "errorMessage": "m",
        "requestParameters": {"b": [1, 2.5, {"ü": None}], "a": "x"},
        "responseElements": None,
        "additionalEventData": "a text",
        "requestID": "rid",
        "eventID": "eid",
        "readOnly": False,
        "resources": [
            {"ARN": "arn:1", "accountId": "1", "type": "T"},
            {"type": "U", "ARNPrefix": "p"},
        ],
        "eventType": "AwsApiCall",
        "apiVersion": "v",
        "managementEvent": True,
        "recipientAccountId": "000000000002",
        "serviceEventDetails": {"k": "null"},
        "sharedEventID": "sid",
        "vpcEndpointId": "vpce",
        "eventCategory": "Management",
        "tlsDetails": {"tlsVersion": "1", "cipherSuite": "c", "clientProvidedHostHeader": "h"},
    }
    (row,) = load_bytes(tmp_path, records(record)).rows
    identity = row["useridentity"]
    assert identity["onbehalfof"] == {"userid": "o", "identitystorearn": "i"}
    assert identity["sessioncontext"] == {
        "attributes": {"mfaauthenticated": "true", "creationdate": "2026"},
        "sessionissuer": {
            "type": "Role",
            "principalid": "P",
            "arn": "arn:aws:iam::1:role/R",
            "accountid": "000000000001",
            "username": "R",
        },
        "ec2roledelivery": "2.0",
        "sourceidentity": "src",
        "webidfederationdata": {"federatedprovider": "f", "attributes": {"a": "b"}},
    }
    for key in ("type", "principalId", "arn", "accountId", "invokedBy", "accessKeyId", "userName"):
        assert identity[key.lower()] == record["userIdentity"][key]
    assert row["requestparameters"] == '{"b":[1,2.5,{"ü":null}],"a":"x"}'
    assert row["responseelements"] is None
    assert row["additionaleventdata"] == "a text"
    assert row["readonly"] == "false"
    assert row["serviceeventdetails"] == '{"k":"null"}'
    assert row["resources"] == [
        {"arn": "arn:1", "accountid": "1", "type": "T"},
        {"arn": None, "accountid": None, "type": "U"},
    ]
    assert row["tlsdetails"] == {
        "tlsversion": "1",
        "ciphersuite": "c",
        "clientprovidedhostheader": "h",
    }
    for key, value in record.items():
        if isinstance(value, str):
            assert row[key.lower()] == value


def test_both_readers_give_the_same_columns(tmp_path):
    """The careful reader sees a document because of one bad record at its end."""
    numbers = '{"a":1.00,"b":123456789012345678901234567890,"c":1e400,"d":"\\u00e9\\/","e":-0.0}'
    text = json.dumps(event(userAgent="é\u2028"))[:-1] + f', "requestParameters": {numbers}}}'
    fast = load_bytes(tmp_path, f'{{"Records":[{text},{text}]}}', "fast")
    slow = load_bytes(tmp_path, f'{{"Records":[{text},{text},', "slow")
    own = ("file_path", "file_version", "loaded_at")
    assert [{k: v for k, v in row.items() if k not in own} for row in fast.rows] == [
        {k: v for k, v in row.items() if k not in own} for row in slow.rows if row["position"]
    ]


def test_every_real_sample_adds_up():
    """The samples that the project carries; `load_paths` checks the counts."""
    folder = Path(__file__).parents[1] / "logs"
    loaded = load_paths(folder)
    assert loaded.report.records > 0
