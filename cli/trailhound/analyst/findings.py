"""What a check found, and whether somebody said that it is no problem."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from trailhound.analyst.acknowledged import Acknowledged
from trailhound.text import counted

OK, NOTE, PROBLEM = "ok", "note", "problem"
_NAMED = 5


class Finding(NamedTuple):
    """One thing that was looked at."""

    state: str
    """ok, note or problem; a problem is a hole in what the detections can see."""
    subject: str
    found: str
    advice: str = ""


class Check(NamedTuple):
    """A check of one kind of problem."""

    kind: str
    """One of FINDING_KINDS."""
    found: Callable[[Sequence[str]], str]
    """Says of the names of what is wrong what is wrong with them."""
    advice: str
    otherwise: str = ""
    """What to say where nothing is wrong; nothing if it is empty."""

    def of(self, names: Sequence[str], acknowledged: Acknowledged) -> Iterator[Finding]:
        """Yield the finding on all that is wrong, without what is acknowledged."""
        left = acknowledged.without(self.kind, names)
        if left:
            yield Finding(PROBLEM, self.kind, self.found(left), self.advice)
        elif names:
            yield Finding(OK, self.kind, f"{counted(len(names), 'problem')} acknowledged")
        elif self.otherwise:
            yield Finding(OK, self.kind, self.otherwise)


def some(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
