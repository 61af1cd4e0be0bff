"""Build every detection: straight from dbt's kept SQL where that can be, else through dbt."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from trailhound import plan
from trailhound.alerts import COLUMNS
from trailhound.dbt import BuildFailed, Outcome
from trailhound.load import ensure_table
from trailhound.settings import Settings
from trailhound.warehouse import connect_duckdb, quoted
from trailhound.work import Work

_KEPT_PLANS = 20


def build(work: Work) -> None:
    """Build seeds, models, detections and the view of all alerts.

    Raises BuildFailed naming what failed; everything else is built then.
    """
    with _status(work.settings) as tell:
        made = plan_of(work)
        if made is None:
            work.dbt(work.workplace(f"build {work.target.config.get('path', '')}")).build()
        else:
            _build_plan(work, made, tell)


def plan_of(work: Work) -> plan.Plan | None:
    """The compiled SQL of the project, compiled by dbt if no run before did.

    None where only dbt itself can build: a warehouse, a project that has trailhound as a package,
    a project with models of other kinds.
    """
    if not work.on_duckdb or work.project.package != work.project.root:
        return None
    workplace = work.workplace("plan")
    in_force = {**work.settings.vars, " target": work.target.name}
    path = workplace.folder / f"{plan.fingerprint(work.project.root, in_force)}.json"
    kept = plan.load(path)
    if kept is not None:
        path.touch()
        return kept
    manifest = work.dbt(workplace).compile_all()
    made = plan.plan_from_manifest(json.loads(manifest.read_text(encoding="utf-8")), manifest.stem)
    if made is not None:
        plan.save(made, path)
        for old in sorted(workplace.folder.glob("*.json"), key=_age)[_KEPT_PLANS:]:
            old.unlink(missing_ok=True)
    return made


def compiled_detections(work: Work) -> Mapping[str, str]:
    """The compiled SQL of every detection, by name."""
    made = plan_of(work)
    if made is not None:
        return {step.name: step.sql for step in made.detections}
    names = [each.name for each in work.detections if each.enabled]
    return work.dbt(work.workplace("compile")).compile(names)


def _build_plan(work: Work, made: plan.Plan, tell: Callable[[str], None]) -> None:
    connection = connect_duckdb(Path(work.target.config["path"]), read_only=False)
    try:
        ensure_table(
            connection, quoted(str(work.target.config.get("schema", "main")), "cloudtrail_logs")
        )
        failures = plan.build(
            made, connection, work.seeds, tuple(column.name for column in COLUMNS), tell
        )
    finally:
        connection.close()
    if failures:
        raise BuildFailed([Outcome(each.name, None, "error", each.reason, 0) for each in failures])


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
