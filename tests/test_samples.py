"""Every detection on the attack it brings: loud it fires, one call short of it it does not."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import duckdb
import pytest

import trails
from support import ROOT, run_in
from trailhound.project.detections import Detection, read_detections
from trailhound.project.project import find_project

DETECTIONS = [each for each in read_detections(find_project(ROOT)) if each.enabled]


@pytest.fixture(scope="module", params=["loud", "one short"])
def fired(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[bool, dict[str, set[str]]]:
    """Which detections fired on whose attack: all attacks in one store, each in an account."""
    is_loud = request.param == "loud"
    folder = tmp_path_factory.mktemp("samples")
    owners, records = {}, []
    for number, detection in enumerate(DETECTIONS):
        account = f"{200_000_000_000 + number}"
        owners[account] = detection.name
        records += trails.attack(detection, account, is_loud=is_loud)
    (folder / "trail.json").write_text(json.dumps({"Records": records}))
    run_in(folder)("trailhound", "run", "trail.json", "--quiet")
    found = defaultdict(set)
    with duckdb.connect(str(folder / "trailhound.duckdb"), read_only=True) as store:
        for name, account in store.execute(
            "select detection, account_id from alerts union "
            "select detection, account_id from signals"
        ).fetchall():
            found[owners[account]].add(name)
    return is_loud, found


@pytest.mark.parametrize("detection", DETECTIONS, ids=lambda each: each.name)
def test_an_attack_fires_its_detection_and_one_call_short_does_not(
    detection: Detection, fired: tuple[bool, dict[str, set[str]]]
) -> None:
    is_loud, found = fired
    assert (detection.name in found[detection.name]) == is_loud


def test_every_detection_is_named_by_one_file_more() -> None:
    missing = [
        path.stem
        for path in Path(ROOT / "detections").glob("*/*.json")
        if not path.with_suffix(".sql").exists()
    ]
    assert missing == []
