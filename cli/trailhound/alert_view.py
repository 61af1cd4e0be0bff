"""How a person sees alerts: fewer columns, shorter values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from trailhound.alerts import COLUMNS, value
from trailhound.output import Column, Row
from trailhound.output.console import emit
from trailhound.settings import Settings

FOR_PEOPLE = (
    Column("triggered_(UTC)", "time"),
    Column("severity", "severity"),
    Column("detection", "pair"),
    Column("entity", "pair"),
    Column("count", "integer"),
)
_ENTITY_LENGTH = 40
_EVIDENCE_LENGTH = 60


def emit_alerts(settings: Settings, rows: Sequence[Row]) -> None:
    """Print alerts to stdout in the format in force."""
    format_name = settings.format or "table"
    emit(format_name, *shaped(format_name, rows))


def shaped(format_name: str, rows: Sequence[Row]) -> tuple[Sequence[Column], Sequence[Row]]:
    """Columns and rows as the format wants them: for a table only what a person needs."""
    if format_name != "table":
        return COLUMNS, rows
    return FOR_PEOPLE, [_for_people(row) for row in rows]


def _for_people(row: Row) -> Row:
    account = str(value(row, "account_id"))
    return (
        value(row, "triggered_at"),
        value(row, "severity"),
        (value(row, "title"), _hint(value(row, "evidence"))),
        (short_entity(str(value(row, "entity_id")), account), account),
        f"{value(row, 'observed')}/{value(row, 'threshold')}",
    )


def short_entity(entity: str, account: str) -> str:
    """An ARN without what repeats the account, cut in the middle if it is still long."""
    if (arn := re.fullmatch(r"arn:[^:]*:[^:]*:[^:]*:([^:]*):(.+)", entity, re.DOTALL)) is not None:
        entity = arn[2] if arn[1] in ("", account) else f"{arn[1]}:{arn[2]}"
    if len(entity) <= _ENTITY_LENGTH:
        return entity
    half = _ENTITY_LENGTH // 2
    return f"{entity[: half - 1]}…{entity[-half:]}"


def _hint(evidence: Any) -> str:
    """The first kinds of evidence that hold something, each with its first values."""
    shown = ""
    for values in (evidence or {}).values():
        if not values:
            continue
        part = _first(values)
        if shown and len(shown) + len(part) > _EVIDENCE_LENGTH:
            break
        shown = f"{shown} · {part}" if shown else part
    return shown if len(shown) <= _EVIDENCE_LENGTH else f"{shown[: _EVIDENCE_LENGTH - 1]}…"


def _first(values: Any) -> str:
    texts = [str(each) for each in values] if isinstance(values, list) else [str(values)]
    more = f" +{len(texts) - 2}" if len(texts) > 2 else ""
    return ", ".join(texts[:2]) + more
