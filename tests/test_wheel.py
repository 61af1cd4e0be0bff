"""The wheel holds all that a run needs, and nothing of the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from oracle import RULES
from support import LOGS, ROOT, alerts_of

MAIN = "from trailhound.main import main; main()"


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, ROOT],
        check=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_holds_the_project_and_no_tests(unpacked: Path) -> None:
    project = unpacked / "trailhound" / "dbt_project"
    for name in ("dbt_project.yml", "profiles.yml", "seeds/country_ranges.csv"):
        assert (project / name).is_file()
    names = {path.name for path in project.iterdir()}
    assert names == {
        "dbt_project.yml", "profiles.yml", "analyses", "models", "detections", "macros", "seeds",
    }  # fmt: skip
    for folder in ("detections", "models", "macros"):
        held, own = (
            {path.relative_to(root) for path in (root / folder).rglob("*.*")}
            for root in (project, ROOT)
        )
        assert held == own
    assert not list(unpacked.rglob("*.duckdb"))


def test_a_run_needs_nothing_beside_the_wheel(unpacked: Path, tmp_path: Path) -> None:
    site = shutil.copytree(unpacked, tmp_path / "site")
    for path in site.glob("trailhound/dbt_project/detections/*/*.*"):
        if path.stem not in RULES:  # dbt reads fifteen in a third of the time
            path.unlink()
    done = subprocess.run(
        [sys.executable, "-c", MAIN, "run", str(LOGS / "sample"), "--format", "ndjson"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )
    fired = {alert["detection"] for alert in alerts_of(done.stdout)}
    assert fired == set(RULES)
    assert not list(site.rglob("target"))
