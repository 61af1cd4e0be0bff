"""The analyst's commands on the sample trail: explain, tune, doctor, simulate."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys
from datetime import date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from support import LOGS, ROOT, Invoke, alerts_of, asked
from trailhound.analyst.counted import Counting, countings
from trailhound.analyst.explain import allow_list_row, override_row
from trailhound.analyst.silence import RegionDays
from trailhound.analyst.tune import Count, around, bursts, tune
from trailhound.commands.doctor import day_table
from trailhound.formats.table import write_table
from trailhound.project.aws_names import aws_names
from trailhound.project.detections import Detection, read_detections
from trailhound.project.project import find_project
from trailhound.screens.tune import tuning_page
from trailhound.settings import Settings
from trailhound.workspace import Work

DETECTIONS = [each for each in read_detections(find_project(ROOT)) if each.enabled]


Sample = tuple[Path, list[dict[str, Any]]]


def built(store: Path, *options: str) -> Sample:
    """A store with the sample trail, and its alerts."""
    command = ("run", LOGS / "sample", "--store", store, "--format", "ndjson", *options)
    return store, alerts_of(asked(*command).stdout)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """What all detections make of it; its store is only read."""
    return built(tmp_path_factory.mktemp("analyst") / "sample.duckdb")


@pytest.fixture(scope="module")
def work(sample: Sample) -> Work:
    return Work(Settings(store=sample[0]))


@pytest.fixture(scope="module")
def counted(work: Work) -> dict[str, Counting]:
    """What each detection counts."""
    return {each.detection: each for each in countings(work)}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, project_of_few: Path) -> Sample:
    """What a few detections make of it."""
    store = tmp_path_factory.mktemp("few") / "sample.duckdb"
    return built(store, "--project-dir", str(project_of_few))


@pytest.fixture
def store(small: Sample, few: None, folder: Path) -> Path:  # noqa: ARG001
    """A copy of the store of the few, which are the installed ones, for a test to change."""
    return Path(shutil.copy(small[0], folder / "trailhound.duckdb"))


def test_what_each_detection_counts_is_found(counted: dict[str, Counting]) -> None:
    assert [each.fault for each in counted.values() if each.fault] == []
    assert {each.name for each in counted.values()} == {"counted"}
    assert set(counted) == {each.name for each in DETECTIONS}


def test_every_alert_is_explained_by_its_own_events(sample: Sample, invoke: Invoke) -> None:
    for alert in sample[1]:
        command = ("explain", alert["alert_id"][:10], "--store", sample[0], "--format", "json")
        told = json.loads(invoke(*command).stdout)[0]
        assert told["alert"] == alert
        ids = [row["event_id"] for row in told["timeline"]]
        assert ids[:100] == alert["event_ids"]
        assert len(ids) == alert["event_count"]
        assert max(row["observed"] for row in told["timeline"]) == alert["observed"]
        assert sum(row["during_it"] for row in told["around"]) >= alert["event_count"]
        assert not [sql for _, sql in told["triage"] if ":account_id" in sql]


@pytest.mark.usefixtures("store")
def test_an_explanation_reads_well(small: Sample, invoke: Invoke) -> None:
    alert = next(each for each in small[1] if each["detection"] == "s3_buckets_enumerated")
    page = invoke("explain", alert["alert_id"]).stdout
    for expected in (
        alert["title"],
        alert["entity_id"],
        "What happened",
        "fires",
        "If it is noise",
    ):
        assert expected in page
    assert "select" in invoke("explain", alert["alert_id"], "--sql").stdout


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("alert_id", ["zzzz", "ab", "ffffffffffff"])
def test_an_alert_that_is_not_there(alert_id: str, invoke: Invoke) -> None:
    assert "alert" in invoke("explain", alert_id, code=2).stderr


@pytest.mark.usefixtures("store")
def test_the_rows_it_offers_do_silence_the_alert(
    small: Sample, invoke: Invoke, folder: Path
) -> None:
    alert = next(each for each in small[1] if each["detection"] == "s3_mass_copy_objects")
    told = json.loads(invoke("explain", alert["alert_id"], "--format", "json").stdout)[0]
    for option, name, row in (
        ("--allow-list", "allow_list.csv", told["allow_list_row"]),
        ("--overrides", "threshold_overrides.csv", told["override_row"]),
    ):
        header = (ROOT / "seeds" / name).read_text().splitlines()[0]
        (folder / name).write_text(f"{header}\n{row}\n")
        alerts = alerts_of(invoke("run", option, name, "--format", "ndjson").stdout)
        assert alert["alert_id"] not in {each["alert_id"] for each in alerts}


def test_no_row_is_offered_for_a_name_with_a_wildcard(small: Sample) -> None:
    alert = next(each for each in small[1] if each["detection"] == "s3_mass_copy_objects")
    detection = next(each for each in DETECTIONS if each.name == alert["detection"])
    assert allow_list_row(alert) is not None
    hostile = {**alert, "entity_id": "SAML:*"}
    assert (allow_list_row(hostile), override_row(hostile, detection)) == (None, None)


@pytest.mark.parametrize("detection", DETECTIONS, ids=lambda each: each.name)
def test_tuning_counts_the_alerts_that_there_are(
    detection: Detection, sample: Sample, work: Work, counted: dict[str, Counting]
) -> None:
    with work.warehouse() as warehouse:
        tuning = tune(warehouse, detection, counted[detection.name])
    found = [each for each in sample[1] if each["detection"] == detection.name]
    entities = {(each["account_id"], each["entity_id"]) for each in found}
    assert tuning.results[tuning.in_force] == (len(found), len(entities))
    assert detection.title in tuning_page(tuning, detection)


@pytest.mark.usefixtures("store")
def test_another_setting_gives_what_tuning_said(small: Sample, invoke: Invoke) -> None:
    name = "s3_buckets_enumerated"

    def of_it(alerts: list[dict[str, Any]]) -> list[tuple[str, str]]:
        found = [each for each in alerts if each["detection"] == name]
        return [(each["account_id"], each["entity_id"]) for each in found]

    assert "S3 - Buckets enumerated" in invoke("tune", name).stdout
    settings = alerts_of(invoke("tune", name, "--format", "ndjson").stdout)
    (in_force,) = [each for each in settings if each["in_force"]]
    shortest, *_, longest = [each for each in settings if each["threshold"] == 6]
    given = [(in_force, of_it(small[1]))]
    for setting in (shortest, longest):
        numbers = {
            f"{name}__threshold": setting["threshold"],
            f"{name}__minutes": setting["window_minutes"],
        }
        done = invoke("run", "--vars", json.dumps(numbers), "--format", "ndjson")
        given.append((setting, of_it(alerts_of(done.stdout))))
    for setting, found in given:
        assert (setting["alerts"], setting["entities"]) == (len(found), len(set(found))), setting
    assert len({len(found) for _, found in given}) == len(given)


def test_a_burst_ends_with_its_window_or_its_day() -> None:
    times = ["23:40", "23:50", "23:59", "00:01", "00:20"]
    days = [31, 31, 31, 1, 1]
    counts = [
        Count("1", "e", datetime.fromisoformat(f"2026-0{1 if day == 31 else 2}-{day:02}T{time}"), 5)
        for day, time in zip(days, times, strict=True)
    ]
    assert bursts(counts, 5, 10) == 3
    assert bursts(counts, 5, 30) == 2
    assert bursts(counts, 6, 30) == 0
    assert bursts(counts, 5, None) == 5
    assert around(5, (0.1, 1, 1.1, 2)) == [1, 5, 6, 10]


def test_tuning_writes_rows_that_hold(invoke: Invoke, store: Path, folder: Path) -> None:
    invoke("init", "mine")
    os.chdir(folder / "mine")
    row = ["--reason", 'its "nightly", job', "--owner", "ops", "--yes", "--store", store]
    invoke("tune", "s3_mass_copy_objects", "--allow", "*:role/app-server", *row)
    invoke("tune", "s3_mass_delete_objects", "--override", "*:root=999", *row)
    with Path("seeds/allow_list.csv").open(newline="") as file:
        assert list(csv.reader(file))[1][2] == "*:role/app-server"
    done = invoke("run", "--store", store, "--format", "ndjson")
    fired = {each["detection"] for each in alerts_of(done.stdout)}
    assert not {"s3_mass_copy_objects", "s3_mass_delete_objects"} & fired
    assert "removed 107 events from s3_mass_copy_objects" in done.stderr


@pytest.mark.usefixtures("store")
def test_a_row_is_written_in_the_order_of_the_file_and_once(invoke: Invoke, folder: Path) -> None:
    columns = (ROOT / "seeds" / "allow_list.csv").read_text().strip().split(",")[::-1]
    (folder / "a.csv").write_text(",".join(columns))
    row = ("--allow", "*:role/app-server", "--owner", "ops", "--allow-list", "a.csv", "--yes")
    command = ("tune", "s3_mass_copy_objects", *row)
    assert "2 alerts before, 0 after" in invoke(*command, "--reason", "nightly").stderr
    with Path("a.csv").open(newline="") as file:
        [written] = csv.DictReader(file)
    assert written["entity_id"] == "*:role/app-server"
    assert written["detection"] == "s3_mass_copy_objects"
    assert (written["reason"], written["owner"], written["region"]) == ("nightly", "ops", "")
    before = (folder / "a.csv").read_bytes()
    [line] = invoke(*command, "--reason", "again", code=2).stderr.splitlines()
    assert line == "Error: a.csv, line 2 has this row already: nothing was written"
    assert (folder / "a.csv").read_bytes() == before
    invoke(*command, "--reason", "again", "--source-ip", "192.0.2.1")
    assert len((folder / "a.csv").read_text().splitlines()) == 3


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("arguments", "warned"),
    [
        (["--allow", "*:role/app-server"], None),
        (["--allow", "app-server"], "changes nothing"),
        (["--allow", "*:role/app-server", "--source-ip", "192.0.2.1"], "changes nothing"),
        (["--override", "*:role/app-server=9999"], None),
        (["--override", "nobody=9999"], "changes nothing"),
        # The row of the exact entity below outweighs any glob.
        (["--override", "*app-server=2"], "changes nothing"),
    ],
)
def test_a_row_without_effect_is_warned_of(
    arguments: list[str], warned: str | None, invoke: Invoke, folder: Path
) -> None:
    for name, short in (("allow_list.csv", "a.csv"), ("threshold_overrides.csv", "o.csv")):
        shutil.copyfile(ROOT / "seeds" / name, folder / short)
    if "*app-server=2" in arguments:
        entity = "arn:aws:iam::111122223333:role/app-server"
        with (folder / "o.csv").open("a") as file:
            file.write(f"s3_mass_copy_objects,,{entity},9999,etl,data\n")
    files = ["--allow-list", "a.csv", "--overrides", "o.csv", "--reason", "r", "--yes"]
    told = invoke("tune", "s3_mass_copy_objects", *arguments, *files).stderr
    assert ("Warning" in told) == (warned is not None)
    assert (warned or "before") in told


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (["--allow", "x"], 2, "needs a --reason"),
        (["--allow", "x", "--reason", "r"], 2, "trailhound init"),
        (["--override", "x=0", "--reason", "r", "--overrides", "o.csv"], 2, "ENTITY=N"),
        (
            ["--allow", "x", "--reason", "r", "--expires-on", "31.1.", "--allow-list", "a.csv"],
            1,
            "no date",
        ),
    ],
)
def test_a_row_that_cannot_be_is_not_written(
    arguments: list[str], code: int, complaint: str, invoke: Invoke, folder: Path
) -> None:
    for name, short in (("allow_list.csv", "a.csv"), ("threshold_overrides.csv", "o.csv")):
        shutil.copyfile(ROOT / "seeds" / name, folder / short)
    before = (folder / "a.csv").read_text(), (folder / "o.csv").read_text()
    done = invoke("tune", "s3_mass_copy_objects", *arguments, "--yes", code=code)
    assert complaint in done.stderr
    assert ((folder / "a.csv").read_text(), (folder / "o.csv").read_text()) == before


def test_doctor_finds_nothing_wrong_with_the_sample(
    sample: Sample, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("doctor", "--max-age", "9999d", "--store", sample[0])
    findings = alerts_of(invoke(*command, "--format", "ndjson").stdout)
    assert {each["state"] for each in findings} == {"ok"}
    monkeypatch.setenv("COLUMNS", "80")
    lines = invoke(*command).stdout.splitlines()
    assert max(len(line) for line in lines if str(sample[0].parent) not in line) <= 80
    assert any("us-east-1" in line for line in lines)
    assert "2026-03-09 to 2026-03-12" in lines[-7]
    assert lines[-1].startswith("A mark is a day:")


@pytest.mark.usefixtures("few")
def test_doctor_finds_what_is_missing(invoke: Invoke, folder: Path) -> None:
    (folder / "logs").mkdir()
    for day, file in ((1, "a"), (4, "b")):
        record = {
            "eventTime": f"2026-01-0{day}T00:00:00Z",
            "eventName": "ListUsers",
            "eventSource": "iam.amazonaws.com",
            "eventID": file,
            "recipientAccountId": "012345678901",
            "awsRegion": "us-east-1",
        }
        name = f"012345678901_CloudTrail_us-east-1_2026010{day + 1}T0500Z_{file}.json"
        (folder / "logs" / name).write_text(json.dumps({"Records": [record]}))
    digest = {
        "digestStartTime": "2026-01-01T00:00:00Z",
        "digestEndTime": "2026-01-01T01:00:00Z",
        "logFiles": [{"s3Bucket": "b", "s3Object": "AWSLogs/lost_file.json.gz"}],
    }
    (folder / "logs" / "digest.json").write_text(json.dumps(digest))
    (folder / "logs" / "broken.json").write_text('{"Records":[{"eventTime"')
    invoke("run", "logs")
    done = invoke("doctor", "--format", "ndjson", code=3)
    problems = {each["subject"]: each["found"] for each in alerts_of(done.stdout)}
    assert problems["newest event"] == "2026-01-04T00:00:00Z, more than 26 hours ago"
    assert problems["missing days"] == "012345678901 2026-01-02 to 2026-01-03"
    assert "s3_mass_copy_objects" in problems["data events"]
    assert "lost_file.json.gz" in problems["digests"]
    assert "broken.json" in problems["files"]
    assert "1,740 minutes" in problems["delivery"]
    assert "Error" not in invoke("doctor", code=3).stderr
    rows = {
        "newest event": "2026-01-04",
        "missing days": "* 2026-01-0*",
        "data events": "*",
        "files": "*/broken.json",
        "digests": "lost_file.json.gz",
        "delivery": "*/012345678901_*",
    }
    for missing in (None, *rows):
        (folder / "known.csv").write_text(
            "kind,name,reason,owner,expires_on\n"
            + "".join(f"{k},{v},known,me,\n" for k, v in rows.items() if k != missing)
        )
        command = ("doctor", "--acknowledged", "known.csv", "--format", "ndjson")
        told = alerts_of(invoke(*command, code=3 if missing else 0).stdout)
        left = [each["subject"] for each in told if each["state"] == "problem"]
        assert left == ([missing] if missing else [])


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("span", [1, 20, 60, 61, 400, 4000])
def test_doctor_covers_all_days_in_the_width_of_the_terminal(width: int, span: int) -> None:
    first = date(2020, 1, 1)
    last = first + timedelta(days=span - 1)
    coverage = [
        RegionDays("012345678901", "ap-southeast-2", {first: 5, last: 5}),
        RegionDays("012345678901", "us-east-1", {first: 1}),
    ]
    columns, rows, days = day_table(coverage, width)
    text = StringIO()
    write_table(columns, rows, text, width)
    lines = text.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert f"{first} to {last}" in lines[0]
    assert lines[-2].rstrip().endswith("█")
    marks = lines[-1].split()[-1]
    assert marks[0] == "░"
    assert set(marks[1:]) <= {"·"}
    assert (len(marks) - 1) * days < span <= len(marks) * days


@pytest.mark.usefixtures("few")
def test_doctor_names_events_that_aws_does_not_have(invoke: Invoke, folder: Path) -> None:
    invoke("init", "-q")
    wrong = {
        "iam_users_made": ("CreateUzer", "AWS has CreateUser"),
        "iam_things": ("ListThings", ""),
        "iam_right": ("CreateUser", None),
        "iam_logged": ("NewerThanTheList", None),
        "lambda_made": ("CreateFunction20150331", None),
        "bogus_made": ("Anything", None),
    }
    for name, (event, _) in wrong.items():
        invoke("new", f"{name.split('_')[0]}/{name}", "--event-name", event, "-q")
    record = {
        "eventTime": "2026-01-01T00:00:00Z",
        "eventName": "NewerThanTheList",
        "eventSource": "iam.amazonaws.com",
        "eventID": "a",
        "recipientAccountId": "012345678901",
    }
    (folder / "trail.json").write_text(json.dumps({"Records": [record]}))
    invoke("run", "trail.json")
    findings = alerts_of(invoke("doctor", "--format", "ndjson", code=3).stdout)
    told = [each["found"] for each in findings if each["subject"] == "event names"]
    for name, (event, near) in wrong.items():
        lines = [line for line in told if line.startswith(f"{name} filters on '{event}'")]
        assert len(lines) == (near is not None), name
        assert all((near or "") in line for line in lines)
    assert len(told) == 2


@pytest.mark.usefixtures("store")
def test_doctor_says_that_the_names_need_botocore(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "botocore", None)
    aws_names.cache_clear()
    findings = alerts_of(invoke("doctor", "--max-age", "9999d", "--format", "ndjson").stdout)
    [told] = [each for each in findings if each["subject"] == "event names"]
    assert (told["state"], told["found"]) == ("note", "not checked")
    assert "botocore" in told["advice"]


def test_a_simulation_says_what_it_is_not(invoke: Invoke) -> None:
    said = invoke("simulate", "s3_buckets_enumerated", "--format", "csv", code=2).stderr
    assert "CloudTrail's own JSON" in said
    disabled = invoke("simulate", "sso_device_code_approved_elsewhere").stderr
    assert "is disabled: nothing fires" in disabled


def test_a_simulated_document_can_be_piped(invoke: Invoke) -> None:
    document = json.loads(invoke("simulate", "s3_buckets_enumerated").stdout)
    assert {"eventName", "eventTime", "userIdentity"} <= set(document["Records"][0])
