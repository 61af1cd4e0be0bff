"""A project of one's own, and a detection that is new in it."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from cli_helpers import errors_of

from support import ROOT, Invoke
from trailhound.project.detections import read_detections
from trailhound.project.project import Project, find_project, installed_project
from trailhound.project.scaffold import with_catalogue

PARTS = {
    "dbt_project.yml", "packages.yml", "profiles.yml", "detections", "seeds", "README.md",
    ".gitignore", ".trailhound",
}  # fmt: skip

PARTS_OF_PACKAGE = ("analyses", "detections", "macros", "models")
COUNTED = ("--event-name", "CreateAccessKey")


def test_init_makes_a_project_that_uses_the_installed_one(invoke: Invoke, folder: Path) -> None:
    made = json.loads(invoke("init", "own", "--format", "json").stdout)
    assert {Path(row["file"]).name for row in made} == PARTS
    assert {path.name for path in (folder / "own").iterdir()} == PARTS | {"dbt_packages"}
    assert {path.name for path in (folder / "own" / "seeds").iterdir()} == {
        "allow_list.csv", "threshold_overrides.csv", "trusted_accounts.csv",
    }  # fmt: skip
    project = Project(folder / "own")
    assert project.package == installed_project().root
    for part in (*PARTS_OF_PACKAGE, "seeds/country_ranges.csv"):
        assert (folder / "own" / "dbt_packages" / "trailhound" / part).samefile(ROOT / part)


def test_init_whole_copies_all_the_sql(invoke: Invoke, folder: Path) -> None:
    invoke("init", "own", "--whole", "-q")
    assert not list((folder / "own").rglob("__pycache__"))
    for part in PARTS_OF_PACKAGE:
        copied = {path.name for path in (folder / "own" / part).rglob("*.*")}
        assert copied == {path.name for path in (ROOT / part).rglob("*.*")} - {"__pycache__"}


@pytest.mark.parametrize("kind", [[], ["--whole"]])
def test_init_works_where_one_stands_and_is_used_from_then_on(
    kind: list[str], invoke: Invoke, folder: Path
) -> None:
    invoke("init", "-q", *kind)
    assert find_project(None) == Project(folder)
    config = folder / "dbt_project.yml"
    number = "vars:\n  iam_multiple_users_created__threshold: 9\n"
    config.write_text(config.read_text().replace("vars:\n", number, 1))
    [row] = json.loads(invoke("list", "iam_multiple_users_created", "--format", "json").stdout)
    assert row["threshold"] == 9


def test_run_builds_all_but_what_breaks_the_contract(invoke: Invoke, folder: Path) -> None:
    document = invoke("simulate", "iam_multiple_users_created").stdout
    (folder / "trail.json").write_text(document)
    invoke("init", "--whole", "-q")
    for service in (folder / "detections").iterdir():
        shutil.rmtree(service, ignore_errors=True)
    for name in ("iam_good", "iam_free", "iam_empty", "iam_other", "iam_sql"):
        invoke("new", f"iam/{name}", "--event-name", "CreateUser", "-q")
    own = folder / "detections" / "iam"

    def edit(name: str, before: str, after: str) -> None:
        text = (own / name).read_text()
        assert before in text
        (own / name).write_text(text.replace(before, after))

    edit("iam_free.sql", "{{ trailhound.countable('matching_calls') }}", "matching_calls")
    edit("iam_empty.yml", "threshold: 5", "threshold:")
    edit("iam_other.yml", "- name: iam_other\n", "- name: iam_another\n")
    edit("iam_sql.sql", "event_source =", "no_such_column =")
    edit("iam_good.yml", "from cloudtrail_events", "from no_such_relation")
    models: list[dict[str, object]] = []
    for path in ("models/mine", "models/detections"):
        (folder / path).mkdir()
        name = path.replace("/", "_")
        (folder / path / f"{name}.sql").write_text("select 1 as x")
        models.append({"name": name, "config": {"meta": {"severity": "high"}}})
    (folder / "models" / "mine" / "mine.yml").write_text(json.dumps({"models": models}))
    with (folder / "seeds" / "allow_list.csv").open("a") as file:
        file.write("iam_free,,,,,,,,it is known,me\n")
    threshold = ("--vars", "{iam_good__threshold: 1}")
    result = invoke("run", "trail.json", "--format", "ndjson", *threshold, code=1)
    assert {json.loads(line)["detection"] for line in result.stdout.splitlines()} == {"iam_good"}
    told = "\n".join(errors_of(result))
    for name in ("iam_free", "iam_empty", "iam_other", "iam_sql"):
        assert f"{name} failed: " in told
    assert "iam_good: the triage query" in result.stderr
    [line] = errors_of(invoke("show", "iam_free", code=1))
    assert "counts without" in line


def test_init_overwrites_nothing(invoke: Invoke, folder: Path) -> None:
    (folder / "seeds").mkdir()
    (folder / "README.md").write_text("mine")
    [line] = errors_of(invoke("init", code=2))
    assert line == "Error: . has README.md, seeds already: nothing was written"
    assert {path.name for path in folder.iterdir()} == {"seeds", "README.md"}


def pretend_made(folder: Path, name: str, text: str | None) -> None:
    """As if version 0.0.1 had written a file with this text, or none of that name."""
    path = folder / ".trailhound" / "made.json"
    record = json.loads(path.read_text())
    record["version"] = "0.0.1"
    if text is None:
        del record["files"][name]
        (folder / name).unlink()
    else:
        record["files"][name] = hashlib.sha256(text.encode()).hexdigest()
        (folder / name).write_text(text)
    path.write_text(json.dumps(record))


TEMPLATES = ROOT / "cli" / "trailhound" / "project" / "templates"


def upgraded(invoke: Invoke, *arguments: str) -> dict[str, str]:
    made = json.loads(invoke("init", "--upgrade", "--format", "json", *arguments).stdout)
    return {row["file"]: row["state"] for row in made}


@pytest.mark.parametrize("kind", [[], ["--whole"]])
def test_an_upgrade_writes_what_was_not_edited(
    kind: list[str], invoke: Invoke, folder: Path
) -> None:
    invoke("init", "own", "-q", *kind)
    own = folder / "own"
    assert upgraded(invoke, "own") == {}
    new_readme = (own / "README.md").read_text()
    pretend_made(own, "README.md", "of 0.0.1")
    pretend_made(own, "profiles.yml", "of 0.0.1")
    (own / "profiles.yml").write_text("mine")
    pretend_made(own, "gone.yml", "of 0.0.1")
    pretend_made(own, ".gitignore", None)
    (own / "seeds" / "trusted_accounts.csv").unlink()
    (own / "seeds" / "allow_list.csv").write_text("mine, and this version has no other")
    assert upgraded(invoke, "own") == {
        "README.md": "written",
        "profiles.yml": "edited",
        "gone.yml": "removed",
        ".gitignore": "written",
    }
    assert (own / "README.md").read_text() == new_readme
    assert (own / "profiles.yml").read_text() == "mine"
    assert (own / "profiles.yml.new").read_text() == (ROOT / "profiles.yml").read_text()
    assert not (own / "gone.yml").exists()
    assert not (own / "seeds" / "trusted_accounts.csv").exists()
    assert upgraded(invoke, "own") == {}


def test_an_upgrade_of_a_project_without_a_note(
    invoke: Invoke, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version 0.1.0 left none; what it wrote is known, as long as most of it is there."""
    invoke("init", "own", "--whole", "-q")
    note = folder / "own" / ".trailhound" / "made.json"
    (folder / "made_by_0.1.0.json").write_text(note.read_text())
    for template in ("gitignore", "whole"):
        (folder / template).symlink_to(TEMPLATES / template)
    monkeypatch.setattr("trailhound.project.made._TEMPLATES", folder)
    note.unlink()
    macro = folder / "own" / "macros" / "detection" / "entity.sql"
    macro.write_text("mine")
    assert upgraded(invoke, "own") == {}
    assert note.exists()
    assert macro.read_text() == "mine"
    note.unlink()
    for part in ("detections", "macros"):
        shutil.rmtree(folder / "own" / part)
    assert "has no .trailhound/made.json" in invoke("init", "own", "--upgrade", code=2).stderr


