"""Which alerts the filters choose, and in which order they come."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from cli_helpers import alert, incident, write_alerts

from support import Invoke
from trailhound.formats import FORMATS

ALERTS = (
    alert(alert_id="c", triggered_at="2026-02-01T00:00:00Z", severity="high"),
    alert(alert_id="b", triggered_at="2026-02-01T00:00:00Z", severity="critical"),
    alert(
        alert_id="a",
        triggered_at="2026-02-01T00:00:00Z",
        detection="ec2_multiple_instances_created",
        severity="low",
    ),
    alert(alert_id="d", triggered_at="2026-01-31T23:59:59Z", account_id="000000000001"),
    alert(alert_id="e", triggered_at="2026-01-30T12:00:00Z", entity_id="arn:aws:iam::1:root"),
    alert(alert_id="f", triggered_at="2026-01-29T12:00:00Z", entity_id="100%_sure'; drop --"),
)


@pytest.fixture
def chosen(invoke: Invoke, folder: Path) -> object:
    write_alerts(folder / "trailhound.duckdb", *ALERTS)

    def ids(*arguments: str) -> str:
        lines = invoke("alerts", "--format", "ndjson", *arguments).stdout.splitlines()
        return "".join(json.loads(line)["alert_id"] for line in lines)

    return ids


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        ([], "fedabc"),
        (["--detection", "ec2_multiple_instances_created"], "a"),
        (["--detection", "iam_*"], "fedbc"),
        (["--detection", "iam_*", "--detection", "ec2_*"], "fedabc"),
        (["--detection", "*"], "fedabc"),
        (["--detection", "s*"], ""),
        (["--severity", "low"], "fedabc"),
        (["--severity", "high"], "bc"),
        (["--severity", "critical"], "b"),
        (["--account", "000000000001"], "d"),
        (["--account", "0000*"], "d"),
        (["--account", "1"], ""),
        (["--entity", "arn:aws:iam::012345678901:user/mallory"], "dabc"),
        (["--entity", "mallory"], "dabc"),
        (["--entity", "user/mallory"], "dabc"),
        (["--entity", "allory"], ""),
        (["--entity", "root"], "e"),
        (["--entity", "*mall*"], "dabc"),
        (["--entity", "100%_sure'; drop --"], "f"),
        (["--entity", "100_*"], ""),
        (["--since", "2026-01-31"], "dabc"),
        (["--since", "2026-01-31T23:59:59Z"], "dabc"),
        (["--since", "2026-02-01T01:00:00+01:00"], "abc"),
        (["--until", "2026-01-31"], "fed"),
        (["--until", "2026-01-31T23:59:58"], "fe"),
        (["--since", "2026-01-30", "--until", "2026-01-30"], "e"),
        (["--severity", "high", "--until", "2026-01-31"], ""),
    ],
)
def test_filters(chosen: object, arguments: list[str], ids: str) -> None:
    assert callable(chosen)
    assert chosen(*arguments) == ids


def test_export_takes_the_same_filters(invoke: Invoke, folder: Path) -> None:
    write_alerts(folder / "trailhound.duckdb", *ALERTS)
    result = invoke("export", "--severity", "high", "--output", "out.json")
    assert result.stderr == "2 alerts written to out.json\n"


def test_a_store_in_use_is_said_in_one_line(run: object, tmp_path: Path) -> None:
    assert callable(run)
    store = write_alerts(tmp_path / "s.duckdb", *ALERTS)
    with duckdb.connect(str(store)):
        done = run("trailhound", "alerts", "--store", store, check=False)
    assert done.returncode == 4
    [line] = done.stderr.splitlines()
    assert "is in use by process" in line


def test_a_file_that_is_no_store_is_not_taken_for_one_in_use(invoke: Invoke, folder: Path) -> None:
    (folder / "lock").mkdir()
    (folder / "lock" / "a.duckdb").write_text("no store")
    said = invoke("alerts", "--store", "lock/a.duckdb", code=1).stderr
    assert said == f"Error: {folder}/lock/a.duckdb is not a DuckDB file\n"


def test_that_there_is_none_is_said(invoke: Invoke, folder: Path) -> None:
    write_alerts(folder / "trailhound.duckdb", *ALERTS[:1])
    assert invoke("alerts").stderr == ""
    found = invoke("alerts", "--severity", "critical")
    assert (found.stdout, found.stderr) == ("", "no such alert\n")
    assert invoke("alerts", "--severity", "critical", "--quiet").stderr == ""


@pytest.mark.parametrize("name", FORMATS)
def test_incidents_have_every_format(invoke: Invoke, folder: Path, name: str) -> None:
    person = incident(account_id="", entity_id="j.doe", entity_type="sso_user")
    write_alerts(folder / "trailhound.duckdb", incidents=[person])
    done = invoke("incidents", "--format", name)
    assert done.stdout_bytes
    if name not in ("parquet", "xlsx", "navigator"):
        assert "j.doe" in done.stdout
        assert "012345678901" in done.stdout


def test_the_catalogue_is_a_layer_of_what_is_covered(invoke: Invoke) -> None:
    layer = json.loads(invoke("list", "s3_*", "--format", "navigator").stdout)
    assert {"T1530", "T1619"} <= {each["techniqueID"] for each in layer["techniques"]}
