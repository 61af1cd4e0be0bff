"""The main job as a user meets it: what is printed where, and which exit code comes of it."""

from __future__ import annotations

import gzip
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest
from cli_helpers import errors_of

from support import Invoke
from trailhound.errors import TrailhoundError
from trailhound.project import countries

pytestmark = pytest.mark.usefixtures("few")

TRAIL = "trail.json.gz"


def denied(number: int, **changes: Any) -> dict[str, Any]:
    """One IAM call of mallory that was denied, a minute after the one before."""
    return {
        "eventVersion": "1.08",
        "eventID": f"e{number}",
        "eventTime": f"2026-01-31T12:{number:02}:00Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": "ListUsers",
        "errorCode": "AccessDenied",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.9",
        "recipientAccountId": "012345678901",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::012345678901:user/mallory"},
        **changes,
    }


def write_trail(folder: Path, *records: dict[str, Any], name: str = TRAIL) -> None:
    (folder / name).write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))


@pytest.fixture
def trail(folder: Path) -> Path:
    """Five denied calls, one of them twice: one alert of severity medium."""
    write_trail(folder, *(denied(number) for number in (1, 2, 3, 4, 5, 5)))
    return folder / TRAIL


def test_alerts_go_to_stdout_and_the_summary_to_stderr(invoke: Invoke, trail: Path) -> None:
    result = invoke("run", trail)
    assert "IAM - Multiple failed API calls" in result.stdout
    assert "loaded" not in result.stdout
    *lines, idle = errors_of(result)
    assert lines == [
        "loaded    1 file read; 6 records",
        "store     5 events in all, 1 duplicate",
        "alerts    1: 1 medium",
    ]
    assert idle == (
        "idle      s3_mass_copy_objects, s3_mass_delete_objects: the logs hold no S3 data events"
    )


@pytest.mark.parametrize(
    ("name", "idle"),
    [
        ("DeleteObject", False),
        ("GetObjectTagging", False),
        ("CompleteMultipartUpload", False),
        ("ListBuckets", True),
    ],
)
def test_object_calls_of_any_kind_show_that_data_events_are_logged(
    invoke: Invoke, folder: Path, name: str, *, idle: bool
) -> None:
    call = {"eventSource": "s3.amazonaws.com", "eventName": name, "errorCode": None}
    write_trail(folder, denied(1, **call))
    told = errors_of(invoke("run", folder / TRAIL))
    assert any(line.startswith("idle") for line in told) is idle


def test_ndjson_is_all_there_is_on_stdout(invoke: Invoke, trail: Path) -> None:
    [line] = invoke("run", trail, "--format", "ndjson").stdout.splitlines()
    alert = json.loads(line)
    assert alert["event_ids"] == ["e1", "e2", "e3", "e4", "e5"]
    assert alert["triggered_at"] == "2026-01-31T12:05:00Z"
    assert alert["is_continuation"] is False


def test_quiet_leaves_stderr_empty(invoke: Invoke, trail: Path) -> None:
    assert invoke("run", trail, "--quiet").stderr == ""


def test_alerts_and_export_read_what_a_run_left(invoke: Invoke, trail: Path) -> None:
    printed = invoke("run", trail, "--format", "ndjson").stdout
    assert invoke("alerts", "--format", "ndjson").stdout == printed
    assert invoke("export").stdout == printed
    assert invoke("run", "--format", "ndjson").stdout == printed


def test_standard_input_is_a_path(invoke: Invoke, trail: Path) -> None:
    data = trail.read_bytes()
    assert json.loads(invoke("run", "-", "--format", "ndjson", input=data).stdout)


def test_the_variable_logs_stands_for_paths(invoke: Invoke, trail: Path) -> None:
    result = invoke("run", "--vars", json.dumps({"logs": [str(trail)]}), "--format", "ndjson")
    assert result.stdout.count("\n") == 1


