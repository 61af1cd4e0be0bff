"""Loads what is new under some paths, batch by batch, each with a commit of its own."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime

import duckdb
import pyarrow as pa

from trailhound.load import batches, session, store
from trailhound.load.inflate import MAX_INFLATED
from trailhound.load.result import LoadReport, NoSuchFile, NothingRead, Progress
from trailhound.load.sources.archives import owners
from trailhound.load.sources.files import UNREAD, Days, Source
from trailhound.load.sources.listing import list_sources
from trailhound.load.store import ensure_table, one_line_errors
from trailhound.settings import DEFAULT_MEMORY_LIMIT
from trailhound.transaction import transaction

DEFAULT_TABLE = '"main"."cloudtrail_logs"'

_GROUP_BYTES = 12 << 20  # of text, as guessed, handed to DuckDB at a time
_GROUP_FILES = 256
_COMMIT_BYTES = 640 << 20  # of text, as guessed, after which a batch is closed
_COMMIT_FILES = 20_000

# Two loads in one process must not both take a file for new.
_ONE_AT_A_TIME = threading.Lock()

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


@dataclass
class _Load:
    """One load under way."""

    connection: duckdb.DuckDBPyConnection
    table: str
    commit: bool
    bound: int
    loaded_at: datetime
    tell: Callable[[Progress], None]
    files: int = 0
    files_total: int = 0
    bytes_read: int = 0
    bytes_total: int = 0
    known: store.Known = field(default_factory=lambda: store.Known({}, {}))
    rows_deleted: int = 0

    def transaction(self) -> AbstractContextManager[None]:
        """A transaction of its own, unless the caller has one."""
        return transaction(self.connection) if self.commit else nullcontext()

    def forget(self, paths: Iterable[str]) -> None:
        """Delete all rows of some paths."""
        self.rows_deleted += store.forget(self.connection, self.table, paths)

    def done(self, sources: Sequence[Source]) -> None:
        """Tell that some files have been read."""
        self.files += len(sources)
        self.bytes_read += sum(source.size for source in sources)
        self.tell(Progress(self.files, self.files_total, self.bytes_read, self.bytes_total))


def load(  # noqa: PLR0913 (a caller names what it wants)
    connection: duckdb.DuckDBPyConnection,
    paths: Sequence[str],
    *,
    table: str = DEFAULT_TABLE,
    since: date | None = None,
    until: date | None = None,
    commit: bool = True,
    memory_limit: str = DEFAULT_MEMORY_LIMIT,
    max_inflated: int = MAX_INFLATED,
    progress: Callable[[Progress], None] | None = None,
) -> LoadReport:
    """Load every new or changed file under the paths into the table, which is made if missing.

    `paths` are files, folders, globs, `-` for standard input and URLs of object stores. `table` is
    quoted, with schema and database if need be. `since` and `until` (UTC days, both included) leave
    out other days' folders of a trail. With `commit` false the caller's transaction is used and
    left open. `memory_limit` is DuckDB's, as `SET memory_limit` takes it; a lower one of the
    connection stays. `max_inflated` is how many bytes one file may inflate to. `progress` is called
    from any thread, every few megabytes.

    Raises NoSuchFile for a path that leads to no file, NothingRead if not one record is an event,
    LoadError if the store refuses.
    """
    with _ONE_AT_A_TIME, one_line_errors():
        listing = list_sources(paths, Days(since, until))
        own = [path for path in store.own_files(connection) if listing.sources.pop(path, None)]
        if own and not listing.sources and not listing.failures:
            raise NoSuchFile(f"no file but the store itself under {', '.join(paths)}")
        ensure_table(connection, table, commit=commit)
        known = store.known_files(connection, table)
        new = [s for s in listing.sources.values() if not known.has(s.path, s.version)]
        new.sort(key=lambda source: source.path)
        job = _Load(
            connection,
            table,
            commit,
            max_inflated,
            store.next_moment(connection, table),
            progress or (lambda _: None),
            files_total=len(new),
            bytes_total=sum(source.size for source in new),
            known=known,
        )
        _keep_freed_memory()
        with session.loading_settings(connection, memory_limit):
            _list_failures(job, listing.failures)
            for batch in _grouped(new, _COMMIT_FILES, _COMMIT_BYTES):
                _load_batch(job, batch)
            if commit:
                session.checkpoint(connection, tidy=job.rows_deleted > 0)
            answer = store.report(
                connection,
                table,
                job.loaded_at,
                len(new) + len(listing.failures),
                len(listing.sources) - len(new),
            )
        if not answer.valid:
            before = [row for path in listing.sources for row in known.rows_of(path)]
            if not store.holds_events(connection, table, before):
                oddities = store.oddities(connection, table, job.loaded_at, before)
                raise NothingRead(answer, oddities)
    return answer


def _keep_freed_memory() -> None:
    """Ask glibc to keep freed memory: having it again costs as much as inflating a document.

    Up to 128 MB stay with the process. https://man7.org/linux/man-pages/man3/mallopt.3.html
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "mallopt"):
            libc.mallopt(_M_TRIM_THRESHOLD, 128 << 20)
            libc.mallopt(_M_MMAP_THRESHOLD, 32 << 20)


