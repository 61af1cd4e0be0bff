"""What a load tells: its progress, its report, its errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trailhound.errors import TrailhoundError
from trailhound.text import counted


class LoadError(TrailhoundError):
    """The load could not be done at all; the message is one line."""


class NoSuchFile(LoadError):
    """A path that matches no file."""

    exit_code = 2


@dataclass(frozen=True)
class Progress:
    """How far a load is. Bytes are those of the files as they are stored, mostly compressed."""

    files: int
    files_total: int
    bytes_read: int
    bytes_total: int


@dataclass(frozen=True)
class Problem:
    """Something that could not be read. `row` is the record's number, 0 for the file itself."""

    file: str
    row: int
    reason: str


@dataclass(frozen=True)
class LoadReport:
    """The counts of one load: `records` = valid + `rejected` + `skipped`.

    `files_read` counts every file that was new or changed; of those `files_rejected` gave no record
    at all, `files_partial` gave some before they broke, `files_skipped` hold nothing but what is
    recognised as something else. `problems` holds every file that broke, and the first 1,000
    rejected records.
    """

    files_read: int = 0
    files_known: int = 0
    files_rejected: int = 0
    files_partial: int = 0
    files_skipped: int = 0
    records: int = 0
    rejected: int = 0
    skipped: int = 0
    problems: tuple[Problem, ...] = ()

    @property
    def valid(self) -> int:
        """Records that are events."""
        return self.records - self.rejected - self.skipped


class NothingRead(LoadError):
    """No record of a load is an event; `problems` holds why, file by file.

    What was loaded stays in the store: the files, their rejected and their skipped records.
    """

    def __init__(self, report: LoadReport, problems: Sequence[Problem]) -> None:
        self.report = report
        self.problems = problems
        first = problems[0]
        others = len({each.file for each in problems} - {first.file})
        more = f" (and {counted(others, 'more file')})" if others else ""
        super().__init__(
            f"nothing could be read as a CloudTrail event: {first.file}: {first.reason}{more}"
        )
