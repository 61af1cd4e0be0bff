"""A project of one's own, and a detection that is new in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_helpers import errors_of

from support import ROOT, Invoke
from trailhound.catalog import read_detections
from trailhound.project import Project, find_project
from trailhound.scaffold import with_catalogue

PARTS = {
    "dbt_project.yml", "profiles.yml", "models", "detections", "macros", "seeds", "README.md",
    ".gitignore",
}  # fmt: skip

COUNTED = ("--event-name", "CreateAccessKey")


def test_init_copies_the_project(invoke: Invoke, folder: Path) -> None:
    made = json.loads(invoke("init", "own", "--format", "json").stdout)
    assert {Path(row["file"]).name for row in made} == PARTS
    assert {path.name for path in (folder / "own").iterdir()} == PARTS
    assert not list((folder / "own").rglob("__pycache__"))
    for part in ("detections", "macros", "models", "seeds"):
        copied = {path.name for path in (folder / "own" / part).rglob("*.*")}
        assert copied == {path.name for path in (ROOT / part).rglob("*.*")} - {"__pycache__"}


def test_init_works_where_one_stands_and_is_used_from_then_on(invoke: Invoke, folder: Path) -> None:
    invoke("init", "-q")
    assert find_project(None) == Project(folder)
    yml = folder / "detections" / "iam" / "iam_multiple_users_created.yml"
    yml.write_text(yml.read_text().replace("threshold: 5", "threshold: 9", 1))
    [row] = json.loads(invoke("list", "iam_multiple_users_created", "--format", "json").stdout)
    assert row["threshold"] == 9


def test_init_overwrites_nothing(invoke: Invoke, folder: Path) -> None:
    (folder / "seeds").mkdir()
    (folder / "README.md").write_text("mine")
    [line] = errors_of(invoke("init", code=2))
    assert line == "Error: . has seeds, README.md already: nothing was written"
    assert {path.name for path in folder.iterdir()} == {"seeds", "README.md"}


def test_a_new_detection_passes_its_tests_and_is_in_the_catalogue(
    invoke: Invoke, folder: Path
) -> None:
    invoke("init", "-q")
    arguments = ("new", "iam/iam_keys_created", "--event-name", "CreateAccessKey")
    result = invoke(*arguments, "--title", 'IAM - "Keys": made', "--severity", "high")
    for name in ("iam/iam_keys_created.sql", "iam/iam_keys_created.yml", "README.md"):
        assert f"detections/{name}" in result.stdout
    catalogue = (folder / "detections" / "README.md").read_text()
    assert '](iam/iam_keys_created.sql) | IAM - "Keys": made | high |' in catalogue
    tests = json.loads(invoke("test", "iam_keys_created", "--format", "json").stdout)
    assert len(tests) == 5
    assert {each["status"] for each in tests} == {"pass"}


def test_a_new_detection_touches_only_its_files_and_the_catalogue(
    invoke: Invoke, folder: Path
) -> None:
    invoke("init", "-q")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    name = "guardduty/guardduty_detectors_deleted"
    invoke("new", name, "--event-name", "DeleteDetector")
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    changed = {path for path in after if before.get(path) != after[path]}
    assert {str(path.relative_to(folder)) for path in changed} == {
        "detections/README.md",
        "detections/guardduty/guardduty_detectors_deleted.sql",
        "detections/guardduty/guardduty_detectors_deleted.yml",
    }


def test_a_name_that_is_taken(invoke: Invoke) -> None:
    invoke("init", "-q")
    [line] = errors_of(invoke("new", "aws/iam_multiple_users_created", *COUNTED, code=2))
    assert line == "Error: there is a detection 'iam_multiple_users_created' already"


def test_the_installed_project_is_not_written_into(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = Project(tmp_path / "site-packages" / "trailhound" / "project")
    monkeypatch.setattr("trailhound.scaffold.installed_project", lambda: installed)
    monkeypatch.setattr("trailhound.commands.new.find_project", lambda _: installed)
    [line] = errors_of(invoke("new", "iam/iam_keys_created", *COUNTED, code=2))
    assert "make your own with `trailhound init`" in line


def test_the_catalogue_is_fresh() -> None:
    path = ROOT / "detections" / "README.md"
    text = path.read_text(encoding="utf-8")
    fresh = with_catalogue(text, read_detections(Project(ROOT)), path)
    assert text == fresh, "run `trailhound list --write-catalogue`"


def test_the_catalogue_is_written_anew(invoke: Invoke, folder: Path) -> None:
    invoke("init", "-q")
    path = folder / "detections" / "README.md"
    whole = path.read_text()
    path.write_text(whole.replace("| high |", "| low |"))
    invoke("list", "--write-catalogue")
    assert path.read_text() == whole
    path.write_text("no place for it")
    assert "lacks the lines" in invoke("list", "--write-catalogue", code=1).stderr
