"""What tests share: running the commands as a user does, each in a folder of its own."""

from __future__ import annotations

import gc
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from dbt_common.tests import enable_test_caching
from hypothesis import HealthCheck, settings

from support import FEW, ROOT, Invoke, Run, asked, install, project_with, run_in
from webhook import Webhook

# The same examples on every run of CI; elsewhere, and with `make fuzz`, always new ones. How fast a
# machine draws them is no property of the project.
settings.register_profile(
    "ours",
    derandomize=bool(os.environ.get("CI")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ours")
# dbt then parses each macro once a process, its own too, and not for every project: half the time.
enable_test_caching()
# Else Python looks through all that dbt holds every 700 objects: a twentieth of the time.
gc.set_threshold(200_000, 50, 1000)


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the user's own cache of compiled SQL out of it; all processes of a run share one."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    os.environ["XDG_CACHE_HOME"] = str(shared / "cache")
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    for option in ("STORE", "TARGET", "MEMORY_LIMIT", "SEEDS", "NOTIFY_URLS"):
        os.environ.pop(f"TRAILHOUND_{option}", None)


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
def webhook() -> Iterator[Webhook]:
    """A server to notify."""
    running = Webhook()
    thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def invoke(folder: Path) -> Invoke:  # noqa: ARG001
    """Run trailhound in this process, in an empty folder, and check the exit code."""
    return asked


@pytest.fixture(scope="session")
def project_of_few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with seven detections, which dbt reads in a fifth of the time that all take."""
    made = project_with(FEW, tmp_path_factory.mktemp("few"))
    shutil.copy(ROOT / "detections" / "README.md", made / "detections")
    return made


@pytest.fixture
def few(project_of_few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process the installed project has seven detections."""
    install(project_of_few, monkeypatch)
