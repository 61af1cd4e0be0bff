"""The records and settings that engines are compared on."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import random
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import trails
from engines.trino_install import ROOT
from oracle import RULES
from sigma_rules.rules import RECORDS
from trailhound.project.detections import read_detections
from trailhound.project.project import find_project

LOGS = ROOT / "tests" / "logs"
RANDOM_TRAILS = range(24)
TRAILS_ON_DISK = ("sample", "benign", "public/traildiscover", "public/invictus")
DELIVERY_DAYS = ("2026/04/01", "2026/04/05", "2026/04/09")
VARIABLES = {f"{name}__threshold": number for name, number in trails.THRESHOLDS.items()}


def _of_kinds() -> dict[str, list[str]]:
    """The enabled detections by kind."""
    kinds: dict[str, list[str]] = {}
    for path in sorted((ROOT / "detections").glob("*/*.yml")):
        text = path.read_text()
        kind = re.search(r"^ +kind: (\w+)$", text, re.MULTILINE)
        if kind and "enabled: false" not in text:
            kinds.setdefault(kind[1], []).append(path.stem)
    return kinds


# One of each kind, and those that the settings name, stand for the others: all take four times as
# long. TRAILHOUND_EVERY_DETECTION=1 builds all, as `make engines` does.
EVERY_DETECTION = bool(os.environ.get("TRAILHOUND_EVERY_DETECTION"))
_OF_A_KIND = None if EVERY_DETECTION else 1
DETECTIONS = sorted(
    {*RULES, *(name for names in _of_kinds().values() for name in names[:_OF_A_KIND])}
)


def deliveries() -> dict[str, list[trails.Record]]:
    """All records by the day on which they are delivered: in portions that hold events of any day.

    The sample trails, public ones, random ones and each detection's attack, these two in accounts
    of their own, and what the Sigma rules of the tests match.
    """
    records = [each for name in TRAILS_ON_DISK for each in trails.read(LOGS / name)]
    detections = [each for each in read_detections(find_project(ROOT)) if each.name in DETECTIONS]
    for number, detection in enumerate(detections):
        records += trails.attack(detection, f"{200_000_000_000 + number}")
    for seed in RANDOM_TRAILS:
        records += _in_own_accounts(trails.random_trail(seed), seed)
    records += RECORDS
    random.Random(4).shuffle(records)
    portions = len(DELIVERY_DAYS)
    return {day: records[place::portions] for place, day in enumerate(DELIVERY_DAYS)}


def _in_own_accounts(records: list[trails.Record], seed: int) -> list[trails.Record]:
    text = json.dumps(records)
    for account in (*trails.ACCOUNTS, "999988887777"):
        text = text.replace(account, f"{account[:4]}{seed:04}{account[8:]}")
    found: list[trails.Record] = json.loads(text)
    return found


def settings_options(folder: Path) -> list[str]:
    """Options of `trailhound run` for an allow-list, overrides and countries that matter here."""
    settings = trails.random_settings(3)
    files = {
        "--allow-list": _csv(folder / "allow_list.csv", settings.allow_list),
        "--overrides": _csv(folder / "overrides.csv", settings.overrides),
        "--countries": folder / "countries.csv",
    }
    ranges = "".join(f"{','.join(row)}\n" for row in settings.countries)
    files["--countries"].write_text(f"start_ip,end_ip,country\n{ranges}")
    return [text for option, path in files.items() for text in (option, str(path))]


def _csv(path: Path, rows: Iterable[Any]) -> Path:
    """Rows of the allow-list or of overrides, for the accounts that the random trails have here."""
    given = [dataclasses.asdict(row) for row in rows]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*given[0], "reason", "owner"])
        writer.writeheader()
        for row in given:
            texts = {key: "" if value is None else str(value) for key, value in row.items()}
            for account in trails.ACCOUNTS:
                texts = {
                    key: text.replace(account, f"{account[:4]}*{account[8:]}")
                    for key, text in texts.items()
                }
            writer.writerow({**texts, "reason": "why", "owner": "me"})
    return path
