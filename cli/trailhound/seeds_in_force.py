"""The analyst's CSV files for one run: the project's own, or those that the options name."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from trailhound.catalog import Detection, read_detections
from trailhound.countries import packed, write_seed
from trailhound.errors import TrailhoundError
from trailhound.project import Project
from trailhound.settings import Settings
from trailhound.workplace import workplace


def seeds_in_force(project: Project, settings: Settings) -> Path:
    """The folder of CSV files to build with; a replaced file stands in a copy of the project's.

    Raises TrailhoundError with a line for each bad row of the allow-list and the overrides.
    """
    replaced = {
        "allow_list.csv": settings.allow_list,
        "threshold_overrides.csv": settings.overrides,
    }
    check_rows(
        settings.allow_list or project.seeds / "allow_list.csv",
        settings.overrides or project.seeds / "threshold_overrides.csv",
        [each for each in read_detections(project, settings.vars) if each.enabled],
    )
    if not any(replaced.values()) and settings.countries is None:
        return project.seeds
    folder = workplace(project, f"seeds {settings.store_path}") / "seeds"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(project.seeds, folder, copy_function=shutil.copyfile)
    for name, path in replaced.items():
        if path is not None:
            shutil.copyfile(path, folder / name)
    if settings.countries is not None:
        with (folder / "country_ranges.csv").open("w", encoding="utf-8", newline="") as file:
            write_seed(packed(settings.countries), file)
    return folder


def check_rows(allow_list: Path, overrides: Path, detections: Sequence[Detection]) -> None:
    """Raise TrailhoundError with a line for each bad row of the two files."""
    from trailhound.seeds import Known, read_allow_list, read_overrides

    known = Known(
        [each.name for each in detections],
        [each.name for each in detections if each.threshold is None],
    )
    errors = read_allow_list(allow_list, known)[1] + read_overrides(overrides, known)[1]
    if errors:
        raise TrailhoundError("\n".join(errors))
