"""What `tune` found, as a page of text for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import StringIO
from textwrap import indent

import click

from trailhound.analyst.tune import Entity, Setting, Tuning
from trailhound.formats.columns import Column, Row
from trailhound.formats.table import page_width, write_table
from trailhound.project.detections import Detection
from trailhound.text import counted, visible

_PLOTTED = 15
_PLOT_WIDTH = 40
_BESIDE_PLOT = 64
_NAME_WIDTH = 44


def tuning_page(found: Tuning, detection: Detection) -> str:
    """The grid of settings, then the entities with the largest count against the threshold."""
    return "\n".join(_lines(found, detection))


def _lines(found: Tuning, detection: Detection) -> Iterator[str]:
    yield click.style(visible(detection.title), bold=True)
    yield f"{detection.name} · fires at {detection.fires_at}"
    yield ""
    if not found.entities:
        yield "No event in the store matches this detection."
        return
    yield click.style("Alerts (entities) at other settings", bold=True)
    yield from _grid(found)
    yield ""
    yield click.style("Largest count of each entity, and the threshold", bold=True)
    yield from _plot(found.entities, found.in_force.threshold)


def _grid(found: Tuning) -> Iterator[str]:
    thresholds = sorted({setting.threshold for setting in found.results})
    windows = sorted({setting.minutes for setting in found.results}, key=lambda each: each or 0)
    columns = (
        Column("window", "word"),
        *(Column(f"≥ {threshold}", "integer") for threshold in thresholds),
    )
    rows: list[Row] = []
    for minutes in windows:
        cells = [_cell(found, Setting(threshold, minutes)) for threshold in thresholds]
        rows.append((f"{minutes} min" if minutes else "one request", *cells))
    text = StringIO()
    write_table(columns, rows, text, page_width() - 2)
    yield indent(text.getvalue().rstrip("\n"), "  ")
    yield "  The setting in force stands in brackets."


def _cell(found: Tuning, setting: Setting) -> str:
    result = found.results[setting]
    text = f"{result.alerts} ({result.entities})" if result.alerts else "0"
    return f"[{text}]" if setting == found.in_force else text


def _plot(entities: Sequence[Entity], threshold: int) -> Iterator[str]:
    shown = entities[:_PLOTTED]
    plot = min(_PLOT_WIDTH, page_width() - _BESIDE_PLOT)
    scale = plot / max(shown[0].highest, threshold)
    mark = max(1, round(threshold * scale))
    names = [visible(f"{each.account_id} {each.entity_id.rpartition(':')[2]}") for each in shown]
    width = min(max(map(len, names)), _NAME_WIDTH)
    for name, each in zip(names, shown, strict=True):
        bar = "█" * max(1, round(each.highest * scale))
        bar = bar if len(bar) >= mark else f"{bar:<{mark - 1}}│"
        alerts = f" {counted(each.alerts, 'alert')}" if each.alerts else ""
        yield f"  {name[:width]:<{width}} {bar} {each.highest:,}{alerts}"
    if len(entities) > len(shown):
        yield f"  and {len(entities) - len(shown):,} entities with less"
    yield f"  {'':<{width}} {'│':>{mark}} threshold {threshold:,}"
