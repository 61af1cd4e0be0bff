"""trailhound tune."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from trailhound.analyst.allow_list import FIELDS
from trailhound.analyst.counted import ALLOW_LIST, counting
from trailhound.analyst.new_row import (
    Effect,
    append,
    effect_of_allowing,
    effect_of_overriding,
    line_of_same_row,
    rows_in_force,
)
from trailhound.analyst.tune import Tuning
from trailhound.analyst.tune import tune as tune_detection
from trailhound.build.build import compiled_models
from trailhound.errors import WrongUsage
from trailhound.formats import Column, Row
from trailhound.main import command
from trailhound.project.detections import Detection
from trailhound.project.seeds_in_force import check_rows
from trailhound.screens.console import complain, emit
from trailhound.screens.tune import tuning_page
from trailhound.settings import Settings
from trailhound.text import counted
from trailhound.workspace import Work

if TYPE_CHECKING:
    from trailhound.project.seeds import OverrideRow

COLUMNS = (
    Column("threshold", "integer"),
    Column("window_minutes", "integer"),
    Column("in_force", "boolean"),
    Column("alerts", "integer"),
    Column("entities", "integer"),
)


@command(
    "tune",
    example="trailhound tune iam_multiple_failed_api_calls\n"
    "trailhound tune s3_mass_copy_objects --allow '*:role/backup' --reason 'nightly' --owner ops\n"
    "trailhound tune s3_mass_copy_objects --override '*:role/etl=500' --reason 'etl' --owner data",
)
@click.argument("name", metavar="NAME")
@click.option("--allow", metavar="ENTITY", help="Add a row to the allow-list; may be a glob.")
@click.option(
    "--override", metavar="ENTITY=N", help="Add a threshold override; ENTITY may be a glob."
)
@click.option("--account", default="", metavar="ID", help="The row is for this account only.")
@click.option("--source-ip", default="", metavar="IP", help="Allow an address or range only.")
@click.option("--expires-on", default="", metavar="DAY", help="The last day the row applies.")
@click.option("--reason", default="", help="Why; a row must have it.")
@click.option("--owner", default="", help="Who answers for the row.")
@click.option("--yes", is_flag=True, help="Write the row without asking.")
@click.pass_obj
def tune(
    settings: Settings, /, name: str, allow: str | None, override: str | None, **options: Any
) -> None:
    """Show what other thresholds and windows would have given on the data at hand.

    The allow-list is in force, threshold overrides are not. With --allow or --override, show what
    a new row would change, and write it into the project's CSV file, or into the one that
    --allow-list or --overrides names.
    """
    work = Work(settings)
    detection = work.detection(name)
    if allow is not None and override is not None:
        raise WrongUsage("give either --allow or --override")
    if allow is not None or override is not None:
        _write(work, detection, allow, override, options)
        return
    counts = counting(work, detection)
    with work.warehouse() as warehouse:
        found = tune_detection(warehouse, detection, counts)
    if (settings.format or "table") == "table":
        click.echo(tuning_page(found, detection))
    else:
        emit(settings.format or "table", COLUMNS, _rows(found))


def _rows(found: Tuning) -> list[Row]:
    return [
        (setting.threshold, setting.minutes, setting == found.in_force, *result)
        for setting, result in sorted(
            found.results.items(), key=lambda each: (each[0].minutes or 0, each[0].threshold)
        )
    ]


def _write(
    work: Work,
    detection: Detection,
    allow: str | None,
    override: str | None,
    options: dict[str, Any],
) -> None:
    if not options["reason"].strip():
        raise WrongUsage("a row needs a --reason")
    if override is None:
        path = _file(work, work.settings.allow_list, "allow_list.csv", "--allow-list")
        row = _allow_row(detection, allow or "", options)
    else:
        path = _file(work, work.settings.overrides, "threshold_overrides.csv", "--overrides")
        row = _override_row(detection, override, options)
    is_override = override is not None
    overrides = _check(work, path, row, is_override=is_override)
    if (line := line_of_same_row(path, row)) is not None:
        raise WrongUsage(f"{path}, line {line} has this row already: nothing was written")
    _tell(_effect(work, detection, row, overrides if is_override else None))
    if not options["yes"]:
        click.confirm(f"Write this row into {path}?", abort=True, err=True)
    click.echo(append(path, row))
    complain(f"Written into {path}. `trailhound run` builds with it.")


def _check(work: Work, path: Path, row: dict[str, str], *, is_override: bool) -> list[OverrideRow]:
    """Check a copy of the file with the row in it; give the overrides then, the new row last."""
    enabled = [each for each in work.detections if each.enabled]
    with TemporaryDirectory() as folder:
        changed = Path(shutil.copy(path, Path(folder) / path.name))
        append(changed, row)
        allow_list = work.seeds / "allow_list.csv" if is_override else changed
        overrides = changed if is_override else work.seeds / "threshold_overrides.csv"
        return check_rows(allow_list, overrides, enabled, work.faults)


def _file(work: Work, given: Path | None, name: str, option: str) -> Path:
    if given is not None:
        return given
    seeds = work.project.own_seeds
    if seeds is None or (work.settings.project_dir is None and work.project.root != Path.cwd()):
        raise WrongUsage(
            f"the {name} in {work.project.seeds} is not yours alone: make a project of your own "
            f"with `trailhound init`, or name a file with {option}"
        )
    return seeds / name


def _allow_row(detection: Detection, entity: str, options: dict[str, Any]) -> dict[str, str]:
    return {
        **dict.fromkeys(FIELDS, ""),
        "detection": detection.name,
        "account_id": options["account"],
        "entity_id": entity,
        "source_ip": options["source_ip"],
        "expires_on": options["expires_on"],
        "reason": options["reason"],
        "owner": options["owner"],
    }


def _override_row(detection: Detection, override: str, options: dict[str, Any]) -> dict[str, str]:
    entity, _, threshold = override.rpartition("=")
    if not threshold.isdecimal() or int(threshold) < 1:
        raise WrongUsage(f"--override '{override}' is not ENTITY=N with a whole number from 1 on")
    if detection.threshold is None:
        raise WrongUsage(f"{detection.name} has no threshold: each event is an alert")
    return {
        "detection": detection.name,
        "account_id": options["account"],
        "entity_id": entity,
        "threshold": threshold,
        "reason": options["reason"],
        "owner": options["owner"],
    }


def _effect(
    work: Work, detection: Detection, row: dict[str, str], overrides: list[OverrideRow] | None
) -> Effect:
    """The effect of a row: of the last override if there are some, else of one that allows."""
    counts = counting(work, detection)
    with work.warehouse() as warehouse:
        if overrides is not None:
            *in_force, new = overrides
            return effect_of_overriding(warehouse, detection, counts, in_force, new)
        fields = [row[field] for field in FIELDS]
        counts = counts.with_relation(ALLOW_LIST, compiled_models(work)[ALLOW_LIST])
        return effect_of_allowing(warehouse, detection, counts, rows_in_force(work.seeds), fields)


def _tell(effect: Effect) -> None:
    if effect.removed_events:
        complain(f"It removes {counted(effect.removed_events, 'event')}.")
    if effect.alerts_after == effect.alerts_before:
        what = "no alert" if effect.removed_events else "nothing"
        complain(
            f"Warning: on the data at hand this row changes {what}. Is the entity its whole "
            "entity_id, as `trailhound explain` shows it, or a glob such as '*:user/mallory'?"
        )
    complain(f"{counted(effect.alerts_before, 'alert')} before, {effect.alerts_after} after.")
