"""Which project counts, and the thresholds in force."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from cli_helpers import errors_of

from support import Invoke
from trailhound.errors import WrongUsage
from trailhound.project.cache import workplace
from trailhound.project.detections import read_detections
from trailhound.project.project import Project, find_project, installed_project
from trailhound.project.target import find_target, profiles_folder
from trailhound.settings import Settings

YML = """
models:
  - name: iam_x
    description: What it finds.
    config:
      {config}
      meta: {{title: IAM - X, severity: low, threshold: 5, minutes: 10, needs_data_events: true}}
unit_tests: [this is: not: yaml
"""


@pytest.fixture
def project(folder: Path) -> Project:
    """A project of one's own with one detection."""
    write_config(folder, {})
    (folder / "profiles.yml").write_text(
        yaml.safe_dump(
            {
                "trailhound": {
                    "target": "duckdb",
                    "outputs": {
                        "duckdb": {
                            "type": "duckdb",
                            "path": "{{ env_var('TRAILHOUND_STORE', 'trailhound.duckdb') }}",
                        }
                    },
                }
            }
        )
    )
    (folder / "detections" / "iam").mkdir(parents=True)
    write_detection(folder)
    return Project(folder)


def write_config(folder: Path, config: dict[str, Any]) -> None:
    (folder / "dbt_project.yml").write_text(
        yaml.safe_dump({"name": "trailhound", "profile": "trailhound", **config})
    )


def write_detection(folder: Path, config: str = "") -> None:
    (folder / "detections" / "iam" / "iam_x.yml").write_text(YML.format(config=config))


def listed(invoke: Invoke, *arguments: str) -> dict[str, Any]:
    [row] = json.loads(invoke("list", "--format", "json", *arguments).stdout)
    return dict(row)


def test_the_folder_one_stands_in_counts(project: Project, folder: Path) -> None:
    assert find_project(None) == project == Project(folder)


@pytest.mark.usefixtures("folder")
def test_else_the_installed_project_counts() -> None:
    assert find_project(None) == installed_project()
    assert len(read_detections(installed_project())) >= 15


def test_a_folder_of_another_dbt_project_does_not_count(folder: Path) -> None:
    write_config(folder, {"name": "shop"})
    assert find_project(None) == installed_project()


def test_a_project_with_the_package_counts(folder: Path) -> None:
    write_config(folder, {"name": "shop", "packages-install-path": "parts"})
    package = folder / "parts" / "trailhound"
    package.mkdir(parents=True)
    write_config(package, {"vars": {"iam_x__minutes": 7}})
    (package / "detections" / "iam").mkdir(parents=True)
    write_detection(package)
    (folder / "detections" / "iam").mkdir(parents=True)
    found = find_project(None)
    assert found.package == package
    [detection] = read_detections(found)
    assert (detection.name, detection.minutes) == ("iam_x", 7)


@pytest.mark.parametrize(
    ("models", "enabled"),
    [
        ({}, False),
        ({"trailhound": {"iam": {"iam_x": {"+enabled": True}}}}, True),
        ({"shop": {"iam": {"iam_x": {"+enabled": True}}}}, False),
    ],
)
def test_who_uses_the_package_has_the_last_word_on_its_detections(
    folder: Path, models: dict[str, Any], *, enabled: bool
) -> None:
    write_config(folder, {"name": "shop", "models": models})
    package = folder / "dbt_packages" / "trailhound"
    (package / "detections" / "iam").mkdir(parents=True)
    write_config(package, {})
    write_detection(package, "enabled: false")
    [detection] = read_detections(find_project(None))
    assert detection.enabled is enabled


@pytest.mark.parametrize(
    ("variables", "given", "in_force"),
    [
        ({}, None, (5, 10)),
        ({"iam_x__threshold": 6}, None, (6, 10)),
        ({"iam_x__threshold": 6, "trailhound": {"iam_x__threshold": 7}}, None, (7, 10)),
        ({"iam_x__threshold": 6}, "{iam_x__threshold: 8, iam_x__minutes: 1}", (8, 1)),
    ],
)
def test_the_threshold_in_force(
    project: Project,
    invoke: Invoke,
    variables: dict[str, Any],
    given: str | None,
    in_force: tuple[int, int],
) -> None:
    write_config(project.root, {"vars": variables})
    row = listed(invoke, *(("--vars", given) if given else ()))
    assert (row["threshold"], row["window_minutes"]) == in_force


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("variables", "fault"),
    [
        ("threshold: many", "threshold must be a whole number of at least 1, not 'many'"),
        ("share_percent: 101", "share_percent must be a whole number from 1 to 100, not 101"),
        ("signal: 'no'", "signal must be true or false, not 'no'"),
    ],
)
def test_a_variable_of_another_kind(invoke: Invoke, variables: str, fault: str) -> None:
    [line] = errors_of(invoke("list", "--vars", f"{{iam_x__{variables}}}", code=2))
    assert line.endswith(f"variable iam_x__{variables.partition(':')[0]}: {fault}")


