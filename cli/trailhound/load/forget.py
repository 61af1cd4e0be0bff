"""Taking files out of a store: what was loaded by mistake, or is broken and gone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date

from trailhound.errors import WrongUsage
from trailhound.formats import Row
from trailhound.load.session import checkpoint
from trailhound.load.sources.archives import SEPARATOR
from trailhound.load.sources.files import text
from trailhound.load.sources.remote import is_remote
from trailhound.load.store import forget as delete_rows
from trailhound.project.globs import glob_matches
from trailhound.store.files import known_files
from trailhound.transaction import transaction
from trailhound.workspace import Work


def forget(work: Work, names: Sequence[str], before: date | None = None) -> list[Row]:
    """Delete the rows of every file that a name leads to; give those files as FILE_COLUMNS.

    A name is a file, a folder, an archive or a glob, whether or not it is still there. With
    `before` only files whose events are all of earlier UTC days are meant, without a name all of
    them. Raises WrongUsage for a name that leads to nothing in the store; nothing is deleted then.
    """
    with work.warehouse() as warehouse:
        files = {str(row[0]): row for row in known_files(warehouse, before)}
    if before is not None:
        found = [path for path in files if not names or any(_means(name, path) for name in names)]
        return _delete(work, {path: files[path] for path in found})
    gone: dict[str, Row] = {}
    for name in names:
        found = [path for path in files if _means(name, path)]
        if not found:
            raise WrongUsage(f"the store knows no file '{name}': `trailhound files` lists them")
        gone |= {path: files[path] for path in found}
    return _delete(work, gone)


def _delete(work: Work, gone: dict[str, Row]) -> list[Row]:
    if not gone:
        return []
    connection = work.open_store(of_any_kind=True)
    try:
        with transaction(connection):
            delete_rows(connection, work.table("cloudtrail_logs"), gone)
        checkpoint(connection, tidy=True)
    finally:
        connection.close()
    return [gone[path] for path in sorted(gone)]


def _means(name: str, path: str) -> bool:
    # The store knows whole paths, as a load takes them.
    whole = name if is_remote(name) else text(os.path.abspath(name))  # noqa: PTH100
    return _leads_to(name, path) or _leads_to(whole, path)


def _leads_to(name: str, path: str) -> bool:
    below = name.rstrip("/")
    return (
        path == name
        or path.startswith((f"{below}/", f"{below}{SEPARATOR}"))
        or ("*" in name and glob_matches(name, path))
    )