def test_an_upgrade_of_what_trailhound_did_not_make(invoke: Invoke, folder: Path) -> None:
    (folder / "dbt_project.yml").write_text("name: shop\n")
    [line] = errors_of(invoke("init", "--upgrade", code=2))
    assert "take your detections and CSV files there" in line
    [line] = errors_of(invoke("init", "--upgrade", "--whole", code=2))
    assert "leave out --whole" in line


def test_a_project_of_another_version_is_told(invoke: Invoke, folder: Path) -> None:
    invoke("init", "-q")
    assert not errors_of(invoke("list"))
    pretend_made(folder, "README.md", "of 0.0.1")
    [line] = errors_of(invoke("list"))
    assert line.startswith("trailhound 0.0.1 made this project, and this is ")
    assert "`trailhound init --upgrade`" in line
    invoke("init", "--upgrade", "-q")
    assert not errors_of(invoke("list"))


def test_a_clone_gets_its_links_from_the_next_command(invoke: Invoke, folder: Path) -> None:
    """What .gitignore leaves out, and a CSV file of the user's in place of the installed one."""
    invoke("init", "-q")
    shutil.rmtree(folder / ".trailhound" / "package")
    shutil.rmtree(folder / "dbt_packages")
    (folder / "dbt_packages" / "trailhound").mkdir(parents=True)  # as `dbt deps` may leave it
    (folder / "seeds" / "networks.csv").write_text("mine")
    invoke("list")
    seeds = folder / "dbt_packages" / "trailhound" / "seeds"
    assert (seeds / "networks.csv").read_text() == "mine"
    assert seeds.samefile(Project(folder).seeds)
    (folder / "seeds" / "networks.csv").unlink()
    invoke("list")
    assert (seeds / "networks.csv").samefile(ROOT / "seeds" / "networks.csv")


