"""Build every detection: straight from dbt's kept SQL where that can be, else through dbt."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from trailhound.build import plan, relations
from trailhound.build.dbt import SCRATCH_DATABASE, BuildFailed, Outcome
from trailhound.build.new_events import EVENTS
from trailhound.engines import NOTHING_BUILT
from trailhound.errors import TrailhoundError, WrongUsage
from trailhound.project.cache import alone, workplace
from trailhound.project.detections import Detection
from trailhound.settings import Settings
from trailhound.workspace import Work

_KEPT_PLANS = 20


def build(work: Work, *, full_refresh: bool = False) -> None:
    """Build seeds, models, detections and the view of all alerts.

    With full_refresh also what grows on a warehouse is built whole. Raises BuildFailed naming what
    failed; everything else is built then.
    """
    with _status(work.settings) as tell:
        made = plan_of(work)
        if made is None:
            if work.on_duckdb:
                work.open_store().close()  # dbt knows neither --wait nor a busy store
            work.dbt(f"build {work.target.config.get('path', '')}").build(
                work.seeds, work.faults, full_refresh=full_refresh
            )
        else:
            _build_plan(work, made, tell)


def build_events(work: Work) -> None:
    """Build cloudtrail_events of a store, and what it reads, but no detection.

    Raises BuildFailed if that fails, TrailhoundError where only dbt can build.
    """
    with _status(work.settings) as tell:
        made = plan_of(work)
        if made is None:
            raise TrailhoundError(NOTHING_BUILT)
        _build_plan(work, made.leading_to(EVENTS), tell)


def plan_of(work: Work) -> plan.Plan | None:
    """The compiled SQL of the project, compiled by dbt if no run before did.

    None where only dbt itself can build: a warehouse, a project that has its own detections beside
    a package, one with models of other kinds.
    """
    if not work.on_duckdb or not (work.project.is_whole or work.project.uses_installed):
        return None
    folder = workplace(work.project, "plan")
    # Which logs are loaded, and into which file, is in no SQL.
    target = {**work.target.config, "path": None, "settings": None}
    in_force = {**work.settings.vars, "logs": None, " target": [work.target.name, target]}
    fingerprint = plan.fingerprint(work.project, in_force)
    path = folder / f"{fingerprint}.json"
    # Of two runs at once one compiles, and the other takes what it kept.
    with nullcontext() if path.exists() else alone(folder / "plan.lock"):
        if path.exists():
            path.touch()
            return plan.load(path)
        return _compile_plan(work, path)


def _compile_plan(work: Work, path: Path) -> plan.Plan | None:
    """Compile the project, and keep its plan if it may be kept."""
    made = plan.plan_from_manifest(
        work.manifest,
        SCRATCH_DATABASE,
        work.schema,
        path.stem,
        work.project.variables(work.settings.vars),
    )
    if moving := plan.moving_part(work.project, work.manifest):
        if work.settings.verbose:
            print(f"dbt compiles in every run, because of {moving}", file=sys.stderr)
        return made
    if made is None:
        path.write_text("null")
    else:
        plan.save(made, path)
    for old in sorted(path.parent.glob("*.json"), key=_age)[_KEPT_PLANS:]:
        old.unlink(missing_ok=True)
    return made


def compiled(work: Work, detection: Detection) -> str:
    """The SQL that a detection's .sql and the macros make for the target.

    Raises WrongUsage if the detection is disabled: dbt compiles none then.
    """
    if not detection.enabled:
        raise WrongUsage(f"{detection.name} is disabled")
    return compiled_detections(work)[detection.name]


def compiled_detections(work: Work) -> dict[str, str]:
    """The SQL of every enabled detection for the target, by name."""
    enabled = {each.name for each in work.detections if each.enabled}
    return {name: sql for name, sql in compiled_models(work).items() if name in enabled}


def compiled_models(work: Work) -> dict[str, str]:
    """The SQL of every enabled model for the target, by name."""
    made = plan_of(work)
    if made is not None:
        return {step.name: step.sql.strip() for step in made.steps}
    prefix = f'"{SCRATCH_DATABASE}".' if work.on_duckdb else ""
    return {
        node["name"]: str(node.get("compiled_code") or "").replace(prefix, "").strip()
        for node in work.manifest["nodes"].values()
        if node["resource_type"] == "model"
    }


def _build_plan(work: Work, made: plan.Plan, tell: Callable[[str], None]) -> None:
    from trailhound.load import ensure_table

    connection = work.open_store()
    try:
        ensure_table(connection, work.table("cloudtrail_logs"))
        failures = relations.build(made, connection, work.seeds, work.faults, tell)
    finally:
        connection.close()
    if failures:
        failed = {each.name for each in failures}
        raise BuildFailed(
            [_outcome(each) for each in failures],
            some_alerts=any(step.name not in failed for step in made.detections),
        )


def _outcome(failure: relations.Failure) -> Outcome:
    status = "skipped" if failure.reason.startswith("needs ") else "error"
    return Outcome(failure.name, None, status, failure.reason, 0)


def _age(path: Path) -> float:
    return -path.stat().st_mtime


@contextmanager
def _status(settings: Settings) -> Iterator[Callable[[str], None]]:
    """Say on stderr what is being built, if that is a terminal."""
    if settings.quiet or settings.verbose or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(file=sys.stderr).status("building") as status:
        yield lambda name: status.update(f"building {name}")
