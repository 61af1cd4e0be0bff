"""What is in deploy/ fits the program."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import click
import pytest

from support import ROOT
from trailhound.main import cli

DEPLOY = ROOT / "deploy"
SERVICE = (DEPLOY / "trailhound.service").read_text(encoding="utf-8")
PROGRAM = "/opt/trailhound/bin/trailhound"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    service = tmp_path / "trailhound.service"
    service.write_text(SERVICE.replace(PROGRAM, "/bin/true"))
    timer = shutil.copy(DEPLOY / "trailhound.timer", tmp_path)
    done = subprocess.run(
        ["systemd-analyze", "verify", service, timer], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_service_runs_commands_with_options_that_there_are() -> None:
    lines = re.findall(rf"^Exec\w+={PROGRAM} (\w+) (.*)$", SERVICE, re.MULTILINE)
    assert [name for name, _ in lines] == ["run", "doctor", "notify"]
    for name, rest in lines:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        arguments = re.sub(r"\$\w+|%\w", "x", rest).split()
        if name == "notify":
            arguments.append("json://127.0.0.1/")
        command.make_context(name, arguments, parent=click.Context(cli))


def test_the_image_is_made_of_all_that_the_wheel_is() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    parts = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"])
    needed = {*parts, "cli", "pyproject.toml", "README.md", *project["project"]["license-files"]}
    ignore = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line[1:] for line in ignore if line.startswith("!")} == needed
    assert "USER 10001" in (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
