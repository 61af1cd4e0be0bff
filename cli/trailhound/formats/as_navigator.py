"""A layer for the ATT&CK Navigator, layer format 4.5.

https://github.com/mitre-attack/attack-navigator/blob/master/layers/spec/v4.5/layerformat.md
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TextIO

from trailhound.errors import WrongUsage
from trailhound.formats.as_json import to_json
from trailhound.formats.columns import Column, Row
from trailhound.store.alerts import author_of

_VERSIONS = {"attack": "18", "navigator": "5.2.0", "layer": "4.5"}
_WHITE = "#ffffff"


class _Layer(NamedTuple):
    """What the scores of a layer count, and the colour of the greatest."""

    counted: str
    description: str
    colour: str


_COVERED = _Layer("detections", "Detections that are enabled, by technique.", "#66b1ff")
_FIRED = _Layer("alerts", "Alerts by technique.", "#ff6666")


def write_navigator(columns: Sequence[Column], rows: Sequence[Row], stream: TextIO) -> None:
    """One layer: of detections what they cover, of alerts or incidents what fired.

    A technique stands under every tactic that ATT&CK has it under. Raises WrongUsage for rows
    without techniques.
    """
    place = {column.name: number for number, column in enumerate(columns)}
    if not {"detection", "techniques"} <= place.keys():
        raise WrongUsage("this format is for alerts, incidents and the list of detections")
    is_coverage = "enabled" in place
    found: dict[str, list[str]] = {}
    for row in rows:
        techniques = row[place["techniques"]]
        if not isinstance(techniques, list):
            raise WrongUsage("this format is for whole alerts: techniques is no list")
        if not is_coverage or row[place["enabled"]]:
            evidence = row[place["evidence"]] if "evidence" in place else None
            author = author_of({"evidence": evidence})
            told = f"{row[place['detection']]}{f' (rule by {author})' if author else ''}"
            for technique in techniques:
                found.setdefault(str(technique), []).append(told)
    stream.write(to_json(_layer(_COVERED if is_coverage else _FIRED, found)) + "\n")


def _layer(layer: _Layer, found: dict[str, list[str]]) -> dict[str, Any]:
    """The layer. found: the detection of each alert, or each detection, by technique."""
    return {
        "name": f"trailhound {layer.counted}",
        "versions": _VERSIONS,
        "domain": "enterprise-attack",
        "description": layer.description,
        "layout": {
            "layout": "side",
            "showID": True,
            "showName": True,
            "expandedSubtechniques": "annotated",
        },
        "techniques": [
            {
                "techniqueID": technique,
                "score": len(detections),
                "comment": ", ".join(sorted(set(detections))),
                "enabled": True,
            }
            for technique, detections in sorted(found.items())
        ],
        "gradient": {
            "colors": [_WHITE, layer.colour],
            "minValue": 0,
            "maxValue": max(map(len, found.values()), default=1),
        },
        "legendItems": [{"label": layer.description, "color": layer.colour}],
    }
