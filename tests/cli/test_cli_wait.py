"""A store that another process holds: --wait, and exit code 4."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest
from cli_helpers import alert, errors_of, write_alerts

from support import Invoke
from trailhound.build.build import build
from trailhound.errors import StoreBusy
from trailhound.settings import Settings
from trailhound.workspace import Work

pytestmark = pytest.mark.usefixtures("few")

HOLD = """
import sys, duckdb
connection = duckdb.connect("trailhound.duckdb")
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has the store open for writing until its stdin is closed."""
    write_alerts(folder / "trailhound.duckdb", alert())
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.communicate()


@pytest.mark.parametrize(
    "command",
    [
        "run", "run logs", "load logs", "alerts", "incidents", "explain 0000", "events", "who root",
        "sql select_1", "export", "report", "doctor",
        "notify json://127.0.0.1/", "files", "files --forget logs",
    ],
)  # fmt: skip
def test_every_command_says_in_one_line_that_the_store_is_busy(
    holder: subprocess.Popen[bytes], invoke: Invoke, folder: Path, command: str
) -> None:
    (folder / "logs").mkdir()
    (folder / "logs" / "a.json").write_text('{"Records": []}')
    [line] = errors_of(invoke(*command.split(), code=4))
    assert line == (
        f"Error: the store {folder / 'trailhound.duckdb'} is in use by process {holder.pid}: "
        "wait for it with --wait SECONDS, or name another with --store"
    )


@pytest.mark.usefixtures("holder")
def test_so_does_a_build_by_dbt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trailhound.build.build.plan_of", lambda _: None)
    with pytest.raises(StoreBusy):
        build(Work(Settings()))


def test_wait_waits_until_the_store_is_free(
    holder: subprocess.Popen[bytes], invoke: Invoke
) -> None:
    assert holder.stdin is not None
    Timer(0.5, holder.stdin.close).start()
    assert invoke("alerts", "--wait", "60", "--format", "ndjson").stdout.count("\n") == 1
    holder.wait()
    holder.stdin = None


@pytest.mark.usefixtures("holder")
def test_wait_ends(invoke: Invoke) -> None:
    assert "--wait" in invoke("alerts", "--wait", "0.3", code=4).stderr
    assert "-1" in invoke("alerts", "--wait", "-1", code=2).stderr
