"""Whoever reads our output may have enough of it, as `head` has: that is no error."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Reader:
    """Who reads stdout."""

    has_left: bool = False


@contextmanager
def reader_may_leave() -> Iterator[Reader]:
    """Go on without a word, and without output, once nobody reads stdout any more."""
    reader = Reader()
    try:
        yield reader
        sys.stdout.flush()
    except BrokenPipeError:
        if not _reader_left():
            raise  # some other pipe
        reader.has_left = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _reader_left() -> bool:
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))
