"""The report in a real browser: every test also demands no request, no error on the console."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright
from report_fakes import START, an_alert, an_incident, make_store, many_alerts, month_of_events

from support import asked
from trailhound.analyst.triage import fill
from trailhound.engines import open_warehouse
from trailhound.project.detections import find, read_detections
from trailhound.project.project import installed_project
from trailhound.project.target import Target
from trailhound.store.alerts import COLUMNS, read_alerts

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MOST_NODES = 10_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's Chromium with a new, empty profile."""
    chromium = shutil.which("chromium")
    if chromium is None:
        missing = "these tests need Chromium: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, headless=True, args=FLAGS, chromium_sandbox=False
        )
        yield browser
        browser.close()


@dataclass
class Opened:
    """Pages that were opened, with all that they asked for and complained of."""

    browser: Browser
    pages: list[Page] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __call__(self, report: Path, view: str = "", **options: Any) -> Page:
        context = self.browser.new_context(**{"offline": True, "color_scheme": "light", **options})
        context.set_default_timeout(5_000)
        page = context.new_page()
        page.on("request", lambda request: self.requests.append(request.url.split("#")[0]))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(report.as_uri() + view)
        self.pages.append(page)
        return page

    def close(self) -> None:
        for page in self.pages:
            page.context.close()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opened]:
    """Open a report; in the end nothing but the file itself was asked for."""
    opened = Opened(browser)
    yield opened
    opened.close()
    assert [url for url in opened.requests if not url.startswith("file:")] == []
    assert len(opened.requests) == len(opened.pages)
    assert opened.complaints == []


MakeReport = Callable[..., Path]


@pytest.fixture(scope="module")
def make_report(tmp_path_factory: pytest.TempPathFactory) -> MakeReport:
    """Write the report of some alerts and events."""

    def make(alerts: list[dict[str, Any]], **store: Any) -> Path:
        folder = tmp_path_factory.mktemp("report")
        store.setdefault("events", month_of_events())
        path = make_store(folder / "store.duckdb", alerts, **store)
        report = folder / "report.html"
        asked("report", "--store", path, "-o", report)
        return report

    return make


@pytest.fixture(scope="module")
def three(make_report: MakeReport) -> Path:
    """A report of three alerts: two of mallory, two of one detection."""
    s3 = {"detection": "s3_buckets_enumerated", "title": "S3 - Buckets enumerated"}
    bob = "arn:aws:iam::111122223333:role/bob"
    late = {"triggered_at": START + timedelta(days=2)}
    return make_report(
        [
            an_alert(1, severity="high", source_ips=["198.51.100.1"]),
            an_alert(2, **s3, **late, evidence={"buckets": ["acme-logs"]}),
            an_alert(3, **s3, account_id="111122223333", entity_id=bob, observed=20, **late),
        ]
    )


@pytest.fixture(scope="module")
def many(make_report: MakeReport) -> Path:
    """A report of ten thousand alerts, and incidents of ten of them each."""
    alerts = many_alerts(10_000)
    by_time = sorted(alerts, key=lambda each: each["triggered_at"])
    incidents = [an_incident(n, *by_time[n * 10 : n * 10 + 10]) for n in range(8)]
    signals = [an_alert(20_000 + n, severity="low") for n in range(400)]
    return make_report(alerts, incidents=incidents, signals=signals)


@pytest.fixture(scope="module")
def some(make_report: MakeReport) -> Path:
    """A report of 120 alerts, some entities with many, and of all else that a report may hold."""
    busy = ["anna"] * 22 + ["bert"] * 8 + ["carl"] * 5 + ["dora"] * 3
    alerts = many_alerts(120 - len(busy))
    alerts += [
        an_alert(120 - n, entity_id=name, severity="critical") for n, name in enumerate(busy, 1)
    ]
    by_time = sorted(alerts, key=lambda each: each["triggered_at"])
    incidents = [an_incident(n, *by_time[n * 10 : n * 10 + 10]) for n in range(8)]
    signals = [an_alert(20_000 + n, severity="low") for n in range(20)]
    odd = [("broken.json.gz", 0, "corrupt gzip", None)]
    return make_report(alerts, incidents=incidents, signals=signals, odd=odd)


