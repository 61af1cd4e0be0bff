"""`run --new` prints each alert once; `run --stats` says what a run did."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cli_helpers import denied

from support import Invoke, alerts_of

pytestmark = pytest.mark.usefixtures("few")


@pytest.fixture
def logs(folder: Path) -> Path:
    """Five denied calls a minute on each of two days, and a file that is broken."""
    for day in ("30", "31"):
        (folder / "logs" / day).mkdir(parents=True)
        for minute in range(5):
            text = json.dumps(denied(day, minute))
            (folder / "logs" / day / f"{minute}.json").write_text(text)
    (folder / "logs" / "30" / "broken.json").write_text("{")
    return folder / "logs"


def test_new_prints_what_no_earlier_run_with_new_printed(invoke: Invoke, logs: Path) -> None:
    def days(*arguments: str | Path, code: int = 0) -> list[str]:
        printed = invoke("run", *arguments, "--format", "ndjson", code=code).stdout
        return [each["alert_date"] for each in alerts_of(printed)]

    assert days(logs / "30") == ["2026-01-30"]
    assert days("--new", "--fail-on", "medium", code=3) == ["2026-01-30"]
    assert days("--new", "--fail-on", "medium") == []
    assert days(logs, "--new") == ["2026-01-31"]
    assert days(logs, "--new") == []
    assert days() == ["2026-01-30", "2026-01-31"]
    assert "new       none" in invoke("run", "--new").stderr


def test_alerts_that_could_not_be_printed_stay_new(
    invoke: Invoke, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("trailhound.commands.run.emit_alerts", fail)
        invoke("run", logs, "--new", code=1)
    assert len(alerts_of(invoke("run", "--new", "--format", "ndjson").stdout)) == 2


@pytest.mark.usefixtures("logs")
def test_alerts_whose_reader_left_stay_new(folder: Path, project_of_few: Path) -> None:
    command = ("run", "logs", "--new", "--format", "ndjson", "--project-dir", str(project_of_few))
    program = Path(sys.executable).with_name("trailhound")
    read_end, write_end = os.pipe()
    os.close(read_end)
    left = subprocess.run([program, *command], stdout=write_end, cwd=folder, check=False)
    os.close(write_end)
    assert left.returncode == 0
    done = subprocess.run([program, *command], capture_output=True, cwd=folder, check=True)
    assert len(alerts_of(done.stdout.decode())) == 2


def test_stats_as_json(invoke: Invoke, logs: Path, folder: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    invoke("run", logs, "--stats", "stats.json")
    stats = json.loads((folder / "stats.json").read_text())
    assert before <= datetime.fromisoformat(stats.pop("finished_at")) <= datetime.now(UTC)
    seconds = stats.pop("seconds")
    assert list(seconds) == ["load", "build", "alerts"]
    assert all(each > 0 for each in seconds.values())
    assert stats == {
        "newest_event": "2026-01-31T12:04:00Z",
        "files": {"read": 11, "known": 0, "partial": 0, "rejected": 1, "skipped": 0},
        "records": {"read": 10, "rejected": 0, "skipped": 0},
        "events": 10,
        "alerts": {"low": 0, "medium": 2, "high": 0, "critical": 0},
    }
    invoke("run", logs, "--new", "--stats", "stats.json")
    stats = json.loads((folder / "stats.json").read_text())
    assert (stats["files"]["read"], stats["files"]["known"]) == (0, 11)
    assert stats["new_alerts"]["medium"] == 2


def test_stats_for_prometheus(invoke: Invoke, logs: Path, folder: Path) -> None:
    invoke("run", logs, "--new", "--stats", "trailhound.prom")
    lines = (folder / "trailhound.prom").read_text().splitlines()
    assert "# TYPE trailhound_alerts gauge" in lines
    figures = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    newest = datetime(2026, 1, 31, 12, 4, tzinfo=UTC).timestamp()
    assert float(figures["trailhound_newest_event_timestamp_seconds"]) == newest
    assert figures['trailhound_alerts{severity="medium"}'] == "2"
    assert figures['trailhound_new_alerts{severity="high"}'] == "0"
    assert figures['trailhound_files{state="rejected"}'] == "1"
    assert float(figures['trailhound_run_seconds{phase="build"}']) > 0


def test_stats_are_those_of_the_last_run_that_went_well(
    invoke: Invoke, logs: Path, folder: Path
) -> None:
    (folder / "stats.json").write_text("of before")
    invoke("run", logs / "30" / "broken.json", "--stats", "stats.json", code=1)
    assert (folder / "stats.json").read_text() == "of before"
