"""What a run says when it is done: what came in, what came out, what could not be seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from trailhound.analyst.allow_list import report_of
from trailhound.analyst.counted import countings
from trailhound.analyst.triage import own_triage_faults
from trailhound.engines import Warehouse
from trailhound.formats.columns import Row
from trailhound.project.detections import SEVERITIES
from trailhound.screens.console import say
from trailhound.screens.loading import summary
from trailhound.store.alerts import value
from trailhound.store.coverage import idle
from trailhound.store.files import store_counts
from trailhound.text import counted
from trailhound.workspace import Work

if TYPE_CHECKING:
    from trailhound.load import LoadReport


def tell_summary(
    work: Work,
    warehouse: Warehouse,
    report: LoadReport | None,
    alerts: Sequence[Row],
    new: Sequence[Row] | None = None,
) -> None:
    """Say on stderr, a line each: the load, the store, the alerts, the detections that are idle.

    new: those of the alerts that are new, if it was asked for.
    """
    if report is not None:
        _line(work, "loaded", summary(report))
    if work.on_duckdb:
        counts = store_counts(warehouse)
        parts = [
            f"{counted(counts.events, 'event')} in all",
            counted(counts.duplicates, "duplicate"),
        ]
        _line(work, "store", ", ".join(parts))
    _line(work, "alerts", _by_severity(alerts))
    if new is not None:
        _line(work, "new", _by_severity(new))
    reports, faults = report_of(work, warehouse, countings(work))
    for each in reports:
        _line(work, "allowed", f"{each.named}: {each.told}")
    for fault in faults:
        _line(work, "allowed", fault)
    for fault in own_triage_faults(work, work.detections, warehouse):
        _line(work, "triage", fault)
    waiting = idle(work.detections, warehouse)
    if waiting:
        names = ", ".join(each.name for each in waiting)
        _line(work, "idle", f"{names}: the logs hold no S3 data events")


def _by_severity(alerts: Sequence[Row]) -> str:
    if not alerts:
        return "none"
    found = Counter(value(row, "severity") for row in alerts)
    parts = [f"{found[each]:,} {each}" for each in reversed(SEVERITIES) if found[each]]
    return f"{len(alerts):,}: {', '.join(parts)}"


def _line(work: Work, head: str, text: str) -> None:
    say(work.settings, f"{head:<9} {text}")