def expect_ids(page: Page, expected: list[int]) -> None:
    """The list comes to hold these alerts."""
    rows = page.locator("#list tbody tr")
    expect(rows).to_have_count(len(expected))
    page.wait_for_function(
        "ids => ids.every((id) => document.querySelector(`#list [data-alert='${id}']`))",
        arg=[f"{each:032x}" for each in expected],
    )


def ids(page: Page) -> list[int]:
    rows = page.locator("#list tbody tr")
    return sorted(int(each.get_attribute("data-alert") or "", 16) for each in rows.all())


# --- find -------------------------------------------------------------------------------------


def test_search_finds_what_any_column_holds(opened: Opened, three: Path) -> None:
    page = opened(three)
    expect_ids(page, [1, 2, 3])
    for text, found in {
        "198.51.100.1": [1],
        "ACME-logs": [2],
        "mallory enumerated": [2],
        "event-3-4": [3],
        "": [1, 2, 3],
    }.items():
        page.get_by_role("searchbox").fill(text)
        expect_ids(page, found)
    page.get_by_role("searchbox").fill("no such thing")
    expect(page.get_by_text("No alert passes these filters.")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("0 of 3 alerts")
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_role("status")).to_have_text("3 alerts")


def test_each_filter(opened: Opened, three: Path) -> None:
    page = opened(three)
    detection, account, entity = (
        page.get_by_role("combobox", name=name) for name in ("Detection", "Account", "Entity")
    )
    acts: list[tuple[Callable[[], Any], list[int]]] = [
        (lambda: page.get_by_role("checkbox", name="high").check(force=True), [1]),
        (lambda: detection.select_option(index=2), [2, 3]),
        (lambda: account.select_option("111122223333"), [3]),
        (lambda: entity.fill("BOB"), [3]),
        (lambda: entity.fill(an_alert()["entity_id"]), [1, 2]),
    ]
    for act, found in acts:
        act()
        expect_ids(page, found)
        expect(page.get_by_role("status")).to_have_text(f"{len(found)} of 3 alerts")
        page.reload()
        opened.requests.pop()
        expect_ids(page, found)
        page.get_by_role("button", name="Clear").click()
        expect_ids(page, [1, 2, 3])


def test_two_severities_are_either(opened: Opened, three: Path) -> None:
    page = opened(three)
    for name in ("high", "medium"):
        page.get_by_role("checkbox", name=name).check(force=True)
    expect(page.locator("#list tbody tr")).to_have_count(3)
    assert "severity=high%2Cmedium" in page.url


def test_an_entity_that_begins_like_another_is_not_it(
    opened: Opened, make_report: MakeReport
) -> None:
    mall, mallory = ("arn:aws:iam::012345678901:user/" + name for name in ("mall", "mallory"))
    report = make_report([an_alert(1, entity_id=mall), an_alert(2, entity_id=mallory)])
    page = opened(report)
    page.get_by_role("combobox", name="Entity").fill(mall)
    expect(page.locator("#list tbody tr")).to_have_count(1)
    expect_ids(page, [1])


def test_sorting_by_each_column(opened: Opened, three: Path) -> None:
    page = opened(three)
    expected = {"Severity": "high", "Count": "20", "Entity": "user/mallory", "Detection": "IAM"}
    for head, first in expected.items():
        page.get_by_role("columnheader", name=head).get_by_role("button").click()
        expect(page.locator("#list th[aria-sort]")).to_contain_text(head)
        expect(page.locator("#list tbody tr").first).to_contain_text(first)
        page.get_by_role("columnheader", name=head).get_by_role("button").click()
        expect(page.locator("#list tbody tr").last).to_contain_text(first)


# --- open -------------------------------------------------------------------------------------


