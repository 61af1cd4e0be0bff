"""The report as a file: what it says, and that nothing in it can act."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections import Counter
from datetime import date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_fakes import START, an_alert, an_incident, make_store, many_alerts, month_of_events

from support import LOGS, Invoke, run_in
from trailhound.analyst.triage import fill
from trailhound.project.detections import read_detections
from trailhound.project.project import installed_project
from trailhound.report.attack import matrix, techniques
from trailhound.report.calendar import calendar_of
from trailhound.store.alerts import COLUMNS

HOSTILE = "</script><script>alert(1)</script><!--<script>&lt;\u2028\u202e"


class Page(HTMLParser):
    """The tags of a page, and what stands in its scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.within: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in self.raw:
            self.raw[tag].append("")
            self.within = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self.within:
            self.within = None

    def handle_data(self, data: str) -> None:
        if self.within:
            self.raw[self.within][-1] += data

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)

    @property
    def policy(self) -> str:
        return next(
            str(attributes["content"])
            for tag, attributes in self.tags
            if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
        )

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.raw["script"][1])
        return found


def report_of(invoke: Invoke, store: Path, *options: str) -> str:
    return invoke("report", "--store", store, "--output", "-", *options).stdout


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return make_store(tmp_path / "fake.duckdb", many_alerts(40), month_of_events())


def test_it_is_written_to_a_file(invoke: Invoke, folder: Path, store: Path) -> None:
    result = invoke("report", "--store", store)
    assert result.stderr == "40 alerts written to report.html\n"
    assert result.stdout == ""
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_file_that_cannot_be_written_is_one_line(invoke: Invoke, store: Path) -> None:
    result = invoke("report", "--store", store, "--output", "no/such/report.html", code=1)
    assert result.stderr.count("\n") == 1
    assert "cannot be written" in result.stderr


def test_other_formats_are_for_export(invoke: Invoke, store: Path) -> None:
    assert "export" in invoke("report", "--store", store, "--format", "csv", code=2).stderr


def test_without_a_store_it_is_wrong_usage(invoke: Invoke) -> None:
    assert "trailhound run" in invoke("report", "--store", "none.duckdb", code=2).stderr


def test_the_data_are_the_alerts(invoke: Invoke, store: Path) -> None:
    data = Page(report_of(invoke, store)).data
    exported = json.loads(invoke("export", "--store", store, "--format", "json").stdout)
    assert [dict(zip(data["columns"], row, strict=True)) for row in data["alerts"]] == exported


def test_the_filters_of_alerts_choose_and_are_told(invoke: Invoke, store: Path) -> None:
    html = report_of(invoke, store, "--severity", "high", "--since", "2026-01-20")
    data = Page(html).data
    place = data["columns"].index("triggered_at")
    assert data["alerts"]
    assert all(row[place] >= "2026-01-20" for row in data["alerts"])
    assert data["calendar"]["first"] == "2026-01-20"
    assert "severity high or higher" in html


def test_the_headline_counts_add_up(invoke: Invoke, store: Path) -> None:
    html = report_of(invoke, store)
    row = Page(html).data["columns"].index("severity")
    expected = Counter(alert[row] for alert in Page(html).data["alerts"])
    found = dict(re.findall(r"<dt>(low|medium|high|critical)</dt><dd>(\d+)</dd>", html))
    assert {name: int(count) for name, count in found.items() if int(count)} == expected


