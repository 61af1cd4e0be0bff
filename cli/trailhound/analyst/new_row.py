"""A new row for the allow-list or the overrides: what it would do, and the writing of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from trailhound.analyst.allow_list import FIELDS, allow_list_rows, removals_sql
from trailhound.analyst.counted import Counting
from trailhound.analyst.explain import csv_line
from trailhound.analyst.tune import Count, bursts, by_entity, count_events
from trailhound.engines import Warehouse
from trailhound.errors import TrailhoundError
from trailhound.project.csv_rows import UnreadableCsv, csv_rows
from trailhound.project.detections import Detection
from trailhound.project.globs import glob_matches
from trailhound.project.seeds import OverrideRow
from trailhound.text import literal
from trailhound.transaction import written_whole


class Effect(NamedTuple):
    """What a row would change."""

    removed_events: int
    alerts_before: int
    alerts_after: int


def effect_of_allowing(
    warehouse: Warehouse,
    detection: Detection,
    counting: Counting,
    in_force: Sequence[Sequence[str]],
    row: Sequence[str],
) -> Effect:
    """What a row of the allow-list would remove beside those in force.

    counting: with the query of ALLOW_LIST in it, so that other rows can be tried.
    """
    before = with_allow_list(counting, in_force)
    after = with_allow_list(counting, [*in_force, row])
    removed = warehouse.query(removals_sql(with_allow_list(counting, [row]))).rows
    return Effect(
        sum(int(found[-1]) for found in removed),
        _alerts(count_events(warehouse, before, detection.minutes), detection),
        _alerts(count_events(warehouse, after, detection.minutes), detection),
    )


def effect_of_overriding(
    warehouse: Warehouse,
    detection: Detection,
    counting: Counting,
    in_force: Sequence[OverrideRow],
    row: OverrideRow,
) -> Effect:
    """What a threshold override would change beside those in force."""
    groups = [
        (*key, counts)
        for key, counts in by_entity(count_events(warehouse, counting, detection.minutes))
    ]

    def alerts(overrides: Sequence[OverrideRow]) -> int:
        return sum(
            bursts(counts, threshold_of(detection, account, entity, overrides), detection.minutes)
            for account, entity, counts in groups
        )

    return Effect(0, alerts(in_force), alerts([*in_force, row]))


def threshold_of(
    detection: Detection, account: str, entity: str, overrides: Sequence[OverrideRow]
) -> int:
    """The threshold in force for an entity, as models/tuning/threshold_rules.sql finds it."""

    def preference(each: OverrideRow) -> tuple[bool, bool, bool, int]:
        is_exact = [
            bool(text) and "*" not in text
            for text in (each.entity_id, each.account_id, each.detection)
        ]
        return is_exact[0], is_exact[1], is_exact[2], each.threshold

    matching = [
        each
        for each in overrides
        if glob_matches(each.detection, detection.name)
        and glob_matches(each.account_id, account)
        and glob_matches(each.entity_id, entity)
    ]
    return max(matching, key=preference).threshold if matching else detection.threshold or 1


def with_allow_list(counting: Counting, rows: Sequence[Sequence[str]]) -> Counting:
    """The same SQL with these rows in place of the allow-list's table."""
    selects = [
        "select "
        + ", ".join(
            f"cast({literal(text)} as varchar) as {field}"
            for field, text in zip(FIELDS, row, strict=True)
        )
        for row in rows
    ]
    empty = "select " + ", ".join(f"cast(null as varchar) as {field}" for field in FIELDS)
    query = " union all ".join(selects) or f"{empty} where false"
    return counting.with_relation("allow_list", query)


def line_of_same_row(path: Path, row: Mapping[str, str]) -> int | None:
    """The line of a CSV file that has the row already, whatever its reason and its owner; or None.

    row: texts by column.
    """
    header: list[str] | None = None
    for line, fields in csv_rows(path):
        if header is None:
            header = fields
        elif all(
            text == row.get(column)
            for column, text in zip(header, fields, strict=False)
            if column not in ("reason", "owner")
        ):
            return line
    return None


def append(path: Path, row: Mapping[str, str]) -> str:
    """Add a row to a CSV file, whole or not at all; give the row as it stands there.

    row: texts by column; they are written in the order of the file's own header. Raises
    TrailhoundError if the file cannot be written or has other columns.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        header = next((fields for _, fields in csv_rows(path)), [])
        if sorted(header) != sorted(row):
            raise TrailhoundError(f"{path}: the columns must be {','.join(row)}")
        line = csv_line([row[column] for column in header])
        ending = "" if text.endswith("\n") else "\n"
        with written_whole(path) as beside:
            beside.write_text(f"{text}{ending}{line}\n", encoding="utf-8", newline="")
    except UnreadableCsv as error:
        raise TrailhoundError(str(error)) from error
    except OSError as error:
        raise TrailhoundError(f"{path} cannot be read: {error.strerror or error}") from error
    return line


def rows_in_force(seeds: Path) -> list[tuple[str, ...]]:
    """The allow-list's rows in the folder of seeds."""
    return allow_list_rows(seeds / "allow_list.csv")


def _alerts(counts: Sequence[Count], detection: Detection) -> int:
    return sum(
        bursts(group, detection.threshold or 1, detection.minutes) for _, group in by_entity(counts)
    )
