"""trailhound list."""

from __future__ import annotations

from collections.abc import Sequence

import click

from trailhound.analyst.triage import own_triage_faults
from trailhound.errors import TrailhoundError
from trailhound.formats import Column, Row
from trailhound.main import command
from trailhound.project.detections import Detection
from trailhound.project.scaffold import update_catalogue
from trailhound.screens.console import emit
from trailhound.settings import Settings
from trailhound.store.coverage import has_data_events
from trailhound.workspace import Work

COLUMNS = (
    Column("detection"),
    Column("service"),
    Column("title"),
    Column("severity", "severity"),
    Column("kind"),
    Column("class"),
    Column("tactics", "list"),
    Column("techniques", "list"),
    Column("threshold", "integer"),
    Column("window_minutes", "integer"),
    Column("needs_data_events", "boolean"),
    Column("idle", "boolean"),
    Column("enabled", "boolean"),
)
WIDE, NARROW = 120, 80
_SEVERITY = Column("severity", "severity")


@command("list", example="trailhound list\ntrailhound list 'iam_*' --format json")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--write-catalogue", is_flag=True, help="Rewrite the table in detections/README.md.")
@click.pass_obj
def list_detections(
    settings: Settings, /, names: tuple[str, ...], *, write_catalogue: bool
) -> None:
    """List the detections: severity, techniques, the thresholds in force, idle or not.

    NAME is a detection or a glob. A detection is idle when it needs S3 data events and the store
    holds none.
    """
    work = Work(settings)
    if write_catalogue:
        update_catalogue(work.project)
    detections, faults = work.chosen(names)
    data_events, of_triage = _asked(work, detections)
    if (settings.format or "table") == "table":
        from trailhound.formats.table import page_width

        width = page_width()
        shape = _wide if width >= WIDE else _narrow if width >= NARROW else _stacked
        emit("table", *shape(detections, data_events))
    else:
        emit(settings.format or "table", COLUMNS, [_row(each, data_events) for each in detections])
    if faults or of_triage:
        raise TrailhoundError(*faults, *of_triage)


def _asked(work: Work, detections: Sequence[Detection]) -> tuple[bool | None, list[str]]:
    """Whether the store holds data events, and the faults of own triage queries.

    None, and no fault, where nothing is built to ask.
    """
    try:
        with work.warehouse() as warehouse:
            return has_data_events(warehouse), own_triage_faults(work, detections, warehouse)
    except TrailhoundError:
        return None, []


def _idle(detection: Detection, data_events: bool | None) -> bool | None:
    if not detection.needs_data_events:
        return False
    return None if data_events is None else not data_events


def _row(each: Detection, data_events: bool | None) -> Row:
    return (
        each.name,
        each.service,
        each.title,
        each.severity,
        each.kind,
        "signal" if each.is_signal else "alert",
        list(each.tactics),
        list(each.techniques),
        each.threshold,
        each.minutes,
        each.needs_data_events,
        _idle(each, data_events),
        each.enabled,
    )


def _wide(
    detections: Sequence[Detection], data_events: bool | None
) -> tuple[Sequence[Column], Sequence[Row]]:
    """Name and title, threshold and techniques; the state only where one of them has one."""
    columns = (
        _SEVERITY,
        Column("detection", "pair"),
        Column("fires_at\ntechniques", "words"),
        Column("state"),
    )
    rows = [
        (
            each.severity,
            (each.name, each.title),
            (each.fires_at, ", ".join(each.techniques)),
            _state(each, data_events),
        )
        for each in detections
    ]
    if any(state for *_, state in rows):
        return columns, rows
    return columns[:-1], [row[:-1] for row in rows]


def _narrow(
    detections: Sequence[Detection], data_events: bool | None
) -> tuple[Sequence[Column], Sequence[Row]]:
    """Without the titles, which say much the same as the names."""
    columns = (_SEVERITY, Column("detection\ntechniques", "words"), Column("fires_at", "word"))
    rows = []
    for each in detections:
        state = _state(each, data_events)
        below = " · ".join(filter(None, (", ".join(each.techniques), state)))
        rows.append((each.severity, (each.name, below), each.fires_at))
    return columns, rows


def _stacked(
    detections: Sequence[Detection], data_events: bool | None
) -> tuple[Sequence[Column], Sequence[Row]]:
    """Only the names beside the severity: the longest one takes what is left of 60 characters."""
    rows = []
    for each in detections:
        state = _state(each, data_events)
        below = " · ".join(filter(None, (each.fires_at, ", ".join(each.techniques), state)))
        rows.append((each.severity, (each.name, below)))
    return (_SEVERITY, Column("detection\nfires_at, techniques", "pair")), rows


def _state(each: Detection, data_events: bool | None) -> str:
    if not each.enabled:
        return "disabled"
    if _idle(each, data_events):
        return "idle: no S3 data events"
    if each.is_signal:
        return "signal"
    return "needs S3 data events" if each.needs_data_events and data_events is None else ""
