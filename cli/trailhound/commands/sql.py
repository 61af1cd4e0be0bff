"""trailhound sql."""

from __future__ import annotations

from contextlib import closing

import click

from trailhound.commands.explain import columns_of
from trailhound.engines import DuckDB
from trailhound.main import command
from trailhound.screens.console import emit, say
from trailhound.settings import Settings
from trailhound.text import counted
from trailhound.workspace import Work

_ROWS_FOR_PEOPLE = 1000


@command("sql", example="trailhound sql 'select detection, count(*) from alerts group by all'")
@click.argument("query", metavar="QUERY")
@click.option(
    "--limit", type=click.IntRange(1), metavar="N",
    help="How many rows to print. [default: 1000 as a table, else all]",
)  # fmt: skip
@click.pass_obj
def sql(settings: Settings, /, query: str, limit: int | None) -> None:
    """Run one read-only query on the store.

    DuckDB itself refuses writes, other databases, files and the network.
    """
    format_name = settings.format or "table"
    if limit is None and format_name == "table":
        limit = _ROWS_FOR_PEOPLE
    work = Work(settings)
    work.need_store("sql")
    with closing(work.when_free(lambda: DuckDB(work.target.config))) as store:
        answer = store.query_only(query, None if limit is None else limit + 1)
    emit(format_name, columns_of(answer), answer.rows[:limit])
    if limit is not None and len(answer.rows) > limit:
        say(settings, f"{counted(limit, 'row')}; there are more: --limit")
