"""The analyst's CSV files for one run: the project's own, or those that the options name."""

from __future__ import annotations

import hashlib
import inspect
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from trailhound.errors import TrailhoundError
from trailhound.project import address_ranges, countries, indicators, networks
from trailhound.project.cache import workplace
from trailhound.project.csv_rows import UnreadableCsv, is_plain, plain_csv
from trailhound.project.detections import Detection
from trailhound.project.project import Project
from trailhound.settings import Settings
from trailhound.transaction import written_whole

if TYPE_CHECKING:
    from trailhound.project.seeds import OverrideRow


def seeds_in_force(
    project: Project, settings: Settings, detections: Sequence[Detection], faulty: Iterable[str]
) -> Path:
    """The folder of CSV files to build with; a replaced file stands in a copy of the project's.

    So does one that is written in a way that not every reader of CSV takes. detections: those that
    keep the contract. faulty: the names of the others. Raises TrailhoundError with a line for each
    bad row.
    """
    allow_list = settings.allow_list or project.seeds / "allow_list.csv"
    overrides = settings.overrides or project.seeds / "threshold_overrides.csv"
    trusted_accounts = settings.trusted_accounts or project.seeds / "trusted_accounts.csv"
    check_rows(allow_list, overrides, [each for each in detections if each.enabled], faulty)
    check_trusted_accounts(trusted_accounts)
    files = {path.name: path for path in project.seeds.glob("*.csv")} | {
        "allow_list.csv": allow_list,
        "threshold_overrides.csv": overrides,
        "trusted_accounts.csv": trusted_accounts,
    }
    try:
        replaced = {
            name: plain_csv(path)
            for name, path in files.items()
            if path != project.seeds / name or not is_plain(path)
        }
    except UnreadableCsv as error:
        raise TrailhoundError(str(error)) from error
    if settings.countries is not None:
        replaced["country_ranges.csv"] = _made(project, settings.countries, countries.write_seed)
    if settings.networks is not None:
        replaced["networks.csv"] = _made(project, settings.networks, networks.write_seed)
    if settings.indicators is not None:
        replaced["indicators.csv"] = _made(project, settings.indicators, indicators.write_seed)
    if not replaced:
        return project.seeds
    folder = workplace(project, f"seeds {settings.store_path}") / "seeds"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(project.seeds, folder, copy_function=shutil.copyfile)
    for name, rows in replaced.items():
        (folder / name).write_bytes(rows)
    return folder


def _made(project: Project, path: Path, write_seed: Callable[[Path, TextIO], None]) -> bytes:
    """The seed made of a user's ranges, kept under the hash of their text: it takes seconds.

    Raises TrailhoundError with a line for each bad row.
    """
    made_by = [Path(inspect.getfile(each)).read_bytes() for each in (address_ranges, write_seed)]
    fingerprint = hashlib.sha256(b"".join([*made_by, path.read_bytes()])).hexdigest()
    kept = workplace(project, f"ranges {fingerprint}") / "seed.csv"
    if not kept.exists():
        with (
            written_whole(kept) as beside,
            beside.open("w", encoding="utf-8", newline="") as file,
        ):
            write_seed(path, file)
    return kept.read_bytes()


def check_rows(
    allow_list: Path, overrides: Path, detections: Sequence[Detection], faulty: Iterable[str]
) -> list[OverrideRow]:
    """Check the two files; give the rows of the second.

    detections: the enabled ones that keep the contract. faulty: the names of the others.
    Raises TrailhoundError with a line for each bad row.
    """
    from trailhound.project.seeds import Known, read_allow_list, read_overrides

    known = Known(
        [*(each.name for each in detections), *faulty],
        [each.name for each in detections if each.threshold is None],
    )
    rows, errors = read_overrides(overrides, known)
    errors = read_allow_list(allow_list, known)[1] + errors
    if errors:
        raise TrailhoundError(*errors)
    return rows


def check_trusted_accounts(path: Path) -> None:
    """Raises TrailhoundError with a line for each bad row of a file of trusted accounts."""
    from trailhound.project.seeds import read_trusted_accounts

    _, errors = read_trusted_accounts(path)
    if errors:
        raise TrailhoundError(*errors)