def test_nothing_is_let_run_but_its_own_script(invoke: Invoke, store: Path) -> None:
    page = Page(report_of(invoke, store))
    script, style = page.raw["script"][0], page.raw["style"][0]
    assert page.policy == (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def test_no_tag_loads_anything(invoke: Invoke, store: Path) -> None:
    page = Page(report_of(invoke, store))
    for tag, attributes in page.tags:
        assert tag not in {"img", "link", "iframe", "object", "embed", "base", "video", "audio"}
        assert not {"src", "style", "srcset"} & attributes.keys(), tag
        assert not [name for name in attributes if name.startswith("on")], tag
        assert str(attributes.get("href", "#")).startswith("#"), tag


def test_the_style_sheet_and_script_name_no_address() -> None:
    folder = Path(__file__).parents[2] / "cli" / "trailhound" / "report"
    for path in [folder / "report.css", *(folder / "js").glob("*.js")]:
        addresses = re.findall(r"(?:https?:)?//[\w.]+\.\w+\S*", path.read_text(encoding="utf-8"))
        known = ("http://www.w3.org/2000/svg", "https://attack.mitre.org/techniques/")
        assert [each for each in addresses if not each.startswith(known)] == []
        assert "url(" not in path.read_text(encoding="utf-8")


def test_data_never_reach_the_page_as_markup() -> None:
    folder = Path(__file__).parents[2] / "cli" / "trailhound" / "report"
    forbidden = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(")
    for path in (folder / "js").glob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert [word for word in forbidden if word in text] == [], path.name
    assert "| safe" not in (folder / "template.html").read_text(encoding="utf-8")


@pytest.fixture
def attack(tmp_path: Path) -> Path:
    """A store with an incident of an alert and a signal."""
    alert, signal = an_alert(1), an_alert(2, title="IAM - Permissions enumerated")
    signal["detection"] = "iam_permissions_enumerated"
    incident = an_incident(1, alert, signal)
    return make_store(tmp_path / "a.duckdb", [alert], incidents=[incident], signals=[signal])


def test_incidents_stand_above_the_alerts_with_their_findings(invoke: Invoke, attack: Path) -> None:
    html = report_of(invoke, attack)
    places = [html.index(f'id="{section}"') for section in ("overview", "incidents", "alerts")]
    assert places == sorted(places)
    incidents = html.split('<section id="incidents"')[1].split("</section>")[0]
    assert "2 findings of 2 acts, risk 115 of 100" in incidents
    first, second = incidents.split("<li>")[1:]
    assert f'<a class="title" href="#alert={1:032x}">' in first
    assert "act refused · Discovery" in first
    assert f'<a class="title" href="#alert={2:032x}">' in second
    assert "signal · act probe · Discovery" in second
    assert html.count("<dt>incident</dt><dd>1</dd>") == 1


def test_what_goes_on_over_midnight_is_listed_once(invoke: Invoke, tmp_path: Path) -> None:
    alerts = [an_alert(number) for number in range(1, 5)]
    days = [
        an_incident(1, *alerts[:2], severity="high"),
        an_incident(2, *alerts[:3], severity="critical"),
        an_incident(3, *alerts[1:2], severity="medium", event_count=9),
        an_incident(4, *alerts[2:], severity="low"),
    ]
    html = report_of(invoke, make_store(tmp_path / "a.duckdb", alerts, incidents=days))
    critical, high, medium, low = html.split('<article class="incident')[1:5]
    listed = [each.count("<li>") for each in (critical, high, medium, low.split("</article>")[0])]
    assert listed == [3, 0, 1, 2]
    assert f"They all stand above, in {days[1]['alert_id'][:8]}." in high
    assert html.count("They all stand above") == 1


def test_signals_stand_below_the_alerts_the_latest_of_many(invoke: Invoke, tmp_path: Path) -> None:
    signals = [an_alert(number, severity="low") for number in range(1, 302)]
    html = report_of(invoke, make_store(tmp_path / "s.duckdb", [an_alert(0)], signals=signals))
    places = [html.index(f'<section id="{name}"') for name in ("alerts", "signals", "entities")]
    assert places == sorted(places)
    assert "The latest 300 of 301 are here" in html
    data = Page(html).data
    assert [row[0] for row in data["signals"]] == [each["alert_id"] for each in signals[1:]]
    assert len(data["alerts"]) == 1


MALLORY = an_alert()["entity_id"]


def test_an_entity_has_its_timeline_and_its_lineage(invoke: Invoke, tmp_path: Path) -> None:
    [key] = json.loads(an_alert()["access_key_ids"])
    of_all = {"account_id": "012345678901", "event_source": "iam.amazonaws.com"}
    created = {
        **of_all, "event_id": "1", "event_time": START, "event_name": "CreateAccessKey",
        "outcome": "succeeded", "entity_id": "root", "entity_type": "root",
        "access_key_id": "AKIAROOT", "user_arn": "arn:aws:iam::012345678901:root",
        "source_ip": HOSTILE, "request_parameters": '{"userName": "mallory"}',
        "response_elements": json.dumps({"accessKey": {"accessKeyId": key}}),
    }  # fmt: skip
    calls = [
        {
            **of_all, "event_id": f"2{n}", "event_time": START + timedelta(hours=9, minutes=n),
            "event_name": "ListUsers", "outcome": ["denied", "succeeded"][n % 2],
            "entity_id": MALLORY, "entity_type": "iam_user", "access_key_id": key,
            "user_arn": MALLORY,
        }
        for n in range(3)
    ]  # fmt: skip
    later = {"triggered_at": START + timedelta(hours=12)}
    store = make_store(
        tmp_path / "e.duckdb",
        [an_alert(number) for number in range(20)],
        signals=[an_alert(99, severity="high", **later)],
        calls=[created, *calls],
    )
    entities = report_of(invoke, store).split('<section id="entities"')[1].split("</section>")[0]
    assert "<h3><bdi>user/mallory</bdi></h3>" in entities
    assert "3 calls, 2 denied, 20 alerts, 1 signal; a column an hour" in entities
    assert entities.count("<li>\n  <time") == 12
    assert entities.index(f"#alert={19:032x}") < entities.index(f"#alert={99:032x}")
    assert f"{key} lasting key of user/mallory in 012345678901" in entities
    above, below = entities.split("Where it comes from")
    assert "AKIAROOT" not in above
    assert "CreateAccessKey 2026-01-05 00:00:00 from &lt;/script&gt;" in below
    assert "AKIAROOT" in below.split("CreateAccessKey")[1]
    assert ">20 in the list</a>" in above


def test_the_entities_of_the_gravest_alerts_come_first(invoke: Invoke, tmp_path: Path) -> None:
    alerts = [
        an_alert(number, entity_id=f"arn:aws:iam::012345678901:user/u{number:02}",
                 severity="critical" if number == 30 else "medium", risk=number)
        for number in range(40)
    ]  # fmt: skip
    incident = an_incident(1, alerts[5])
    store = make_store(tmp_path / "m.duckdb", alerts, incidents=[incident])
    entities = report_of(invoke, store).split('<section id="entities"')[1].split("</section>")[0]
    found = re.findall(r"<h3><bdi>user/u(\d+)</bdi>", entities)
    assert found == ["30", "05", "39", "38", "37", "36", "35", "34", "33", "32"]
    assert "The 10 worst of 40" in entities


def test_the_filters_choose_incidents_and_none_is_said(invoke: Invoke, attack: Path) -> None:
    html = report_of(invoke, attack, "--severity", "critical")
    assert "No actor's findings add up to an incident within this scope." in html


def test_the_most_severe_and_latest_incidents_are_shown(invoke: Invoke, tmp_path: Path) -> None:
    alerts = [an_alert(number) for number in range(60)]
    incidents = [
        an_incident(number, alert, severity="critical" if number == 3 else "high")
        for number, alert in enumerate(alerts)
    ]
    store = make_store(tmp_path / "many.duckdb", alerts, incidents=incidents)
    html = report_of(invoke, store)
    assert re.findall(r'<article class="incident (\w+)">', html) == ["critical"] + ["high"] * 49
    assert "The 50 most severe of 60 are shown" in html
    assert re.findall(r'href="#alert=0*(\w+)">', html)[:3] == ["3", "3b", "3a"]


def test_the_matrix_has_what_is_covered_and_what_fired(invoke: Invoke, attack: Path) -> None:
    html = report_of(invoke, attack)
    cells = html.split('<section id="attack"')[1].split("</section>")[0]
    [discovery] = [part for part in cells.split("<h3>")[1:] if part.startswith("Discovery<")]
    [fired] = [cell for cell in discovery.split("<li ")[1:] if "<b>T1087.004</b>" in cell]
    assert fired.startswith('class="fired medium"')
    assert "Account Discovery: Cloud Account" in fired
    assert ">1 alert</a>" in fired
    [quiet] = [cell for cell in discovery.split("<li ")[1:] if "<b>T1580</b>" in cell]
    assert quiet.startswith('class="quiet"')
    assert "alert" not in quiet


def test_the_matrix_has_each_technique_where_attack_has_it() -> None:
    detections = read_detections(installed_project())
    idle = [each.name for each in detections if each.needs_data_events]
    found = matrix(detections, idle, [])
    assert list(found)[:2] == ["Resource Development", "Initial Access"]
    for each in detections:
        assert set(each.techniques) <= techniques().keys(), each.name
    [stolen] = [cell for cell in found["Collection"] if cell.technique == "T1530"]
    assert (stolen.detections, stolen.idle) == (4, 3)
    enabled = [each for each in detections if each.enabled]
    assert sum(cell.detections for cells in found.values() for cell in cells) >= len(enabled)
    assert "T1136.003" not in {cell.technique for cell in found["Privilege Escalation"]}


def test_hostile_texts_add_no_tag(invoke: Invoke, tmp_path: Path) -> None:
    texts = {
        column.name: HOSTILE
        for column in COLUMNS
        if column.kind == "text" and column.name != "alert_id"
    }
    lists = {column.name: [HOSTILE] for column in COLUMNS if column.kind == "list"}
    day = START.date()
    plain = make_store(
        tmp_path / "plain.duckdb",
        [an_alert()],
        [("1", "eu", day, 1)],
        [_odd("a")],
        incidents=[an_incident(1, an_alert())],
    )
    bad = an_alert(**texts, **lists, evidence={HOSTILE: [HOSTILE]})
    incident = an_incident(1, bad, entity_id=HOSTILE, account_id="", source_ips=[HOSTILE])
    incident["evidence"] = json.dumps({"account_ids": [HOSTILE]})
    hostile = make_store(
        tmp_path / "hostile.duckdb",
        [bad],
        [(HOSTILE, HOSTILE, day, 1)],
        [_odd(HOSTILE)],
        incidents=[incident],
    )
    page, expected = Page(report_of(invoke, hostile)), Page(report_of(invoke, plain))
    assert page.count("script") == 2
    # The detection of the hostile alert is not in the catalogue: its link is missing.
    assert page.count("p") == expected.count("p") - 1
    assert page.count("article") == expected.count("article") == 1
    data = page.data
    alert = dict(zip(data["columns"], data["alerts"][0], strict=True))
    assert alert["entity_id"] == HOSTILE
    assert alert["evidence"] == {HOSTILE: [HOSTILE]}
    assert data["calendar"]["accounts"][0]["name"] == HOSTILE


def test_files_are_counted_by_what_became_of_them(invoke: Invoke, tmp_path: Path) -> None:
    store = make_store(
        tmp_path / "files.duckdb",
        [],
        [("012345678901", "us-east-1", START.date(), 3)],
        [
            ("b.gz", 0, "corrupt gzip", None),
            ("c.json", 3, "no eventTime", None),
            ("c.json", 4, "no eventTime", None),
            ("digest", 0, None, "digest file"),
            ("all", 7, None, "insights event"),
        ],
    )
    html = report_of(invoke, store)
    found = dict(re.findall(r"<dt>([A-Z][a-z ]+)</dt><dd>(\d+)</dd>", html))
    assert found == {
        "Files": "5",
        "Broken files": "1",
        "Skipped files": "1",
        "Records": "6",
        "Events": "3",
        "Duplicates": "0",
        "Skipped records": "1",
        "Rejected records": "2",
    }
    rows = re.findall(r"<tr><td>(\w+)</td><td>(.*?)</td><td.*?>(.*?)</td><td.*?>(.*?)</td>", html)
    assert rows == [
        ("rejected", "corrupt gzip", "whole file", "b.gz"),
        ("rejected", "no eventTime", "2", "c.json"),
        ("skipped", "insights event", "1", "all"),
        ("skipped", "digest file", "whole file", "digest"),
    ]


def test_idle_detections_are_named(invoke: Invoke, store: Path) -> None:
    assert re.search(r"[1-9] detections could not fire", report_of(invoke, store))


@given(
    st.dictionaries(
        st.tuples(
            st.sampled_from(["1", "2"]),
            st.sampled_from(["eu", "us", ""]),
            st.dates(date(2024, 1, 1), date(2026, 12, 31)),
        ),
        st.integers(1, 10**6),
        min_size=1,
    )
)
def test_the_calendar_loses_nothing(counts: dict[tuple[str, str, date], int]) -> None:
    calendar = calendar_of([(*key, events) for key, events in counts.items()])
    days = {day for _, _, day in counts}
    assert calendar.events == sum(counts.values())
    assert (calendar.first, calendar.last) == (min(days), max(days))
    assert calendar.covered == len(days)
    for account in calendar.accounts:
        own = {day for name, _, day in counts if name == account.name}
        assert account.days == len(own)
        assert len(account.cells) <= 120
        assert sum(sum(region.cells) for region in account.regions) == account.events
        silent = {
            first + timedelta(days=i)
            for first, last in account.gaps
            for i in range((last - first).days + 1)
        }
        assert silent | own == {min(days) + timedelta(days=i) for i in range(calendar.days)}
        assert not silent & own


def test_no_events_are_an_empty_calendar() -> None:
    calendar = calendar_of([])
    assert (calendar.events, calendar.days, calendar.regions) == (0, 0, 0)


def test_the_triage_queries_of_each_alert_run_and_find(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    run("trailhound", "run", LOGS / "sample")
    run("trailhound", "report")
    data = Page((tmp_path / "report.html").read_text(encoding="utf-8")).data
    steps = {each.name: each.triage for each in read_detections(installed_project())}
    with duckdb.connect(str(tmp_path / "trailhound.duckdb"), read_only=True) as connection:
        for row in data["alerts"]:
            alert = dict(zip(data["columns"], row, strict=True))
            queries = [fill(step.sql, _with_times(alert)) for step in steps[alert["detection"]]]
            assert len(queries) >= 2
            assert any(connection.execute(query).fetchall() for query in queries)


def _with_times(alert: dict[str, Any]) -> dict[str, Any]:
    times = {
        name: datetime.fromisoformat(alert[name][:19])
        for name in ("triggered_at", "first_seen", "last_seen")
    }
    return {**alert, **times}


def _odd(path: str) -> tuple[str, int, str, None]:
    return (path, 0, path, None)


def _hash(text: str) -> str:
    return "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode()
