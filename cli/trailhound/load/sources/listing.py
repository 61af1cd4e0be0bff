"""Every file that the paths of a load lead to."""

from __future__ import annotations

import stat
import sys
from collections.abc import Sequence
from pathlib import Path

from trailhound.load.result import NoSuchFile
from trailhound.load.sources import remote, stdin
from trailhound.load.sources.files import Days, Listing, list_local


def list_sources(paths: Sequence[str], days: Days) -> Listing:
    """Find every file under the paths: files, folders, globs, `-` for stdin, URLs of object stores.

    Raises NoSuchFile for a path that leads to no file, LoadError if a store cannot be listed.
    """
    listing = Listing()
    for path in paths:
        if not path:
            raise NoSuchFile("a PATH is empty: '.' is the working folder")
        if path == "-":
            if sys.stdin is None:
                raise NoSuchFile("standard input is closed")
            listing.add(stdin.keep(sys.stdin.buffer))
        elif remote.is_remote(path):
            remote.list_remote(path, days, listing)
        elif _is_pipe(path):
            with Path(path).open("rb") as pipe:
                listing.add(stdin.keep(pipe))
        else:
            list_local(path, days, listing)
    return listing


def _is_pipe(path: str) -> bool:
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)
