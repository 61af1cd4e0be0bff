"""What a build of a DuckDB store runs: the SQL that dbt compiled, kept for runs without its start.

dbt takes three seconds to start, parse and compile, and the SQL that comes out mostly depends on
nothing but the project's files, the variables, dbt's flags and the versions. So it is kept under a
fingerprint of those, and a run whose fingerprint is known goes straight to the database. SQL that
depends on more, such as the clock, is compiled in every run. What is built is what
`dbt build` builds; where a project has seeds, hooks or kinds of models of its own, dbt builds.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from graphlib import TopologicalSorter
from importlib.metadata import version
from pathlib import Path
from typing import Any

from trailhound.build.new_events import EVENTS
from trailhound.build.step import Step
from trailhound.errors import TrailhoundError
from trailhound.project.project import LINKED, NAME, PROJECT_FILE, Project

KINDS = ("seed", "view", "table")
_SEEDS = {
    "allow_list", "threshold_overrides", "trusted_accounts", "networks", "indicators",
    "country_ranges", "aws_ranges", "country_distances",
}  # fmt: skip
# What a detection reads of history.
FACTS_BY_DAY = {"active_days", "account_days", "entity_days"}
_MINUTES_A_DAY = 24 * 60
# What these do on DuckDB is done here or was done before: the CSV files are checked.
_HOOK = re.compile(
    r"\{\{ trailhound\.(remove_what_is_replaced|check_allow_list|check_threshold_overrides"
    r"|check_trusted_accounts|check_networks|check_indicators|note_builds|union_alerts"
    r"|make_missing_views|take_lock|free_lock)\(\) \}\}"
)
# What makes SQL that differs from run to run though no file changed.
_MOVING = re.compile(
    r"\b(env_var|run_started_at|invocation_id|invocation_args_dict|dbt_metadata_envs"
    r"|modules\s*\.\s*datetime|run_query|load_result"
    r"|adapter\s*\.\s*(?:execute|get_relation|load_relation|get_columns_in_relation)|flags\s*\.\s*[A-Z_]+"
    r"|call\s+statement)\b"
)
_SEEDS_FOLDER = re.compile(r"env_var\(['\"]TRAILHOUND_SEEDS['\"]")
_DBTS_OWN = {"dbt", "dbt_duckdb"}
_PACKAGES = ("trailhound", "dbt-core", "dbt-duckdb", "duckdb")


@dataclass(frozen=True)
class Plan:
    """The steps of a build, each after those that it needs."""

    fingerprint: str
    steps: tuple[Step, ...]
    incidents: str = ""
    """The query of the view `incidents`."""

    @property
    def detections(self) -> list[Step]:
        """The steps that build alerts."""
        return [step for step in self.steps if step.is_detection]

    def leading_to(self, name: str) -> Plan:
        """Only the steps that one step needs, and itself."""
        wanted = {name}
        for step in reversed(self.steps):
            if step.name in wanted:
                wanted.update(step.needs)
        return replace(self, steps=tuple(step for step in self.steps if step.name in wanted))


def fingerprint(project: Project, variables: Mapping[str, Any]) -> str:
    """A name for what the compiled SQL of a project depends on."""
    known: list[Any] = [[name, version(name)] for name in _PACKAGES]
    known.append(sorted(variables.items()))
    known.append(sorted(each for each in os.environ.items() if each[0].startswith("DBT_")))
    for file in sorted(_source_files(project)):
        status = file.stat()
        known.append([str(file), status.st_size, status.st_mtime_ns])
    text = json.dumps(known, default=str, sort_keys=True)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:32]


def _source_files(project: Project) -> Iterator[Path]:
    folders = set(project.detection_folders)
    for root in {project.root, project.package}:
        config = Project(root).config
        yield root / PROJECT_FILE
        for name in ("packages.yml", "dependencies.yml", "package-lock.yml"):
            if (root / name).is_file():
                yield root / name
        for paths, default in (
            ("model-paths", "models"),
            ("macro-paths", "macros"),
            ("analysis-paths", "analyses"),
        ):
            folders |= {root / each for each in config.get(paths, [default])}
    for folder in folders:
        yield from (path for path in folder.rglob("*") if path.is_file())
    for package in project.packages.glob("*"):
        if package.resolve() != (project.root / LINKED).resolve():
            yield from (path for path in package.rglob("*") if path.is_file())


def moving_part(project: Project, manifest: Mapping[str, Any]) -> str | None:
    """What makes the compiled SQL differ between runs of the same files, as `env_var in NAME`.

    That is the environment, the clock, a flag or a query at compile time, in a model, in a macro
    that one reaches, or in a .yml file. None if there is none, so that the SQL may be kept.
    """
    for file in sorted(_source_files(project)):
        if file.suffix in (".yml", ".yaml"):
            text = file.read_text(encoding="utf-8", errors="replace")
            if found := re.search(r"\{\{.*?" + _MOVING.pattern, _SEEDS_FOLDER.sub("", text)):
                return f"{found[1]} in {file.name}"
    macros = manifest["macros"]
    nodes = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "analysis")
        and node["config"]["materialized"] != "cloudtrail_load"
    ]
    wanted = [key for node in nodes for key in node["depends_on"]["macros"]]
    # dbt calls these without being told to by a model.
    wanted += [key for key, each in macros.items() if each["name"].startswith("generate_")]
    reached: set[str] = set()
    while wanted:
        key = wanted.pop()
        if key in reached or key not in macros or macros[key]["package_name"] in _DBTS_OWN:
            continue
        # These ask the database only where dbt builds, never where it compiles.
        if macros[key]["original_file_path"].startswith("macros/incremental/"):
            continue
        reached.add(key)
        wanted += macros[key]["depends_on"]["macros"]
    texts = [(node["name"], node["raw_code"]) for node in nodes]
    texts += [(macros[key]["name"], macros[key]["macro_sql"]) for key in sorted(reached)]
    for name, text in texts:
        if found := _MOVING.search(text):
            return f"{found[1]} in {name}"
    return None


def plan_from_manifest(
    manifest: Mapping[str, Any],
    database: str,
    schema: str,
    fingerprint: str,
    variables: Mapping[str, Any],
) -> Plan | None:
    """The plan that a compiled dbt manifest (its JSON) holds; None if it holds more than we build.

    database: the name of the database that dbt compiled for, which is taken out of the SQL.
    variables: the dbt variables in force.
    Raises TrailhoundError where a model is not in the schema, which is where all commands look.
    """
    nodes = {
        key: node
        for key, node in manifest["nodes"].items()
        if node["package_name"] == NAME
        and node["resource_type"] in ("seed", "model")
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
            _step(nodes[key], [nodes[each]["name"] for each in needs[key]], database, variables)
            for key in TopologicalSorter(needs).static_order()
        ),
        _incidents(manifest, database),
    )


def _incidents(manifest: Mapping[str, Any], database: str) -> str:
    analysis = next(
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "analysis" and node["name"] == "incidents"
    )
    return str(analysis["compiled_code"]).replace(f'"{database}".', "")


def _has_more(nodes: Iterable[Mapping[str, Any]]) -> bool:
    """Whether there are seeds or hooks beside the project's own, which only dbt can run."""
    for node in nodes:
        if node["package_name"] != NAME and node["resource_type"] != "operation":
            continue  # what `dbt build` is for
        if node["resource_type"] == "seed" and node["name"] not in _SEEDS:
            return True
        hooks = [node["raw_code"]] if node["resource_type"] == "operation" else []
        for when in ("pre-hook", "post-hook"):
            hooks += [hook["sql"] for hook in node["config"].get(when, ())]
        if not all(_HOOK.fullmatch(hook) for hook in hooks):
            return True
    return False


