"""The SQL against its definition in plain Python, on random trails.

dbt compiles the project once; each trail goes through the loader and the compiled SQL on a DuckDB
of its own, and every column of every alert and event must be what the oracle says.
"""

from __future__ import annotations

import csv
import dataclasses
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import oracle
import row_trails
import trails
from make_trails import LOGS
from trailhound.build import plan, relations
from trailhound.build.build import plan_of
from trailhound.load import LoadReport, ensure_table, load
from trailhound.project.seeds_in_force import seeds_in_force
from trailhound.settings import Settings
from trailhound.simulate.sample import read_sample, records_of
from trailhound.workspace import Work

# As many as a minute or two allow.
SEEDED_TRAILS = range(8, 20)
DELIVERED_TRAILS = range(100, 103)
HYPOTHESIS_TRAILS = 10
ARRIVING_TRAILS = [200]
# Of many accounts each.
ROW_TRAILS = 2
PLAIN = oracle.Settings(thresholds=trails.THRESHOLDS, countries=trails.COUNTRIES)
VARIABLES = {f"{name}__threshold": number for name, number in row_trails.THRESHOLDS.items()}


@dataclass
class Built:
    """A DuckDB on which everything has been built from some files."""

    connection: duckdb.DuckDBPyConnection
    reports: list[LoadReport]

    def rows(self, relation: str) -> list[dict[str, Any]]:
        """All rows of a relation."""
        found = self.connection.execute(f"select * from {relation}")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


