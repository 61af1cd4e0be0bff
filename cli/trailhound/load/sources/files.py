"""Which files a load is about: files, folders and globs, each with what tells a changed one."""

from __future__ import annotations

import calendar
import glob
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import BinaryIO

from trailhound.load.result import NoSuchFile

UNREAD = "unread"
"""The version of what could not be opened: it equals no real one, so that it is tried again."""

_IRREGULAR = "not a regular file"
_PACKED = (".gz", ".tgz", ".zst", ".zip")

# Below a trail's folder, or below a region's, where only that one was copied.
_DAY = re.compile(
    r"/(?:CloudTrail/[^/]+|[a-z]{2}(?:-[a-z]+)+-\d)/(\d{4})(?:/(\d{2})(?:/(\d{2}))?)?(?:/|$)"
)


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read. `path` is text as stored; `open` gives the bytes and their version."""

    path: str
    version: str
    size: int
    open: Callable[[], tuple[BinaryIO, str]]
    is_remote: bool = False

    @property
    def weight(self) -> int:
        """Bytes of text to expect, a guess by the name: only the size of batches hangs on it."""
        return self.size * (10 if self.path.endswith(_PACKED) else 1)


@dataclass
class Listing:
    """What the paths came to. `failures` are folders and files that could not even be listed."""

    sources: dict[str, Source] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    met: int = 0
    """Files met, those that an earlier path led to too."""

    def add(self, source: Source) -> None:
        """Keep a source; one that two paths lead to counts once."""
        self.met += 1
        self.sources[source.path] = source

    def __len__(self) -> int:
        return len(self.sources) + len(self.failures)


@dataclass(frozen=True)
class Days:
    """The days a load is narrowed to, both included; None is open."""

    since: date | None = None
    until: date | None = None

    def hold(self, path: str) -> bool:
        """Whether a path may hold these days: false only inside another day's folder of a trail.

        CloudTrail delivers late, so the day after the last one belongs to them. Folders of a whole
        month or year are judged too, so that they need not be listed.
        """
        if (self.since is None and self.until is None) or not (found := _DAY.search(path)):
            return True
        try:
            first, last = _days(*(int(part) if part else None for part in found.groups()))
        except ValueError:  # no such day: no folder of a trail
            return True
        return (self.since is None or last >= self.since) and (
            self.until is None or first.toordinal() <= self.until.toordinal() + 1
        )

    def no_file_under(self, path: str) -> NoSuchFile:
        """The error for a place that is there and holds no file of these days."""
        when = "" if self == Days() else " in these days"
        return NoSuchFile(f"no file{when} under {path}")


def _days(year: int | None, month: int | None, day: int | None) -> tuple[date, date]:
    """The first and the last day of a year, a month or a day."""
    year = year or 0
    if month is None:
        return date(year, 1, 1), date(year, 12, 31)
    if day is None:
        return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
    return date(year, month, day), date(year, month, day)


def list_local(path: str, days: Days, listing: Listing) -> None:
    """Add what a file, folder or glob of this machine leads to. Raises NoSuchFile for nothing."""
    before = listing.met, len(listing.failures)
    for each in _matches(path):
        here = os.path.abspath(each)  # noqa: PTH100 (links stay what they are called)
        if each == path or days.hold(here):
            _list_one(here, days, listing)
    if before != (listing.met, len(listing.failures)):
        return
    if os.path.lexists(path):
        raise days.no_file_under(text(path))
    raise NoSuchFile(f"no such file or folder: {text(path)}")


def text(path: str) -> str:
    """A path as text that is valid UTF-8: bytes of a name that are not are spelt out."""
    if path.isascii():
        return path
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _matches(path: str) -> list[str]:
    if os.path.lexists(path) or not glob.has_magic(path):
        return [path]
    return sorted(glob.glob(path, recursive=True, include_hidden=True))  # noqa: PTH207


def _list_one(path: str, days: Days, listing: Listing) -> None:
    try:
        about = os.stat(path)  # noqa: PTH116 (one call a file matters)
    except OSError as error:
        if not isinstance(error, FileNotFoundError) or os.path.lexists(path):
            listing.failures[text(path)] = _reason_of(path, error)
    else:
        if stat.S_ISDIR(about.st_mode):
            for file, file_about in _walk(path, days, listing):
                listing.add(_local(file, file_about))
        elif stat.S_ISREG(about.st_mode):
            listing.add(_local(path, about))
        else:
            listing.failures[text(path)] = _IRREGULAR


def _walk(folder: str, days: Days, listing: Listing) -> Iterator[tuple[str, os.stat_result]]:
    """Regular files below a folder. Links to folders are followed, each folder read once."""
    seen: set[tuple[int, int]] = set()
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            about = os.stat(here)  # noqa: PTH116
            if (about.st_dev, about.st_ino) in seen:
                continue
            seen.add((about.st_dev, about.st_ino))
            with os.scandir(here) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            listing.failures[text(here)] = reason(error)
            continue
        below = []
        for entry in entries:
            try:
                entry_about = entry.stat()
            except OSError as error:
                listing.failures[text(entry.path)] = _reason_of(entry.path, error)
                continue
            if not days.hold(entry.path):
                continue
            if stat.S_ISDIR(entry_about.st_mode):
                below.append(entry.path)
            elif stat.S_ISREG(entry_about.st_mode):
                yield entry.path, entry_about
            else:
                listing.failures[text(entry.path)] = _IRREGULAR
        waiting.extend(reversed(below))


def _reason_of(path: str, error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and os.path.islink(path):  # noqa: PTH114
        return "link to a file that is not there"
    return reason(error)


def reason(error: OSError) -> str:
    """Why a file could not be read, in a few words."""
    return (error.strerror or "").lower() or str(error) or type(error).__name__


def _local(path: str, about: os.stat_result) -> Source:
    return Source(text(path), _version(about), about.st_size, partial(_open, path))


def _version(about: os.stat_result) -> str:
    return f"{about.st_size}-{about.st_mtime_ns}"


def _open(path: str) -> tuple[BinaryIO, str]:
    """Open a file with the version it has now: one that changes later is read again next time."""
    handle = open(path, "rb", buffering=0)  # noqa: PTH123, SIM115
    return handle, _version(os.fstat(handle.fileno()))
