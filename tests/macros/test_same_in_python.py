"""What Python does as well as SQL: of both the same comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trailhound.analyst.new_row import threshold_of
from trailhound.formats.as_json import iso
from trailhound.project.detections import find, read_detections
from trailhound.project.project import installed_project
from trailhound.project.seeds import OverrideRow

SAME_DATABASE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
DETECTION = replace(
    find(read_detections(installed_project()), "iam_multiple_failed_api_calls"), threshold=5
)
ACCOUNT, ENTITY = "012345678901", "arn:aws:iam::012345678901:user/a_b"
ROWS = st.builds(
    OverrideRow.model_construct,
    detection=st.sampled_from(["", "iam_*", DETECTION.name, "other"]),
    account_id=st.sampled_from(["", "0*", ACCOUNT, "1"]),
    entity_id=st.sampled_from(["", "*:user/*", ENTITY, "x"]),
    threshold=st.integers(1, 10**12),
    reason=st.just("r"),
    owner=st.just("o"),
)


@SAME_DATABASE
@given(rows=st.lists(ROWS, max_size=5))
def test_the_threshold_in_force_for_an_entity(
    database: duckdb.DuckDBPyConnection, rendered: Mapping[str, str], rows: list[OverrideRow]
) -> None:
    database.execute(
        "create or replace table threshold_overrides "
        "(detection text, account_id text, entity_id text, threshold text)"
    )
    for row in rows:
        values = [row.detection, row.account_id, row.entity_id, str(row.threshold)]
        database.execute("insert into threshold_overrides values (?, ?, ?, ?)", values)
    found = database.execute(
        f"select max_by(threshold, preference) from ({rendered['threshold_rules']}) as rule "
        "where ? like detection_pattern escape '!' and ? like account_pattern escape '!' "
        "and ? like entity_pattern escape '!'",
        [DETECTION.name, ACCOUNT, ENTITY],
    ).fetchone()
    assert found
    assert (found[0] or DETECTION.threshold) == threshold_of(DETECTION, ACCOUNT, ENTITY, rows)


@SAME_DATABASE
@given(time=st.datetimes(datetime(1970, 1, 1)))
def test_a_time_as_text(
    database: duckdb.DuckDBPyConnection, rendered: Mapping[str, str], time: datetime
) -> None:
    query = f"select {rendered['iso_utc']} from (select ?::timestamp as t)"
    assert database.execute(query, [time]).fetchone() == (iso(time),)