def test_a_click_opens_an_alert_and_back_closes_it(opened: Opened, three: Path) -> None:
    page = opened(three)
    page.locator("#list tbody tr").last.locator("td.time").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_role("dialog").get_by_role("heading", level=2)).to_contain_text("IAM")
    page.go_back()
    expect(page.locator("dialog")).to_be_hidden()


def test_the_keyboard_opens_an_alert_and_comes_back(opened: Opened, three: Path) -> None:
    page = opened(three)
    link = page.locator("#list tbody .title").nth(1)
    link.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.locator("#detail-title")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()
    expect(link).to_be_focused()
    expect(page).not_to_have_url(re.compile("alert="))


def test_the_keyboard_alone_gets_from_the_top_to_an_alert(opened: Opened, three: Path) -> None:
    page = opened(three)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the alerts")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('#list .title')"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_a_link_opens_its_alert(opened: Opened, three: Path) -> None:
    page = opened(three, f"#alert={3:032x}")
    expect(page.get_by_role("dialog")).to_contain_text("role/bob")
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("dialog")).to_contain_text("user/mallory")
    page.get_by_role("button", name="Close").click()
    expect(page.locator("dialog")).to_be_hidden()


@pytest.mark.parametrize(
    "view",
    [
        "#alert=none",
        "#page=-7",
        "#page=x&sort=toString.falling",
        "#from=x&to=y",
        "#from=0001-01-01&to=9999-01-01",
        "#%00=%",
    ],
)
def test_an_address_that_makes_no_sense_shows_something(
    opened: Opened, three: Path, view: str
) -> None:
    page = opened(three, view)
    expect(page.locator("dialog")).to_be_hidden()
    expect(page.get_by_role("status")).to_have_text(re.compile(r"3 alerts$"))


def test_an_alert_shows_every_column(opened: Opened, make_report: MakeReport) -> None:
    lists = {column.name: [f"{column.name}-a"] for column in COLUMNS if column.kind == "list"}
    alert = an_alert(7, **lists, is_continuation=True, evidence={"key": [1, "two", {"a": "b"}]})
    page = opened(make_report([alert]), f"#alert={7:032x}")
    page.get_by_text("All fields").click()
    text = page.get_by_role("dialog").inner_text()
    for column in COLUMNS:
        value = alert[column.name]
        if column.kind == "list":
            assert f"{column.name}-a" in text, column.name
        elif column.kind == "time":
            assert f"{value:%Y-%m-%d %H:%M:%S} UTC" in text, column.name
        elif column.kind not in ("object", "boolean"):
            assert str(value) in text, column.name
    assert "Is continuation\nyes" in text
    assert 'KEY\n1\ntwo\n{"a":"b"}'.lower() in text.lower()


def test_long_lists_open_on_demand(opened: Opened, make_report: MakeReport) -> None:
    events = [f"event-{i}" for i in range(100)]
    page = opened(make_report([an_alert(event_ids=events)]), f"#alert={0:032x}")
    expect(page.get_by_text("event-7", exact=True)).to_be_visible()
    expect(page.get_by_text("event-8", exact=True)).to_have_count(0)
    page.get_by_role("button", name="92 more").click()
    expect(page.locator("li:focus")).to_have_text("event-8")
    expect(page.get_by_text("event-99", exact=True)).to_be_visible()


def test_links_lead_to_the_entity_and_the_detection(opened: Opened, three: Path) -> None:
    page = opened(three, f"#alert={2:032x}")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".others li")).to_have_count(1)
    dialog.get_by_role("link", name="All 2 of this entity").click()
    expect(page.locator("dialog")).to_be_hidden()
    expect_ids(page, [1, 2])
    page.go_back()
    dialog.get_by_role("link", name="All 2 of this detection").click()
    expect(page.locator("dialog")).to_be_hidden()
    expect_ids(page, [2, 3])
    page.locator("#list .title").first.click()
    references = dialog.locator(".references a")
    expect(references).not_to_have_count(0)
    hrefs = [each.get_attribute("href") for each in references.all()]
    assert "https://attack.mitre.org/techniques/T1087/004/" in hrefs
    assert all(str(href).startswith("https://") for href in hrefs)


