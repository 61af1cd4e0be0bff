"""Severity, risk, class, act, tactics and techniques of every detection, from metadata.txt."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple


class Metadata(NamedTuple):
    """`kind` is alert, signal or off (disabled); `act` is empty where the detection is its own."""

    severity: str
    risk: int
    kind: str
    act: str
    tactics: tuple[str, ...]
    techniques: tuple[str, ...]

    def columns(self) -> dict[str, Any]:
        """What an alert shows of it."""
        return {
            "severity": self.severity,
            "risk": self.risk,
            "tactics": list(self.tactics),
            "techniques": list(self.techniques),
        }


def _read() -> dict[str, Metadata]:
    found = {}
    for line in Path(__file__).with_name("metadata.txt").read_text("utf-8").splitlines():
        name, severity, risk, kind, act, tactics, techniques = map(str.strip, line.split("|"))
        found[name] = Metadata(
            severity,
            int(risk),
            kind,
            act,
            tuple(tactics.split(", ")),
            tuple(techniques.split(", ")),
        )
    return found


METADATA = _read()