def test_a_broken_note_is_named(invoke: Invoke, folder: Path) -> None:
    invoke("init", "-q")
    (folder / ".trailhound" / "made.json").write_text("{")
    [line] = errors_of(invoke("list", code=1))
    assert "made.json is not what trailhound wrote" in line


def test_new_where_dbt_would_not_look(invoke: Invoke, folder: Path) -> None:
    """In a project of another maker that has trailhound as a package."""
    package = folder / "dbt_packages" / "trailhound"
    package.mkdir(parents=True)
    (folder / "dbt_project.yml").write_text("name: shop\n")
    (package / "dbt_project.yml").write_text("name: trailhound\n")
    [line] = errors_of(invoke("new", "iam/iam_keys_created", *COUNTED, code=2))
    assert "model-paths: [models, detections]" in line
    (folder / "dbt_project.yml").write_text("{name: shop, model-paths: [detections]}\n")
    invoke("new", "iam/iam_keys_created", *COUNTED)
    [row] = json.loads(invoke("list", "--format", "json").stdout)
    assert row["detection"] == "iam_keys_created"


def test_two_detections_of_one_name(invoke: Invoke, folder: Path) -> None:
    invoke("init", "-q")
    copy = folder / "detections" / "iam_multiple_users_created.yml"
    copy.write_text((ROOT / "detections" / "iam" / copy.name).read_text())
    [line] = errors_of(invoke("list", code=1))
    assert line.startswith("Error: two detections are named iam_multiple_users_created: ")


@pytest.mark.usefixtures("few")
def test_a_new_detection_passes_its_tests_and_is_in_the_catalogue(
    invoke: Invoke, folder: Path
) -> None:
    invoke("init", "--whole", "-q")
    arguments = ("new", "iam/iam_keys_created", "--event-name", "CreateAccessKey")
    result = invoke(*arguments, "--title", 'IAM - "Keys": made', "--severity", "high")
    for name in ("iam/iam_keys_created.sql", "iam/iam_keys_created.yml", "README.md"):
        assert f"detections/{name}" in result.stdout
    catalogue = (folder / "detections" / "README.md").read_text()
    assert '](iam/iam_keys_created.sql) | IAM - "Keys": made | high |' in catalogue
    tests = json.loads(invoke("test", "iam_keys_created", "--format", "json").stdout)
    assert len(tests) == 5
    assert {each["status"] for each in tests} == {"pass"}


def test_a_name_that_is_taken(invoke: Invoke) -> None:
    invoke("init", "-q")
    [line] = errors_of(invoke("new", "aws/iam_multiple_users_created", *COUNTED, code=2))
    assert line == "Error: there is a detection 'iam_multiple_users_created' already"


@pytest.mark.parametrize(
    "name", ["alerts", "signals", "incidents", "watched_calls", "allow_list", "trailhound_notified"]
)
def test_a_name_that_a_relation_has(invoke: Invoke, name: str) -> None:
    invoke("init", "-q")
    [line] = errors_of(invoke("new", f"iam/{name}", *COUNTED, code=2))
    assert line == f"Error: trailhound has a relation '{name}' of its own: choose another name"


def test_the_installed_project_is_not_written_into(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = Project(tmp_path / "site-packages" / "trailhound" / "dbt_project")
    monkeypatch.setattr("trailhound.project.scaffold.installed_project", lambda: installed)
    monkeypatch.setattr("trailhound.commands.new.find_project", lambda _: installed)
    [line] = errors_of(invoke("new", "iam/iam_keys_created", *COUNTED, code=2))
    assert "make your own with `trailhound init`" in line


def test_the_catalogue_is_fresh() -> None:
    path = ROOT / "detections" / "README.md"
    text = path.read_text(encoding="utf-8")
    fresh = with_catalogue(text, read_detections(Project(ROOT)), path)
    assert text == fresh, "run `trailhound list --write-catalogue`"


def test_the_catalogue_is_written_anew(invoke: Invoke, folder: Path) -> None:
    invoke("init", "--whole", "-q")
    path = folder / "detections" / "README.md"
    whole = path.read_text()
    path.write_text(whole.replace("| high |", "| low |"))
    invoke("list", "--write-catalogue")
    assert path.read_text() == whole
    path.write_text("no place for it")
    assert "lacks the lines" in invoke("list", "--write-catalogue", code=1).stderr
