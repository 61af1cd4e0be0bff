"""A new row for the allow-list or the overrides: what it would do, and the writing of it."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from trailhound.allow_list_report import FIELDS, allow_list_rows, removals_sql
from trailhound.catalog import Detection
from trailhound.errors import TrailhoundError
from trailhound.seeds import glob_matches
from trailhound.triage import literal
from trailhound.tuning import Count, bursts, by_entity, count_events
from trailhound.warehouse import Warehouse

OVERRIDE_FIELDS = ("detection", "account_id", "entity_id", "threshold", "reason", "owner")
_ALLOW_LIST = re.compile(r'(?:"[^"]*"\.)*"allow_list"')


class Effect(NamedTuple):
    """What a row would change."""

    removed_events: int
    alerts_before: int
    alerts_after: int


def effect_of_allowing(
    warehouse: Warehouse,
    detection: Detection,
    compiled: str,
    in_force: Sequence[Sequence[str]],
    row: Sequence[str],
) -> Effect:
    """What a row of the allow-list would remove beside those in force."""
    before = with_allow_list(compiled, in_force)
    after = with_allow_list(compiled, [*in_force, row])
    removed = warehouse.query(removals_sql(with_allow_list(compiled, [row]))).rows
    return Effect(
        sum(int(found[-1]) for found in removed),
        _alerts(count_events(warehouse, before, detection.minutes), detection),
        _alerts(count_events(warehouse, after, detection.minutes), detection),
    )


def effect_of_overriding(
    warehouse: Warehouse, detection: Detection, compiled: str, row: Sequence[str]
) -> Effect:
    """What a row of OVERRIDE_FIELDS would change; other overrides are left out."""
    _, account, entity, threshold, *_ = row
    counts = count_events(warehouse, compiled, detection.minutes)
    meant: list[Count] = []
    others: list[Count] = []
    for count in counts:
        is_meant = glob_matches(account, count.account_id) and glob_matches(entity, count.entity_id)
        (meant if is_meant else others).append(count)
    after = _alerts(others, detection) + _alerts(meant, detection, int(threshold))
    return Effect(0, _alerts(counts, detection), after)


def with_allow_list(compiled: str, rows: Sequence[Sequence[str]]) -> str:
    """The compiled SQL with these rows in place of the allow-list's table."""
    selects = [
        "select "
        + ", ".join(
            f"cast({literal(text)} as varchar) as {field}"
            for field, text in zip(FIELDS, row, strict=True)
        )
        for row in rows
    ]
    empty = "select " + ", ".join(f"cast(null as varchar) as {field}" for field in FIELDS)
    table = f"({' union all '.join(selects) or f'{empty} where false'}) as given_allow_list"
    return _ALLOW_LIST.sub(lambda _: table, compiled)


def append(path: Path, fields: Sequence[str]) -> str:
    """Add a row to a CSV file, whole or not at all; give the row as it stands there.

    Raises TrailhoundError if the file cannot be written.
    """
    line = StringIO()
    csv.writer(line, lineterminator="\n").writerow(fields)
    beside = path.with_name(f".{path.name}.partial")
    try:
        text = path.read_text(encoding="utf-8-sig")
        ending = "" if not text or text.endswith("\n") else "\n"
        beside.write_text(text + ending + line.getvalue(), encoding="utf-8", newline="")
        beside.replace(path)
    except OSError as error:
        raise TrailhoundError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        beside.unlink(missing_ok=True)
    return line.getvalue().rstrip("\n")


def rows_in_force(seeds: Path) -> list[tuple[str, ...]]:
    """The allow-list's rows in the folder of seeds."""
    return allow_list_rows(seeds / "allow_list.csv")


def _alerts(counts: Sequence[Count], detection: Detection, threshold: int | None = None) -> int:
    return sum(
        bursts(group, threshold or detection.threshold or 1, detection.minutes)
        for _, group in by_entity(counts)
    )
