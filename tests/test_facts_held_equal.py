"""What stands in two languages, because each must know it, says the same in both."""

from __future__ import annotations

import csv
import re

import yaml

from support import ROOT
from trailhound import __version__
from trailhound.analyst import allow_list
from trailhound.build.plan import FACTS_BY_DAY
from trailhound.project import indicators, networks
from trailhound.project.detections import SEVERITIES
from trailhound.project.seeds import AllowListRow, OverrideRow, TrustedAccountRow
from trailhound.store.alerts import COLUMNS

NAMES = [column.name for column in COLUMNS]
SQL_TYPES = {"integer": ("bigint", "integer"), "time": ("timestamp",)}
SCRIPTS = "\n".join(
    path.read_text() for path in sorted((ROOT / "cli/trailhound/report/js").glob("*.js"))
)


def texts_in(source: str, start: str, end: str) -> list[str]:
    """The quoted texts between two places of a source."""
    part = source[source.index(start) :]
    return re.findall(r"""['"](\w+)['"]""", part[len(start) : part.index(end, len(start))])


def test_the_columns_of_an_alert_in_sql() -> None:
    union = (ROOT / "macros/alerts/union_alerts.sql").read_text()
    assert texts_in(union, "macro alert_column_names()", "endmacro") == NAMES
    types = texts_in(union, "macro alert_column_types()", "endmacro")
    typed = dict(zip(types[::2], types[1::2], strict=True))
    for column in COLUMNS:
        wanted = SQL_TYPES.get(column.kind, (column.kind,))
        if column.kind in ("integer", "time", "date", "boolean"):
            assert typed.pop(column.name) in wanted
    assert typed == {}
    described = yaml.safe_load((ROOT / "models/alerts/alerts.yml").read_text())["sources"][0]
    assert [each["name"] for each in described["tables"][0]["columns"]] == NAMES
    select = (ROOT / "macros/alerts/alerts_of.sql").read_text().partition("\nselect\n")[2]
    select = select[: select.index("\nfrom events_of_alerts")]
    assert re.findall(r"(?:\bas|^   ) (\w+),?$", select, re.MULTILINE) == NAMES


def test_the_columns_of_an_alert_in_the_report() -> None:
    added = {"time", "order", "searched"}
    assert set(re.findall(r"\balert\.(\w+)", SCRIPTS)) <= {*NAMES, *added}
    lists = re.findall(r"^  (\w+): ", SCRIPTS.partition("const LISTS")[2].partition("};")[0], re.M)
    of_attack = {"tactics", "techniques"}
    assert {*lists, *of_attack} == {each.name for each in COLUMNS if each.kind == "list"}


def test_severities_in_the_report() -> None:
    assert texts_in(SCRIPTS, "const SEVERITIES", "];") == list(SEVERITIES)


def test_the_columns_of_the_csv_files() -> None:
    in_python = {
        "allow_list": [*AllowListRow.model_fields],
        "threshold_overrides": [*OverrideRow.model_fields],
        "trusted_accounts": [*TrustedAccountRow.model_fields],
        "networks": [*networks.HEADER],
        "indicators": [*indicators.HEADER],
    }
    assert in_python["allow_list"] == [*allow_list.FIELDS]
    seeds = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["seeds"]["trailhound"]
    for name, columns in in_python.items():
        with (ROOT / "seeds" / f"{name}.csv").open(newline="") as file:
            assert next(csv.reader(file)) == columns, name
        assert [*seeds[name]["+column_types"]] == columns, name


def test_the_facts_that_a_detection_looks_back_in() -> None:
    source = (ROOT / "macros/incremental/recomputed_days.sql").read_text()
    assert set(texts_in(source, "history | max == 0", ") -%}")) == FACTS_BY_DAY


def test_a_record_s_hash_is_over_all_of_its_columns() -> None:
    """But for those that follow from the others, or from where the record was delivered."""
    macro = (ROOT / "macros/detection/record_hash.sql").read_text()
    records = (ROOT / "models/staging/cloudtrail_records.sql").read_text()
    select = records[records.rindex("\nselect\n") : records.rindex("\nfrom flat_records")]
    columns = set(re.findall(r"(?:\bas|^   ) (\w+),?$", select, re.MULTILINE))
    hashed = texts_in(macro, "set texts = [", "] -%}")
    assert {*hashed} == columns - {"event_time", "account_id", "delivery_day"}


def test_the_calls_of_facts() -> None:
    """As each fact's SQL compares them."""
    folder = ROOT / "models" / "facts"
    named = {
        each["name"]: each["config"]["meta"]["calls"]
        for path in folder.glob("*.yml")
        for each in yaml.safe_load(path.read_text()).get("models", [])
        if "config" in each
    }
    assert len(named) == 9
    for fact, calls in named.items():
        sql = (folder / f"{fact}.sql").read_text()
        compared: dict[str, set[str]] = {}
        source = ""
        for service, names in re.findall(
            r"event_source = '([\w.-]+)'|\bevent_name (?:=|in) ?\(?((?:\s*'\w+',?)+)", sql
        ):
            source = service or source
            compared.setdefault(source, set()).update(re.findall(r"\w+", names))
        assert compared == {source: set(names) for source, names in calls.items()}, fact


def test_the_version() -> None:
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text())
    assert project["version"] == __version__
    changes = (ROOT / "CHANGELOG.md").read_text()
    assert re.findall(r"^## ([\d.]+)", changes, re.M)[0] == __version__
    operate = (ROOT / "docs/operate.md").read_text()
    named = re.findall(r"(?:/trailhound:|github-action@v|rev: v)([\d.]+)", operate)
    assert named == [__version__] * 3
