"""Running the commands as a user does, and reading what they print."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from trailhound.build.dbt import let_go_of_store
from trailhound.main import cli
from trailhound.project import made
from trailhound.project import project as project_module
from trailhound.project.project import Project

ROOT = Path(__file__).parents[1]
LOGS = ROOT / "tests" / "logs"
FEW = {
    "ec2_multiple_instances_created", "iam_multiple_failed_api_calls",
    "iam_multiple_users_created", "iam_multiple_worldwide_console_logins", "s3_buckets_enumerated",
    "s3_mass_copy_objects", "s3_mass_delete_objects",
}  # fmt: skip

Run = Callable[..., subprocess.CompletedProcess[str]]
Invoke = Callable[..., Result]


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


def asked(*arguments: str | Path, code: int = 0, **kwargs: Any) -> Result:
    """Run trailhound in this process and check the exit code."""
    result = CliRunner().invoke(
        cli, [str(each) for each in arguments], prog_name="trailhound", **kwargs
    )
    assert result.exit_code == code, (result.stderr, result.exception)
    return result


def dbt(*arguments: str | Path, **env: str) -> Result:
    """Run dbt in this process, which takes a third of the time of one of its own."""
    from dbt.cli.main import cli as dbt_cli  # takes a second

    try:
        return CliRunner().invoke(dbt_cli, [str(each) for each in arguments], env=env)
    finally:
        let_go_of_store()


def alerts_of(output: str) -> list[dict[str, Any]]:
    """Alerts as ndjson gives them."""
    return [json.loads(line) for line in output.splitlines()]


def project_with(detections: Iterable[str], folder: Path, project: Path = ROOT) -> Path:
    """A copy of a project with some of its detections."""
    for name in ("models", "macros", "analyses", "seeds"):
        shutil.copytree(project / name, folder / name)
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(project / name, folder)
    for detection in detections:
        for path in (project / "detections").glob(f"*/{detection}.*"):
            copy = folder / path.relative_to(project)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    return folder


def install(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a project the installed one, in this process."""
    # Both are imported by now: one that is while the other is patched would keep the patch.
    for module in (project_module, made):
        monkeypatch.setattr(module, "installed_project", lambda: Project(root))
