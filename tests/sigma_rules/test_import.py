"""Rules as detections of a project: what fires is what a plain count says."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from sigma_rules.matcher import matches
from sigma_rules.rules import record, rule
from support import LOGS, Invoke, alerts_of, asked, project_with
from trailhound.formats import FORMATS

_NAMES = {
    "CreateUser": "iam", "AttachUserPolicy": "iam", "CreateAccessKey": "iam", "ListBuckets": "s3",
    "GetCallerIdentity": "sts",
}  # fmt: skip
_HOSTILE = '{{ 1 / 0 }} {% raw %} it\'s "x": y\\ # -- \u202e\x1b[2J*/'
Seen = tuple[str, str, str, int]


def _correlation(title: str, kind: str, rules: list[str], minutes: int, **more: Any) -> Any:
    return {
        "title": title,
        "id": f"11111111-0000-4000-8000-{len(title):012}",
        "author": "Eve",
        "level": "medium",
        "correlation": {"type": kind, "rules": rules, "timespan": f"{minutes}m", **more},
    }


_BASES = [rule(name, selection={"eventName": name}) for name in _NAMES]
_IAM = rule("any of iam", selection={"eventSource": "iam.amazonaws.com"})
_ARN, _IP = "userIdentity.arn", "sourceIPAddress"
_SIZE = "requestParameters.size"
_CORRELATIONS = [
    _correlation("by arn", "event_count", ["any of iam"], 3,
                 **{"group-by": [_ARN], "condition": {"gt": 2}}),
    _correlation("by address!", "event_count", ["any of iam", "CreateUser"], 3,
                 **{"group-by": [_IP], "condition": {"gte": 4}}),
    _correlation("by arn and region", "event_count", ["any of iam"], 4,
                 **{"group-by": [_ARN, "awsRegion"], "condition": {"gte": 3}}),
    _correlation("names of one address", "value_count", ["any of iam", "ListBuckets"], 5,
                 **{"group-by": [_IP], "condition": {"gte": 4, "field": "eventName"}}),
    _correlation("sizes of one caller, summed", "value_sum", ["any of iam"], 5,
                 **{"group-by": [_ARN], "condition": {"gte": 25, "field": _SIZE}}),
    _correlation("all three in any order there are", "temporal",
                 ["CreateUser", "ListBuckets", "GetCallerIdentity"], 4, **{"group-by": [_ARN]}),
    _correlation("all three in this very order and no other", "temporal_ordered",
                 ["GetCallerIdentity", "CreateUser", "CreateAccessKey"], 6, **{"group-by": [_ARN]}),
]  # fmt: skip


def _trail() -> list[dict[str, Any]]:
    rng = random.Random(7)
    start = datetime(2026, 3, 20, 22)
    trail = []
    for number in range(400):
        start += timedelta(seconds=rng.choice((0, 1, 20, 60, 60, 120)))
        name = rng.choice(list(_NAMES))
        user = rng.choice(("mallory", "trudy"))
        made = record(
            number,
            name,
            eventTime=f"{start:%Y-%m-%dT%H:%M:%SZ}",
            eventSource=f"{_NAMES[name]}.amazonaws.com",
            sourceIPAddress=rng.choice(("198.51.100.1", "198.51.100.2")),
            awsRegion=rng.choice(("us-east-1", "eu-west-1")),
            requestParameters={"size": rng.choice((1, 5, "9", None))},
        )
        made["userIdentity"] = {
            **made["userIdentity"],
            "userName": user,
            "arn": f"arn:aws:iam::111122223333:user/{user}",
        }
        trail.append(made)
    return trail


TRAIL = _trail()


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of rules: correlations with what they count, a plain one, a hostile one."""
    folder = tmp_path_factory.mktemp("rules")
    for number, correlation in enumerate(_CORRELATIONS):
        (folder / f"correlation_{number}.yml").write_text(yaml.safe_dump(correlation))
    (folder / "bases.yml").write_text(yaml.safe_dump_all([*_BASES, _IAM]))
    (folder / "plain.yml").write_text(
        yaml.safe_dump(rule("plain", selection={"eventName": "DeleteTrail"}))
    )
    (folder / "doubtful.yml").write_text(
        yaml.safe_dump(rule("doubtful", selection={"errorCode": "Success"}))
    )
    hostile = rule(_HOSTILE, selection={"userAgent": _HOSTILE, "requestParameters.k": _HOSTILE})
    hostile |= {"author": _HOSTILE, "description": _HOSTILE, "falsepositives": [_HOSTILE]}
    (folder / "hostile.yml").write_text(yaml.safe_dump(hostile))
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, rules: Path) -> Path:
    """A project whose detections are the rules', with a store of the trail."""
    folder = project_with([], tmp_path_factory.mktemp("project"))
    hostile = record(
        1000,
        "PutUserPolicy",
        eventTime="2026-03-19T00:00:00Z",
        userAgent=_HOSTILE,
        requestParameters={"k": [_HOSTILE]},
    )
    trail = tmp_path_factory.mktemp("trail") / "trail.json"
    trail.write_text(json.dumps({"Records": [*TRAIL, hostile]}))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        asked("sigma", "import", rules)
        asked("run", trail)
    return folder


