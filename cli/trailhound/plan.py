"""The build of a DuckDB store without dbt's start: dbt compiles once, its SQL is kept and run.

dbt takes three seconds to start, parse and compile, and the SQL that comes out depends on nothing
but the project's files, the variables and the versions. So it is kept under a fingerprint of those,
and a run whose fingerprint is known goes straight to the database. What is built is what
`dbt build` builds; where a project has seeds, hooks or kinds of models of its own, dbt builds.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from graphlib import TopologicalSorter
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trailhound.errors import TrailhoundError, first_line
from trailhound.fresh_events import EVENTS, build_events, build_of_single_events
from trailhound.project import PROJECT_FILE, Project
from trailhound.step import Step
from trailhound.triage import literal

if TYPE_CHECKING:
    import duckdb

KINDS = ("seed", "view", "table")
_SEEDS = {"allow_list", "threshold_overrides", "country_ranges"}
# What these do on DuckDB is done here or was done before: the CSV files are checked.
_HOOK = re.compile(
    r"\{\{ trailhound\.(remove_what_is_replaced|check_allow_list|check_threshold_overrides"
    r"|note_builds|union_alerts)\(\) \}\}"
)
_PACKAGES = ("trailhound", "dbt-core", "dbt-duckdb", "duckdb")


@dataclass(frozen=True)
class Plan:
    """The steps of a build, each after those that it needs."""

    fingerprint: str
    steps: tuple[Step, ...]

    @property
    def detections(self) -> list[Step]:
        """The steps that build alerts."""
        return [step for step in self.steps if step.is_detection]


@dataclass(frozen=True)
class Failure:
    """A step that went wrong, or one that was left out because of it."""

    name: str
    reason: str


def fingerprint(project: Project, variables: Mapping[str, Any]) -> str:
    """A name for what the compiled SQL of a project depends on."""
    known: list[Any] = [[name, version(name)] for name in _PACKAGES]
    known.append(sorted(variables.items()))
    for file in sorted(_source_files(project)):
        status = file.stat()
        known.append([str(file), status.st_size, status.st_mtime_ns])
    text = json.dumps(known, default=str, sort_keys=True)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:32]


def _source_files(project: Project) -> Iterator[Path]:
    yield project.root / PROJECT_FILE
    for paths, default in (("model-paths", "models"), ("macro-paths", "macros")):
        for folder in project.config.get(paths, [default]):
            yield from (path for path in (project.root / folder).rglob("*") if path.is_file())


def plan_from_manifest(
    manifest: Mapping[str, Any], database: str, schema: str, fingerprint: str
) -> Plan | None:
    """The plan that a compiled dbt manifest (its JSON) holds; None if it holds more than we build.

    database: the name of the database that dbt compiled for, which is taken out of the SQL.
    Raises TrailhoundError where a model is not in the schema, which is where all commands look.
    """
    nodes = {
        key: node
        for key, node in manifest["nodes"].items()
        if node["resource_type"] in ("seed", "model")
        and node["config"]["materialized"] != "cloudtrail_load"
    }
    if any(node["config"]["materialized"] not in KINDS for node in nodes.values()):
        return None
    if _has_more(manifest["nodes"].values()):
        return None
    if elsewhere := [node["name"] for node in nodes.values() if node["schema"] != schema]:
        raise TrailhoundError(
            f"+schema puts {min(elsewhere)} beside the schema {schema}, which is where trailhound "
            "looks: name another in profiles.yml instead, or use `dbt build`"
        )
    needs = {
        key: sorted(each for each in node.get("depends_on", {}).get("nodes", []) if each in nodes)
        for key, node in sorted(nodes.items())
    }
    return Plan(
        fingerprint,
        tuple(
            _step(nodes[key], [nodes[each]["name"] for each in needs[key]], database)
            for key in TopologicalSorter(needs).static_order()
        ),
    )


def _has_more(nodes: Iterable[Mapping[str, Any]]) -> bool:
    """Whether there are seeds or hooks beside the project's own, which only dbt can run."""
    for node in nodes:
        if node["resource_type"] == "seed" and node["name"] not in _SEEDS:
            return True
        hooks = [node["raw_code"]] if node["resource_type"] == "operation" else []
        for when in ("pre-hook", "post-hook"):
            hooks += [hook["sql"] for hook in node["config"].get(when, ())]
        if not all(_HOOK.fullmatch(hook) for hook in hooks):
            return True
    return False


