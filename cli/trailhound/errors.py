"""What may go wrong in ways a user can mend: each error is one line and an exit code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

from trailhound.text import visible


class TrailhoundError(Exception):
    """Something failed while working: a load, a build, a query. Exit code 1.

    Each argument is one line of it, whatever names and values stand in it.
    """

    exit_code = 1

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(map(visible, lines)))


class WrongUsage(TrailhoundError):
    """The request cannot be met as it was put: no such name, path or value. Exit code 2."""

    exit_code = 2


class StoreBusy(TrailhoundError):
    """Another process, the holder, has the store open. Exit code 4."""

    exit_code = 4

    def __init__(self, message: str, holder: str) -> None:
        super().__init__(message)
        self.holder = holder


FOUND = 3
"""The exit code of a command that found what it was told to look for; that is no error."""


def unknown(kind: str, name: str, known: Iterable[str]) -> WrongUsage:
    """The error for a name that is not among the known ones; it offers the nearest of them."""
    near = near_matches(name, known)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return WrongUsage(f"there is no {kind} '{name}'.{hint}")


def near_matches(name: str, known: Iterable[str]) -> list[str]:
    """At most three known names that resemble `name`, the nearest first."""
    candidates = list(known)
    within = [each for each in candidates if len(name) > 2 and name in each]
    return (get_close_matches(name, candidates, n=3, cutoff=0.6) or within)[:3]


_MEANT = ("Candidate ", "Did you mean")


def first_line(error: Exception) -> str:
    """The first line of what a database says, with what to do about it where it helps."""
    line, *others = (str(error).strip() or type(error).__name__).splitlines()
    meant = next((each for each in others if each.startswith(_MEANT)), None)
    if meant is not None:
        line = f"{line.rstrip('!')}. {meant}"
    if type(error).__name__ == "OutOfMemoryException":
        line += ": try again with a higher --memory-limit"
    return line


@contextmanager
def extra(name: str, what: str) -> Iterator[None]:
    """Say which extra to install where an import of its libraries fails. `what` needs them."""
    try:
        yield
    except ImportError as error:
        raise TrailhoundError(
            f"{what} needs `pip install 'trailhound[{name}]'` ({error})"
        ) from error
