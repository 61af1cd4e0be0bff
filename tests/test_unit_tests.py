"""Every unit test in the .yml of a detection or model, without dbt but for compiling the SQL.

dbt runs some of them in test_end_to_end.py; for all it would take more than a minute.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from support import ROOT, project_with
from trailhound.build import relations
from trailhound.build.build import plan_of
from trailhound.load import ensure_table
from trailhound.settings import Settings
from trailhound.workspace import Work

FILES = [*ROOT.glob("detections/*/*.yml"), *ROOT.glob("models/**/*.yml")]
TESTS = [
    test
    for path in sorted(FILES)
    for test in yaml.safe_load(path.read_text(encoding="utf-8")).get("unit_tests", [])
]


def variables(test: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = test.get("overrides", {}).get("vars", {})
    return found


# A model's variables are its own: compiled together, each model's first setting with those of the
# others, then the few second ones.
SETTINGS: dict[str, list[dict[str, Any]]] = defaultdict(list)
for each in TESTS:
    if variables(each) not in SETTINGS[each["model"]]:
        SETTINGS[each["model"]].append(variables(each))


class Compiled:
    """The SQL of each model in one setting, and a database with the columns of all."""

    def __init__(self, number: int, folder: Path) -> None:
        settings = {name: some[number] for name, some in SETTINGS.items() if number < len(some)}
        project = project_with(settings, folder / "project")
        values = {name: value for some in settings.values() for name, value in some.items()}
        made = plan_of(Work(Settings(folder / "store.duckdb", project_dir=project, vars=values)))
        assert made is not None
        self.sql = {step.name: step.sql.replace('"main".', '"given".') for step in made.steps}
        self.database = duckdb.connect(config={"threads": 1})
        ensure_table(self.database, '"main"."cloudtrail_logs"')
        read = replace(made, steps=tuple(each for each in made.steps if not each.is_detection))
        assert relations.build(read, self.database, project / "seeds", {}) == []

    def fill(self, relation: str, columns_of: str, rows: list[dict[str, Any]]) -> None:
        """Make a relation that has the columns of another."""
        self.database.execute(f"create table given.{relation} as from {columns_of} limit 0")
        for row in rows:
            self.database.execute(
                f"insert into given.{relation} ({', '.join(row)}) "
                f"values ({', '.join('?' * len(row))})",
                list(row.values()),
            )


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> list[Compiled]:
    most = max(map(len, SETTINGS.values()))
    return [Compiled(number, tmp_path_factory.mktemp("compiled")) for number in range(most)]


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test["name"])
def test_it_passes(compiled: list[Compiled], test: dict[str, Any]) -> None:
    model, expected = test["model"], test["expect"]["rows"]
    using = compiled[SETTINGS[model].index(variables(test))]
    using.database.execute("drop schema if exists given cascade; create schema given")
    for given in test["given"]:
        [name] = re.findall(r"^ref\('(\w+)'\)$", given["input"])
        using.fill(name, f"main.{name}", given["rows"])
    using.database.execute(f"create table given.found as {using.sql[model]}")
    using.fill("expected", "given.found", expected)
    columns = ", ".join(expected[0]) if expected else "*"
    found, wanted = (
        f"select {columns} from given.{relation}" for relation in ("found", "expected")
    )
    for one, other in ((found, wanted), (wanted, found)):
        assert using.database.execute(f"{one} except all {other}").fetchall() == []
