"""Whoever makes calls writes the log: text that wants to be run, in every field, is only text."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import unicodedata
from contextlib import chdir
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from mcp import Client
from openpyxl import load_workbook

import trails
from oracle import RULES
from responder.test_mcp import data
from support import LOGS, Invoke, Run, alerts_of, run_in
from trailhound.assistants.server import make_server
from trailhound.formats import FORMATS
from trailhound.main import cli
from trailhound.settings import Settings
from trailhound.text import visible
from trailhound.workspace import Work

HOSTILE = [
    "'; drop table cloudtrail_events; --",
    "{{ 7*7 }}{% do run_query('drop table alerts') %}",
    "\x1b[2J\x1b]0;owned\x07\r\u202e\u2066",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "$(reboot)`reboot`|reboot;%s{0}?$1",
]
SEEN = [text for text in HOSTILE if text.isprintable()]
FORMULAS = ["=cmd|'calc'!A1", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "\uff1d1+1"]

# What detections read stays as it is, and so do an ARN's parts.
KEPT = {
    "eventTime", "eventName", "eventSource", "eventType", "eventCategory", "errorCode", "type",
    "sourceIPAddress", "requestParameters", "responseElements", "additionalEventData", "readOnly",
    "mfaAuthenticated", "creationDate", "invokedBy",
}  # fmt: skip


def poisoned(value: Any, before: str, after: str) -> Any:
    """A record with text put before and after each text in it, and into each object."""
    if isinstance(value, dict):
        changed = {
            key: part if key in KEPT else poisoned(part, before, after)
            for key, part in value.items()
        }
        for key in ("requestParameters", "responseElements", "additionalEventData"):
            if isinstance(changed.get(key), dict):
                changed[key] = {**changed[key], before + after: [{after: before}]}
        return {**changed, before + after: after}
    if isinstance(value, list):
        return [poisoned(part, before, after) for part in value]
    return f"{before}{value}{after}" if isinstance(value, str) else value


@pytest.fixture(scope="module")
def plain() -> list[trails.Record]:
    return list(trails.read(LOGS / "sample"))


@pytest.fixture(scope="module")
def poisons() -> list[tuple[str, str]]:
    return [("", text) for text in HOSTILE] + [(text, "") for text in FORMULAS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def hostile(
    folder: Path,
    plain: list[trails.Record],
    poisons: list[tuple[str, str]],
) -> Invoke:
    """Asks a store of the sample trail, once for each poison, with some of them as indicators."""
    for number, poison in enumerate(poisons):
        records = [poisoned(record, *poison) for record in plain]
        (folder / f"{number}.json").write_text(json.dumps({"Records": records}))
    bad = [{"eventTime": text, text: text} for text in HOSTILE + FORMULAS]
    (folder / "\x1b[2J{{ 1 }}.json").write_text(json.dumps({"Records": bad}))
    with (folder / "seen.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [("kind", "indicator", "source"), *(("user_agent", text, HOSTILE[2]) for text in SEEN)]
        )
    run_in(folder)("trailhound", "run", *folder.glob("*.json"), "--indicators", "seen.csv")

    def ask(program: str, *arguments: str | Path, check: bool = True) -> Result:
        assert program == "trailhound"
        with chdir(folder):
            done = CliRunner().invoke(cli, list(map(str, arguments)), prog_name=program)
        assert not check or done.exit_code == 0, done.output[-3000:]
        return done

    return ask


@pytest.fixture(scope="module")
def alerts(hostile: Invoke) -> list[dict[str, Any]]:
    return alerts_of(hostile("trailhound", "alerts", "--format", "ndjson").stdout)


@pytest.fixture(scope="module")
def incidents(hostile: Invoke) -> list[dict[str, Any]]:
    found = alerts_of(hostile("trailhound", "incidents", "--format", "ndjson").stdout)
    assert found
    return found


def of_rules(alerts: list[dict[str, Any]]) -> list[str]:
    """The detections that fired, of those that ask for no text that is poisoned here."""
    return sorted(alert["detection"] for alert in alerts if alert["detection"] in RULES)


def test_every_detection_fires_as_it_does_on_the_plain_trail(
    run: Run, alerts: list[dict[str, Any]], poisons: list[tuple[str, str]]
) -> None:
    done = run("trailhound", "run", LOGS / "sample", "--format", "ndjson")
    expected = of_rules(alerts_of(done.stdout))
    assert of_rules(alerts) == sorted(expected * len(poisons))


def test_it_is_kept_letter_by_letter(
    alerts: list[dict[str, Any]], poisons: list[tuple[str, str]]
) -> None:
    for before, after in poisons:
        own = [alert for alert in alerts if (before + after) in alert["account_id"]]
        assert set(of_rules(own)) == set(RULES)
        for column in ("event_ids", "regions", "user_agents"):
            texts = [text for alert in own for text in alert[column]]
            assert all(text.startswith(before) and text.endswith(after) for text in texts)
            assert texts


def test_what_was_looked_for_is_kept_letter_by_letter(alerts: list[dict[str, Any]]) -> None:
    seen = [each for each in alerts if each["detection"] == "aws_indicator_seen"]
    assert {text for each in seen for text in each["evidence"]["indicators"]} == set(SEEN)
    assert {text for each in seen for text in each["evidence"]["sources"]} == {visible(HOSTILE[2])}


def unsafe(text: str) -> set[str]:
    """What a terminal might act on, but for the ends of lines."""
    return {
        char
        for char in text.replace("\n", "")
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    }


@pytest.mark.parametrize(
    "command",
    [
        *(
            [relation, "--format", name]
            for relation in ("alerts", "incidents")
            for name in FORMATS
            if not FORMATS[name].is_binary
        ),
        ["list", "--format", "navigator"],
        ["run", "--indicators", "seen.csv"],
        ["files"],
        ["files", "--rejected"],
        ["doctor"],
        *(
            ["events", "--limit", "50", "--format", name]
            for name in ("table", "ndjson", "json", "csv", "ecs", "timesketch")
        ),
        *(["events", "--count-by", name] for name in ("user_agent", "entity_id")),
        *(
            ["sql", "select * from cloudtrail_events limit 50", "--format", name]
            for name in ("table", "ndjson", "json", "csv")
        ),
        *(
            ["sql", "pivot (from cloudtrail_events limit 99) on user_agent", "--format", name]
            for name in ("table", "ndjson", "json", "csv")
        ),
        *(["who", "198.51.100.23", "--format", name] for name in ("table", "ndjson", "csv")),
        ["list"],
        ["tune", "iam_multiple_failed_api_calls"],
        ["notify", "json://127.0.0.1", "--dry-run"],
    ],
    ids=" ".join,
)
def test_nothing_on_a_terminal_drives_it(hostile: Invoke, command: list[str]) -> None:
    done = hostile("trailhound", *command, check=command != ["doctor"])  # it finds the bad file
    assert done.stdout
    assert unsafe(done.stdout + done.stderr) == set()


def test_an_assistant_gets_it_between_the_marks(folder: Path, alerts: list[dict[str, Any]]) -> None:
    questions: dict[str, dict[str, Any]] = {
        "alerts": {"limit": 200},
        "explain": {"alert_id": alerts[0]["alert_id"]},
        "who": {"asked": alerts[0]["alert_id"]},
        "events": {"limit": 200},
        "query": {"sql": "select * from cloudtrail_events"},
    }

    async def ask() -> list[Any]:
        async with Client(
            make_server(Work(Settings(store=folder / "trailhound.duckdb")))
        ) as client:
            return [await client.call_tool(name, given) for name, given in questions.items()]

    for result in asyncio.run(ask()):
        assert data(result.content[0].text)
        assert not result.is_error


def test_an_explanation_is_only_text(hostile: Invoke, alerts: list[dict[str, Any]]) -> None:
    for alert in alerts[:: len(alerts) // 4]:
        for options in ((), ("--format", "csv")):
            done = hostile("trailhound", "explain", alert["alert_id"], *options)
            assert alert["title"] in done.stdout
            assert unsafe(done.stdout + done.stderr) == set()
        lineage = hostile("trailhound", "who", alert["alert_id"])
        assert "Where it comes from" in lineage.stdout
        assert unsafe(lineage.stdout + lineage.stderr) == set()


def test_an_incident_is_only_text(hostile: Invoke, incidents: list[dict[str, Any]]) -> None:
    for incident in incidents[:: max(1, len(incidents) // 8)]:
        for options in ((), ("--format", "csv"), ("--format", "json")):
            done = hostile("trailhound", "explain", incident["alert_id"], *options)
            assert incident["event_ids"][0][:8] in done.stdout
            assert unsafe(done.stdout + done.stderr) == set()


def test_a_poison_in_a_name_is_no_bridge_between_actors(
    incidents: list[dict[str, Any]], poisons: list[tuple[str, str]]
) -> None:
    for incident in incidents:
        texts = [incident["entity_id"], *incident["evidence"]["account_ids"]]
        assert [poison for poison in poisons if all("".join(poison) in text for text in texts)]


def test_a_message_of_an_incident_is_only_text(
    hostile: Invoke, incidents: list[dict[str, Any]]
) -> None:
    done = hostile("trailhound", "notify", "json://127.0.0.1", "--dry-run")
    messages = done.stdout.split("\n\n")[: len(incidents)]
    told = [message.splitlines() for message in messages if "Incident" in message]
    assert told
    assert {len(lines) for lines in told} == {7}


def test_no_cell_of_a_csv_is_a_formula(hostile: Invoke, alerts: list[dict[str, Any]]) -> None:
    of_alerts = hostile("trailhound", "export", "--format", "csv").stdout
    of_incidents = hostile("trailhound", "incidents", "--format", "csv").stdout
    rows = list(csv.reader(io.StringIO(of_alerts)))
    assert len(rows) == 1 + len(alerts)
    rows += csv.reader(io.StringIO(of_incidents))
    assert {row[0][:1] for row in rows} <= set("0123456789abcdef")
    for command in (
        ["events"],
        ["events", "--count-by", "user_agent"],
        ["sql", "pivot (from cloudtrail_events limit 99) on account_id"],
        ["who", alerts[0]["alert_id"]],
    ):
        rows += csv.reader(io.StringIO(hostile("trailhound", *command, "--format", "csv").stdout))
    cells = [cell for row in rows for cell in row]
    assert any("cmd|'calc'!A1" in cell for cell in cells)
    starts = ("=", "+", "-", "@", "\t", "\r", "\uff1d")
    assert not [cell for cell in cells if cell.startswith(starts)]


def test_no_cell_of_a_workbook_is_a_formula(hostile: Invoke, tmp_path: Path) -> None:
    hostile("trailhound", "export", "--output", tmp_path / "alerts.xlsx")
    [sheet] = load_workbook(tmp_path / "alerts.xlsx").worksheets
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert any(str(cell.value).startswith("=cmd") for cell in cells)
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]


def test_parquet_holds_the_same_texts(
    hostile: Invoke, tmp_path: Path, alerts: list[dict[str, Any]]
) -> None:
    hostile("trailhound", "export", "--output", tmp_path / "alerts.parquet")
    table = pq.read_table(tmp_path / "alerts.parquet")
    for column in ("account_id", "entity_id", "user_agents"):
        assert table[column].to_pylist() == [alert[column] for alert in alerts]


class Tags(HTMLParser):
    """Counts the tags of a page, with the names of their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: set[tuple[str, ...]] = set()
        self.scripts = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.seen.add((tag, *(name for name, _ in attrs)))


def test_a_report_has_no_tag_that_a_plain_one_has_not(
    hostile: Invoke, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "bad.json").write_text('[{"eventName": "GetUser"}]')
    run("trailhound", "run", LOGS / "sample", tmp_path / "bad.json")
    run("trailhound", "report", "--output", tmp_path / "plain.html")
    hostile("trailhound", "report", "--output", tmp_path / "hostile.html")
    expected = Tags((tmp_path / "plain.html").read_text())
    found = Tags((tmp_path / "hostile.html").read_text())
    assert found.scripts == expected.scripts > 0
    assert found.seen <= expected.seen
    page = (tmp_path / "hostile.html").read_text()
    incidents = page.split('<section id="incidents"')[1].split("</section>")[0]
    assert "&lt;script&gt;alert(1)" in incidents
    assert unsafe(page.split('<script type="application/json"')[0]) == set()
