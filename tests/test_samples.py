"""Attacks as they happen: every detection on the one it brings, whole stories, and quiet days."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import NamedTuple

import duckdb
import pytest

import trails
from benign_trail import benign_trail
from support import ROOT, run_in
from trailhound.project.detections import Detection, read_detections
from trailhound.project.project import find_project
from trailhound.simulate.sample import read_sample, records_of

DETECTIONS = [each for each in read_detections(find_project(ROOT)) if each.enabled]
HERE = Path(__file__).parent
STORIES = json.loads((HERE / "stories.json").read_text())
QUIET = "quiet days"


class Found(NamedTuple):
    """An alert, signal or incident."""

    relation: str
    detection: str
    severity: str
    day: str


@pytest.fixture(scope="module", params=["loud", "one short"])
def fired(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[bool, dict[str, list[Found]]]:
    """What was found in whose attack, story or days: all in one store, each in an account."""
    is_loud = request.param == "loud"
    played = {
        each.name: trails.attack(each, trails.ACCOUNTS[0], is_loud=is_loud) for each in DETECTIONS
    }
    if is_loud:
        played |= {name: _told(calls) for name, calls in STORIES.items()}
        played[QUIET] = _quiet_days()
    owners = {f"{200_000_000_000 + number}": name for number, name in enumerate(played)}
    text = json.dumps({"Records": [
        json.loads(json.dumps(each).replace(trails.ACCOUNTS[0], account))
        for account, name in owners.items() for each in played[name]
    ]})  # fmt: skip
    folder = tmp_path_factory.mktemp("samples")
    (folder / "trail.json").write_text(text)
    run_in(folder)("trailhound", "run", "trail.json", "--quiet")
    found = defaultdict(list)
    with duckdb.connect(str(folder / "trailhound.duckdb"), read_only=True) as store:
        for relation in ("alerts", "signals", "incidents"):
            rows = store.execute(
                "select account_id, detection, severity, cast(alert_date as varchar) "
                f"from {relation}"
            ).fetchall()
            for account, *row in rows:
                found[owners.get(account, "")].append(Found(relation, *row))
    return is_loud, found


def _told(calls: list[dict[str, object]]) -> list[trails.Record]:
    return records_of(calls, Random(1), start=trails.ATTACKED_AT, account=trails.ACCOUNTS[0])


def _quiet_days() -> list[trails.Record]:
    start = datetime(2026, 2, 1, tzinfo=UTC)
    habits = records_of(
        read_sample(HERE / "quiet_days.json"), Random(1), start=start, account=trails.ACCOUNTS[0]
    )
    return benign_trail(3, 45, start=start, account=trails.ACCOUNTS[0]) + habits


@pytest.mark.parametrize("detection", DETECTIONS, ids=lambda each: each.name)
def test_an_attack_fires_its_detection_and_one_call_short_does_not(
    detection: Detection, fired: tuple[bool, dict[str, list[Found]]]
) -> None:
    is_loud, found = fired
    assert (detection.name in {each.detection for each in found[detection.name]}) == is_loud


@pytest.mark.parametrize("story", STORIES)
def test_a_story_ends_in_a_critical_alert_or_an_incident_and_few_alerts(
    story: str, fired: tuple[bool, dict[str, list[Found]]]
) -> None:
    is_loud, found = fired
    alerts = [each for each in found[story] if each.relation == "alerts"]

    assert is_loud == any(
        each.severity == "critical" or each.relation == "incidents" for each in found[story]
    )
    assert len(alerts) < 6


def test_days_without_an_attacker_are_quiet(
    fired: tuple[bool, dict[str, list[Found]]],
) -> None:
    alerts = [each for each in fired[1][QUIET] if each.relation != "signals"]

    assert {each.severity for each in alerts} <= {"low", "medium"}
    assert len({each.day for each in alerts}) == len(alerts), alerts


def test_every_detection_is_named_by_one_file_more() -> None:
    missing = [
        path.stem
        for path in Path(ROOT / "detections").glob("*/*.json")
        if not path.with_suffix(".sql").exists()
    ]
    assert missing == []
