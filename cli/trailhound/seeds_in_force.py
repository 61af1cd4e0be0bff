"""The analyst's CSV files for one run: the project's own, or those that the options name."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trailhound import countries
from trailhound.catalog import Detection, read_detections
from trailhound.errors import TrailhoundError
from trailhound.output.console import written_whole
from trailhound.project import Project
from trailhound.settings import Settings
from trailhound.workplace import workplace

if TYPE_CHECKING:
    from trailhound.seeds import OverrideRow

COUNTRY_SEED = "country_ranges.csv"


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
        shutil.copyfile(_packed_countries(project, settings.countries), folder / COUNTRY_SEED)
    return folder


def _packed_countries(project: Project, path: Path) -> Path:
    """The seed made of a user's ranges, kept under the hash of their text: packing takes seconds.

    Raises TrailhoundError with a line for each bad row.
    """
    made_by = Path(countries.__file__).read_bytes()
    fingerprint = hashlib.sha256(made_by + path.read_bytes()).hexdigest()
    kept = workplace(project, f"countries {fingerprint}") / COUNTRY_SEED
    if not kept.exists():
        with (
            written_whole(kept) as beside,
            beside.open("w", encoding="utf-8", newline="") as file,
        ):
            countries.write_seed(countries.packed(path), file)
    return kept


def check_rows(
    allow_list: Path, overrides: Path, detections: Sequence[Detection]
) -> list[OverrideRow]:
    """Check the two files; give the rows of the second.

    Raises TrailhoundError with a line for each bad row.
    """
    from trailhound.seeds import Known, read_allow_list, read_overrides

    known = Known(
        [each.name for each in detections],
        [each.name for each in detections if each.threshold is None],
    )
    rows, errors = read_overrides(overrides, known)
    errors = read_allow_list(allow_list, known)[1] + errors
    if errors:
        raise TrailhoundError("\n".join(errors))
    return rows
