"""What a run did, in figures, for whoever watches it: JSON, or text for Prometheus.

The text is of https://prometheus.io/docs/instrumenting/exposition_formats/, for the textfile
collector of node_exporter.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from trailhound.engines import Warehouse
from trailhound.formats.as_json import iso
from trailhound.formats.columns import Row
from trailhound.project.detections import SEVERITIES
from trailhound.store.alerts import value
from trailhound.transaction import written_whole

if TYPE_CHECKING:
    from trailhound.load import LoadReport

Stats = dict[str, Any]
"""Of each name in _METRICS a number, a time, or numbers by the values of its label."""


class Metric(NamedTuple):
    """How Prometheus names a figure."""

    name: str
    help: str
    label: str = ""


_METRICS = {
    "finished_at": Metric("finished_timestamp_seconds", "When the last run ended."),
    "newest_event": Metric("newest_event_timestamp_seconds", "Time of the newest event."),
    "files": Metric("files", "Files of the last load.", "state"),
    "records": Metric("records", "Records of the last load.", "state"),
    "events": Metric("events", "Events in all."),
    "alerts": Metric("alerts", "Alerts in all.", "severity"),
    "new_alerts": Metric("new_alerts", "Alerts that no run --new gave before.", "severity"),
    "seconds": Metric("run_seconds", "How long the last run took.", "phase"),
}


class Clock:
    """The seconds that the phases of a run took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure what is done within."""
        begin = perf_counter()
        yield
        self.seconds[name] = round(perf_counter() - begin, 3)


def stats_of(
    warehouse: Warehouse,
    report: LoadReport | None,
    alerts: Sequence[Row],
    new: Sequence[Row] | None,
) -> Stats:
    """The figures of a run but for its times. `new`: None unless it was asked for."""
    from trailhound.load import LoadReport

    report = report or LoadReport()
    [(events, newest)] = warehouse.query(
        f"select count(*), max(event_time) from {warehouse.relation('cloudtrail_events')}"
    ).rows
    stats = {
        "newest_event": newest and (newest if newest.tzinfo else newest.replace(tzinfo=UTC)),
        "files": {
            "read": report.files_read,
            "known": report.files_known,
            "partial": report.files_partial,
            "rejected": report.files_rejected,
            "skipped": report.files_skipped,
        },
        "records": {
            "read": report.records,
            "rejected": report.rejected,
            "skipped": report.skipped,
        },
        "events": int(events),
        "alerts": _by_severity(alerts),
    }
    return stats if new is None else {**stats, "new_alerts": _by_severity(new)}


def write_stats(path: Path, stats: Stats, clock: Clock) -> None:
    """Write the figures whole or not at all: for Prometheus if the name ends in .prom, else JSON.

    Raises TrailhoundError if it cannot.
    """
    stats = {"finished_at": datetime.now(UTC), **stats, "seconds": clock.seconds}
    text = "".join(_exposed(stats)) if path.suffix == ".prom" else _json(stats)
    with written_whole(path) as beside:
        beside.write_text(text, encoding="utf-8")


def _by_severity(alerts: Sequence[Row]) -> dict[str, int]:
    found = Counter(value(row, "severity") for row in alerts)
    return {severity: found[severity] for severity in SEVERITIES}


def _json(stats: Stats) -> str:
    return f"{json.dumps(stats, indent=2, default=iso)}\n"


def _exposed(stats: Stats) -> Iterator[str]:
    for key, figure in stats.items():
        if figure is None:
            continue
        metric = _METRICS[key]
        name = f"trailhound_{metric.name}"
        yield f"# HELP {name} {metric.help}\n# TYPE {name} gauge\n"
        if isinstance(figure, dict):
            for label, number in figure.items():
                yield f'{name}{{{metric.label}="{label}"}} {number}\n'
        else:
            yield f"{name} {figure.timestamp() if isinstance(figure, datetime) else figure}\n"