def is_detection(node: Mapping[str, Any]) -> bool:
    """Whether a node of the manifest is one, as macros/alerts/union_alerts.sql says it."""
    folders = Path(node["original_file_path"].replace("\\", "/")).parts[:-1]
    return (folders[:1] == ("detections",) or folders[:2] == ("own", "detections")) and bool(
        node["config"].get("meta", {}).get("severity")
    )


def _step(
    node: Mapping[str, Any], needs: list[str], database: str, variables: Mapping[str, Any]
) -> Step:
    prefix, meta = f'"{database}".', node["config"].get("meta", {})

    def in_force(key: str) -> Any:
        return variables.get(f"{node['name']}__{key}", meta.get(key))

    day_column = _day_column(node)
    history = _history_days(node, needs, variables)
    minutes = (3 if meta.get("kind") == "sequence" else 2) * int(in_force("minutes") or 0)
    return Step(
        name=node["name"],
        kind=node["config"]["materialized"],
        relation=node["relation_name"].removeprefix(prefix),
        sql=(node.get("compiled_code") or "").replace(prefix, ""),
        needs=tuple(needs),
        is_detection=is_detection(node),
        is_signal=bool(in_force("signal")),
        day_column=day_column,
        key_column=meta.get("key_column") or "",
        minutes_of_effect=minutes,
        days_of_effect=None if history is None else history - (-minutes // _MINUTES_A_DAY),
        calls=_calls(meta) if day_column and _reads_no_others(node, needs) else (),
    )


def _day_column(node: Mapping[str, Any]) -> str:
    if node["config"]["materialized"] != "table":
        return ""
    if is_detection(node):
        return "alert_date"
    return node["config"].get("meta", {}).get("day_column") or ""


def _history_days(
    node: Mapping[str, Any], needs: Iterable[str], variables: Mapping[str, Any]
) -> int | None:
    """How far a detection looks back, as macros/incremental/recomputed_days.sql has it."""
    meta = node["config"].get("meta", {})
    days = int(meta.get("lookback_days") or 0)
    if meta.get("kind") == "first_seen":
        days = max(days, int(variables["history_days"]))
    reads_days = is_detection(node) and not FACTS_BY_DAY.isdisjoint(needs)
    return None if reads_days and not days else days


def _reads_no_others(node: Mapping[str, Any], needs: Iterable[str]) -> bool:
    """Whether a detection or fact reads no calls but those that it names.

    A detection that reads the events themselves may, unless it does so because data events are not
    watched.
    """
    reads_all = EVENTS in needs and not node["config"]["meta"].get("needs_data_events")
    return not (is_detection(node) and reads_all)


def _calls(meta: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (service, name)
        for service, names in (meta.get("calls") or {}).items()
        for name in ([names] if isinstance(names, str) else names)
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
        steps = [
            Step(
                **{
                    **step,
                    "needs": tuple(step["needs"]),
                    "calls": tuple(map(tuple, step["calls"])),
                }
            )
            for step in kept["steps"]
        ]
        return Plan(kept["fingerprint"], tuple(steps), kept["incidents"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
