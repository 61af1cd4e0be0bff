"""How far something is that is counted in pieces."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from trailhound.settings import Settings


@contextmanager
def progress_bar(
    settings: Settings, before: str, during: str
) -> Iterator[Callable[[int, int], None] | None]:
    """A bar that is told how many of how many are done, if stderr is a terminal.

    before: what is under way until something is told; the bar pulses
    during: what is counted
    """
    if settings.quiet or settings.verbose or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bars:
        task = bars.add_task(before, total=None)

        def tell(done: int, total: int) -> None:
            bars.update(task, description=during, completed=done, total=total)

        yield tell
