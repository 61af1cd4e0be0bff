"""trailhound who: the lineage of a credential, both ways."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engines.sql_check import problems
from responder.conftest import ACCOUNT, StoreOf, at
from support import Invoke
from trailhound.engines import DuckDB, Rows
from trailhound.lineage.tree import Node, lineage

OTHER = "444455556666"
MALLORY = f"arn:aws:iam::{ACCOUNT}:user/mallory"
EVE = f"arn:aws:iam::{OTHER}:user/eve"
ADMIN = f"arn:aws:sts::{OTHER}:assumed-role/admin/m"
HOSTILE = "\x1b[2J\u202e'; drop table x; --<b>"


def gives(key: str, arn: str = ADMIN) -> dict[str, Any]:
    return {"credentials": {"accessKeyId": key}, "assumedRoleUser": {"arn": arn}}


def call(clock: str, name: str, key: str | None, arn: str | None, **more: Any) -> dict[str, Any]:
    source = "iam" if name[:6] in ("Create", "Delete", "Update") else "sts"
    return {
        "event_time": at(clock),
        "event_name": name,
        "event_source": f"{source}.amazonaws.com",
        "access_key_id": key,
        "user_arn": arn,
        "account_id": arn.split(":")[4] if arn else ACCOUNT,
        **more,
    }


# Mallory's key goes into another account, makes a user there, who logs in and comes back.
INTRUSION = [
    call("08:00:00", "CreateAccessKey", "AKIAROOT", f"arn:aws:iam::{ACCOUNT}:root",
         request_parameters={"userName": "mallory"},
         response_elements={"accessKey": {"accessKeyId": "AKIAMALLORY", "userName": "mallory"}}),
    call("09:00:00", "AssumeRole", "AKIAMALLORY", MALLORY, response_elements=gives("ASIAADMIN"),
         shared_event_id="s1"),
    call("09:00:01", "AssumeRole", None, None, response_elements=gives("ASIAADMIN"),
         shared_event_id="s1", account_id=OTHER, entity_type="aws_account",
         entity_id=f"{ACCOUNT}:AIDAMALLORY"),
    call("09:01:00", "CreateUser", "ASIAADMIN", ADMIN, request_parameters={"userName": "eve"},
         response_elements={"user": {"arn": EVE}}),
    call("09:02:00", "CreateLoginProfile", "ASIAADMIN", ADMIN,
         request_parameters={"userName": "eve"}),
    call("09:03:00", "CreateAccessKey", "ASIAADMIN", ADMIN, request_parameters={"userName": "eve"},
         response_elements={"accessKey": {"accessKeyId": "AKIAEVE", "userName": "eve"}}),
    call("10:00:00", "ConsoleLogin", None, EVE, event_source="signin.amazonaws.com"),
    call("10:01:00", "ListBuckets", "ASIACONSOLE", EVE, event_source="s3.amazonaws.com",
         session_creation_date="2026-01-31T10:00:02Z", source_ip="198.51.100.9"),
    call("10:02:00", "AssumeRole", "ASIACONSOLE", EVE, response_elements=gives("ASIABACK"),
         session_creation_date="2026-01-31T10:00:02Z"),
    call("10:03:00", "UpdateLoginProfile", "ASIABACK", ADMIN,
         request_parameters={"userName": "eve"}),
    call("11:00:00", "DeleteAccessKey", "ASIABACK", ADMIN,
         request_parameters={"userName": "eve", "accessKeyId": "AKIAEVE"}),
]  # fmt: skip
ALERT = {
    "alert_id": "0123456789abcdef", "detection": "d", "title": HOSTILE, "severity": "high",
    "entity_id": EVE, "triggered_at": at("10:02:00"), "access_key_ids": ["ASIACONSOLE"],
}  # fmt: skip


def told(asked: str) -> Any:
    warehouse = DuckDB({"path": "trailhound.duckdb"})
    try:
        return lineage(warehouse, asked)
    finally:
        warehouse.close()


def drawn(node: Node, way: str) -> list[Any]:
    """A branch as lists: how, name, what stands behind; `~` where it is likely, `@` a repeat."""
    return [
        [
            link.how + ("~" if link.is_likely else ""),
            link.node.name.rsplit("/", 1)[-1] + ("@" if link.node.repeats else ""),
            *drawn(link.node, way),
        ]
        for link in getattr(node, way)
    ]


def test_a_key_leads_up_through_accounts_to_who_created_the_first_one(store_of: StoreOf) -> None:
    store_of(INTRUSION, [ALERT])
    [seed] = told("ASIACONSOLE").seeds
    [login] = drawn(seed, "origins")
    assert login[:2] == ["belongs to~", "e100000"]
    [eve] = login[2:]
    assert eve[:2] == ["ConsoleLogin", "eve"]
    created, password, again = eve[2:]
    assert created == [
        "CreateUser", "ASIAADMIN", [
            "AssumeRole", "AKIAMALLORY",
            ["CreateAccessKey", "AKIAROOT",
             ["belongs to", f"arn:aws:iam::{ACCOUNT}:root"]],
            ["belongs to", "mallory"],
        ],
    ]  # fmt: skip
    assert password == ["CreateLoginProfile", "ASIAADMIN@"]
    assert again == ["UpdateLoginProfile", "ASIABACK", ["AssumeRole", "ASIACONSOLE@"]]


def test_what_is_on_its_own_branch_is_a_cycle_and_elsewhere_a_repeat(store_of: StoreOf) -> None:
    store_of(INTRUSION)
    [seed] = told("ASIACONSOLE").seeds
    eve = seed.origins[0].node.origins[0].node
    assert eve.origins[1].node.repeats == "shown"
    assert eve.origins[2].node.origins[0].node.repeats == "cycle"


def test_a_call_into_another_account_is_one_call_of_two_accounts(store_of: StoreOf) -> None:
    store_of(INTRUSION)
    [seed] = told("ASIAADMIN").seeds
    [assumed] = seed.origins
    assert (assumed.how, assumed.node.name) == ("AssumeRole", "AKIAMALLORY")
    assert assumed.accounts == [ACCOUNT, OTHER]
    store = [each for each in INTRUSION if each.get("entity_type") == "aws_account"]
    Path("trailhound.duckdb").unlink()
    store_of(store)
    [other_side] = told("ASIAADMIN").seeds[0].origins
    assert (other_side.node.kind, other_side.node.name) == ("outsider", f"{ACCOUNT}:AIDAMALLORY")
    assert other_side.node.gap == "its own calls are not in these logs"


def test_a_key_leads_down_to_all_that_came_of_it(store_of: StoreOf) -> None:
    store_of(INTRUSION)
    [seed] = told("AKIAMALLORY").seeds
    [assumed] = drawn(seed, "children")
    assert assumed[:2] == ["AssumeRole", "ASIAADMIN"]
    eve, password, key = assumed[2:]
    assert eve[:2] == ["CreateUser", "eve"]
    assert password == ["CreateLoginProfile", "eve@"]
    assert key[:2] == ["CreateAccessKey", "AKIAEVE@"]
    login, owned = eve[2:]
    assert login[:2] == ["ConsoleLogin", "e100000"]
    assert login[2] == [
        "belongs to~", "ASIACONSOLE",
        ["AssumeRole", "ASIABACK", ["UpdateLoginProfile", "eve@"]],
    ]  # fmt: skip
    assert owned == ["belongs to", "AKIAEVE"]


def test_a_node_tells_what_it_did_and_how_it_ended(store_of: StoreOf) -> None:
    store_of(INTRUSION, [ALERT])
    found = told("ASIACONSOLE")
    [seed] = found.seeds
    assert seed.use is not None
    assert seed.use.services == {"s3.amazonaws.com": 1, "sts.amazonaws.com": 1}
    assert (seed.use.first_seen, seed.use.last_seen) == (at("10:01:00"), at("10:02:00"))
    assert {each.source_ip: each.country for each in seed.use.addresses} == {
        "198.51.100.9": "NL",
        "203.0.113.7": "NL",
    }
    assert [each.alert_id for each in seed.alerts] == ["0123456789abcdef"]
    assert (found.logs_begin, found.logs_end) == (at("08:00:00"), at("11:00:00"))
    # What another account's logs hold later says nothing of a key's further use.
    [mallory] = told("AKIAMALLORY").seeds
    assert mallory.use
    assert mallory.use.logs_end == at("09:00:00")
    [eves] = told("AKIAEVE").seeds
    assert eves.use is None
    assert eves.owner == "eve"
    assert eves.ended == f"deleted 2026-01-31 11:00:00 by {ADMIN}"


def test_a_page_tells_each_fact_once(store_of: StoreOf, invoke: Invoke) -> None:
    store_of(INTRUSION, [{**ALERT, "entity_id": MALLORY, "access_key_ids": ["AKIAMALLORY"]}])
    page = invoke("who", "AKIAMALLORY").stdout
    assert page.count("01234567 high d") == 1
    assert page.count("1 that stands above") == 1
    assert page.count("1 call; to the end") == 1
    assert "for the calls above and no other" in page
    assert "AKIAEVE lasting key of eve" in page


def test_events_are_enough(store_of: StoreOf, invoke: Invoke) -> None:
    with duckdb.connect(str(store_of(INTRUSION))) as connection:
        connection.execute("drop table alerts")
    done = invoke("who", "AKIAEVE")
    assert "CreateAccessKey" in done.stdout
    assert "none are built yet: `trailhound run` does" in done.stderr


@pytest.mark.parametrize(
    ("asked", "kind", "names"),
    [
        ("0123", "alert", ["ASIACONSOLE"]),
        ("4567", "alert", ["ASIALATER"]),
        ("AWS Internal", "address", ["ASIALATER"]),
        (EVE, "principal", [EVE]),
        (ADMIN, "principal", [ADMIN]),
        ("198.51.100.9", "address", ["ASIACONSOLE"]),
        ("m", "session", ["ASIALATER"]),
        ("arn:aws:iam::444455556666:role/admin", "role", ["ASIALATER"]),
        ("role/admin", "principal", ["ASIALATER"]),
        ("444455556666:role/admin", "principal", ["ASIALATER"]),
        ("mallory", "principal", ["AKIAMALLORY"]),
        ("user/idle", "principal", [f"arn:aws:iam::{OTHER}:user/idle"]),
    ],
)
def test_much_may_be_asked_for(store_of: StoreOf, asked: str, kind: str, names: list[str]) -> None:
    later = call("12:00:00", "GetCallerIdentity", "ASIALATER", ADMIN, session_name="m",
                 source_ip="AWS Internal",
                 entity_id="arn:aws:iam::444455556666:role/admin")  # fmt: skip
    of_role = {**ALERT, "alert_id": "4567", "entity_id": later["entity_id"], "access_key_ids": []}
    idle = call("12:01:00", "CreateUser", "ASIALATER", ADMIN, source_ip="AWS Internal",
                response_elements={"user": {"arn": f"arn:aws:iam::{OTHER}:user/idle"}})  # fmt: skip
    store_of([*INTRUSION, later, idle], [ALERT, of_role])
    found = told(asked)
    assert (found.kind, [each.name for each in found.seeds]) == (kind, names)


def test_an_alert_of_nobody_s_key_says_where_to_look(store_of: StoreOf, invoke: Invoke) -> None:
    store_of([call("12:00:00", "GetObject", None, None)], [{**ALERT, "access_key_ids": []}])
    assert "`trailhound events --around 0123` shows" in invoke("who", "0123", code=2).stderr


def test_each_way_to_a_temporary_key_is_known(store_of: StoreOf) -> None:
    federated = f"arn:aws:sts::{ACCOUNT}:federated-user/bob"
    store_of(
        [
            call("08:00:00", "GetSessionToken", "AKIAM", MALLORY,
                 response_elements={"credentials": {"accessKeyId": "ASIATOKEN"}}),
            call("08:01:00", "GetFederationToken", "AKIAM", MALLORY,
                 response_elements={"credentials": {"accessKeyId": "ASIAFED"},
                                    "federatedUser": {"arn": federated}}),
            call("08:02:00", "AssumeRoleWithWebIdentity", None, None, entity_id="github:repo",
                 entity_type="web_identity_user", response_elements=gives("ASIAWEB")),
            call("08:03:00", "AssumeRoleWithSAML", None, None, entity_id="okta:ana",
                 entity_type="saml_user", response_elements=gives("ASIASAML")),
            call("08:04:00", "AssumeRole", None, None, entity_id="ec2.amazonaws.com",
                 entity_type="service", response_elements=gives("ASIAEC2")),
            # Credentials are left out of some answers.
            call("08:05:00", "AssumeRole", "AKIAM", MALLORY,
                 response_elements={"assumedRoleUser": {"arn": f"{ADMIN}2"}}),
            call("08:06:00", "ListUsers", "ASIAHIDDEN", f"{ADMIN}2"),
            call("08:06:00", "ListUsers", "ASIALOST", f"{ADMIN}3"),
        ]
    )  # fmt: skip
    givers = {
        key: drawn(told(key).seeds[0], "origins")[0][:2]
        for key in ("ASIATOKEN", "ASIAFED", "ASIAWEB", "ASIASAML", "ASIAEC2", "ASIAHIDDEN",
                    "ASIALOST")
    }  # fmt: skip
    assert givers == {
        "ASIATOKEN": ["GetSessionToken", "AKIAM"],
        "ASIAFED": ["GetFederationToken", "AKIAM"],
        "ASIAWEB": ["AssumeRoleWithWebIdentity", "github:repo"],
        "ASIASAML": ["AssumeRoleWithSAML", "okta:ana"],
        "ASIAEC2": ["AssumeRole", "ec2.amazonaws.com"],
        "ASIAHIDDEN": ["AssumeRole~", "AKIAM"],
        "ASIALOST": ["belongs to", "m3"],
    }
    [belongs] = told("ASIALOST").seeds[0].origins
    assert belongs.node.gap == "the call that began the session is not in these logs"


def test_a_role_of_a_thousand_sessions_is_cut_and_says_so(
    store_of: StoreOf, invoke: Invoke
) -> None:
    store_of(
        [
            call(f"08:{n // 60:02}:{n % 60:02}", "AssumeRole", "AKIAM", MALLORY,
                 response_elements=gives(f"ASIA{n:04}"))
            for n in range(300)
        ]
    )  # fmt: skip
    found = told("AKIAM")
    assert found.is_cut
    assert len(found.seeds[0].children) == 25
    assert found.seeds[0].left_out == 275
    page = invoke("who", "AKIAM").stdout
    assert "└─ and 275 more" in page
    assert "There is more than was looked at" in page


def test_nothing_a_log_holds_drives_the_page_or_its_width(
    store_of: StoreOf, invoke: Invoke
) -> None:
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{HOSTILE}/{HOSTILE}"
    key = "ASIAPLAIN"
    store_of(
        [
            call("08:00:00", "AssumeRole", f"AKIA{HOSTILE}", f"{MALLORY}{HOSTILE}",
                 source_ip=HOSTILE, response_elements=gives(key, arn)),
            call("08:01:00", "DeleteAccessKey", key, arn, event_source="iam.amazonaws.com",
                 user_agent=HOSTILE, request_parameters='{"accessKeyId": [1, {"userName": 2}'),
            call("08:02:00", HOSTILE, key, arn, event_source=HOSTILE, response_elements="[" * 9000),
        ]
    )  # fmt: skip
    page = invoke("who", key, env={"COLUMNS": "60"}).stdout
    assert "AssumeRole" in page
    assert {unicodedata.category(char) for char in page} & {"Cc", "Cf"} <= {"Cc"}
    assert not [char for char in page if unicodedata.category(char) == "Cc" and char != "\n"]
    assert max(map(len, page.splitlines())) <= 60
    [found] = json.loads(invoke("who", key, "--format", "json").stdout)
    assert found["seeds"][0]["name"] == key
    assert invoke("who", f"{HOSTILE}!", code=2).stderr.count("\n") == 1
    for asked in ("*", "%", "0/mallory", "llory"):
        assert f"about '{asked}'" in invoke("who", asked, code=2).stderr
    assert "no event and no alert is about ''" in invoke("who", "", code=2).stderr


class Recording(DuckDB):
    """Keeps each statement that was asked."""

    def __init__(self) -> None:
        super().__init__({"path": "trailhound.duckdb"})
        self.asked: list[str] = []

    def query(self, sql: str, parameters: Sequence[Any] = (), most_rows: int | None = None) -> Rows:
        self.asked.append(sql)
        return super().query(sql, parameters, most_rows)


def test_trino_takes_each_statement(store_of: StoreOf) -> None:
    store_of(INTRUSION, [ALERT])
    warehouse = Recording()
    for asked in ("ASIACONSOLE", EVE, ADMIN, "198.51.100.9", "AKIAMALLORY"):
        lineage(warehouse, asked)
    warehouse.close()
    assert len(set(warehouse.asked)) > 8
    assert [problem for sql in set(warehouse.asked) for problem in problems(sql)] == []


def test_odd_records_are_told_like_others(store_of: StoreOf, invoke: Invoke) -> None:
    """A caller's arn that is none, and a login without an address."""
    store_of([
        call("09:00:00", "CreateUser", "AKIAODD", None, user_arn="eve",
             request_parameters={"userName": "mallory"}, response_elements=None),
        call("10:00:00", "ConsoleLogin", None, MALLORY, event_source="signin.amazonaws.com",
             source_ip=None, source_address=None),
        call("10:01:00", "CreateUser", "ASIACONSOLE", MALLORY,
             request_parameters={"userName": "x"}),
    ])  # fmt: skip
    for asked_for in ("AKIAODD", "user/mallory"):
        assert "mallory" in invoke("who", asked_for).stdout