def test_the_detections_lead_to_their_alerts(opened: Opened, three: Path) -> None:
    page = opened(three)
    page.locator("#detection-s3_buckets_enumerated summary").click()
    page.get_by_role("link", name="Show its 2 alerts").click()
    expect_ids(page, [2, 3])


# --- charts -----------------------------------------------------------------------------------


def test_the_arrow_keys_move_in_the_heat_map(opened: Opened, three: Path) -> None:
    page = opened(three)
    stops = page.locator("#heatmap [tabindex='0'][data-x]")
    expect(stops).to_have_count(1)
    stops.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#heatmap :focus")).to_have_attribute(
        "aria-label", re.compile("user/mallory, IAM - .*: 1 alert")
    )
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect_ids(page, [3])
    expect(page.locator("#heatmap :focus")).to_have_attribute(
        "aria-label", "role/bob, S3 - Buckets enumerated: 1 alert"
    )


def test_a_column_of_the_timeline_opens_its_time(opened: Opened, three: Path) -> None:
    page = opened(three)
    expect(page.locator("#timeline a")).to_have_count(2)
    page.locator("#timeline a").last.focus()
    page.keyboard.press("Enter")
    expect_ids(page, [2, 3])
    expect(page.locator("#timeline a")).to_have_count(1)
    page.get_by_role("button", name=re.compile("show the whole period")).click()
    expect_ids(page, [1, 2, 3])


def test_the_heat_map_counts_what_the_filters_leave(opened: Opened, three: Path) -> None:
    page = opened(three, "#severity=high")
    assert page.locator("#heatmap td a").all_inner_texts() == ["1"]


@pytest.mark.parametrize("gap", [timedelta(), timedelta(minutes=1), timedelta(days=20_000)])
def test_alerts_of_one_moment_or_of_many_years(
    opened: Opened, make_report: MakeReport, gap: timedelta
) -> None:
    first = datetime(1971, 1, 1)
    report = make_report([an_alert(1, triggered_at=first), an_alert(2, triggered_at=first + gap)])
    page = opened(report)
    expect(page.locator("#timeline a")).to_have_count(2 if gap else 1)


def test_coverage_shows_gaps_and_regions(opened: Opened, three: Path) -> None:
    page = opened(three)
    account = page.locator("#calendar tr", has_text="111122223333")
    expect(account).to_contain_text("42 of 45")
    expect(account).to_contain_text("2026-01-17 to 2026-01-19")
    region = page.locator("#calendar tr", has_text="sa-east-1")
    expect(region).to_contain_text("31 of 45")
    page.get_by_role("button", name="3 regions").click()
    expect(region).to_have_count(0)


# --- safety -----------------------------------------------------------------------------------

HOSTILE = [
    "<script>window.hacked = 1</script>",
    "</script><script>window.hacked = 1</script>",
    "<!--<script>",
    "<img src=x onerror='window.hacked = 1'>",
    "\"><svg onload=window.hacked=1>' onfocus=window.hacked=1 autofocus='",
    "javascript:window.hacked=1",
    "{{7*7}}${7*7}[[7*7]]",
    "line\u2028paragraph\u2029end",
    "right\u202eleft\u2066\x00\x1b[31m\x7f",
    "'; drop table cloudtrail_events; --",
    "&lt;b&gt; &amp;",
    "__proto__",
]


