"""What a detection counts is found in its SQL, however that is written."""

from __future__ import annotations

import pytest

from trailhound.analyst.counted import Counting

OWN = """-- Ünusual: `)`, "alert_key" and with ( in a comment
WITH looks AS (SELECT *, ') as alert_key, from (' AS note FROM "s"."cloudtrail_events"),
"Odd ones" (event_time, n) AS (
    SELECT event_time, count(*) OVER (
        ORDER BY event_time RANGE  BETWEEN INTERVAL '10' MINUTE PRECEDING AND CURRENT ROW
    ) FROM (
        SELECT e.* FROM looks AS e LEFT  JOIN "s"."allow_list_rows" AS a ON a.x = e.x
        WHERE (e.a = 1 OR e.b = 2) AND a.x IS NULL
    ) AS f
), unused AS (SELECT now() - INTERVAL '10' MINUTE, INTERVAL '10' DAY)"""
ENDING = """
-- the ending
, firing as (select *, {key} as alert_key from {counted}),
events as (select firing.*, alert_key from firing)
select * from events"""


def counting(own: str = OWN, key: str = "indicator", counted: str = '"Odd ones"') -> Counting:
    return Counting("iam_x", own + ENDING.format(key=key, counted=counted), "duckdb")


def test_a_detection_written_in_another_way() -> None:
    odd = counting()
    assert odd.ctes == f"{OWN}\n-- the ending"
    assert (odd.name, odd.key) == ('"Odd ones"', "indicator")
    assert counting(key="cast('' as varchar)").key is None
    [place] = odd.countables
    assert (place.events, place.aliases) == ("looks AS e", ("e", "a"))
    assert place.others == "TRUE AND (e.a = 1 OR e.b = 2)"
    assert (place.allowed, place.match) == ('"s"."allow_list_rows" AS a', "a.x = e.x")


def test_other_windows_and_relations_change_nothing_else() -> None:
    odd = counting()
    assert odd.with_window(10, 60).sql == odd.sql.replace("'10' M", "'60' M")
    assert odd.with_window(11, 60).sql == odd.sql
    given = odd.with_relation("cloudtrail_events", "select 7")
    assert given.sql == odd.sql.replace(
        "WITH ", "WITH cloudtrail_events as (\n\nselect 7\n\n),\n\n"
    ).replace('"s"."cloudtrail_events"', "cloudtrail_events")
    assert not given.reads("cloudtrail_events")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (Counting("iam_x", "selec 1 (", "duckdb"), "its SQL cannot be read"),
        (Counting("iam_x", "drop table x", "duckdb"), "its SQL is no query"),
        (Counting("iam_x", "select 1 as alert_id", "duckdb"), "does not end in one of the macros"),
        (counting(counted='"s"."t"'), "its ending is given no CTE"),
        (counting(OWN.replace("allow_list_rows", "others")), "counts without countable()"),
    ],
)
def test_what_breaks_the_contract_is_one_line(broken: Counting, said: str) -> None:
    assert broken.fault
    assert broken.fault.startswith("iam_x: ")
    assert said in broken.fault
    assert "\n" not in broken.fault