def _step(node: Mapping[str, Any], needs: list[str], database: str) -> Step:
    prefix = f'"{database}".'
    meta = node["config"].get("meta", {})
    return Step(
        name=node["name"],
        kind=node["config"]["materialized"],
        relation=node["relation_name"].removeprefix(prefix),
        sql=(node.get("compiled_code") or "").replace(prefix, ""),
        needs=tuple(needs),
        is_detection=bool(meta.get("severity")),
        of_single_events=bool(meta.get("of_single_events")) and needs == [EVENTS],
    )


def save(plan: Plan, path: Path) -> None:
    """Keep a plan; a reader sees the whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(asdict(plan)), encoding="utf-8")
    unfinished.replace(path)


def load(path: Path) -> Plan | None:
    """A kept plan, or None if there is none."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        steps = [Step(**{**step, "needs": tuple(step["needs"])}) for step in kept["steps"]]
        return Plan(kept["fingerprint"], tuple(steps))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def build(
    plan: Plan,
    connection: duckdb.DuckDBPyConnection,
    seeds: Path,
    alert_columns: tuple[str, ...],
    progress: Callable[[str], None] = lambda _: None,
) -> list[Failure]:
    """Build every step in the store, then the view `alerts`; what fails stops only what needs it.

    seeds: the folder of the CSV files. progress is told each step's name before it starts.
    """
    import duckdb

    by_name = {step.name: step for step in plan.steps}
    failures: dict[str, Failure] = {}
    for step in plan.steps:
        missing = [name for name in step.needs if name in failures]
        if missing:
            failures[step.name] = Failure(step.name, f"needs {', '.join(missing)}")
            continue
        progress(step.name)
        try:
            if step.name == EVENTS:
                build_events(by_name, connection, plan.fingerprint)
            elif step.of_single_events:
                build_of_single_events(step, by_name[EVENTS], connection, plan.fingerprint)
            else:
                _build_step(step, connection, seeds)
        except duckdb.Error as error:
            failures[step.name] = Failure(step.name, first_line(error))
    built = [step for step in plan.detections if step.name not in failures]
    if built:
        _union_alerts(built, connection, alert_columns)
    return list(failures.values())


def _build_step(step: Step, connection: duckdb.DuckDBPyConnection, seeds: Path) -> None:
    if step.kind == "seed":
        path = seeds / f"{step.name}.csv"
        sql = f"create or replace table {step.relation} as {seed_sql(path)}"
        connection.execute(sql, [str(path)])
    else:
        connection.execute(f"create or replace {step.kind} {step.relation} as {step.sql}")


def seed_sql(path: Path) -> str:
    """A query for the rows of a CSV file, whose path is its parameter; all text, empty as null.

    Nothing is left to be guessed from the rows: what looks like another dialect is text.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = next(csv.reader(file), [])
    columns = ", ".join(f"{literal(name)}: 'varchar'" for name in header)
    return (
        f"select * from read_csv(?, columns = {{{columns}}}, header = true, auto_detect = false, "
        "delim = ',', quote = '\"', escape = '\"', comment = '', nullstr = '', parallel = false)"
    )


def _union_alerts(
    detections: list[Step], connection: duckdb.DuckDBPyConnection, columns: tuple[str, ...]
) -> None:
    schema = detections[0].relation.rpartition(".")[0]
    parts = [
        f"select {', '.join(columns)} from {step.relation}"
        for step in sorted(detections, key=lambda step: step.name)
    ]
    connection.execute(f'create or replace view {schema}."alerts" as {" union all ".join(parts)}')