@pytest.mark.parametrize("texts", [HOSTILE[:4], HOSTILE[4:8], HOSTILE[8:]])
def test_hostile_strings_stay_text(
    opened: Opened, make_report: MakeReport, texts: list[str]
) -> None:
    alerts = []
    for number, text in enumerate(texts):
        columns = {
            column.name: text
            for column in COLUMNS
            if column.kind in ("text", "severity") and column.name not in ("alert_id", "detection")
        }
        lists = {column.name: [text] for column in COLUMNS if column.kind == "list"}
        evidence = {text: [text, {text: text}]}
        alerts += [
            an_alert(2 * number, **columns, **lists, evidence=evidence),
            an_alert(2 * number + 1, detection=text, title=text),
        ]
    report = make_report(
        alerts,
        events=[(text, text, START.date(), 2) for text in texts],
        odd=[(text, 0, text, None) for text in texts],
    )
    page = opened(report)
    before = page.locator("script, img, svg[onload], iframe").count()
    assert before == 2
    for number in range(len(alerts)):
        page.locator("#list .title").nth(number).click()
        page.get_by_text("All fields").click()
        page.keyboard.press("Escape")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("window.hacked") is None
    assert page.locator("script, img, svg[onload], iframe").count() == before
    for place in ("#list", "#heatmap", "#print", "#calendar", ".problems"):
        shown = page.locator(place).text_content() or ""
        for text in texts:
            spelt = "".join(char if char.isprintable() else _spelt(char) for char in text)
            assert spelt in shown, (place, text)
    everything = page.evaluate("document.body.innerText + document.querySelector('form').innerText")
    assert not re.search("[\x00\x1b\x7f\u2028\u2029\u202e\u2066]", everything)
    addresses = page.evaluate(
        "[...document.querySelectorAll('a')]"
        ".map((a) => new URL(a.getAttribute('href'), location).protocol)"
    )
    assert set(addresses) <= {"file:", "https:"}


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    """A server of this machine that notes what is asked of it."""
    server = HTTPServer(("127.0.0.1", 0), _Noting)
    server.asked = []  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


class _Noting(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def test_the_policy_forbids_requests_and_foreign_scripts(
    browser: Browser, three: Path, server: Any
) -> None:
    page = Opened(browser)(three, offline=False)
    page.evaluate(
        """(address) => {
            window.forbidden = [];
            const note = (violation) => window.forbidden.push(violation.effectiveDirective);
            addEventListener("securitypolicyviolation", note);
            document.body.insertAdjacentHTML("beforeend",
                `<img src="${address}/image"><a onclick="window.hacked = 1" id="bait">bait</a>`);
            const script = document.createElement("script");
            script.textContent = "window.hacked = 1";
            document.body.append(script);
            document.getElementById("bait").click();
            fetch(`${address}/fetch`).catch(() => {});
            navigator.sendBeacon(`${address}/beacon`);
        }""",
        f"http://127.0.0.1:{server.server_port}",
    )
    page.wait_for_function("window.forbidden.length >= 5")
    assert page.evaluate("window.hacked") is None
    assert set(page.evaluate("window.forbidden")) == {
        "img-src", "script-src-attr", "script-src-elem", "connect-src",
    }  # fmt: skip
    assert server.asked == []
    page.context.close()


def test_the_queries_are_those_of_the_command_line(opened: Opened, make_report: MakeReport) -> None:
    texts = ["o'brien", *HOSTILE]
    alerts = [an_alert(i, account_id=text, entity_id=text) for i, text in enumerate(texts)]
    report = make_report(alerts)
    detection = find(read_detections(installed_project()), "iam_multiple_failed_api_calls")
    store = {"type": "duckdb", "path": str(report.with_name("store.duckdb"))}
    with open_warehouse(Target("duckdb", store)) as warehouse:
        rows = read_alerts(warehouse)
    assert len(rows) == len(texts)
    page = opened(report)
    for row in rows:
        alert = dict(zip([column.name for column in COLUMNS], row, strict=True))
        page.evaluate("(id) => { location.hash = `alert=${id}` }", alert["alert_id"])
        expect(page.locator("dialog")).to_have_attribute("data-alert", alert["alert_id"])
        assert page.locator(".query code").all_text_contents() == [
            fill(step.sql, alert) for step in detection.triage
        ]


def test_a_query_is_copied(opened: Opened, three: Path) -> None:
    page = opened(three, f"#alert={1:032x}", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    query = page.locator(".query code").first.text_content()
    assert page.evaluate("navigator.clipboard.readText()") == query


def test_where_the_clipboard_is_closed_the_query_is_selected(opened: Opened, three: Path) -> None:
    page = opened(three, f"#alert={1:032x}")
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()) }")
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Selected")).to_be_visible()
    assert page.evaluate("String(getSelection())").startswith("select")


