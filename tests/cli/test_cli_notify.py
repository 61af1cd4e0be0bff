"""Where `trailhound notify` keeps what was sent."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_helpers import alert, write_alerts

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