@pytest.fixture
def ask(project: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Run a command in the project."""
    monkeypatch.chdir(project)
    return asked


@pytest.fixture
def alerts(ask: Invoke) -> list[dict[str, Any]]:
    """The alerts on the trail."""
    return alerts_of(ask("alerts", "--format", "ndjson").stdout)


def _counted(correlation: dict[str, Any], of: Iterable[dict[str, Any]]) -> list[Seen]:
    """The bursts of a correlation by brute force: key, first time, what was observed."""
    told = correlation["correlation"]
    by_title = {each["title"]: each for each in (*_BASES, _IAM)}
    bases = [by_title[each] for each in told["rules"]]
    window = timedelta(minutes=int(told["timespan"][:-1]))
    groups: dict[tuple[str, str], list[tuple[datetime, int, dict[str, Any]]]] = {}
    for each in of:
        steps = [number for number, base in enumerate(bases, 1) if matches(base, each)]
        if not steps:
            continue
        user, region = each["userIdentity"]["arn"], ""
        if told["group-by"] == [_IP]:
            user = each[_IP]
        if "awsRegion" in told["group-by"]:
            region = each["awsRegion"]
        time = datetime.fromisoformat(each["eventTime"].removesuffix("Z"))
        groups.setdefault((user, region), []).append((time, steps[0], each))
    found: list[Seen] = []
    for (user, region), events in groups.items():
        firing = []
        for time, step, each in events:
            recent = [other for other in events if time - window <= other[0] <= time]
            event = (time, step, each)
            observed = _OBSERVED[told["type"]](recent, event, len(bases), events, window)
            least = told.get("condition", {})
            if told["type"] == "temporal":
                threshold = len(bases)
            elif told["type"] == "temporal_ordered":
                threshold = 1
            else:
                threshold = least.get("gte") or least["gt"] + 1
            if observed >= threshold:
                firing.append((time, observed))
        found += [(user, region, *burst) for burst in _bursts(sorted(firing), window)]
    return sorted(found)


def _bursts(firing: list[tuple[datetime, int]], window: timedelta) -> Iterable[tuple[str, int]]:
    bursts: list[list[tuple[datetime, int]]] = []
    for each in firing:
        last = bursts[-1][-1][0] if bursts else None
        if last is None or each[0] > last + window or each[0].date() != last.date():
            bursts.append([])
        bursts[-1].append(each)
    for burst in bursts:
        yield f"{burst[0][0]:%Y-%m-%dT%H:%M:%SZ}", max(observed for _, observed in burst)


def _completes(time: datetime, step: int, events: Any, window: timedelta, steps: int) -> bool:
    """Whether a chain of all steps ends here, each not earlier than the one before."""

    def latest_start(of: int, until: datetime) -> datetime | None:
        starts = [
            each_time if of == 1 else latest_start(of - 1, each_time)
            for each_time, each_step, _ in events
            if each_step == of and time - window <= each_time <= until
        ]
        return max((each for each in starts if each is not None), default=None)

    if step != steps:
        return False
    start = latest_start(steps - 1, time)
    return start is not None and start >= time - window


_OBSERVED: dict[str, Callable[..., int]] = {
    "event_count": lambda recent, *_: len(recent),
    "value_count": lambda recent, *_: len({each["eventName"] for _, _, each in recent}),
    "value_sum": lambda recent, *_: sum(
        int(each["requestParameters"]["size"] or 0) for _, _, each in recent
    ),
    "temporal": lambda recent, *_: len({step for _, step, _ in recent}),
    "temporal_ordered": lambda recent, event, steps, events, window: (
        sum(_completes(time, step, events, window, steps) for time, step, _ in recent)
        if _completes(event[0], event[1], events, window, steps)
        else 0
    ),
}


@pytest.mark.parametrize("number", range(len(_CORRELATIONS)))
def test_a_correlation_fires_as_counted_by_hand(alerts: list[dict[str, Any]], number: int) -> None:
    expected = _counted(_CORRELATIONS[number], TRAIL)
    assert expected
    assert expected == sorted(
        (each["entity_id"], each["correlated_by"], each["triggered_at"], each["observed"])
        for each in alerts
        if each["detection"] == f"correlation_{number}"
    )


def test_only_rules_that_no_correlation_counts_are_detections(alerts: list[dict[str, Any]]) -> None:
    named = {each["detection"] for each in alerts}
    # AttachUserPolicy is counted by none.
    assert named == {
        *(f"correlation_{number}" for number in range(len(_CORRELATIONS))),
        "bases_attachuserpolicy",
        "hostile",
    }


def test_the_alert_of_a_hostile_rule_says_what_the_rule_says(alerts: list[dict[str, Any]]) -> None:
    (alert,) = [each for each in alerts if each["detection"] == "hostile"]
    assert alert["title"] == _HOSTILE
    assert alert["evidence"]["author"] == [_HOSTILE]
    assert alert["user_agents"] == [_HOSTILE]


@pytest.mark.parametrize(
    "command",
    [
        *(["export", "--format", name] for name in FORMATS if not FORMATS[name].is_binary),
        ["explain"],
        ["report", "--output", "-"],
        ["notify", "json://127.0.0.1", "--dry-run", "--detection", "bases_attachuserpolicy"],
    ],
    ids=" ".join,
)
def test_its_author_is_named_with_every_match(
    ask: Invoke, alerts: list[dict[str, Any]], command: list[str]
) -> None:
    """The licence of most rules asks for it."""
    ids = [each["alert_id"] for each in alerts if each["detection"] == "bases_attachuserpolicy"]
    done = ask(*command, *(ids[:1] if command == ["explain"] else ()))
    assert re.search("Mallory('|&#39;|\\\\u0027)s neighbour", done.stdout)


def test_the_tests_that_were_made_pass(ask: Invoke) -> None:
    told = alerts_of(ask("test", "--format", "ndjson").stdout)
    assert {each["detection"] for each in told} >= {"plain", "correlation_6", "correlation_3"}
    assert {each["status"] for each in told} == {"pass"}


def test_doctor_says_again_what_was_doubted(ask: Invoke) -> None:
    told = alerts_of(ask("doctor", "--format", "ndjson", code=3).stdout)
    assert [each for each in told if each["found"].startswith("doubtful: no errorCode is Success")]


def test_a_second_import_changes_nothing_and_spares_what_was_edited(
    invoke: Invoke, folder: Path, rules: Path
) -> None:
    into = folder / "made"
    invoke("sigma", "import", rules, "--into", into)
    before = {path: path.read_bytes() for path in into.iterdir()}
    edited = into / "plain.sql"
    edited.write_text(edited.read_text() + "-- mine\n")
    done = invoke("sigma", "import", rules, "--into", into)
    assert "plain.sql was edited: the new text is in plain.sql.new" in done.stderr
    assert edited.read_text().endswith("-- mine\n")
    after = {path: path.read_bytes() for path in into.iterdir() if path != edited}
    assert after.pop(into / "plain.sql.new") == before.pop(edited)
    assert after == before


def test_what_is_not_made_is_told_with_the_reason(invoke: Invoke, folder: Path) -> None:
    done = invoke("sigma", "import", LOGS / "sigma", "--dry-run", "--format", "ndjson")
    assert [json.loads(line)["detection"] for line in done.stdout.splitlines()] == [
        "denied_calls_of_one_key", "key_for_another_user",
    ]  # fmt: skip
    assert "3 files: 2 detections made, 1 not" in done.stderr
    assert "sso_status.yml: A field that CloudTrail does not have: CloudTrail has no" in done.stderr
    assert not (folder / "detections").exists()


def test_steps_of_which_one_is_part_of_another_are_told(invoke: Invoke, folder: Path) -> None:
    rules = [
        _correlation("in order", "temporal_ordered", ["some", "one"], 10, **{"group-by": [_ARN]}),
        rule("some", selection={"eventName|startswith": "Create"}),
        rule("one", selection={"eventName": "CreateUser"}),
    ]
    (folder / "rules.yml").write_text(yaml.safe_dump_all(rules))
    done = invoke("sigma", "import", folder / "rules.yml", "--dry-run")
    assert "one of another too, and counts for the first" in done.stderr


def test_no_rule_at_all_is_an_error(invoke: Invoke, folder: Path) -> None:
    (folder / "none.yml").write_text("{a: [b")
    done = invoke("sigma", "import", folder, "--dry-run", code=1)
    assert "none.yml: none: it is no YAML" in done.stderr
    assert "no detection could be made" in done.stderr


@pytest.mark.usefixtures("few")
def test_hunt_counts_by_rule_and_entity(invoke: Invoke, folder: Path, rules: Path) -> None:
    (folder / "trail.json").write_text(json.dumps({"Records": TRAIL}))
    invoke("load", folder / "trail.json")
    done = invoke("sigma", "hunt", rules, "--format", "ndjson")
    assert "making the events of what was loaded" in done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert {(each["rule"], each["entity_id"], each["events"]) for each in found} == {
        (base["title"], arn, sum(matches(base, each) and each["userIdentity"]["arn"] == arn
                                 for each in TRAIL))
        for base in (*_BASES, _IAM)
        for arn in {each["userIdentity"]["arn"] for each in TRAIL}
    }  # fmt: skip
    assert found[0]["techniques"] == ["T1098.001"]
    until = invoke("sigma", "hunt", rules, "--until", "2026-03-20T22:10:00Z", "--format", "ndjson")
    assert len(until.stdout) < len(done.stdout)
    assert "events of what was loaded" not in until.stderr
    more = [{**TRAIL[0], "eventID": f"more {number}"} for number in range(2)]
    for number, each in enumerate(more):
        (folder / f"more-{number}.json").write_text(json.dumps({"Records": [each]}))
    invoke("load", folder / "more-0.json")
    assert '"more 0"' in invoke("events", "--format", "ndjson").stdout
    invoke("run", "--quiet")
    invoke("load", folder / "more-1.json")
    left_out = invoke("events", "--format", "ndjson", "--quiet")
    assert "left out" in left_out.stderr
    assert '"more 1"' not in left_out.stdout


@pytest.mark.usefixtures("few")
def test_rules_that_are_none_are_named_and_the_others_are_used(
    invoke: Invoke, folder: Path
) -> None:
    good = rule("good", selection={"eventName": "CreateUser"})
    broken: dict[str, Any] = {
        "date": {"date": "2021-02-30"}, "logsource": {"logsource": "aws"}, "id": {"id": 5},
        "detection": {"detection": ["a"]}, "correlation": {"correlation": "text"},
        "level": {"level": 7},
    }  # fmt: skip
    (folder / "good.yml").write_text(yaml.safe_dump(good))
    for name, changes in broken.items():
        text = yaml.safe_dump({**good, "id": f"1{good['id'][1:]}", **changes})
        (folder / f"{name}.yml").write_text(text.replace("'2021-02-30'", "2021-02-30"))
    done = invoke("sigma", "import", folder, "--dry-run")
    assert f"{len(broken) + 1} files: 1 detection made, {len(broken)} not:" in done.stderr
    (folder / "good.yml").unlink()
    (folder / "store.json").write_text(json.dumps({"Records": TRAIL[:1]}))
    invoke("load", folder / "store.json")
    assert "no rule could be asked" in invoke("sigma", "hunt", folder, code=1).stderr