def _list_failures(job: _Load, failures: dict[str, str]) -> None:
    """List folders and files that could not be opened, and forget those of earlier loads."""
    tried = [path for path, version in job.known.versions.items() if version == UNREAD]
    if failures or tried:
        with job.transaction():
            job.forget(tried)
            store.insert(job.connection, job.table, batches.failures(failures), job.loaded_at)


def _grouped(sources: list[Source], count: int, size: int) -> Iterator[list[Source]]:
    group: list[Source] = []
    total = 0
    for source in sources:
        group.append(source)
        total += source.weight
        if len(group) >= count or total >= size:
            yield group
            group, total = [], 0
    if group:
        yield group


def _load_batch(job: _Load, batch: list[Source]) -> None:
    """Load some files; if the store cannot take what is in them, find out which one it is."""
    files, bytes_read = job.files, job.bytes_read
    try:
        with job.transaction():
            job.forget(path for each in batch for path in job.known.rows_of(each.path))
            _insert(job, batch)
    except (duckdb.DataError, duckdb.InvalidInputException) as error:
        if not job.commit or "KeyboardInterrupt" in str(error):
            raise  # the caller's transaction is gone; the user has stopped it
        job.files, job.bytes_read = files, bytes_read
        if len(batch) > 1:
            middle = len(batch) // 2
            _load_batch(job, batch[:middle])
            _load_batch(job, batch[middle:])
            return
        [source] = batch
        with job.transaction():
            job.forget(job.known.rows_of(source.path))
            rows = batches.failures({source.path: batches.unexpected(error)}, source.version)
            store.insert(job.connection, job.table, rows, job.loaded_at)


def _insert(job: _Load, batch: list[Source]) -> None:
    by_path = {source.path: source for source in batch}
    store.insert(job.connection, job.table, _fast(job, batch), job.loaded_at)
    refused = store.refused_files(job.connection, job.table)
    job.forget(refused)
    again = {
        owner: by_path[owner] for path in refused for owner in owners(path) if owner in by_path
    }
    if again:
        stream = (
            each
            for source in again.values()
            for each in batches.carefully(source, refused, job.bound)
        )
        store.insert(job.connection, job.table, stream, job.loaded_at)


def _fast(job: _Load, batch: list[Source]) -> Iterator[pa.RecordBatch]:
    """The batch's rows as DuckDB asks for them: one of its threads reads while others insert."""
    odd = [source for source in batch if source.size > batches.MAX_STORED]
    small = [source for source in batch if source.size <= batches.MAX_STORED]
    for group in _grouped(small, _GROUP_FILES, _GROUP_BYTES):
        read, not_read = batches.small_files(group)
        yield from read
        odd += not_read
        later = {source.path for source in not_read}
        job.done([source for source in group if source.path not in later])
    for source in odd:
        yield from batches.odd_file(source, job.bound)
        job.done([source])
