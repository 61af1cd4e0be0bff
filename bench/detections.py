"""Projects with so many detections: what one more costs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import yaml

from trailhound.project.aws_names import aws_names
from trailhound.project.project import PARTS, installed_project

TRAILHOUND = Path(sys.executable).with_name("trailhound")
FIRST = "cli/trailhound/project/templates/made_by_0.1.0.json"


def fifteen(folder: Path) -> Path:
    """A copy of the project with the detections of version 0.1.0 alone; the folder stands."""
    root = installed_project().root
    for part in {*PARTS, "profiles.yml"} - {"detections"}:
        copy = shutil.copytree if (root / part).is_dir() else shutil.copy
        copy(root / part, folder / part)
    for name in json.loads((root / FIRST).read_text())["files"]:
        if name.startswith("detections/") and (root / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, folder / name)
    return folder


def with_imported(folder: Path, count: int) -> Path:
    """A project of one's own that imported so many Sigma rules, each of one call of AWS.

    Hardly any of the calls is in the trails of the benchmark.
    """
    rules = folder / "rules"
    rules.mkdir(parents=True)
    for number, (service, name) in enumerate(islice(_calls(), count)):
        source = f"{service}.amazonaws.com"
        rule = {
            "title": f"{service} {name}",
            "id": f"00000000-0000-4000-8000-{number:012}",
            "level": "low",
            "logsource": {"product": "aws", "service": "cloudtrail"},
            "detection": {
                "selection": {"eventSource": source, "eventName": name},
                "condition": "selection",
            },
        }
        (rules / f"{number}.yml").write_text(yaml.safe_dump(rule))
    project = folder / "project"
    for command in (
        ("init", project), ("sigma", "import", rules, "--project-dir", project),
    ):  # fmt: skip
        subprocess.run([TRAILHOUND, *command, "--quiet"], check=True, stdout=subprocess.DEVNULL)
    return project


def _calls() -> Iterator[tuple[str, str]]:
    """Services of AWS and calls that change something, in an order that stays."""
    for service, names in sorted(aws_names().by_service.items()):
        for name in sorted(names):
            if name.startswith(("Delete", "Update")):
                yield service, name