@pytest.mark.parametrize(
    ("models", "config", "enabled"),
    [
        ({}, "", True),
        ({}, "enabled: false", False),
        ({"trailhound": {"+enabled": False}}, "", False),
        ({"trailhound": {"iam": {"iam_x": {"enabled": False}}}}, "", False),
        ({"trailhound": {"+enabled": False, "iam": {"+enabled": True}}}, "", True),
        ({"trailhound": {"+enabled": False}}, "enabled: true", True),
    ],
)
def test_a_detection_that_is_switched_off(
    project: Project, invoke: Invoke, models: dict[str, Any], config: str, *, enabled: bool
) -> None:
    write_config(project.root, {"models": models})
    write_detection(project.root, config)
    assert listed(invoke)["enabled"] is enabled


@pytest.mark.usefixtures("project")
def test_idle_is_not_known_without_a_store(invoke: Invoke) -> None:
    row = listed(invoke)
    assert row["needs_data_events"] is True
    assert row["idle"] is None
    assert "needs S3 data events" in invoke("list").stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models: [", "is not YAML"),
        ("models: []", "must describe one model"),
        ("- x", "holds no YAML object"),
        ("models: [{name: iam_x}]", "lacks title, severity"),
        (
            "models: [{name: iam_x, config: {meta: {title: T, severity: hihg}}}]",
            "severity must be one of low, medium, high, critical, not 'hihg'",
        ),
        (
            "models: [{name: iam_x, config: {meta: {title: T, severity: low, treshold: 5}}}]",
            "there is no 'treshold' in meta:. Did you mean threshold?",
        ),
        (
            "models: [{name: iam_x, config: {meta: {title: T, severity: low, threshold: }}}]",
            "threshold: is empty",
        ),
        (
            "models: [{name: iam_y, config: {meta: {title: T, severity: low}}}]",
            "the name 'iam_y' is not that of the file",
        ),
    ],
)
def test_a_broken_description_names_its_file(
    project: Project, invoke: Invoke, text: str, said: str
) -> None:
    path = project.root / "detections" / "iam" / "iam_x.yml"
    path.write_text(text)
    [line] = errors_of(invoke("list", code=1))
    assert line.startswith(f"Error: {path}")
    assert said in line


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select 1 -- trailhound.alert_per_burst('x')", "does not end in one of the macros"),
        ("with a as ({c}) {{{{ trailhound.alert_per_burst('b') }}}}", "has no CTE b"),
        (
            "with a as (b) {{{{ trailhound.alert_per_value('a') }}}}",
            "counts without",
        ),
        ("with a as ({c}) {{{{ trailhound.alert_per_request( 'a', {{}}) }}}}", None),
        ("with {{{{ mine.events('a') }}}} {{{{ trailhound.alert_per_request('a') }}}}", None),
    ],
)
def test_sql_that_breaks_the_contract_is_named_and_the_others_go_on(
    project: Project, invoke: Invoke, sql: str, said: str | None
) -> None:
    path = project.root / "detections" / "iam" / "iam_bad.sql"
    path.write_text(sql.format(c="select * from {{ trailhound.countable('t') }}"))
    path.with_suffix(".yml").write_text(YML.format(config="").replace("iam_x", "iam_bad"))
    result = invoke("list", "--format", "json", code=1 if said else 0)
    names = [row["detection"] for row in json.loads(result.stdout)]
    assert names == (["iam_x"] if said else ["iam_bad", "iam_x"])
    if said:
        [line] = errors_of(result)
        assert line.startswith(f"Error: {path} {said}")
    assert errors_of(invoke("list", "iam_x")) == []