def test_fail_on(invoke: Invoke, trail: Path) -> None:
    for severity, code in (("low", 3), ("medium", 3), ("high", 0), ("critical", 0)):
        result = invoke("run", trail, "--fail-on", severity, "--format", "ndjson", code=code)
        assert result.stdout.count("\n") == 1
        assert (f"--fail-on {severity}: 1 such alert" in result.stderr) is bool(code)


@pytest.mark.usefixtures("trail")
def test_load_counts(invoke: Invoke) -> None:
    assert invoke("load", TRAIL).stdout == "1 file read; 6 records, 1 duplicate\n"
    [row] = json.loads(invoke("load", TRAIL, "--format", "json").stdout)
    assert row == {
        "files_read": 0, "files_known": 1, "files_partial": 0, "files_rejected": 0,
        "files_skipped": 0, "records": 0, "duplicates": 0, "rejected": 0, "skipped": 0,
    }  # fmt: skip


def test_duplicates_of_an_earlier_load_are_counted(
    invoke: Invoke, folder: Path, trail: Path
) -> None:
    invoke("load", trail)
    write_trail(folder, denied(5), denied(6), denied(6, recipientAccountId="1"), name="2.json")
    assert invoke("load", "2.json").stdout == "1 file read; 3 records, 1 duplicate\n"
    [first, second] = json.loads(invoke("files", "--format", "json").stdout)
    assert (Path(first["file"]).name, first["records"], first["duplicates"]) == ("2.json", 3, 1)
    assert (Path(second["file"]).name, second["records"], second["duplicates"]) == (TRAIL, 6, 1)


def test_broken_files_stop_nothing_and_are_named(invoke: Invoke, folder: Path, trail: Path) -> None:
    (folder / "cut.json").write_bytes(gzip.decompress(trail.read_bytes())[:-40])
    (folder / "noise.json").write_bytes(bytes(range(256)) * 20)
    (folder / "torn.json.gz").write_bytes(trail.read_bytes()[:-9] + b"garbage!!")
    (folder / "empty.json").write_bytes(b"")
    records = [denied(7, eventTime=None), denied(8, eventName="")]
    write_trail(folder, *records, denied(9), name="odd.json")
    result = invoke("run", *sorted(folder.iterdir()), "--format", "ndjson")
    assert result.stdout.count("\n") == 1
    told = "\n".join(errors_of(result))
    for name in ("cut.json", "noise.json", "torn.json.gz"):
        assert f"/{name}: " in told
    assert "odd.json: 1 record rejected: no eventTime" in told
    assert "odd.json: 1 record rejected: no eventName" in told
    listed = invoke("files", "--rejected", "--format", "ndjson").stdout
    files = {Path(json.loads(line)["file"]).name for line in listed.splitlines()}
    assert files == {"cut.json", "noise.json", "torn.json.gz", "odd.json"}
    [skipped] = json.loads(invoke("files", "--skipped", "--format", "json").stdout)
    assert Path(skipped["file"]).name == "empty.json"
    assert "1 skipped" in told


def test_nothing_readable_at_all_is_an_error(invoke: Invoke, folder: Path) -> None:
    (folder / "noise.json").write_bytes(bytes(range(256)) * 20)
    loaded, line = errors_of(invoke("run", "noise.json", code=1))
    assert loaded.startswith("loaded    1 file read, 1 rejected")
    assert "nothing could be read" in line
    (folder / "other.json").write_text("no JSON")
    *each, line = errors_of(invoke("load", "noise.json", "other.json", "--store", "s", code=1))
    assert [told.partition(": ")[0] for told in each] == [
        f"{folder}/{name}.json" for name in ("noise", "other")
    ]
    assert "(and 1 more file)" in line


@pytest.mark.parametrize("path", ["empty", "nowhere", "*.none", "memory://nowhere/"])
def test_a_path_without_files_leaves_no_store_behind(
    invoke: Invoke, folder: Path, path: str
) -> None:
    (folder / "empty").mkdir()
    [line] = errors_of(invoke("run", path, code=2))
    assert path in line
    assert [each.name for each in folder.iterdir()] == ["empty"]


