"""What tests share: running the commands as a user does, each in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from trailhound.main import cli

ROOT = Path(__file__).parents[1]
LOGS = ROOT / "tests" / "logs"

Run = Callable[..., subprocess.CompletedProcess[str]]
Invoke = Callable[..., Result]


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the user's own cache of compiled SQL out of it."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    for name in ("TRAILHOUND_STORE", "TRAILHOUND_TARGET", "TRAILHOUND_SEEDS"):
        os.environ.pop(name, None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file's tests in one process, and all that need the Trino server in one."""
    for item in items:
        needs_trino = item.path.parent.name == "engines"
        item.add_marker(pytest.mark.xdist_group("engines" if needs_trino else str(item.path)))


def run_in(folder: Path) -> Run:
    """A function that runs a command of the environment in a folder and returns what it did."""

    def run(
        *command: str | Path, check: bool = True, **env: str
    ) -> subprocess.CompletedProcess[str]:
        program = Path(sys.executable).with_name(str(command[0]))
        done = subprocess.run(
            [str(program), *map(str, command[1:])],
            cwd=folder,
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            check=False,
        )
        if check:
            assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-3000:]
        return done

    return run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command in an empty folder."""
    return run_in(tmp_path)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, away from any project."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def invoke(folder: Path) -> Invoke:  # noqa: ARG001
    """Run trailhound in this process, in an empty folder, and check the exit code."""

    def run(*arguments: str | Path, code: int = 0, **kwargs: Any) -> Result:
        result = CliRunner().invoke(
            cli, [str(each) for each in arguments], prog_name="trailhound", **kwargs
        )
        assert result.exit_code == code, (result.stderr, result.exception)
        return result

    return run


def alerts_of(output: str) -> list[dict[str, Any]]:
    """Alerts as ndjson gives them."""
    return [json.loads(line) for line in output.splitlines()]
