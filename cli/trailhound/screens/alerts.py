"""How a person sees alerts: fewer columns, shorter values."""

from __future__ import annotations

import re
from collections.abc import Sequence

from trailhound.engines import Warehouse
from trailhound.formats import Column, Row
from trailhound.screens.console import emit, say
from trailhound.settings import Settings
from trailhound.store.alerts import COLUMNS, accounts_of, named, value
from trailhound.store.freshness import REMEDY, STALE, is_stale
from trailhound.workspace import Work

FOR_PEOPLE = (
    Column("triggered_(UTC)\nalert", "words"),
    Column("severity", "severity"),
    Column("detection", "pair"),
    Column("entity", "pair"),
)
_NARROW = (
    Column("triggered_(UTC)\nseverity,_alert", "words"),
    Column("detection\nwho,_why", "pair"),
)
_WIDE = 100
_ENTITY_LENGTH, _NARROW_LENGTH = 40, 38
ID_LENGTH = 8
_HINT_LENGTH = 90
_VALUE_LENGTH = 40


def emit_alerts(settings: Settings, rows: Sequence[Row]) -> bool:
    """Print alerts to stdout in the format in force; false if its reader left before the end."""
    format_name = settings.format or "table"
    return emit(format_name, *shaped(format_name, rows))


def shaped(format_name: str, rows: Sequence[Row]) -> tuple[Sequence[Column], Sequence[Row]]:
    """Columns and rows as the format wants them: for a table only what a person needs."""
    if format_name != "table":
        return COLUMNS, rows
    from trailhound.formats.table import page_width

    if page_width() < _WIDE:
        return _NARROW, list(map(_for_narrow_screens, rows))
    return FOR_PEOPLE, list(map(_for_people, rows))


def _for_people(row: Row, longest: int = _ENTITY_LENGTH) -> Row:
    account = ", ".join(accounts_of(named(row)))
    return (
        (value(row, "triggered_at"), str(value(row, "alert_id"))[:ID_LENGTH]),
        value(row, "severity"),
        (value(row, "title"), _hint(row)),
        (short_entity(str(value(row, "entity_id")), account, longest), account),
    )


def _for_narrow_screens(row: Row) -> Row:
    """Four columns would break names."""
    (time, alert_id), severity, (title, hint), (entity, account) = _for_people(row, _NARROW_LENGTH)
    why = f" · {hint}" if hint else ""
    return (time, f"{severity} {alert_id}"), (title, f"{entity} {account}{why}")


def short_entity(entity: str, account: str, longest: int = _ENTITY_LENGTH) -> str:
    """An ARN without what repeats the account, its middle left out if it is still long."""
    if (arn := re.fullmatch(r"arn:[^:]*:[^:]*:[^:]*:([^:]*):(.+)", entity, re.DOTALL)) is not None:
        entity = arn[2] if arn[1] in ("", account) else f"{arn[1]}:{arn[2]}"
    if len(entity) <= longest:
        return entity
    parts = entity.split("/")
    if len(parts) > 2 and len(parts[0]) + len(parts[-1]) < longest:
        return f"{parts[0]}/…/{parts[-1]}"
    half = longest // 2
    return f"{entity[: half - 1]}…{entity[-half:]}"


def _hint(row: Row) -> str:
    """What was counted against the threshold, then the evidence's first values."""
    parts = []
    minutes = value(row, "window_minutes")
    if minutes is not None or value(row, "threshold") > 1:
        within = "one request" if minutes is None else f"{minutes} min"
        parts.append(f"{value(row, 'observed'):,} ≥ {value(row, 'threshold'):,} in {within}")
    evidence = dict(value(row, "evidence") or {})
    # The licence of most Sigma rules wants it said with every match.
    author = evidence.pop("author", None)
    parts += [f"rule by {_first(author)}"] if author else []
    parts += [_first(values) for values in evidence.values() if values and isinstance(values, list)]
    return _cut(" · ".join(parts), _HINT_LENGTH)


def _first(values: list[str]) -> str:
    more = f" +{len(values) - 2}" if len(values) > 2 else ""
    return ", ".join(_cut(str(each), _VALUE_LENGTH) for each in values[:2]) + more


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def tell_if_stale(work: Work, warehouse: Warehouse) -> None:
    """Say on stderr that the alerts are not up to date, if they are not."""
    if work.on_duckdb and is_stale(warehouse):
        say(work.settings, f"{STALE}: {REMEDY}")
