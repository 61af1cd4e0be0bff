"""The command that runs unit tests, on a small project: dbt parses it in no time."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import yaml
from cli_helpers import errors_of

from support import ROOT, Invoke
from trailhound import __version__
from trailhound.screens.progress import progress_bar
from trailhound.settings import Settings

# Of a macro of the user's own only the compiled SQL could tell what is missing here.
SQL = "select number + {added} as total from {{{{ ref('numbers') }}}} {{{{ mine() }}}}"
META = {"title": "IAM - Sum", "severity": "low", "threshold": 5}


@pytest.fixture
def project(folder: Path) -> Path:
    """A project with two detections: one of two tests fails for the second."""
    output = {"type": "duckdb", "path": "{{ env_var('TRAILHOUND_STORE', 'trailhound.duckdb') }}"}
    files = {
        "dbt_project.yml": {
            "name": "trailhound",
            "version": __version__,
            "profile": "trailhound",
            "model-paths": ["models", "detections"],
        },
        "profiles.yml": {"trailhound": {"target": "duckdb", "outputs": {"duckdb": output}}},
        "detections/iam/iam_good.yml": detection("iam_good", 2, 3),
        "detections/iam/iam_bad.yml": detection("iam_bad", 2, 3),
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content, sort_keys=False))
    (folder / "macros").mkdir()
    (folder / "macros" / "mine.sql").write_text("{% macro mine() %}{% endmacro %}")
    (folder / "models").mkdir()
    (folder / "models" / "numbers.sql").write_text("select 1 as number")
    (folder / "detections" / "iam" / "iam_good.sql").write_text(SQL.format(added=1))
    (folder / "detections" / "iam" / "iam_bad.sql").write_text(SQL.format(added=2))
    return folder


def detection(name: str, *totals: int, **meta: object) -> dict[str, object]:
    """A description whose tests expect these totals of the numbers 1 and 2."""
    tests = [
        {
            "name": f"{name}_{number}",
            "model": name,
            "given": [{"input": "ref('numbers')", "rows": [{"number": number}]}],
            "expect": {"rows": [{"total": total}]},
        }
        for number, total in enumerate(totals, 1)
    ]
    return {"models": [{"name": name, "config": {"meta": META | meta}}], "unit_tests": tests}


@pytest.mark.usefixtures("project")
def test_tests_that_pass(invoke: Invoke) -> None:
    result = invoke("test", "iam_good")
    assert result.stdout.splitlines()[-1].split() == ["iam_good", "2", "0"]
    assert result.stderr == "2 tests passed\n"


@pytest.mark.usefixtures("project")
def test_tests_that_fail_are_named_and_end_with_1(invoke: Invoke) -> None:
    result = invoke("test", "--format", "ndjson", code=1)
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert {row["test"]: row["status"] for row in rows} == {
        "iam_good_1": "pass", "iam_good_2": "pass", "iam_bad_1": "fail", "iam_bad_2": "fail",
    }  # fmt: skip
    lines = errors_of(result)
    assert "iam_bad_1: fail" in lines
    assert lines[-1] == "Error: 2 of 4 tests failed"
    assert "\x1b" not in result.stderr


@pytest.mark.usefixtures("project")
def test_a_glob_of_names(invoke: Invoke) -> None:
    assert invoke("test", "*_good").stderr == "2 tests passed\n"


@pytest.mark.usefixtures("project")
def test_files_of_a_detection(invoke: Invoke) -> None:
    files = (f"detections/iam/iam_good{suffix}" for suffix in (".sql", ".yml"))
    assert invoke("test", *files).stderr == "2 tests passed\n"
    invoke("test", "detections/iam/no_such_detection.sql", code=2)


@pytest.mark.parametrize(
    ("detections", "code", "tested"),
    [
        ("iam_good", 0, {"iam_good"}),
        ("*_good detections/iam/iam_bad.sql", 1, {"iam_good", "iam_bad"}),
        ("", 1, {"iam_good", "iam_bad"}),
        ("iam_good; touch made", 2, set()),
    ],
)
def test_the_github_action_tests_what_its_inputs_say(
    invoke: Invoke, project: Path, detections: str, code: int, tested: set[str]
) -> None:
    action = yaml.safe_load((ROOT / "deploy" / "github-action" / "action.yml").read_text())
    *_, step = action["runs"]["steps"]
    program = project / "trailhound" / "bin" / "trailhound"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@" >given\nexit 3\n')
    program.chmod(0o755)
    (project / "iam_good").touch()  # a glob would find it
    values = {"project-dir": str(project), "detections": detections}
    variables = {
        name: values[value.removeprefix("${{ inputs.").removesuffix(" }}")]
        for name, value in step["env"].items()
    }
    environment = {**os.environ, **variables, "RUNNER_TEMP": str(project)}
    done = subprocess.run(
        ["bash", "-e", "-c", step["run"]], cwd=project, env=environment, check=False
    )
    assert done.returncode == 3
    given = (project / "given").read_text().splitlines()
    assert given == ["test", *detections.split(), "--project-dir", str(project)]
    rows = [line.split() for line in invoke(*given, code=code).stdout.splitlines()]
    assert {row[0] for row in rows if row and row[0].startswith("iam_")} == tested
    assert not (project / "made").exists()


@pytest.mark.usefixtures("project")
def test_the_hook_tests_the_detections_whose_files_changed(invoke: Invoke) -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    changed, _ = hooks
    paths = ["detections/iam/iam_good.sql", "models/numbers.sql", "detections/README.md"]
    _, *command = changed["entry"].split()
    assert invoke(*command, *(path for path in paths if re.search(changed["files"], path)))


def test_the_store_is_not_touched(invoke: Invoke, project: Path) -> None:
    (project / "trailhound.duckdb").write_text("not even a database")
    invoke("test", "iam_good")
    assert (project / "trailhound.duckdb").read_text() == "not even a database"


def test_a_detection_without_tests_does_not_pass(invoke: Invoke, project: Path) -> None:
    path = project / "detections" / "iam" / "iam_bad.yml"
    path.write_text(yaml.safe_dump({"models": detection("iam_bad")["models"]}))
    assert errors_of(invoke("test", code=1))[-1] == "Error: no unit tests: iam_bad"
    assert "iam_bad" in invoke("test", "iam_bad", code=1).stderr


def test_a_model_below_that_does_not_build_is_one_line(invoke: Invoke, project: Path) -> None:
    (project / "models" / "numbers.sql").write_text("select nothing_like_it as number")
    lines = errors_of(invoke("test", "iam_good", code=1))
    assert lines[0].startswith("Error: numbers failed: ")
    assert "nothing_like_it" in lines[0]
    assert lines[1:] == ["1 that depend on them were not built"]


def test_a_broken_detection_is_named_and_the_others_are_tested(
    invoke: Invoke, project: Path
) -> None:
    folder = project / "detections" / "iam"
    (folder / "iam_bad.sql").write_text(SQL.format(added="nothing_like_it"))
    (folder / "iam_lone.sql").write_text("{{ trailhound.alert_per_burst('counted') }}")
    triage = [
        {"question": "Who?", "sql": "select :entity_id"},
        {"question": "What?", "sql": "select x from nowhere"},
    ]
    (folder / "iam_good.yml").write_text(
        yaml.safe_dump(detection("iam_good", 2, 3, triage=triage), sort_keys=False)
    )
    result = invoke("test", code=1)
    rows = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines()}
    assert (rows["iam_good"], rows["iam_bad"]) == (["2", "1"], ["0", "1"])
    lines = errors_of(result)
    assert any(line.startswith(f"{folder}/iam_lone.sql has no iam_lone.yml") for line in lines)
    assert any("nothing_like_it" in line for line in lines)
    assert "triage 'What?': error" in lines


def test_progress_is_told_after_each_test(
    invoke: Invoke, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, int]] = []

    @contextmanager
    def noted(*_: object) -> Iterator[Callable[[int, int], None]]:
        yield lambda done, total: told.append((done, total))

    monkeypatch.setattr("trailhound.commands.test.progress_bar", noted)
    invoke("test", "iam_good", "--project-dir", project)
    assert sorted(told) == [(1, 2), (2, 2)]


@pytest.mark.usefixtures("project")
def test_a_bar_for_who_watches(folder: Path) -> None:
    ours, theirs = pty.openpty()
    program = str(Path(sys.executable).with_name("trailhound"))
    with subprocess.Popen(
        [program, "test", "iam_good"],
        cwd=folder,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        seen = b""
        with suppress(OSError):  # what Linux says when the other end is closed
            while piece := os.read(ours, 4096):
                seen += piece
        stdout = process.stdout.read() if process.stdout else b""
    os.close(ours)
    assert b"preparing the tests" in seen
    assert b"2/2" in seen
    assert b"\x1b" not in stdout


def test_no_bar_for_who_wants_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", Screen())
    for is_quiet in (True, False):
        with progress_bar(Settings(quiet=is_quiet), "before", "during") as tell:
            assert (tell is None) == is_quiet
