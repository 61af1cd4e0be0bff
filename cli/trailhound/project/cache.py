"""Where we and dbt write while we work: in the user's cache, not in the project."""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from trailhound.project.project import NAME, Project

_KEPT_DAYS = 30


def workplace(project: Project, purpose: str) -> Path:
    """The cache folder for a project and a purpose, made if need be; long unused ones are removed.

    Who cannot write there, as a user without a home, gets a temporary folder for the time being.

    dbt parses a project again when the target, the store's path or the variables change, and two
    runs at once must not share what it writes: hence a folder for each purpose.
    """
    return _place(f"{project.root}\0{purpose}")


def shared_place() -> Path:
    """The cache folder for what is the same in every project."""
    return _place("shared")


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Wait until no other process holds a lock, a file that is made if need be; hold it."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _place(owner: str) -> Path:
    from platformdirs import user_cache_path

    key = owner.encode(errors="surrogateescape")
    name = hashlib.sha256(key).hexdigest()[:16]
    kept = user_cache_path(NAME)
    try:
        folder = kept / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "used").touch()
    except OSError:
        folder = _temporary() / name
        folder.mkdir(exist_ok=True)
    else:
        _remove_unused(kept)
    return folder


@cache
def _temporary() -> Path:
    folder = tempfile.TemporaryDirectory(prefix=f"{NAME}-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


def _remove_unused(kept: Path) -> None:
    oldest = time.time() - _KEPT_DAYS * 24 * 60 * 60
    for used in kept.glob("*/used"):
        if used.stat().st_mtime < oldest:
            shutil.rmtree(used.parent, ignore_errors=True)