class Project:
    """The project compiled once, to be built on as many databases as wanted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = Settings(store=folder / "store.duckdb", vars=VARIABLES)
        self.work = Work(self.settings)
        made = plan_of(self.work)
        assert made is not None
        self.plan = made

    def build(
        self,
        deliveries: Sequence[Iterable[trails.Record]],
        settings: oracle.Settings,
        detections: Iterable[str] = oracle.RULES,
    ) -> Built:
        """Load each delivery and build some detections after it, on one database."""
        built_plan = _only(self.plan, detections)
        seeds = self._seeds(settings)
        built = Built(duckdb.connect(config={"threads": 1}), [])
        ensure_table(built.connection, '"main"."cloudtrail_logs"')
        for number, delivery in enumerate(deliveries):
            file = self.folder / f"delivery-{number}.json"
            file.write_bytes(trails.files_of(delivery))
            built.reports.append(load(built.connection, [str(file)]))
            assert relations.build(built_plan, built.connection, seeds, {}) == []
        return built

    def _seeds(self, settings: oracle.Settings) -> Path:
        return seeds_in_force(
            self.work.project,
            dataclasses.replace(
                self.settings,
                allow_list=self._csv("allow", oracle.AllowRow, settings.allow_list),
                overrides=self._csv("overrides", oracle.Override, settings.overrides),
                countries=self._write("countries", "start_ip,end_ip,country", settings.countries),
                networks=self._write("networks", "start_ip,end_ip,network", settings.networks)
                if settings.networks
                else None,
                trusted_accounts=self._write(
                    "trusted",
                    "account_id,name,reason,owner",
                    [(account, "n", "why", "me") for account in settings.trusted_accounts],
                ),
            ),
            self.work.detections,
            (),
        )

    def _csv(self, name: str, kind: type, rows: Iterable[Any]) -> Path:
        columns = [field.name for field in dataclasses.fields(kind)]
        values = [
            [
                *("" if value is None else str(value) for value in dataclasses.astuple(row)),
                "why",
                "me",
            ]
            for row in rows
        ]
        return self._write(name, ",".join([*columns, "reason", "owner"]), values)

    def _write(self, name: str, header: str, rows: Iterable[Sequence[str]]) -> Path:
        path = self.folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write(f"{header}\n")
            csv.writer(file, lineterminator="\n").writerows(rows)
        return path


def _only(whole: plan.Plan, names: Iterable[str]) -> plan.Plan:
    """The steps of a plan that some detections need."""
    by_name = {step.name: step for step in whole.steps}
    wanted, open_ = set(), list(names)
    while open_:
        name = open_.pop()
        wanted.add(name)
        open_ += by_name[name].needs
    return dataclasses.replace(
        whole, steps=tuple(step for step in whole.steps if step.name in wanted)
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("project"))


def check(built: Built, records: Sequence[trails.Record], settings: oracle.Settings) -> None:
    expected = oracle.evaluate(records, settings, detections=oracle.RULES)
    assert not oracle.compare_events(built.rows("cloudtrail_events"), expected.trail.events)
    assert not oracle.compare(built.rows("alerts"), expected.alerts)


@pytest.mark.parametrize("seed", SEEDED_TRAILS)
def test_a_random_trail(project: Project, seed: int) -> None:
    records, settings = trails.random_trail(seed), trails.random_settings(seed)

    check(project.build([records], settings), records, settings)


@pytest.mark.parametrize("seed", DELIVERED_TRAILS)
def test_a_random_trail_that_arrives_in_portions(project: Project, seed: int) -> None:
    records, settings = trails.random_trail(seed), trails.random_settings(seed)

    check(project.build(trails.portions(records, seed, 3), settings), records, settings)


@hypothesis_settings(
    max_examples=HYPOTHESIS_TRAILS,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(records=trails.trails(), settings=trails.settings())
def test_any_trail(
    project: Project, records: list[trails.Record], settings: oracle.Settings
) -> None:
    check(project.build([records], settings), records, settings)


@hypothesis_settings(
    max_examples=ROW_TRAILS,
    phases=[Phase.generate],
)
@given(seed=st.integers(0, 999_999))
def test_all_detections_and_incidents_on_a_random_trail(project: Project, seed: int) -> None:
    names = [each.name for each in row_trails.detections()]
    records, settings = row_trails.row_trail(seed, len(names)), row_trails.settings(seed)
    built = project.build([records], settings, names)
    expected = oracle.evaluate(records, settings)

    assert not oracle.compare_events(built.rows("cloudtrail_events"), expected.trail.events)
    assert not oracle.compare(built.rows("alerts"), expected.alerts)
    assert not oracle.compare(built.rows("signals"), expected.signals)
    assert not oracle.compare(built.rows("incidents"), expected.incidents)


def test_lists_end_after_a_hundred_items(project: Project) -> None:
    records = trails.crowded_trail()

    check(project.build([records], PLAIN), records, PLAIN)


def test_records_without_an_id_whose_texts_run_into_each_other_are_two(project: Project) -> None:
    first = {**trails.crowded_trail()[0], "eventID": "", "requestID": "a|b", "sharedEventID": "c"}
    records = [first, {**first, "requestID": "a", "sharedEventID": "b|c"}]

    built = project.build([records], PLAIN)

    check(built, records, PLAIN)
    assert len(built.rows("cloudtrail_events")) == 2


@pytest.mark.parametrize("trail", ["sample", "benign", "public/traildiscover", "public/invictus"])
def test_a_trail_on_disk(project: Project, trail: str) -> None:
    records = list(trails.read(LOGS / trail))

    check(project.build([records], PLAIN), records, PLAIN)


@pytest.mark.parametrize("seed", [1, 2])
def test_every_record_is_counted_once(project: Project, seed: int) -> None:
    records = trails.random_trail(seed)
    built = project.build([records], PLAIN)
    (report,) = built.reports
    trail = oracle.read_records(records)

    assert (report.records, report.rejected, report.skipped) == (
        len(records),
        trail.rejected,
        trail.skipped,
    )
    assert report.valid - len(built.rows("cloudtrail_events")) == trail.duplicates


def test_random_trails_fire_every_detection_and_run_over_midnight() -> None:
    alerts = [
        alert
        for seed in (*SEEDED_TRAILS, *DELIVERED_TRAILS)
        for alert in oracle.evaluate(
            trails.random_trail(seed), trails.random_settings(seed), detections=oracle.RULES
        ).alerts
    ]

    assert {alert.detection for alert in alerts} == set(oracle.RULES)
    assert any(alert.is_continuation for alert in alerts)


def test_random_trails_of_all_detections_fire_them_and_join_accounts_in_incidents() -> None:
    names = {each.name for each in row_trails.detections()}
    found = [
        oracle.evaluate(row_trails.row_trail(seed, len(names)), row_trails.settings(seed))
        for seed in range(6)
    ]

    assert {alert.detection for each in found for alert in (*each.alerts, *each.signals)} == names
    assert any(
        len(incident.evidence["account_ids"]) > 1 for each in found for incident in each.incidents
    )


@pytest.mark.parametrize("seed", ARRIVING_TRAILS)
def test_all_detections_as_a_trail_arrives(project: Project, seed: int) -> None:
    names = [each.name for each in row_trails.detections()]
    records, settings = row_trails.row_trail(seed, len(names)), row_trails.settings(seed)
    built = project.build(trails.hours(records, seed, 4), settings, names)

    assert not oracle.compare(built.rows("alerts"), oracle.evaluate(records, settings).alerts)


def test_what_completes_an_alert_may_come_alone(project: Project) -> None:
    missed = []
    for detection in project.work.detections:
        if detection.kind not in ("sequence", "combination") or not detection.enabled:
            continue
        calls = read_sample(detection.path.with_suffix(".json"))
        *before, last = sample(calls)
        built = project.build([before, [last]], PLAIN, [detection.name])
        whole = project.build([[*before, last]], PLAIN, [detection.name])
        if built.rows(detection.name) != whole.rows(detection.name) or not whole.rows(
            detection.name
        ):
            missed.append(detection.name)
    assert missed == []


@pytest.mark.parametrize(
    ("days_ago", "covered_days", "is_new"),
    [(30, 14, False), (31, 14, True), (31, 13, False)],
    ids=["seen thirty days ago", "seen before that", "history too thin"],
)
def test_what_is_new_and_what_history_must_cover(
    project: Project, days_ago: int, covered_days: int, is_new: bool
) -> None:
    region_by_day = dict.fromkeys(range(1, covered_days + 1), "us-east-1")
    records = sample(
        {"call": "iam.CreateUser", "by": "user:ann", "at": -day * 1440, "region": region}
        for day, region in {**region_by_day, days_ago: "eu-west-1", 0: "eu-west-1"}.items()
    )
    built = project.build([records], PLAIN, ["aws_activity_in_new_region"])

    assert [each["triggered_at"].day for each in built.rows("alerts")] == [20] * is_new


@pytest.mark.parametrize("account", ["111122223333", "444455556666"])
def test_what_anyone_does_is_a_step_in_his_own_account_only(project: Project, account: str) -> None:
    enabled = {"call": "account.EnableRegion", "by": "user:bob", "request": {"RegionName": "r"}}
    used = {"call": "ec2.RunInstances", "by": "user:ann", "at": 60, "region": "r"}
    records = [*sample([enabled], account), *sample([used])]
    built = project.build([records], PLAIN, ["account_region_enabled_and_used"])

    assert len(built.rows("alerts")) == (account == "111122223333")


def sample(calls: Iterable[dict[str, Any]], account: str = "111122223333") -> list[trails.Record]:
    """The records of calls as a detection's attack sample tells them, at noon of 2026-05-20."""
    told = list(calls)
    start = datetime(2026, 5, 20, 12, tzinfo=UTC)
    return records_of(told, random.Random(str(told)), start=start, account=account)