# --- incidents and techniques ----------------------------------------------------------------


def test_a_finding_of_an_incident_opens_as_an_alert(
    opened: Opened, make_report: MakeReport
) -> None:
    alerts = [an_alert(number) for number in (1, 2)]
    page = opened(make_report(alerts, incidents=[an_incident(1, *alerts)]))
    page.locator("#incidents .findings a").nth(1).click()
    expect(page.locator("dialog")).to_have_attribute("data-alert", f"{2:032x}")


@pytest.mark.parametrize("alerts", [[], [an_alert(1, account_id="111122223333")]])
def test_a_signal_opens_as_an_alert(
    opened: Opened, make_report: MakeReport, alerts: list[dict[str, Any]]
) -> None:
    page = opened(make_report(alerts, signals=[an_alert(number) for number in range(2, 16)]))
    rows = page.locator("#signal-list tbody tr")
    expect(rows).to_have_count(10)
    page.get_by_role("button", name="Show 4 more").click()
    expect(rows).to_have_count(14)
    rows.first.locator("td.time").click()
    expect(page.locator("dialog")).to_have_attribute("data-alert", f"{15:032x}")
    page.keyboard.press("Escape")
    expect(rows.first.locator("a.title")).to_be_focused()


def test_the_filters_choose_signals_too(opened: Opened, make_report: MakeReport) -> None:
    signals = [an_alert(2, source_ips=["192.0.2.9"]), an_alert(3)]
    page = opened(make_report([an_alert(1)], signals=signals), "#text=192.0.2.9")
    expect(page.locator("#signal-list tbody tr")).to_have_count(1)
    page.get_by_role("searchbox").fill("no such thing")
    expect(page.get_by_text("No signal passes these filters.")).to_be_visible()


def test_a_technique_that_fired_leads_to_its_alerts(opened: Opened, three: Path) -> None:
    page = opened(three)
    page.locator("#attack .fired a").first.click()
    expect(page.get_by_role("searchbox")).to_have_value('"T1087.004"')
    expect(page.get_by_role("status")).to_have_text("3 alerts")


# --- ten thousand -----------------------------------------------------------------------------


def test_ten_thousand_alerts_are_few_elements(opened: Opened, many: Path) -> None:
    page = opened(many)

    def nodes() -> int:
        return int(page.evaluate("document.getElementsByTagName('*').length"))

    expect(page.get_by_role("status")).to_have_text("10,000 alerts")
    assert nodes() < MOST_NODES
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("Page 2 of 200")).to_be_visible()
    page.locator("#list .title").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert nodes() < MOST_NODES
    page.keyboard.press("Escape")
    page.get_by_role("searchbox").fill("deploy 203.0.113.7")
    expect(page.get_by_role("status")).to_have_text(re.compile(r"^\d{2,3} of 10,000 alerts"))
    page.get_by_role("searchbox").fill("")
    expect(page.get_by_role("status")).to_have_text("10,000 alerts")
    page.locator("#heatmap-figure").get_by_role("button", name="Show 50 more").click()
    assert nodes() < MOST_NODES


def test_every_page_together_holds_every_alert(opened: Opened, some: Path) -> None:
    page = opened(some)
    found = ids(page)
    for _ in range(2):
        page.get_by_role("button", name="Next").click()
        found += ids(page)
    assert sorted(found) == list(range(120))
    expect(page.locator("#next-page")).to_be_disabled()


# --- looks ------------------------------------------------------------------------------------


def brightness(page: Page) -> float:
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(map(float, re.findall(r"[\d.]+", colour)[:3])) / 3


def test_light_and_dark_by_preference_and_by_button(opened: Opened, three: Path) -> None:
    assert brightness(opened(three, color_scheme="light")) > 200
    page = opened(three, color_scheme="dark")
    assert brightness(page) < 60
    button = page.get_by_role("button", name="Dark")
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    assert brightness(page) > 200
    expect(button).to_have_attribute("aria-pressed", "false")
    page.reload()
    opened.requests.pop()
    assert brightness(page) > 200


