"""A report as one HTML file that needs nothing else and may load nothing else."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from typing import Any

from trailhound import __version__
from trailhound.analyst.triage import pieces
from trailhound.formats.as_json import iso
from trailhound.project.detections import SEVERITIES, Detection
from trailhound.report.attack import matrix
from trailhound.report.calendar import Line
from trailhound.report.data import Report
from trailhound.report.entities import hours_in_words, paths
from trailhound.screens.alerts import short_entity
from trailhound.screens.lineage import facts, how, title
from trailhound.store.alerts import COLUMNS, accounts_of, value
from trailhound.text import counted, visible

# In the order in which they build on each other.
_SCRIPTS = (
    "text.js",
    "state.js",
    "charts.js",
    "heatmap.js",
    "list.js",
    "signals.js",
    "detail.js",
    "coverage.js",
    "page.js",
)
_GAPS_SHOWN = 3
_LONGEST_HEADING = 200
_SOURCES_SHOWN = 5


def page(report: Report) -> str:
    """The HTML text of a report.

    The data is JSON in an element that is not run, every `<` in it escaped; what is text in the
    template is escaped by it, what the script adds it adds as text. The policy in the head allows
    the one script and the one style sheet by their hashes, and no request at all.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.policies["json.dumps_kwargs"] = {"default": iso, "separators": (",", ":")}
    environment.filters |= {
        "visible": visible,
        "iso": iso,
        "counted": counted,
        "accounts": accounts_of,
        "title": title,
        "facts": facts,
        "how": how,
        "whole": lambda entity, account: visible(short_entity(entity, account, _LONGEST_HEADING)),
        "short": lambda entity, account: visible(short_entity(entity, account)),
        "paths": paths,
        "hours": hours_in_words,
    }
    # In a block of its own, so that no name of the browser's and none of theirs are mixed up.
    parts = "\n".join(_source("js", name) for name in _SCRIPTS)
    script = f'"use strict";\n{{\n{parts}}}\n'
    style = _source("report.css")
    found = Counter(value(row, "severity") for row in report.alerts)
    return environment.from_string(_source("template.html")).render(
        report=report,
        data=_data(report),
        # Nobody but this project wrote them, and escaped they would not run.
        script=Markup(script),  # noqa: S704
        style=Markup(style),  # noqa: S704
        script_hash=_hash(script),
        style_hash=_hash(style),
        version=__version__,
        severities=[(each, found[each]) for each in reversed(SEVERITIES)],
        alerts_by_detection=Counter(value(row, "detection") for row in report.alerts),
        entities=len({_entity(row) for row in report.alerts}),
        states=dict(_states(report)),
        listed={value(row, "alert_id") for row in (*report.alerts, *report.signals)},
        sources_shown=_SOURCES_SHOWN,
        stand_above=dict(_standing_above(report)),
        matrix=matrix(report.detections, report.idle, report.alerts),
    )


def _source(*path: str) -> str:
    return files("trailhound.report").joinpath(*path).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """The hash of an inline script or style, as a content security policy names it."""
    return "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _entity(row: tuple[Any, ...]) -> tuple[Any, Any]:
    return value(row, "account_id"), value(row, "entity_id")


def _standing_above(report: Report) -> Iterator[tuple[str, str]]:
    """Incidents whose findings are all among those of one shown before, and that one.

    An incident that goes on over midnight is one of each day.
    """
    before: dict[str, set[str]] = {}
    for incident in report.incidents:
        own = {each.alert_id for each in report.findings[incident["alert_id"]]}
        above = next((name for name, findings in before.items() if own <= findings), None)
        if above is not None and len(own) == incident["event_count"]:
            yield incident["alert_id"], above
        before[incident["alert_id"]] = own


def _states(report: Report) -> Iterator[tuple[str, str]]:
    """Why a detection found nothing, if there is a reason."""
    for each in report.detections:
        if not each.enabled:
            yield each.name, "disabled"
        elif each.name in report.idle:
            yield each.name, "idle"
        else:
            yield each.name, ""


def _data(report: Report) -> dict[str, Any]:
    """What the script works on."""
    return {
        "columns": [column.name for column in COLUMNS],
        "alerts": report.alerts,
        "signals": report.signals,
        "detections": {each.name: _detection(each) for each in report.detections},
        "calendar": {
            "first": report.calendar.first,
            "step": report.calendar.step,
            "days": report.calendar.days,
            "accounts": [_line(each) for each in report.calendar.accounts],
        },
    }


def _detection(each: Detection) -> dict[str, Any]:
    return {
        "title": each.title,
        "severity": each.severity,
        "description": each.description,
        "firesAt": each.fires_at,
        "falsePositives": each.false_positives,
        "blindSpots": each.blind_spots,
        "references": each.references,
        "triage": [{"question": step.question, "pieces": pieces(step.sql)} for step in each.triage],
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "name": line.name,
        "events": line.events,
        "days": line.days,
        "cells": line.cells,
        "gaps": [_gap(first, last) for first, last in line.gaps[:_GAPS_SHOWN]],
        "moreGaps": max(0, len(line.gaps) - _GAPS_SHOWN),
        "regions": [_line(each) for each in line.regions],
    }


def _gap(first: date, last: date) -> str:
    return iso(first) if first == last else f"{iso(first)} to {iso(last)}"