def test_a_load_that_fails_leaves_no_empty_store_behind(
    invoke: Invoke, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise TrailhoundError("no credentials")

    monkeypatch.setattr("trailhound.load.load", fail)
    invoke("run", "s3://bucket/", code=1)
    assert list(folder.iterdir()) == []


def test_a_store_that_was_there_stays(invoke: Invoke, folder: Path, trail: Path) -> None:
    invoke("run", trail)
    invoke("run", "nowhere", code=2)
    assert (folder / "trailhound.duckdb").exists()


def test_a_detection_that_is_disabled_later(invoke: Invoke, folder: Path, trail: Path) -> None:
    invoke("init", folder / "own", "--whole")
    command = ("run", trail, "--project-dir", "own", "--store", folder / "s.duckdb")
    assert "Multiple failed API calls" in invoke(*command).stdout
    described = folder / "own" / "detections" / "iam" / "iam_multiple_failed_api_calls.yml"
    text = described.read_text().replace("    config:\n", "    config:\n      enabled: false\n", 1)
    described.write_text(text)
    assert invoke(*command).stdout == ""
    name, where = "iam_multiple_failed_api_calls", command[2:]
    for asked in (["tune", name], ["test", name], ["show", name, "--sql"]):
        said = invoke(*asked, *where, code=2).stderr
        assert said.startswith(f"Error: {name}")
        assert "disabled" in said


def test_a_model_in_a_schema_of_its_own(invoke: Invoke, folder: Path, trail: Path) -> None:
    invoke("init", folder / "own", "--whole")
    config = folder / "own" / "dbt_project.yml"
    config.write_text(config.read_text().replace("    facts:\n", "    facts:\n      +schema: f\n"))
    command = ("run", trail, "--project-dir", "own", "--store", folder / "s.duckdb")
    assert "+schema puts account_days beside the schema main" in (invoke(*command, code=1).stderr)


def test_what_only_dbt_can_build_is_built_by_dbt(invoke: Invoke, folder: Path, trail: Path) -> None:
    invoke("init", folder / "own", "--whole")
    (folder / "own" / "seeds" / "vips.csv").write_text("name,level\nann,9\nbob,10\n")
    config = folder / "own" / "dbt_project.yml"
    hook = '  - "create table if not exists made_by_a_hook as select 1 as one"'
    config.write_text(f"{config.read_text().rstrip()}\n{hook}\n")
    store = folder / "s.duckdb"
    done = invoke("run", trail, "--project-dir", "own", "--store", store, "--format", "ndjson")
    assert done.stdout.count("\n") == 1
    with duckdb.connect(str(store)) as connection:
        assert connection.execute("select max(level) from vips").fetchone() == (10,)
        assert connection.execute("select one from made_by_a_hook").fetchone() == (1,)


def test_a_detection_that_counts_in_a_window_must_say_its_minutes(
    invoke: Invoke, folder: Path, trail: Path
) -> None:
    invoke("init", folder / "own", "--whole")
    described = folder / "own" / "detections" / "iam" / "iam_multiple_failed_api_calls.yml"
    described.write_text(re.sub(r"\n +minutes: 10\n", "\n", described.read_text(), count=1))
    command = ("run", trail, "--project-dir", "own", "--store", folder / "s.duckdb")
    assert "iam_multiple_failed_api_calls counts within a window: its .yml must say minutes" in (
        invoke(*command, code=1).stderr
    )


def test_tuning_what_was_only_loaded(invoke: Invoke, trail: Path) -> None:
    invoke("load", trail)
    said = invoke("tune", "iam_multiple_failed_api_calls", code=1).stderr
    assert said == "Error: nothing is built yet: `trailhound run` does\n"


def test_days_in_the_wrong_order(invoke: Invoke, trail: Path) -> None:
    days = ("--since", "2026-02-01", "--until", "2026-01-01")
    invoke("run", trail)
    for command in (["run", trail], ["run"], ["load", trail], ["alerts"], ["export"]):
        assert "--since is after --until" in invoke(*command, *days, code=2).stderr


def test_a_full_refresh_leaves_out_no_days(invoke: Invoke) -> None:
    command = ("run", "--target", "trino", "--full-refresh", "--since", "2026-01-01")
    assert "leave out --since and --until" in invoke(*command, code=2).stderr


def test_no_file_in_these_days(invoke: Invoke, folder: Path) -> None:
    day = folder / "AWSLogs/1/CloudTrail/eu-west-1/2026/01/31"
    day.mkdir(parents=True)
    write_trail(day, denied(1))
    said = invoke("load", "AWSLogs", "--since", "2027-01-01", code=2).stderr
    assert "no file in these days under AWSLogs" in said


# A load without an end.
ENDLESS = """
import time
from trailhound.load import reader
from trailhound.load import batches
from trailhound.main import main
def fast(job, batch):
    read, _ = batches.small_files(batch)
    print("reading", flush=True)
    while True:
        yield from read
        time.sleep(0.01)
reader._fast = fast
main()
"""


def test_an_interrupted_load_is_one_line(invoke: Invoke, trail: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS, "load", trail],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert (process.returncode, said) == (130, "Error: interrupted: run it again to go on\n")
    assert "Multiple failed API calls" in invoke("run", trail).stdout


def test_a_profile_elsewhere_whose_schema_the_environment_names(
    invoke: Invoke, folder: Path, trail: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoke("init", folder / "own", "--whole")
    profile = (folder / "own" / "profiles.yml").rename(folder / "profiles.yml")
    schema = "      type: duckdb\n      schema: \"{{ env_var('MY_SCHEMA') }}\"\n"
    profile.write_text(profile.read_text().replace("      type: duckdb\n", schema))
    monkeypatch.setenv("DBT_PROFILES_DIR", str(folder))
    store = folder / "s.duckdb"
    for name in ("one", "two"):
        monkeypatch.setenv("MY_SCHEMA", name)
        done = invoke(
            *("run", trail, "--project-dir", "own", "--store", store, "--format", "ndjson")
        )
        assert done.stdout.count("\n") == 1
    with duckdb.connect(str(store)) as connection:
        schemas = connection.execute(
            "select distinct schema_name from duckdb_tables() order by 1"
        ).fetchall()
    assert schemas == [("one",), ("two",)]


@pytest.mark.parametrize("command", [["load", TRAIL], ["run"]])
def test_too_little_memory_is_one_line_that_says_what_to_do(
    invoke: Invoke, trail: Path, command: list[str]
) -> None:
    invoke("run", trail)
    write_trail(trail.parent, *(denied(number) for number in range(7)))
    said = invoke(*command, "--memory-limit", "100KB", code=1).stderr
    assert "Out of Memory Error" in said.splitlines()[0]
    assert said.splitlines()[0].endswith("try again with a higher --memory-limit")
    assert "Multiple failed API calls" in invoke("run", trail).stdout


@pytest.mark.parametrize(
    ("variables", "alerts"),
    [
        ("{denied_error_codes: AccessDenied, human_role_patterns: 'App*'}", 1),
        ("{denied_error_codes: [Other]}", 0),
        ("{denied_error_codes: []}", 0),
    ],
)
def test_a_list_of_one_may_be_a_text(
    invoke: Invoke, folder: Path, variables: str, alerts: int
) -> None:
    role = {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/mallory/{}"}
    write_trail(
        folder,
        *(
            denied(number, userIdentity={**role, "arn": role["arn"].format(number)})
            for number in range(5)
        ),
    )
    done = invoke("run", TRAIL, "--format", "ndjson", "--vars", variables)
    assert done.stdout.count("\n") == alerts


def test_a_variable_that_is_no_list_of_texts(invoke: Invoke, trail: Path) -> None:
    said = invoke("run", trail, "--vars", "{human_role_patterns: 5}", code=1).stderr
    assert "human_role_patterns must be a text or a list of texts, not 5" in said


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ("{incidents__risk: '1 or 1=1'}", "a whole number, not '1 or 1=1'"),
        ("{history_days: true}", "a whole number, not True"),
        ("{travel_kmh: -1}", "a whole number, not -1"),
        ("{admin_ports: [ssh]}", "list whole numbers, not ['ssh']"),
    ],
)
def test_a_variable_that_is_no_number(
    invoke: Invoke, trail: Path, variables: str, wanted: str
) -> None:
    said = invoke("run", trail, "--vars", variables, code=2).stderr
    assert said.rstrip().endswith(f" must {'be ' if 'a whole' in wanted else ''}{wanted}")


@pytest.mark.parametrize(
    "variable",
    [
        "iam_multiple_failed_api_calls__treshold",
        "iam_multiple_failed_api_calls_threshold",
        "iam_multiple_failed_api_calls",
        "threshold",
    ],
)
def test_a_mistyped_variable_of_a_detection(invoke: Invoke, trail: Path, variable: str) -> None:
    [line] = errors_of(invoke("run", trail, "--vars", f"{{{variable}: 3}}", code=2))
    assert f"'{variable}' means nothing: write DETECTION__threshold or DETECTION__minutes" in line


def test_a_variable_changes_a_threshold(invoke: Invoke, trail: Path) -> None:
    variables = "{iam_multiple_failed_api_calls__threshold: 6}"
    assert invoke("run", trail, "--format", "ndjson", "--vars", variables).stdout == ""
    assert invoke("run", "--format", "ndjson").stdout.count("\n") == 1


def test_a_variable_of_incidents(invoke: Invoke, trail: Path) -> None:
    variables = "{incidents__risk: 1, incidents__acts: 1, incidents__minutes: 60}"
    invoke("run", trail, "--quiet", "--vars", variables)
    [incident] = json.loads(invoke("incidents", "--format", "json").stdout)
    assert (incident["threshold"], incident["window_minutes"]) == (1, 60)


def test_a_variable_that_is_no_number_is_one_line(invoke: Invoke, trail: Path) -> None:
    variables = "{iam_multiple_failed_api_calls__threshold: none}"
    result = invoke("run", trail, "-q", "--vars", variables, code=2)
    [line] = errors_of(result)
    assert "iam_multiple_failed_api_calls__threshold" in line


def test_an_allow_list_of_the_run(invoke: Invoke, folder: Path, trail: Path) -> None:
    header = (
        "detection,account_id,entity_id,source_ip,region,user_agent,event_name,expires_on,"
        "reason,owner\n"
    )
    (folder / "allow.csv").write_text(f"{header}iam_*,,*:user/mallory,,,,,,a pen test,sec\n")
    allowed = invoke("run", trail, "--format", "ndjson", "--allow-list", "allow.csv")
    assert allowed.stdout == ""
    assert invoke("run", "--format", "ndjson").stdout.count("\n") == 1


def test_overrides_of_the_run(invoke: Invoke, folder: Path, trail: Path) -> None:
    (folder / "overrides.csv").write_text(
        "detection,account_id,entity_id,threshold,reason,owner\n"
        "iam_multiple_failed_api_calls,,*:user/mallory,3,watched,sec\n"
    )
    line = invoke("run", trail, "--format", "ndjson", "--overrides", "overrides.csv").stdout
    assert json.loads(line)["threshold"] == 3
    assert json.loads(line)["triggered_at"] == "2026-01-31T12:03:00Z"


def test_countries_of_the_run(invoke: Invoke, folder: Path) -> None:
    logins = [
        denied(
            number,
            eventSource="signin.amazonaws.com",
            eventName="ConsoleLogin",
            errorCode=None,
            responseElements={"ConsoleLogin": "Success"},
            sourceIPAddress=f"192.0.2.{number}",
        )
        for number in (1, 2)
    ]
    write_trail(folder, *logins)
    assert invoke("run", TRAIL, "--format", "ndjson").stdout == ""
    (folder / "countries.csv").write_text(
        "start_ip,end_ip,country\n192.0.2.1,192.0.2.1,NO\n192.0.2.2,192.0.2.2,PE\n"
    )
    lines = invoke("run", "--format", "ndjson", "--countries", "countries.csv").stdout.splitlines()
    alerts = [json.loads(line) for line in lines]
    assert [alert["detection"] for alert in alerts] == ["iam_multiple_worldwide_console_logins"]
    assert alerts[0]["evidence"]["countries"] == ["NO", "PE"]


def test_countries_are_packed_once_as_long_as_they_are_the_same(
    invoke: Invoke, folder: Path, trail: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Path] = []

    def noted(path: Path) -> list[countries.PackedRow]:
        calls.append(path)
        return packed(path)

    packed = countries.packed
    monkeypatch.setattr(countries, "packed", noted)
    for country in ("DE", "DE", "FR", "DE"):
        (folder / "mine.csv").write_text(f"203.0.113.0,203.0.113.255,{country}\n")
        invoke("run", trail, "--countries", "mine.csv")
        with duckdb.connect("trailhound.duckdb", read_only=True) as store:
            [(text,)] = store.execute("select ranges from country_ranges").fetchall()
        assert country in text
    assert len(calls) == 2
    (folder / "mine.csv").write_text("203.0.113.0,203.0.113.255,DEU\n")
    for _ in range(2):
        assert "mine.csv, line 1" in invoke("run", "--countries", "mine.csv", code=1).stderr


def test_networks_and_trusted_accounts_of_the_run(
    invoke: Invoke, folder: Path, trail: Path
) -> None:
    (folder / "networks.csv").write_text("0.0.0.0,255.255.255.255,AS1\n")
    accounts = folder / "accounts.csv"
    accounts.write_text("account_id,name,reason,owner\n012345678901,vault,ours,me\n")
    given = ("--networks", "networks.csv", "--trusted-accounts", "accounts.csv")
    invoke("run", trail, *given)
    with duckdb.connect("trailhound.duckdb", read_only=True) as store:
        assert store.execute("select network from networks").fetchall() == [("AS1",)]
        assert store.execute("select account_id from trusted_accounts").fetchall() == [
            ("012345678901",)
        ]
    accounts.write_text("account_id,name,reason,owner\n12345678901,vault,ours,me\n")
    (folder / "networks.csv").write_text("8.8.8.0,8.8.8.9,AS1\n8.8.8.9,8.8.8.9,AS2\n")
    assert "accounts.csv, line 2: account_id '12345678901'" in invoke("run", *given, code=1).stderr
    told = invoke("run", *given[:2], code=1).stderr
    assert "networks.csv, line 2: it overlaps the range in line 1" in told


def test_a_bad_row_is_told_before_anything_is_loaded(
    invoke: Invoke, folder: Path, trail: Path
) -> None:
    (folder / "allow.csv").write_text(
        "detection,account_id,entity_id,source_ip,region,user_agent,event_name,expires_on,"
        "reason,owner\niam_*,,,10.0.0.1/8,,,,,x,sec\niam_*,,,,,,,31.12.2026,,sec\n"
    )
    lines = errors_of(invoke("run", trail, "--allow-list", "allow.csv", code=1))
    assert [line.partition(":")[0] for line in [lines[0].removeprefix("Error: "), *lines[1:]]] == [
        "allow.csv, line 2",
        "allow.csv, line 3",
        "allow.csv, line 3",
    ]
    assert not (folder / "trailhound.duckdb").exists()


def test_one_broken_detection_costs_only_its_own_alerts(
    invoke: Invoke, folder: Path, trail: Path
) -> None:
    invoke("init", "own", "--whole", "-q")
    broken = folder / "own" / "detections" / "iam" / "iam_multiple_users_created.sql"
    broken.write_text(broken.read_text().replace("event_source =", "no_such_column ="))
    result = invoke("run", trail, "--project-dir", "own", "--format", "ndjson", code=1)
    assert result.stdout.count("\n") == 1
    [line] = [line for line in errors_of(result) if line.startswith("Error: ")]
    assert line.startswith("Error: iam_multiple_users_created failed: ")
    assert "no_such_column" in line


def test_a_project_that_does_not_compile_is_one_line(
    invoke: Invoke, folder: Path, trail: Path
) -> None:
    invoke("init", "own", "--whole", "-q")
    broken = folder / "own" / "models" / "events" / "watched_calls.sql"
    broken.write_text("{{ trailhound.no_such_word() }}")
    result = invoke("run", trail, "--project-dir", "own", "-q", code=1)
    [line] = errors_of(result)
    assert line.startswith("Error: dbt: ")
    assert "no_such_word" in line


def test_a_project_with_other_kinds_of_models_is_built_by_dbt(
    invoke: Invoke, folder: Path, trail: Path
) -> None:
    plain = invoke("run", trail, "--format", "ndjson").stdout
    invoke("init", "own", "--whole", "-q")
    (folder / "own" / "models" / "seen.sql").write_text(
        "{{ config(materialized='incremental', tags=['own']) }} select 1 as number"
    )
    options = ("--project-dir", "own", "--store", "own.duckdb", "--format", "ndjson")
    result = invoke("run", trail, *options)
    assert result.stdout == plain
    assert "Running with dbt" not in result.stderr
    allow = "detection,account_id,entity_id,source_ip,region,user_agent,event_name,expires_on,"
    (folder / "allow.csv").write_text(f"{allow}reason,owner\niam_*,,,,,,,,all of it,sec\n")
    assert invoke("run", *options, "--allow-list", "allow.csv").stdout == ""


def test_dbt_writes_neither_into_the_project_nor_into_the_working_folder(
    invoke: Invoke, folder: Path, trail: Path
) -> None:
    invoke("init", "own", "--whole", "-q")
    before = sorted((folder / "own").rglob("*"))
    invoke("run", trail, "--project-dir", "own", "-q")
    invoke("show", "iam_multiple_users_created", "--sql", "--project-dir", "own")
    assert sorted((folder / "own").rglob("*")) == before
    assert {path.name for path in folder.iterdir()} == {"own", TRAIL, "trailhound.duckdb"}


def test_a_variable_of_no_detection_names_the_nearest(invoke: Invoke, trail: Path) -> None:
    variables = "{iam_multiple_failed_api_cals__threshold: 3}"
    [line] = errors_of(invoke("run", trail, "-q", "--vars", variables, code=2))
    assert "Did you mean iam_multiple_failed_api_calls" in line


def test_an_allow_list_in_another_order_and_with_odd_quotes(
    invoke: Invoke, folder: Path, trail: Path
) -> None:
    (folder / "list.csv").write_text(
        "owner,reason,expires_on,event_name,region,user_agent,source_ip,entity_id,account_id,"
        "detection\n"
        "o,r,,,,,,'quoted',,\n"
        'o,r,,,,"Mozilla/5.0 (X11; Linux, like Gecko)",,,,\n'
        'o,"a \\""b\\"" c",,,,,,#hash,,\n'
    )
    told = invoke("run", trail, "--allow-list", "list.csv").stderr
    for expected in ("entity_id='quoted' (r)", "like Gecko) (r)", 'entity_id=#hash (a \\"b\\" c)'):
        assert expected in told
