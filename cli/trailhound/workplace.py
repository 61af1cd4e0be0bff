"""Where we and dbt write while we work: in the user's cache, not in the project."""

from __future__ import annotations

import hashlib
import shutil
import time
from pathlib import Path

from trailhound.project import NAME, Project

_KEPT_DAYS = 30


def workplace(project: Project, purpose: str) -> Path:
    """The cache folder for a project and a purpose, made if need be; long unused ones are removed.

    dbt parses a project anew whenever the target, the store's path or the variables change, and two
    runs at once must not share what it writes: hence a folder for each purpose.
    """
    from platformdirs import user_cache_path

    cache = user_cache_path(NAME)
    key = f"{project.root}\0{purpose}".encode(errors="surrogateescape")
    folder = cache / hashlib.sha256(key).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "used").touch()
    _remove_unused(cache)
    return folder


def _remove_unused(cache: Path) -> None:
    oldest = time.time() - _KEPT_DAYS * 24 * 60 * 60
    for used in cache.glob("*/used"):
        if used.stat().st_mtime < oldest:
            shutil.rmtree(used.parent, ignore_errors=True)
