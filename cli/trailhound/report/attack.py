"""The ATT&CK matrix of a report: what the detections cover, and what fired.

attack_techniques.csv has the techniques of ATT&CK for Enterprise v18.1, made by
tools/make_attack_techniques.py. © 2025 The MITRE Corporation; this work is reproduced and
distributed with the permission of The MITRE Corporation
(https://attack.mitre.org/resources/legal-and-branding/terms-of-use/).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from trailhound.formats.columns import Row
from trailhound.project.detections import Detection, severity_rank
from trailhound.store.alerts import value

# In the order of ATT&CK's own matrix.
TACTICS = (
    "Reconnaissance",
    "Resource Development",
    "Initial Access",
    "Execution",
    "Persistence",
    "Privilege Escalation",
    "Defense Evasion",
    "Credential Access",
    "Discovery",
    "Lateral Movement",
    "Collection",
    "Command and Control",
    "Exfiltration",
    "Impact",
)


class Technique(NamedTuple):
    """A technique as ATT&CK names it; of a sub-technique the parent's name too."""

    name: str
    tactics: tuple[str, ...]


@dataclass
class Cell:
    """A technique within a tactic."""

    technique: str
    """Its id."""
    name: str
    """Empty if ATT&CK has no such technique."""
    detections: int = 0
    """Enabled detections of it."""
    idle: int = 0
    """Those of them that cannot fire, because the trail logs no data events."""
    alerts: int = 0
    severity: str = ""
    """The greatest of its alerts'; empty if nothing fired."""


def matrix(
    detections: Iterable[Detection], idle: Sequence[str], alerts: Iterable[Row]
) -> dict[str, list[Cell]]:
    """By tactic, in ATT&CK's order, the techniques that detections cover or alerts name."""
    cells: dict[tuple[str, str], Cell] = {}

    def cells_of(tactics: Sequence[str], named: Sequence[str]) -> Iterable[Cell]:
        for technique in named:
            known = techniques().get(technique)
            for tactic in _places(technique, tactics):
                empty = Cell(technique, known.name if known else "")
                yield cells.setdefault((tactic, technique), empty)

    for each in detections:
        if each.enabled:
            for cell in cells_of(each.tactics, each.techniques):
                cell.detections += 1
                cell.idle += each.name in idle
    for row in alerts:
        for cell in cells_of(value(row, "tactics"), value(row, "techniques")):
            cell.alerts += 1
            cell.severity = max(cell.severity, value(row, "severity"), key=severity_rank)
    tactics = {tactic for tactic, _ in cells}
    ordered = [each for each in TACTICS if each in tactics] + sorted(tactics - set(TACTICS))
    return {
        tactic: [cell for (place, _), cell in sorted(cells.items()) if place == tactic]
        for tactic in ordered
    }


def _places(technique: str, tactics: Sequence[str]) -> Sequence[str]:
    """Those of a detection's tactics that ATT&CK has the technique under; if none, all of them."""
    known = techniques().get(technique)
    return [each for each in tactics if known and each in known.tactics] or tactics


@cache
def techniques() -> dict[str, Technique]:
    """All techniques of ATT&CK by id."""
    text = files("trailhound.report").joinpath("attack_techniques.csv").read_text("utf-8")
    names: dict[str, Technique] = {}
    for technique, name, tactics in list(csv.reader(text.splitlines()))[1:]:
        parent = names.get(technique.partition(".")[0])
        whole = f"{parent.name}: {name}" if "." in technique and parent else name
        names[technique] = Technique(whole, tuple(tactics.split(";")))
    return names
