"""Runs a command and says what it cost."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, seconds of all processors, the largest memory of a process in MB.

    A process's peak begins at the size of the one that starts it: less than this benchmark's own
    size (about 40 MB, as other processes write the trails) cannot be seen.
    """

    wall: float
    cpu: float
    memory: float


def cost_of(command: Sequence[str | Path]) -> Cost:
    """Run a command to its end. Raises RuntimeError, with what it said, if it fails."""
    started = time.monotonic()
    with subprocess.Popen(
        [str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        said = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} failed: {said.decode(errors='replace')[-500:]}")
    return Cost(time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
