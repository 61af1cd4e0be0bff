"""Explanations of incidents, and of the kinds of detections that look back."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from support import Invoke, alerts_of, asked
from trailhound.analyst.counted import countings
from trailhound.analyst.explain import timeline_query
from trailhound.settings import Settings
from trailhound.workspace import Work

START = "2026-03-20T09:00:00"
SEQUENCE, NEW, ABOVE = (
    "iam_user_created_and_made_administrator",
    "signin_login_from_new_country",
    "s3_mass_download",
)


@pytest.fixture(scope="module")
def folder_of_attack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store in which one person did an act of each of these kinds."""
    folder = tmp_path_factory.mktemp("attack")
    names = (SEQUENCE, NEW, ABOVE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in names:
            asked("simulate", name, "--start", START, "--output", name)
        asked("run", *names, "--quiet")
    return folder


@pytest.fixture
def attack(folder_of_attack: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Run a command there; the store is only read."""
    monkeypatch.chdir(folder_of_attack)
    return asked


def listed(attack: Invoke, *command: str) -> list[dict[str, Any]]:
    return alerts_of(attack(*command, "--format", "ndjson").stdout)


def explained(attack: Invoke, alert_id: str) -> dict[str, Any]:
    [told] = json.loads(attack("explain", alert_id, "--format", "json").stdout)
    assert isinstance(told, dict)
    return told


def id_of(attack: Invoke, detection: str, *options: str) -> str:
    [found] = listed(attack, "alerts", "--detection", detection, *options)
    return str(found["alert_id"])


def test_an_incident_is_told_as_its_findings_in_the_order_of_time(attack: Invoke) -> None:
    [incident] = listed(attack, "incidents")
    told = explained(attack, incident["alert_id"][:8])
    assert told["incident"] == incident
    found = told["timeline"]
    assert [each["alert_id"] for each in found] == incident["event_ids"]
    times = [each["triggered_at"] for each in found]
    assert times == sorted(times)
    by_detection = {each["detection"]: each for each in found}
    assert by_detection[NEW] == {
        "triggered_at": "2026-03-20T09:00:00Z",
        "alert_id": id_of(attack, NEW, "--signals"),
        "detection": NEW,
        "title": "Sign-in - Login from a country new to the user",
        "severity": "low",
        "risk": 20,
        "act": "login",
        "tactic": "Initial Access",
        "account_id": "111122223333",
        "entity_id": "arn:aws:iam::111122223333:user/mallory",
        "is_signal": True,
        "author": "",
    }
    assert by_detection[SEQUENCE]["act"] == "grant"
    assert by_detection[ABOVE]["act"] == ABOVE


@pytest.mark.parametrize("columns", ["60", "160"])
def test_an_incident_reads_well_on_any_terminal(
    attack: Invoke, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    [incident] = listed(attack, "incidents")
    page = attack("explain", incident["alert_id"]).stdout
    for expected in ("time (UTC)", "low", "20, signal", "act login", "Initial", "user/mallory"):
        assert expected in page
    table = page.split("What happened\n")[1].split("\n\n")[0]
    assert max(map(len, table.splitlines())) <= int(columns)


@pytest.mark.parametrize("option", [["--sql"], ["--ask", "1"]])
def test_an_incident_has_no_query(attack: Invoke, option: list[str]) -> None:
    [incident] = listed(attack, "incidents")
    assert (
        "ask one of its findings" in attack("explain", incident["alert_id"], *option, code=2).stderr
    )


def test_a_detection_chooses_the_incidents_that_it_has_a_part_in(attack: Invoke) -> None:
    assert len(listed(attack, "incidents", "--detection", NEW)) == 1
    assert listed(attack, "incidents", "--detection", "s3_mass_copy_objects") == []


def test_a_sequence_shows_its_steps(attack: Invoke) -> None:
    alert_id = id_of(attack, SEQUENCE)
    steps = [(row["event_name"], row["step"]) for row in explained(attack, alert_id)["timeline"]]
    assert steps == [("CreateUser", 1), ("AttachUserPolicy", 2)]
    page = attack("explain", alert_id).stdout
    assert "step 1" in page
    assert "step 2 fires" in page


def test_what_is_new_stands_beside_what_was_seen_before(attack: Invoke) -> None:
    alert_id = id_of(attack, NEW, "--signals")
    told = explained(attack, alert_id)
    assert len(told["timeline"]) == 1
    history = told["history"]
    assert history.pop("values") == [
        {
            "seen_value": "DE",
            "first_time": "2026-02-28T09:00:00Z",
            "last_time": "2026-03-19T09:00:00Z",
            "events": 20,
        }
    ]
    assert history == {"days": 30, "account_days": 20, "entity_days": 20, "last_seen_on": None}
    page = attack("explain", alert_id).stdout
    assert "New on 2026-03-20: BR, by 1 event." in page
    assert "never seen before" in page


def test_what_is_above_the_baseline_stands_beside_its_days(attack: Invoke) -> None:
    alert_id = id_of(attack, ABOVE)
    days = explained(attack, alert_id)["baseline"]
    assert days[0]["event_date"] >= "2026-03-06"
    assert days[-1]["event_date"] < "2026-03-20"
    assert {day["events"] for day in days} == {1}
    assert "The 14 days before" in attack("explain", alert_id).stdout


def test_every_sequence_names_its_steps(attack: Invoke, folder_of_attack: Path) -> None:
    assert attack
    work = Work(Settings(store=folder_of_attack / "trailhound.duckdb"))
    counted = {each.detection: each for each in countings(work)}
    alert = {"account_id": "", "entity_id": "", "correlated_by": "", "window_minutes": 60}
    alert |= {"first_seen": datetime(2026, 3, 20), "last_seen": datetime(2026, 3, 20)}
    sequences = [each for each in work.detections if each.kind == "sequence" and each.enabled]
    assert len(sequences) > 10
    with work.warehouse() as warehouse:
        for each in sequences:
            found = warehouse.query(*timeline_query(alert, each, counted[each.name]))
            assert found.columns[-1] == "step", each.name