def test_no_width_needs_sideways_scrolling(opened: Opened, many: Path) -> None:
    page = opened(many)
    for letter_spacing in ("normal", "0.1em"):  # as with a wider font than is installed
        page.evaluate(
            "rule => { const style = new CSSStyleSheet(); style.replaceSync(rule);"
            " document.adoptedStyleSheets = [style] }",
            f"* {{ letter-spacing: {letter_spacing} !important }}",
        )
        for width in (320, 390, 768, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.scrollingElement.scrollWidth") <= width


def test_on_paper_every_alert_is_told_in_brief(opened: Opened, some: Path) -> None:
    page = opened(some)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    expect(page.locator("#print article")).to_have_count(120)
    expect(page.locator("#print article").first).to_be_visible()
    for hidden in ("#list", "#filters", "#pager", "#theme"):
        expect(page.locator(hidden)).to_be_hidden()
    assert brightness(page) == 255
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(page.locator("#print article")).to_have_count(0)


def test_printing_makes_a_paper_of_all_alerts(opened: Opened, three: Path) -> None:
    page = opened(three)
    page.evaluate(
        "window.articles = 0; "
        "new MutationObserver(() => { window.articles = Math.max(window.articles, "
        "document.querySelectorAll('#print article').length) })"
        ".observe(document.getElementById('print'), {childList: true})"
    )
    assert page.pdf().startswith(b"%PDF")
    assert page.evaluate("window.articles") == 3
    expect(page.locator("#print article")).to_have_count(0)


def test_without_alerts_it_says_so_and_shows_the_coverage(
    opened: Opened, make_report: MakeReport
) -> None:
    page = opened(make_report([]))
    expect(page.get_by_text("No detection fired.")).to_be_visible()
    expect(page.locator("#calendar tbody tr").first).to_be_visible()
    expect(page.get_by_role("search")).to_have_count(0)


def test_without_events_it_says_so(opened: Opened, make_report: MakeReport) -> None:
    page = opened(make_report([], events=[]))
    expect(page.get_by_text("There are no events: nothing could be found.")).to_be_visible()


def test_without_javascript_it_tells_what_it_can(opened: Opened, three: Path) -> None:
    page = opened(three, java_script_enabled=False)
    expect(page.locator("noscript")).to_be_visible()
    expect(page.locator(".headline .first")).to_contain_text("3")


# --- accessibility ----------------------------------------------------------------------------


# Either width in one scheme at least, and either scheme where all columns are seen.
@pytest.mark.parametrize(
    ("view", "width", "scheme"),
    [
        ("", 1280, "light"),
        ("", 1280, "dark"),
        ("", 390, "light"),
        (f"#alert={7:032x}", 1280, "light"),
        (f"#alert={7:032x}", 390, "dark"),
        ("#text=no+such+thing", 390, "dark"),
    ],
)
def test_axe_finds_nothing_serious(
    opened: Opened, some: Path, view: str, width: int, scheme: str
) -> None:
    page = opened(
        some,
        view,
        color_scheme=scheme,
        viewport={"width": width, "height": 900},
        reduced_motion="reduce",
    )
    if width == 1280 or "alert" in view:  # all of the catalogue takes seconds
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    assert all(page.locator(f".heat-{shade}").count() for shade in range(1, 6)) or "text" in view
    results = Axe().run(page)
    found = [
        (each["id"], each["impact"], [node["target"] for node in each["nodes"]][:5])
        for each in results.response["violations"]
        if each["impact"] in ("serious", "critical")
    ]
    assert found == []
    assert len(results.response["passes"]) > 15


def test_axe_finds_nothing_serious_without_alerts(opened: Opened, make_report: MakeReport) -> None:
    page = opened(make_report([], odd=[("broken.json.gz", 0, "corrupt gzip", None)]))
    results = Axe().run(page)
    assert [each["id"] for each in results.response["violations"]] == []


def _spelt(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
