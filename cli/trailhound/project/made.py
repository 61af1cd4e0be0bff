"""Projects that `trailhound init` makes, and how another version brings one up to date.

The usual one is small: it uses the installed dbt project as a package, which holds the user's
detections and CSV files in place of its own. A whole one is a copy of all the SQL. What was written
is noted with its hash, so that an upgrade can tell what is as it was written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from trailhound import __version__
from trailhound.errors import WrongUsage
from trailhound.project.project import PARTS, RECORD, Project, installed_project, link_package
from trailhound.transaction import written_whole

_TEMPLATES = files("trailhound.project").joinpath("templates")
_CSV_FILES = ("allow_list.csv", "threshold_overrides.csv", "trusted_accounts.csv")


class Change(NamedTuple):
    """What became of a file of a project."""

    file: str
    """Relative to the project."""
    state: str
    """written, removed, or edited: left as it is, the new version's text beside it in NAME.new."""


def make_project(folder: Path, *, whole: bool) -> list[Path]:
    """Make a project in a folder, which is made if need be; `whole` with all the SQL.

    Gives the files and folders in it. Raises WrongUsage if something of that name is there already:
    nothing is overwritten.
    """
    wanted = _files(whole=whole)
    parts = sorted({folder / Path(name).parts[0] for name in (*wanted, str(RECORD))})
    if there := [part.name for part in parts if part.exists()]:
        raise WrongUsage(f"{folder} has {', '.join(there)} already: nothing was written")
    for name, content in wanted.items():
        _write(folder / name, content)
    _note(folder, wanted)
    return parts


def upgrade_project(folder: Path) -> list[Change]:
    """Bring a project up to date; what the user edited, and what they removed, stays so.

    Raises WrongUsage if it is not known what was written.
    """
    project = Project(folder)
    made = project.record.get("files") or _before_there_were_notes(folder)
    if not made:
        raise WrongUsage(
            f"{folder} has no {RECORD}, which says what trailhound wrote: make a new project with "
            "`trailhound init DIR`, and take your detections and CSV files there"
        )
    wanted = _files(whole=project.is_whole)
    changes = []
    for name in sorted({*wanted, *made}):
        path, new, noted = folder / name, wanted.get(name), made.get(name)
        now = _hash(path.read_bytes()) if path.is_file() else None
        if now != noted:  # theirs, or removed by them
            if now is not None and (new is None or _hash(new) not in (now, noted)):
                changes.append(Change(name, "edited"))
                if new is not None:
                    _write(path.with_name(f"{path.name}.new"), new)
        elif new is None:
            path.unlink()
            changes.append(Change(name, "removed"))
        elif _hash(new) != now:
            _write(path, new)
            changes.append(Change(name, "written"))
    _note(folder, wanted)
    return changes


def _before_there_were_notes(folder: Path) -> Mapping[str, str]:
    """What version 0.1.0 wrote, with its hashes; empty if less than half of it is there so."""
    known: dict[str, str] = json.loads(_TEMPLATES.joinpath("made_by_0.1.0.json").read_text())[
        "files"
    ]
    there = [
        (folder / name).is_file() and _hash((folder / name).read_bytes()) == noted
        for name, noted in known.items()
    ]
    return known if 2 * sum(there) > len(there) else {}


def _files(*, whole: bool) -> dict[str, bytes]:
    """The files of a project by name, relative to it, as this version makes them."""
    source = installed_project().root
    found = {".gitignore": _TEMPLATES.joinpath("gitignore").read_bytes()}
    for template in _TEMPLATES.joinpath("whole" if whole else "small").iterdir():
        found[template.name] = template.read_bytes()
    if not whole:
        found["detections/.gitkeep"] = b""
    parts = PARTS if whole else tuple(f"seeds/{name}" for name in _CSV_FILES)
    for part in ("profiles.yml", *parts):
        for path in [source / part, *(source / part).rglob("*")]:
            if path.is_file() and "__pycache__" not in path.parts:
                found[path.relative_to(source).as_posix()] = path.read_bytes()
    return found


def _note(folder: Path, wanted: Mapping[str, bytes]) -> None:
    hashes = {name: _hash(content) for name, content in sorted(wanted.items())}
    text = json.dumps({"version": __version__, "files": hashes}, indent=1)
    _write(folder / RECORD, f"{text}\n".encode())
    project = Project(folder.resolve())
    if project.uses_installed:
        link_package(project)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as beside:
        beside.write_bytes(content)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
