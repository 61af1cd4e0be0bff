"""A detection as a page of text for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import fill, indent

import click

from trailhound.formats.table import page_width
from trailhound.project.detections import Detection
from trailhound.text import visible_lines

_WIDEST = 96
_COLOURS = {"low": "cyan", "medium": "yellow", "high": "red", "critical": "bright_red"}


def detection_page(detection: Detection, sql: str | None) -> str:
    """All that the .yml says, wrapped and headed; with `sql`, that too."""
    return "\n".join(_lines(detection, sql))


def _lines(detection: Detection, sql: str | None) -> Iterator[str]:
    severity = click.style(detection.severity, fg=_COLOURS.get(detection.severity), bold=True)
    yield click.style(visible_lines(detection.title), bold=True)
    yield f"{detection.name} · {severity} · fires at {detection.fires_at}"
    yield f"ATT&CK {', '.join(detection.techniques)} ({', '.join(detection.tactics)})"
    if detection.needs_data_events:
        yield "Needs S3 data events in the trail."
    if not detection.enabled:
        yield "Disabled."
    yield ""
    yield _paragraphs(detection.description)
    yield from _list("False positives", detection.false_positives)
    yield from _list("Blind spots", detection.blind_spots)
    for number, step in enumerate(detection.triage, 1):
        if number == 1:
            yield _head("Triage")
        yield _item(step.question, f"{number}. ")
        yield indent(visible_lines(step.sql), "     ")
    yield from _list("References", detection.references)
    yield _head("Files")
    yield f"  {detection.path.with_suffix('.sql')}"
    yield f"  {detection.path}"
    if sql is not None:
        yield _head("SQL")
        yield visible_lines(sql)


def _head(text: str) -> str:
    return "\n" + click.style(text, bold=True)


def _list(head: str, items: Sequence[str]) -> Iterator[str]:
    if items:
        yield _head(head)
        yield from (_item(each, "- ") for each in items)


def _item(text: str, mark: str) -> str:
    return fill(
        visible_lines(text),
        min(_WIDEST, page_width()),
        initial_indent=f"  {mark}",
        subsequent_indent=" " * (2 + len(mark)),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _paragraphs(text: str) -> str:
    width = min(_WIDEST, page_width())
    return "\n\n".join(
        fill(visible_lines(each), width, break_on_hyphens=False) for each in text.split("\n\n")
    )
