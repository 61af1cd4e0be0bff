"""trailhound list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import click

from trailhound.analyst.triage import own_triage_faults
from trailhound.errors import TrailhoundError
from trailhound.formats import Column, Row
from trailhound.main import command
from trailhound.project.detections import Detection
from trailhound.project.scaffold import update_catalogue
from trailhound.screens.console import emit
from trailhound.settings import Settings
from trailhound.store.coverage import days_of_history, has_data_events
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
    Column("silent", "boolean"),
    Column("enabled", "boolean"),
)
WIDE, NARROW = 120, 80
_WITH_HISTORY = "first_seen"  # the kind that needs days of it
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
    holds none, silent when it compares with history and no account has enough days of it.
    """
    work = Work(settings)
    if write_catalogue:
        update_catalogue(work.project)
    detections, faults = work.chosen(names)
    held, of_triage = _asked(work, detections)
    if (settings.format or "table") == "table":
        from trailhound.formats.table import page_width

        width = page_width()
        shape = _wide if width >= WIDE else _narrow if width >= NARROW else _stacked
        emit("table", *shape(detections, held))
    else:
        emit(settings.format or "table", COLUMNS, [_row(each, held) for each in detections])
    if faults or of_triage:
        raise TrailhoundError(*faults, *of_triage)


@dataclass(frozen=True)
class _Held:
    """What the store holds of what detections need; None where that was not, or cannot be asked."""

    data_events: bool | None
    history: int | None
    """Days of history of the account that has most."""
    floor: int
    """As many are needed."""

    def is_idle(self, detection: Detection) -> bool | None:
        if not detection.needs_data_events:
            return False
        return None if self.data_events is None else not self.data_events

    def is_silent(self, detection: Detection) -> bool | None:
        if detection.kind != _WITH_HISTORY:
            return False
        return None if self.history is None else self.history < self.floor


def _asked(work: Work, detections: Sequence[Detection]) -> tuple[_Held, list[str]]:
    """What the store holds, and the faults of own triage queries."""
    variables = work.project.variables(work.settings.vars)
    days, floor = (int(variables.get(f"history_{each}", 0)) for each in ("days", "floor_days"))
    try:
        with work.warehouse() as warehouse:
            compares = any(each.kind == _WITH_HISTORY for each in detections)
            history = days_of_history(warehouse, days) if compares else None
            held = _Held(has_data_events(warehouse), history, floor)
            return held, own_triage_faults(work, detections, warehouse)
    except TrailhoundError:
        return _Held(None, None, floor), []


def _row(each: Detection, held: _Held) -> Row:
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
        held.is_idle(each),
        held.is_silent(each),
        each.enabled,
    )


def _wide(detections: Sequence[Detection], held: _Held) -> tuple[Sequence[Column], Sequence[Row]]:
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
            _state(each, held),
        )
        for each in detections
    ]
    if any(state for *_, state in rows):
        return columns, rows
    return columns[:-1], [row[:-1] for row in rows]


def _narrow(detections: Sequence[Detection], held: _Held) -> tuple[Sequence[Column], Sequence[Row]]:
    """Without the titles, which say much the same as the names."""
    columns = (_SEVERITY, Column("detection\ntechniques", "words"), Column("fires_at", "word"))
    rows = []
    for each in detections:
        state = _state(each, held)
        below = " · ".join(filter(None, (", ".join(each.techniques), state)))
        rows.append((each.severity, (each.name, below), each.fires_at))
    return columns, rows


def _stacked(
    detections: Sequence[Detection], held: _Held
) -> tuple[Sequence[Column], Sequence[Row]]:
    """Only the names beside the severity: the longest one takes what is left of 60 characters."""
    rows = []
    for each in detections:
        state = _state(each, held)
        below = " · ".join(filter(None, (each.fires_at, ", ".join(each.techniques), state)))
        rows.append((each.severity, (each.name, below)))
    return (_SEVERITY, Column("detection\nfires_at, techniques", "pair")), rows


def _state(each: Detection, held: _Held) -> str:
    if not each.enabled:
        return "disabled"
    if held.is_idle(each):
        return "idle: no S3 data events"
    if held.is_silent(each):
        return f"silent: history covers {held.history} of {held.floor} days"
    if each.is_signal:
        return "signal"
    return "needs S3 data events" if held.is_idle(each) is None else ""
