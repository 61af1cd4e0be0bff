"""Where `trailhound notify` keeps what was sent."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_helpers import alert, incident, write_alerts

from support import Invoke
from trailhound.commands import notify

URL = "json://127.0.0.1:1/"


def test_a_dry_run_writes_nothing(invoke: Invoke, folder: Path) -> None:
    store = write_alerts(folder / "trailhound.duckdb", alert())
    before = store.read_bytes()
    assert "user/mallory" in invoke("notify", URL, "--dry-run").stdout
    assert store.read_bytes() == before


def test_what_was_sent_is_kept_in_the_store_that_the_profile_names(
    invoke: Invoke, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "send_with_apprise", lambda *_: True)
    invoke("init", "own")
    profile = folder / "own" / "profiles.yml"
    path = "{{ env_var('TRAILHOUND_STORE', 'trailhound.duckdb') }}"
    assert path in profile.read_text()
    profile.write_text(profile.read_text().replace(path, "elsewhere.duckdb"))
    write_alerts(folder / "own" / "elsewhere.duckdb", alert())
    command = ("notify", URL, "--project-dir", "own")
    assert "1 alert sent" in invoke(*command).stderr
    assert "0 alerts sent" in invoke(*command).stderr
    assert not (folder / "trailhound.duckdb").exists()


def test_the_environment_may_hold_the_urls(
    invoke: Invoke, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_alerts(folder / "trailhound.duckdb", alert())
    monkeypatch.setattr(notify, "send_with_apprise", lambda *_: True)
    assert "Missing argument 'URL...'" in invoke("notify", code=2).stderr
    monkeypatch.setenv("TRAILHOUND_NOTIFY_URLS", f"{URL} {URL}#ops")
    assert invoke("notify").stderr.count("1 alert sent") == 2


def test_incidents_are_told_first_and_once(
    invoke: Invoke, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles: list[str] = []

    def send(_: object, title: str, *__: object) -> bool:
        titles.append(title)
        return True

    monkeypatch.setattr(notify, "send_with_apprise", send)
    write_alerts(folder / "trailhound.duckdb", alert(severity="critical"), incidents=[incident()])
    done = invoke("notify", URL)
    assert [title.split(" - ")[0] for title in titles] == ["HIGH: Incident", "CRITICAL: IAM"]
    assert done.stderr == "1 incident sent to json://…\n1 alert sent to json://…\n"
    invoke("notify", URL)
    assert len(titles) == 2


def test_the_filters_choose_incidents_too(invoke: Invoke, folder: Path) -> None:
    write_alerts(folder / "trailhound.duckdb", incidents=[incident()])

    def told(*filters: str) -> bool:
        return "Incident" in invoke("notify", URL, "--dry-run", *filters).stdout

    assert told("--detection", "s3_buckets_enumerated", "--severity", "high")
    assert not told("--detection", "s3_mass_copy_objects")
    assert not told("--severity", "critical")