def test_a_profile_that_ignores_the_store(project: Project, invoke: Invoke) -> None:
    outputs = {"duckdb": {"type": "duckdb", "path": "other.duckdb"}}
    (project.root / "profiles.yml").write_text(
        yaml.safe_dump({"trailhound": {"target": "duckdb", "outputs": outputs}})
    )
    [line] = errors_of(invoke("alerts", "--store", "s.duckdb", code=2))
    assert "--store has no effect" in line


def test_show_tells_all_of_it(invoke: Invoke) -> None:
    page = invoke("show", "iam_multiple_failed_api_calls").stdout
    for head in ("False positives", "Blind spots", "Triage", "References", "Files"):
        assert f"\n{head}\n" in page
    assert "fires at ≥ 5 in 10 min" in page
    [row] = json.loads(invoke("show", "s3_mass_copy_objects", "--format", "json").stdout)
    assert row["needs_data_events"] is True
    assert {"question", "sql"} == set(row["triage"][0])
    assert row["sql"] is None


def test_a_detection_may_have_keys_of_its_owner(project: Project, invoke: Invoke) -> None:
    path = project.root / "detections" / "iam" / "iam_x.yml"
    path.write_text(
        "models: [{name: iam_x, config: {meta: {title: T, severity: low, tier: 1, owner: me}}}]"
    )
    assert listed(invoke)["detection"] == "iam_x"


def test_a_detection_without_a_description_is_told(project: Project, invoke: Invoke) -> None:
    sql = project.root / "detections" / "iam" / "iam_y.sql"
    sql.write_text("{{ trailhound.alert_per_burst('counted') }}")
    [line] = errors_of(invoke("list", code=1))
    assert line == f"Error: {sql} has no iam_y.yml beside it"


@pytest.mark.parametrize(
    ("written", "environment", "rendered"),
    [
        ("{{ env_var('X') }}", "1e5", "1e5"),
        ("{{ env_var('X') }}", "None", "None"),
        ("a{{ env_var('X') }}", "0x1F", "a0x1F"),
        ("{{ env_var('X') | as_number }}", "8443", 8443),
        ("{{ env_var('X', '0.5') | as_number }}", None, 0.5),
        ("{{ env_var('X') | as_bool }}", "True", True),
    ],
)
def test_a_profile_is_rendered_as_dbt_does(
    written: str,
    environment: str | None,
    rendered: object,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if environment is not None:
        monkeypatch.setenv("X", environment)
    write_config(folder, {})
    profile = {"outputs": {"trino": {"type": "trino", "password": written}}}
    (folder / "profiles.yml").write_text(yaml.safe_dump({"trailhound": profile}))
    target = find_target(Project(folder), Settings(target="trino"))
    assert target.config["password"] == rendered


def test_a_profile_with_a_text_for_a_number(folder: Path) -> None:
    write_config(folder, {})
    profile = {"outputs": {"trino": {"type": "trino", "port": "{{ 'x' | as_number }}"}}}
    (folder / "profiles.yml").write_text(yaml.safe_dump({"trailhound": profile}))
    with pytest.raises(WrongUsage, match=r"'x' is no value for \{\{ 'x' \| as_number \}\}"):
        find_target(Project(folder), Settings(target="trino"))


def test_a_home_that_cannot_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container with a user of its own: a temporary folder stands in for the cache."""
    (folder / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "file"))
    place = workplace(installed_project(), "a purpose")
    assert place.is_dir()
    assert place == workplace(installed_project(), "a purpose")
    assert place != workplace(installed_project(), "another")


def test_an_environment_of_other_dbt_projects(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DBT_PROFILES_DIR counts where its file has the project's profile."""
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("DBT_PROFILES_DIR", str(elsewhere))
    (elsewhere / "profiles.yml").write_text("other: {}")
    assert profiles_folder(installed_project()) == installed_project().root
    (elsewhere / "profiles.yml").write_text("trailhound: {}")
    assert profiles_folder(installed_project()) == elsewhere
