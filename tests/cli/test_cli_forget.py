"""`trailhound files --forget`: what goes, what stays, and that the next run builds without it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from cli_helpers import denied

from support import Invoke, dbt

pytestmark = pytest.mark.usefixtures("few")


@pytest.fixture
def logs(folder: Path) -> Path:
    """Ten denied calls, five a day, each day in a folder of its own; a broken file; an archive."""
    logs = folder / "logs"
    for day in ("30", "31"):
        (logs / day).mkdir(parents=True)
        for minute in range(5):
            (logs / day / f"{minute}.json").write_text(json.dumps(denied(day, minute)))
    (logs / "broken.json").write_text("{")
    with zipfile.ZipFile(logs / "case.zip", "w") as archive:
        archive.writestr("a.json", json.dumps(denied("29", 0)))
        archive.writestr("b.json", json.dumps(denied("29", 1)))
    return logs


def days_with_alerts(invoke: Invoke) -> list[str]:
    lines = invoke("alerts", "--format", "ndjson").stdout.splitlines()
    return [json.loads(line)["alert_date"] for line in lines]


def known(invoke: Invoke) -> list[str]:
    """The names of the files that the store knows."""
    lines = invoke("files", "--format", "ndjson").stdout.splitlines()
    return [json.loads(line)["file"].rpartition("/")[2] for line in lines]


def test_the_next_run_builds_without_the_file(invoke: Invoke, logs: Path) -> None:
    invoke("run", logs)
    assert days_with_alerts(invoke) == ["2026-01-30", "2026-01-31"]
    result = invoke("files", "--forget", "logs/31/2.json", "--format", "ndjson")
    assert result.stderr == "forgot 1 file: `trailhound run` builds without them\n"
    assert json.loads(result.stdout)["file"] == str(logs / "31" / "2.json")
    invoke("run")
    assert days_with_alerts(invoke) == ["2026-01-30"]
    invoke("run", logs)
    assert days_with_alerts(invoke) == ["2026-01-30", "2026-01-31"]


def test_what_a_name_leads_to(invoke: Invoke, folder: Path, logs: Path) -> None:
    names = {
        "logs/30": {"30"},
        "logs/30/": {"30"},
        "*/30/*": {"30"},
        "logs/3*/*.json": {"30", "31"},
        "logs/case.zip": {"29"},
        "logs/case.zip!b.json": {"b.json"},
        "logs": {"29", "30", "31", "broken.json"},
    }
    every = {
        "29": ["case.zip!a.json", "case.zip!b.json"],
        "30": [f"{minute}.json" for minute in range(5)],
        "31": [f"{minute}.json" for minute in range(5)],
        "broken.json": ["broken.json"],
        "b.json": ["case.zip!b.json"],
    }
    invoke("run", logs)
    store = folder / "trailhound.duckdb"
    before, files = store.read_bytes(), known(invoke)
    for name, gone in names.items():
        store.write_bytes(before)
        left = sorted(files)
        for each in gone:
            for file in every[each]:
                left.remove(file)
        invoke("files", "--forget", name)
        assert sorted(known(invoke)) == left, name
        events = invoke("run").stderr
        assert f"{len(left) - ('broken.json' in left)} event" in events, name


def test_alerts_that_are_not_up_to_date_are_said_to_be(invoke: Invoke, logs: Path) -> None:
    def told(*command: str | Path) -> bool:
        said = invoke(*command).stderr
        return "since the alerts were built: `trailhound run` brings them up to date" in said

    invoke("run", logs / "30")
    assert not told("alerts")
    invoke("load", logs / "31")
    for command in (
        ["alerts"],
        ["export"],
        ["report"],
        ["notify", "json://127.0.0.1", "--dry-run"],
    ):
        assert told(*command), command
    assert not told("alerts", "--quiet")
    assert "loaded or taken out since" in invoke("doctor", code=3).stdout
    invoke("run")
    assert not told("alerts")
    (logs / "copy.json").write_text((logs / "30" / "0.json").read_text())
    invoke("run", logs / "copy.json")
    assert not told("alerts")
    invoke("files", "--forget", logs / "copy.json")
    assert told("alerts")


def test_what_dbt_built_is_up_to_date(
    invoke: Invoke, folder: Path, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoke("init", "own")
    store = folder / "s.duckdb"
    command = ("run", logs, "--project-dir", "own", "--store", store)
    invoke(*command)
    invoke("files", "--store", store, "--forget", logs / "31")
    assert "taken out since" in invoke("alerts", "--store", store).stderr
    monkeypatch.chdir(folder / "own")
    assert dbt("run", TRAILHOUND_STORE=str(store)).exit_code == 0
    assert invoke("alerts", "--store", store).stderr == ""


def test_a_broken_file_that_is_gone_no_longer_counts(invoke: Invoke, logs: Path) -> None:
    invoke("run", logs)
    (logs / "broken.json").unlink()
    assert "broken.json" in invoke("doctor", code=3).stdout
    invoke("files", "--forget", "logs/broken.json")
    left = invoke("files", "--rejected")
    assert (left.stdout, left.stderr) == ("", "nothing was rejected\n")
    assert "broken.json" not in invoke("doctor", code=3).stdout


def test_a_name_that_leads_to_nothing_takes_nothing_out(invoke: Invoke, logs: Path) -> None:
    invoke("run", logs)
    before = known(invoke)
    said = invoke("files", "--forget", "logs/30", "--forget", "logs/3", code=2).stderr
    assert said == "Error: the store knows no file 'logs/3': `trailhound files` lists them\n"
    assert known(invoke) == before


def test_it_takes_whole_files_out(invoke: Invoke, logs: Path) -> None:
    invoke("run", logs)
    assert "leave out --rejected" in (
        invoke("files", "--rejected", "--forget", "logs", code=2).stderr
    )


def test_what_is_older_than_a_day_is_forgotten(invoke: Invoke, logs: Path) -> None:
    (logs / "30" / "late.json").write_text(
        "".join(json.dumps(denied(*when)) + "\n" for when in (("29", 9), ("30", 9)))
    )
    invoke("run", logs)
    all_of_them = known(invoke)
    older = ["case.zip!a.json", "case.zip!b.json"]

    def listed(*arguments: str) -> list[str]:
        lines = invoke("files", *arguments, "--format", "ndjson").stdout.splitlines()
        return [json.loads(line)["file"].rpartition("/")[2] for line in lines]

    assert listed("--before", "2026-01-30") == older
    assert listed("--forget", "logs/30", "--before", "2026-01-30") == []
    assert known(invoke) == all_of_them
    result = invoke("files", "--forget", "--before", "2026-01-30", "--format", "ndjson")
    assert result.stderr == "forgot 2 files: `trailhound run` builds without them\n"
    assert known(invoke) == [name for name in all_of_them if name not in older]
    assert listed("--forget", "logs/30", "--before", "2026-01-31", "--forget", "logs/31") == [
        *(f"{minute}.json" for minute in range(5)),
        "late.json",
    ]
    invoke("run")
    assert days_with_alerts(invoke) == ["2026-01-31"]


def test_a_file_without_an_event_goes_by_the_day_of_its_loading(invoke: Invoke, logs: Path) -> None:
    invoke("load", logs / "30", logs / "broken.json")
    assert "broken.json" not in invoke("files", "--before", "0d", "--format", "ndjson").stdout
    assert "broken.json" in invoke("files", "--before", "9999-01-01", "--format", "ndjson").stdout


def test_forget_says_what_it_needs(invoke: Invoke, logs: Path) -> None:
    invoke("load", logs)
    assert "a PATH, or --before DATE" in invoke("files", "--forget", code=2).stderr
    assert "leave out --skipped" in (invoke("files", "--before", "2d", "--skipped", code=2).stderr)
