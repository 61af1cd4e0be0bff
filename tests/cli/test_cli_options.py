"""The options of every command, and what is said when one is wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import pytest
from cli_helpers import alert, errors_of, write_alerts

from support import Invoke
from trailhound.project.project import Project, installed_project
from trailhound.project.target import find_target
from trailhound.settings import DEFAULT_MEMORY_LIMIT, Settings


def test_options_stand_before_or_after_the_command(invoke: Invoke, folder: Path) -> None:
    store = write_alerts(folder / "s.duckdb", alert())
    before = invoke("--store", store, "--format", "ndjson", "alerts").stdout
    after = invoke("alerts", "--store", store, "--format", "ndjson").stdout
    assert json.loads(before) == json.loads(after) == alert()


def test_the_later_of_two_places_wins(invoke: Invoke, folder: Path) -> None:
    store = write_alerts(folder / "s.duckdb", alert())
    result = invoke("--store", "none.duckdb", "alerts", "--store", store, "--format", "ndjson")
    assert json.loads(result.stdout) == alert()


def test_the_store_is_in_the_working_folder_by_default(invoke: Invoke, folder: Path) -> None:
    write_alerts(folder / "trailhound.duckdb", alert())
    assert invoke("alerts", "--format", "ndjson").stdout.count("\n") == 1


def test_the_environment_names_the_store_and_an_option_outweighs_it(
    invoke: Invoke, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = write_alerts(folder / "s.duckdb", alert())
    monkeypatch.setenv("TRAILHOUND_STORE", str(store))
    assert invoke("alerts", "--format", "ndjson").stdout.count("\n") == 1
    invoke("alerts", "--store", "none.duckdb", code=2)


def memory_limit(settings: Settings) -> object:
    return find_target(installed_project(), settings).config["settings"]["memory_limit"]


def test_memory_has_the_same_limit_everywhere_by_default(invoke: Invoke) -> None:
    assert memory_limit(Settings()) == DEFAULT_MEMORY_LIMIT
    told = " ".join(invoke("run", "--help").stdout.split())
    assert f"[default: {DEFAULT_MEMORY_LIMIT}; env: TRAILHOUND_MEMORY_LIMIT]" in told


def test_an_option_outweighs_the_environment_in_the_limit_of_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRAILHOUND_MEMORY_LIMIT", "")
    assert memory_limit(Settings()) == DEFAULT_MEMORY_LIMIT
    monkeypatch.setenv("TRAILHOUND_MEMORY_LIMIT", "3GB")
    assert memory_limit(Settings()) == "3GB"
    assert memory_limit(Settings(memory_limit="2GB")) == "2GB"


def test_a_profile_that_says_nothing_of_memory_gets_the_limit_too(
    invoke: Invoke, folder: Path
) -> None:
    invoke("init", folder / "own", "--whole")
    profiles = folder / "own" / "profiles.yml"
    text, replaced = re.subn(r"\n +settings:\n +memory_limit: .*", "", profiles.read_text())
    assert replaced == 1
    profiles.write_text(text)
    project = Project(folder / "own")
    for given, limit in ((None, DEFAULT_MEMORY_LIMIT), ("2GB", "2GB")):
        settings = Settings(memory_limit=given)
        assert find_target(project, settings).config["settings"] == {"memory_limit": limit}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lisst"], "there is no command 'lisst'. Did you mean list?"),
        (["list", "iam_multiple_user_created"], "Did you mean iam_multiple_users_created"),
        (["show", "nothing_like_it"], "there is no detection 'nothing_like_it'"),
        (["alerts", "--detection", "iam_users"], "there is no detection 'iam_users'"),
        (["alerts", "--since", "yesterday"], "'yesterday' is no date or time such as"),
        (["alerts", "--until", "2026-02-30"], "'2026-02-30' is no date or time such as"),
        (["alerts", "--severity", "mild"], "'mild' is not one of"),
        (["alerts", "--format", "xml"], "'xml' is not one of table, ndjson"),
        (["alerts", "--store", "none.duckdb"], "there is no store"),
        (["alerts"], "`trailhound run PATH` makes one"),
        (["run"], "there is no store"),
        (["run", "none"], "no such file or folder: none"),
        (["load", "*.none"], "no such file or folder: *.none"),
        (["load"], "Missing argument 'PATH...'"),
        (["list", "--vars", "{a"], "expected names and values"),
        (["list", "--vars", "text"], "expected names and values"),
        (["list", "--project-dir", "."], "is no dbt project of trailhound"),
        (["run", "--target", "snowflake"], "there is no target 'snowflake'"),
        (["run", "--allow-list", "none.csv"], "'none.csv' does not exist"),
        (["new", "iam"], "'iam' is not like iam/iam_access_keys_created"),
        (["new", "iam/../../etc"], "is not like iam/iam_access_keys_created"),
        (["new", "iam/iam_x", "--event-name", "A' or 1=1"], "is no name of an API call"),
        (["new", "iam/iam_x"], "Name the API call to count, such as --event-name CreateAccessKey."),
        (["athena"], "Choose from: ddl, check. See"),
        (["run", "--memory-limit", "much"], "expected a size like 500MB or 2GB, got 'much'"),
        (["run", "--bogus"], "No such option '--bogus'"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    invoke: Invoke, folder: Path, arguments: list[str], said: str
) -> None:
    result = invoke(*arguments, code=2)
    assert result.stdout == ""
    [line] = errors_of(result)
    assert line.startswith("Error: ")
    assert said in line
    assert list(folder.iterdir()) == []


def test_an_error_shows_no_raw_control_characters(invoke: Invoke) -> None:
    [line] = errors_of(invoke("show", "\x1b[31mred\x1b[0m", code=2))
    assert "\x1b" not in line
    assert "\\x1b[31mred" in line


def test_a_file_that_is_no_store(invoke: Invoke, folder: Path) -> None:
    (folder / "x.duckdb").write_text("something else, and long enough to be looked at" * 300)
    [line] = errors_of(invoke("alerts", "--store", "x.duckdb", code=1))
    assert line.endswith("x.duckdb is not a DuckDB file")


def test_a_store_that_was_only_loaded(invoke: Invoke, folder: Path) -> None:
    (folder / "one.json").write_text(
        '{"eventTime": "2026-01-31T12:00:00Z", "eventName": "ListUsers", "eventID": "e1"}'
    )
    invoke("load", "one.json")
    [line] = errors_of(invoke("alerts", code=1))
    assert line == "Error: nothing is built yet: `trailhound run` does"
    with duckdb.connect("trailhound.duckdb") as store:
        store.execute("create schema security")
        store.execute("create table security.cloudtrail_events as select 1 as x")
    for command in ("alerts", "doctor"):
        [line] = errors_of(invoke(command, code=1))
        assert line.startswith("Error: the events are in the schema security, and trailhound looks")


def test_quiet_says_nothing_on_stderr(invoke: Invoke, folder: Path) -> None:
    write_alerts(folder / "trailhound.duckdb", alert())
    assert invoke("export", "--output", "a.csv").stderr == "1 alert written to a.csv\n"
    assert invoke("export", "--output", "a.csv", "-q").stderr == ""


def test_what_nobody_thought_of_is_one_line_too(
    invoke: Invoke, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("some\nthing")

    write_alerts(folder / "trailhound.duckdb", alert())
    monkeypatch.setattr("trailhound.commands.alerts.read_alerts", fail)
    [line] = errors_of(invoke("alerts", code=1))
    assert line.startswith("Error: unexpected KeyError: ")
    assert line.endswith("(--verbose shows where)")
    assert isinstance(invoke("alerts", "--verbose", code=1).exception, KeyError)
