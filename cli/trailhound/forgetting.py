"""Taking files out of a store: what was loaded by mistake, or is broken and gone."""

from __future__ import annotations

import os
from collections.abc import Sequence

from trailhound.errors import WrongUsage
from trailhound.globs import glob_matches
from trailhound.load.archives import SEPARATOR
from trailhound.load.files import text
from trailhound.load.remote import is_remote
from trailhound.load.session import checkpoint
from trailhound.load.store import forget as delete_rows
from trailhound.output import Row
from trailhound.stored import known_files
from trailhound.transaction import transaction
from trailhound.work import Work


def forget(work: Work, names: Sequence[str]) -> list[Row]:
    """Delete the rows of every file that a name leads to; give those files as FILE_COLUMNS.

    A name is a file, a folder, an archive or a glob, whether or not it is still there. Raises
    WrongUsage for a name that leads to nothing in the store; nothing is deleted then.
    """
    with work.warehouse() as warehouse:
        files = {str(row[0]): row for row in known_files(warehouse)}
    gone: dict[str, Row] = {}
    for name in names:
        # The store knows whole paths, as a load takes them.
        whole = name if is_remote(name) else text(os.path.abspath(name))  # noqa: PTH100
        found = [path for path in files if _leads_to(name, path) or _leads_to(whole, path)]
        if not found:
            raise WrongUsage(f"the store knows no file '{name}': `trailhound files` lists them")
        gone |= {path: files[path] for path in found}
    connection = work.open_store()
    try:
        with transaction(connection):
            delete_rows(connection, work.table("cloudtrail_logs"), gone)
        checkpoint(connection, tidy=True)
    finally:
        connection.close()
    return [gone[path] for path in sorted(gone)]


def _leads_to(name: str, path: str) -> bool:
    below = name.rstrip("/")
    return (
        path == name
        or path.startswith((f"{below}/", f"{below}{SEPARATOR}"))
        or ("*" in name and glob_matches(name, path))
    )
