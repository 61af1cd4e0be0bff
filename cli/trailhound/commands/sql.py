"""trailhound sql."""

from __future__ import annotations

import click

from trailhound.commands.explain import columns_of
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
    """Run one read-only query on the store, or on Trino.

    The engine itself refuses writes; DuckDB also other databases, files and the network.
    """
    format_name = settings.format or "table"
    if limit is None and format_name == "table":
        limit = _ROWS_FOR_PEOPLE
    with Work(settings).warehouse() as warehouse:
        answer = warehouse.query_only(query, None if limit is None else limit + 1)
    emit(format_name, columns_of(answer), answer.rows[:limit])
    if limit is not None and len(answer.rows) > limit:
        say(settings, f"{counted(limit, 'row')}; there are more: --limit")
