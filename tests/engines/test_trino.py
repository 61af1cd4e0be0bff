"""The whole project on a real Trino: every relation is DuckDB's, row for row.

One set of records, see parity.py: once in one go, and once in portions of which each may hold
events of any day. Run after run the tables must be what one full build makes of all.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from engines import parity
from engines.parity import DETECTIONS
from engines.trino_server import TrinoServer
from engines.warehouse import TrinoWarehouse, differences, on_duckdb, relations, run
from sigma_rules.rules import RULES
from support import project_with
from webhook import Webhook

_FACTS = ("watched_calls", "active_days", "entity_days")
_BY_DAY = ("cloudtrail_events", *_FACTS, "source_ips", "source_addresses")

Warehouses = Callable[..., TrinoWarehouse]


@pytest.fixture(scope="module")
def deliveries() -> dict[str, list[Any]]:
    return parity.deliveries()


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return parity.settings_options(tmp_path_factory.mktemp("settings"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with the detections that are compared."""
    return project_with(DETECTIONS, tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def warehouses(
    trino: TrinoServer, project: Path, tmp_path_factory: pytest.TempPathFactory
) -> Warehouses:
    """A maker of empty warehouses with a CloudTrail table."""

    def make(name: str, **variables: Any) -> TrinoWarehouse:
        made = TrinoWarehouse(trino, tmp_path_factory.mktemp(name), name, variables, project)
        made.make_table("2026-01-01")
        return made

    return make


@pytest.fixture(scope="module")
def whole(
    warehouses: Warehouses, deliveries: dict[str, list[Any]], options: list[str]
) -> TrinoWarehouse:
    """Everything built in one go."""
    warehouse = warehouses("whole", **parity.VARIABLES)
    for day, records in deliveries.items():
        warehouse.deliver(day, records)
    warehouse.run("trailhound", "run", "--quiet", *options)
    return warehouse


@pytest.fixture(scope="module")
def duck(
    whole: TrinoWarehouse,
    project: Path,
    options: list[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same files on DuckDB."""
    folder = tmp_path_factory.mktemp("duck")
    connection = on_duckdb([whole.trail], folder, parity.VARIABLES, *options, project=project)
    yield connection
    connection.close()


def test_the_comparison_compares_something(duck: duckdb.DuckDBPyConnection) -> None:
    assert {*DETECTIONS, "alerts", "cloudtrail_events"} <= set(relations(duck))
    fired = duck.execute("select detection, count(*) from alerts group by all").fetchall()
    fired += duck.execute("select detection, count(*) from signals group by all").fetchall()
    assert {name for name, _ in fired} == set(DETECTIONS)
    assert duck.execute("select count(*) from alerts where is_continuation").fetchone() != (0,)


def test_every_relation_is_that_of_duckdb(
    whole: TrinoWarehouse, duck: duckdb.DuckDBPyConnection
) -> None:
    assert differences(duck, whole) == ""


@pytest.mark.parametrize(
    "command",
    [
        "export --format ndjson",
        "alerts --severity high",
        "list --format json",
        "tune iam_multiple_failed_api_calls",
        "explain {alert_id}",
        "incidents --format ndjson",
        "events --around {alert_id} --format csv",
        "events --ip 0.0.0.0/0 --count-by entity_id",
        "who {alert_id} --format json",
        "notify json://127.0.0.1 --dry-run",
    ],
)
def test_an_analyst_is_told_the_same(
    whole: TrinoWarehouse,
    duck: duckdb.DuckDBPyConnection,
    options: list[str],
    tmp_path: Path,
    command: str,
) -> None:
    # Nothing leads on from who has neither key nor ARN.
    query = "select max(alert_id) from alerts where entity_id like 'arn:%'"
    [(alert_id,)] = duck.execute(query).fetchall()
    [(path,)] = duck.execute("select path from duckdb_databases() where path <> ''").fetchall()
    store = shutil.copy(path, tmp_path)
    arguments = ("trailhound", *command.format(alert_id=alert_id).split(), *options)
    on_trino = whole.run(*arguments).stdout
    assert on_trino
    assert on_trino == whole.run(*arguments, "--target", "duckdb", "--store", store).stdout


def test_what_was_told_is_known_from_wherever_one_tells(
    whole: TrinoWarehouse, webhook: Webhook, tmp_path: Path
) -> None:
    notify = ("trailhound", "notify", webhook.url)
    whole.run(*notify)
    told = len(webhook.posted)
    assert told
    whole.run(*notify, more={"TRAILHOUND_STORE": str(tmp_path / "another.duckdb")})
    assert len(webhook.posted) == told


def test_a_query_is_answered_the_same_and_only_reads(whole: TrinoWarehouse) -> None:
    count = "select severity, count(*) as alerts from alerts group by severity order by 1"
    answer = whole.run("trailhound", "sql", count, "--format", "json").stdout
    assert sum(each["alerts"] for each in json.loads(answer)) > 0
    for writing in (
        "create table mine as select 1 as one",
        "delete from iam_multiple_users_created",
        "drop view alerts",
        "call system.runtime.kill_query('1', 'no')",
    ):
        done = whole.run("trailhound", "sql", writing, check=False)
        assert done.returncode == 1
        assert re.search("read-only transaction|within a transaction", done.stderr)
    assert whole.run("trailhound", "sql", count, "--format", "json").stdout == answer


def test_sigma_rules_match_the_same(
    whole: TrinoWarehouse, duck: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    [(path,)] = duck.execute("select path from duckdb_databases() where path <> ''").fetchall()
    store = shutil.copy(path, tmp_path)
    (tmp_path / "rules").mkdir()
    for number, rule in enumerate(RULES):
        (tmp_path / "rules" / f"{number}.yml").write_text(yaml.safe_dump(rule))
    hunt = ("trailhound", "sigma", "hunt", tmp_path / "rules", "--format", "ndjson")
    on_trino = whole.run(*hunt).stdout
    assert len({json.loads(line)["rule"] for line in on_trino.splitlines()}) == len(RULES)
    assert on_trino == whole.run(*hunt, "--target", "duckdb", "--store", store).stdout


@pytest.mark.long
def test_every_unit_test_passes(whole: TrinoWarehouse) -> None:
    # What detections compute is compared above; their own tests take half an hour.
    kept = "test_type:unit" if parity.EVERY_DETECTION else "test_type:unit,path:models"
    done = whole.run("dbt", "test", "--select", kept, "--threads", "3", check=False)
    results = json.loads((whole.folder / "target" / "run_results.json").read_text())["results"]
    tests = [each for each in results if each["unique_id"].startswith("unit_test.")]
    failed = {each["unique_id"]: each["message"] for each in tests if each["status"] != "pass"}
    assert failed == {}, done.stdout[-3000:]
    assert len(tests) >= (2 * len(DETECTIONS) if parity.EVERY_DETECTION else 40)


@pytest.fixture(scope="module")
def portions(
    warehouses: Warehouses, deliveries: dict[str, list[Any]], options: list[str]
) -> TrinoWarehouse:
    """The same built as the records arrive, one portion after the other."""
    warehouse = warehouses("portions", **parity.VARIABLES)
    for number, (day, records) in enumerate(deliveries.items()):
        warehouse.deliver(day, records)
        if number == 1:
            # As a run that is cut off before the detections.
            warehouse.run("dbt", "run", "--select", "cloudtrail_records", "cloudtrail_events")
        if number < 2:
            warehouse.run("trailhound", "run", "--quiet", *options)
        else:
            # Leaves what it ran in a folder.
            warehouse.run("dbt", "run")
    return warehouse


@pytest.mark.long
def test_portions_give_what_one_go_gives(
    portions: TrinoWarehouse, duck: duckdb.DuckDBPyConnection
) -> None:
    assert differences(duck, portions) == ""


@pytest.mark.long
def test_a_run_reads_no_old_deliveries(portions: TrinoWarehouse) -> None:
    read = portions.client.rows("select distinct delivery_day from cloudtrail_records order by 1")
    assert read == [["2026/04/05"], ["2026/04/09"]]


@pytest.mark.long
def test_events_are_added_once(portions: TrinoWarehouse) -> None:
    builds = portions.client.rows("select built_at, count(*) from cloudtrail_events group by 1")
    assert len(builds) == len(parity.DELIVERY_DAYS)


@pytest.mark.long
def test_what_was_seen_is_kept_in_one_row_a_relation(portions: TrinoWarehouse) -> None:
    rows = portions.client.rows(
        "select split_part(relation, ' ', 1), delivery_day from warehouse_builds "
        # Days that lost an event to an earlier copy.
        "where relation not like 'cloudtrail_events of %' order by 1"
    )
    assert rows == sorted(
        [
            ["cloudtrail_events", "2026/04/09"],
            *([name, None] for name in (*_FACTS, "source_ips", *DETECTIONS)),
        ],
        key=lambda row: str(row[0]),
    )


@pytest.mark.long
def test_chosen_days_built_anew_are_the_same(
    portions: TrinoWarehouse, duck: duckdb.DuckDBPyConnection
) -> None:
    portions.run(
        *("dbt", "run", "--select", "cloudtrail_records", *_BY_DAY, *DETECTIONS[::2]),
        variables={"since": "2026-02-01", "until": "2026-03-10"},
    )
    assert differences(duck, portions) == ""


@pytest.mark.long
def test_detections_read_only_the_days_that_they_compute(portions: TrinoWarehouse) -> None:
    unbounded = {}
    for name, sql in _compiled(portions).items():
        plan = "\n".join(row[0] for row in portions.client.rows(f"explain {sql}"))
        scans = re.findall(
            r"table = portions:trailhound\.(?:cloudtrail_events|watched_calls).*", plan
        )
        bounded = [scan for scan in scans if re.search(r"constraint on \[[^]]*event_date", scan)]
        if not scans or bounded != scans:
            unbounded[name] = scans
    assert unbounded == {}


@pytest.mark.long
def test_a_run_costs_what_the_new_days_cost(portions: TrinoWarehouse) -> None:
    portions.deliver("2026/04/20", [_create_user(0, "2026-04-20T12:00:00Z")])
    name = "iam_multiple_users_created"
    portions.run("dbt", "run", "--select", "cloudtrail_records", *_BY_DAY, name)
    everything = portions.client.execute("select * from cloudtrail_events").scanned_bytes
    one_day = portions.client.execute(_compiled(portions)[name]).scanned_bytes
    assert 0 < one_day < everything / 20


def _compiled(warehouse: TrinoWarehouse) -> dict[str, str]:
    """The SQL of the detections as the last run had it."""
    folder = warehouse.folder / "target" / "compiled" / "trailhound" / "detections"
    return {path.stem: path.read_text().strip() for path in folder.glob("*/*.sql")}


def _create_user(number: int, time: str) -> dict[str, Any]:
    return {
        "eventID": f"user-{number}",
        "eventTime": time,
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateUser",
        "awsRegion": "us-east-1",
        "recipientAccountId": "111122223333",
        "requestParameters": {"userName": f"user-{number}"},
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/mallory"},
    }


@pytest.mark.long
def test_a_day_that_loses_its_last_alert_ends_empty(warehouses: Warehouses) -> None:
    warehouse = warehouses("late", iam_multiple_users_created__threshold=3)

    def alerts() -> list[list[Any]]:
        warehouse.run("dbt", "run", "--select", "warehouse_builds", "+iam_multiple_users_created")
        return warehouse.client.rows("select alert_date from iam_multiple_users_created")

    warehouse.run("dbt", "seed", "--exclude", "country_ranges", "country_distances")
    warehouse.deliver(
        "2026/03/02", [_create_user(number, f"2026-03-02T00:1{number}:00Z") for number in range(3)]
    )
    assert alerts() == [["2026-03-02"]]
    # A copy of the first with an earlier time: too early for the window of the others.
    warehouse.deliver("2026/03/02", [_create_user(0, "2026-03-01T22:00:00Z")], "later")
    assert alerts() == []
    times = warehouse.client.rows("select cast(event_time as varchar) from cloudtrail_events")
    assert sorted(time[0][:16] for time in times) == [
        *("2026-03-01 22:00", "2026-03-02 00:11", "2026-03-02 00:12")
    ]
    assert alerts() == []


@pytest.mark.long
def test_events_are_not_built_whole_from_part_of_the_records(portions: TrinoWarehouse) -> None:
    done = portions.run(
        "dbt", "run", "--full-refresh", "--select", "cloudtrail_events", check=False
    )
    assert done.returncode == 1
    assert "select +cloudtrail_events" in done.stdout


@pytest.mark.long
def test_a_table_of_an_older_definition_will_do(
    whole: TrinoWarehouse, duck: duckdb.DuckDBPyConnection
) -> None:
    whole.client.execute(
        "create view whole_raw.cloudtrail.old_logs as "
        "select eventversion, apiversion, serviceeventdetails, eventtime, eventsource, eventname, "
        'awsregion, sourceipaddress, "timestamp", '
        "useragent, errorcode, errormessage, requestparameters, responseelements, "
        "additionaleventdata, requestid, eventid, readonly, resources, eventtype, "
        "recipientaccountid, sharedeventid, vpcendpointid, "
        "cast(row(useridentity.type, useridentity.arn) as row(type varchar, arn varchar)) "
        "as useridentity from whole_raw.cloudtrail.cloudtrail_logs"
    )
    whole.run(
        *("dbt", "run", "--select", "cloudtrail_records"),
        more={"TRAILHOUND_TRINO_SCHEMA": "old"},
        variables={"cloudtrail_table": "old_logs"},
    )
    found = whole.client.rows(
        "select count(*), count(user_arn), count(user_name), count(on_behalf_of_user_id), "
        "count(source_identity) from old.cloudtrail_records"
    )
    expected = duck.execute("select count(*), count(user_arn), 0, 0, 0 from cloudtrail_records")
    assert found == [list(expected.fetchone() or ())]


# What OCSF leaves out or writes otherwise.
_NOT_IN_OCSF = {
    "additional_event_data", "mfa_authenticated", "resources", "service_event_details",
    "shared_event_id", "session_from_console", "vpc_endpoint_id", "on_behalf_of_user_id",
    "identity_provider", "source_identity", "ec2_role_delivery", "web_identity_provider",
    "issued_to_type", "issued_to_arn", "vpc_endpoint_account_id", "event_time_text", "delivery_day",
    "session_issuer_type",
}  # fmt: skip


@pytest.mark.long
def test_a_table_of_security_lake_gives_the_records_of_aws_own(whole: TrinoWarehouse) -> None:
    whole.client.execute(
        """create view whole_raw.cloudtrail.lake as select
            cast(row(eventid, eventtype, row('CloudTrail', eventversion, row(eventcategory)))
                as row(uid varchar, event_code varchar, product row(name varchar, version varchar,
                    feature row(name varchar)))) as metadata,
            to_unixtime(from_iso8601_timestamp(eventtime)) as seconds,
            cast(1000 * to_unixtime(from_iso8601_timestamp(eventtime)) as bigint) as "time",
            cast(row(awsregion, row(recipientaccountid))
                as row(region varchar, account row(uid varchar))) as cloud,
            cast(row(eventname, apiversion, row(eventsource), row(requestid, requestparameters),
                    row(errorcode, errormessage, responseelements))
                as row(operation varchar, version varchar, service row(name varchar),
                    request row(uid varchar, data varchar),
                    response row(error varchar, message varchar, data varchar))) as api,
            cast(row(
                row(useridentity.type, useridentity.username, useridentity.arn,
                    useridentity.principalid, row(useridentity.accountid),
                    useridentity.accesskeyid),
                row(replace(useridentity.sessioncontext.attributes.creationdate, 'T', ' '),
                    useridentity.sessioncontext.sessionissuer.arn),
                useridentity.invokedby)
                as row(user row(type varchar, name varchar, uid varchar, uid_alt varchar,
                        account row(uid varchar), credential_uid varchar),
                    session row(created_time_dt varchar, issuer varchar),
                    invoked_by varchar)) as actor,
            cast(row(useragent) as row(user_agent varchar)) as http_request,
            cast(row(sourceipaddress) as row(ip varchar)) as src_endpoint,
            'Success' as status,
            map(array['readOnly'], array[readonly]) as unmapped,
            replace("timestamp", '/', '') as eventday
        from whole_raw.cloudtrail.cloudtrail_logs
        where try(from_iso8601_timestamp(eventtime)) is not null
            and regexp_like(eventtime, '^[0-9T:-]{19}Z$')
            and useridentity.arn like 'arn:%'
            and (useridentity.sessioncontext.sessionissuer.arn is null
                or regexp_like(useridentity.sessioncontext.sessionissuer.arn, ':role/[^/]+$'))
            and eventid <> ''
            and (eventname <> 'ConsoleLogin' or responseelements like '{%')"""
    )
    whole.run(
        *("dbt", "run", "--select", "cloudtrail_records"),
        more={"TRAILHOUND_TRINO_SCHEMA": "lake"},
        variables={"cloudtrail_table": "lake", "cloudtrail_table_shape": "ocsf"},
    )
    columns = [
        name
        for (name,) in whole.client.rows(
            "select column_name from information_schema.columns "
            "where table_schema = 'lake' and table_name = 'cloudtrail_records'"
        )
        if name not in _NOT_IN_OCSF
    ]
    assert len(columns) > 20
    listed = ", ".join(columns)
    differ = whole.client.rows(
        f"(select {listed} from lake.cloudtrail_records except "
        f"select {listed} from trailhound.cloudtrail_records) limit 5"
    )
    assert differ == []
    [[rows]] = whole.client.rows("select count(*) from lake.cloudtrail_records")
    assert rows > 1000


@pytest.fixture(scope="module")
def small(warehouses: Warehouses) -> TrinoWarehouse:
    """A warehouse with one detection's tables and one file."""
    warehouse = warehouses("small", iam_multiple_users_created__threshold=3)
    warehouse.run("dbt", "seed", "--exclude", "country_ranges", "country_distances")
    records = [_create_user(number, f"2026-03-02T00:1{number}:00Z") for number in range(3)]
    warehouse.deliver("2026/03/02", records)
    build(warehouse)
    return warehouse


def build(
    warehouse: TrinoWarehouse, check: bool = True, folder: Path | None = None, **variables: Any
) -> subprocess.CompletedProcess[str]:
    """Build what one detection needs."""
    return run(
        ("dbt", "run", "--select", "warehouse_builds", "+iam_multiple_users_created"),
        folder or warehouse.folder,
        warehouse.environment,
        {**warehouse.variables, **variables},
        check=check,
        project=warehouse.project,
    )


def holder(warehouse: TrinoWarehouse) -> list[Any]:
    return [row[0] for row in warehouse.client.rows("select run_id from warehouse_lock")]


def test_of_two_runs_at_once_one_is_refused_and_no_event_is_there_twice(
    small: TrinoWarehouse,
) -> None:
    small.deliver("2026/03/02", [_create_user(7, "2026-03-02T00:17:00Z")], "more")
    with ThreadPoolExecutor() as both:
        # Each with a folder of its own, which dbt writes to.
        done = list(both.map(lambda name: build(small, False, small.folder / name), ("a", "b")))
    refused = [each for each in done if each.returncode]
    assert len(refused) == 1, [each.stdout for each in done]
    told = " ".join(refused[0].stdout.split())
    assert "another run builds this warehouse" in told or "COMMIT_ERROR" in told, told
    assert small.client.rows(
        "select count(*), count(distinct event_id) from cloudtrail_events"
    ) == [[4, 4]]
    assert holder(small) == [""]


@pytest.mark.long
def test_a_run_that_did_not_end_is_named_and_counts_as_dead_after_a_while(
    small: TrinoWarehouse,
) -> None:
    def held(minutes: int) -> None:
        small.client.execute(
            "update warehouse_lock set run_id = 'killed', taken_at = localtimestamp, expires_at "
            "= cast(current_timestamp at time zone 'UTC' as timestamp(6)) "
            f"+ interval '{minutes}' minute"
        )

    held(5)
    done = build(small, check=False)
    assert done.returncode
    assert "another run builds this warehouse (killed, since " in " ".join(done.stdout.split())
    assert "--vars '{free_lock: true}'" in " ".join(done.stdout.split())
    assert holder(small) == ["killed"]
    build(small, free_lock=True)
    assert holder(small) == [""]
    held(-1)
    build(small)
    assert holder(small) == [""]


def test_a_run_whose_models_fail_frees_the_lock(small: TrinoWarehouse) -> None:
    # The condition on time is SQL of the user's own.
    done = build(small, check=False, cloudtrail_day_expression="no_such_column")
    assert done.returncode
    assert holder(small) == [""]


def snapshots(warehouse: TrinoWarehouse, name: str) -> int:
    [[number]] = warehouse.client.rows(f'select count(*) from "{name}$snapshots"')
    return int(number)


def test_a_run_with_nothing_new_writes_no_detection_and_no_events(small: TrinoWarehouse) -> None:
    tables = ("iam_multiple_users_created", "cloudtrail_events", "watched_calls")
    before = [snapshots(small, name) for name in tables]
    build(small)
    assert [snapshots(small, name) for name in tables] == before


@pytest.mark.long
def test_upkeep_joins_files_and_lets_old_snapshots_go(small: TrinoWarehouse) -> None:
    for number in (1, 2, 3):
        small.deliver(
            "2026/03/02", [_create_user(20 + number, f"2026-03-02T01:0{number}:00Z")], f"n{number}"
        )
        build(small)
    files = 'select count(*) from "cloudtrail_events$files"'
    count = "select count(*) from cloudtrail_events"
    before, rows = small.client.rows(files), small.client.rows(count)
    assert before > [[1]]
    assert snapshots(small, "cloudtrail_events") > 3
    upkeep = {"upkeep_days": 7, "upkeep_metadata_versions": 2}
    small.run("dbt", "run-operation", "upkeep", variables=upkeep)
    assert small.client.rows(files) == [[1]]
    assert small.client.rows(count) == rows
    assert holder(small) == [""]
    build(small)
    [lock] = (small.folder / "metastore" / "trailhound").glob("warehouse_lock-*")
    assert len(list(lock.glob("metadata/*.metadata.json"))) == 3  # and the one in force
