"""Where dbt writes while it works: in the user's cache, not in the project."""

from __future__ import annotations

import hashlib
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from trailhound.project import NAME, Project

_KEPT_DAYS = 30


@dataclass(frozen=True)
class Workplace:
    """A folder of the cache for one project and one store.

    dbt parses a project anew when the store's path or the seeds' folder changes; a folder for each
    store saves that, and keeps two runs apart.
    """

    folder: Path
    seeds: Path | None = None
    """The folder of seeds to use instead of the project's own."""

    @property
    def target(self) -> Path:
        """Where dbt keeps what it parsed and compiled."""
        return self.folder / "target"

    @property
    def logs(self) -> Path:
        """Where dbt writes its log."""
        return self.folder / "logs"

    @property
    def environment(self) -> dict[str, str]:
        """What dbt_project.yml reads from the environment."""
        return {} if self.seeds is None else {"TRAILHOUND_SEEDS": str(self.seeds)}


def workplace_for(project: Project, purpose: str) -> Workplace:
    """The folder for a project and a purpose, as the store's path; long unused ones are removed."""
    from platformdirs import user_cache_path

    cache = user_cache_path(NAME)
    key = f"{project.root}\0{purpose}".encode(errors="surrogateescape")
    folder = cache / hashlib.sha256(key).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "used").touch()
    _remove_unused(cache)
    return Workplace(folder)


def _remove_unused(cache: Path) -> None:
    oldest = time.time() - _KEPT_DAYS * 24 * 60 * 60
    for used in cache.glob("*/used"):
        if used.stat().st_mtime < oldest:
            shutil.rmtree(used.parent, ignore_errors=True)
