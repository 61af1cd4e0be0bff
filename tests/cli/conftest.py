"""Fixtures of the command line's tests: commands that run in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cli_helpers import Invoke
from click.testing import CliRunner, Result

from trailhound.main import cli


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
