"""One Trino for all tests of this folder, and a stand-in for Athena on it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from engines.athena_front import running_front
from engines.parity import EVERY_DETECTION
from engines.trino_install import NoTrino
from engines.trino_server import TrinoServer, running_trino

_lacking: list[str] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave what takes minutes to `make engines` or `-m long`, and say how many that are."""
    if EVERY_DETECTION or config.option.markexpr:
        return
    long = [each for each in items if each.get_closest_marker("long")]
    config.hook.pytest_deselected(items=long)
    items[:] = [each for each in items if each not in long]


@pytest.fixture(scope="session")
def trino() -> Iterator[TrinoServer]:
    """A real Trino server. Where a machine cannot run one that is said aloud; in CI it fails."""
    try:
        with running_trino() as server:
            yield server
    except NoTrino as lack:
        _lacking.append(str(lack))
        if os.environ.get("CI"):
            pytest.fail(str(lack), pytrace=False)
        pytest.skip(str(lack))


@pytest.fixture(scope="module")
def stand_in(trino: TrinoServer) -> Iterator[dict[str, str]]:
    """The environment variables that send AWS's clients to the stand-in for Athena."""
    with running_front(trino.url) as environment:
        yield environment


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was not tested must not look like a success."""
    if _lacking:
        terminalreporter.section("NOTHING WAS TESTED ON TRINO OR THROUGH DBT-ATHENA", red=True)
        terminalreporter.write_line(_lacking[0])
