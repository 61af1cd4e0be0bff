"""trailhound mcp."""

from __future__ import annotations

import click

from trailhound.errors import extra
from trailhound.main import command
from trailhound.settings import Settings
from trailhound.workspace import Work


@command("mcp", example="trailhound mcp --store case.duckdb")
@click.pass_obj
def mcp(settings: Settings, /) -> None:
    """Answer the questions of an assistant, over stdin and stdout.

    A read-only server of the Model Context Protocol: alerts, explain, who, events, coverage,
    detections, and one query at a time. Answers are bounded, and what comes from a log is marked as
    data that an attacker may have written.
    """
    with extra("mcp", "mcp"):
        from trailhound.assistants.server import make_server
    make_server(Work(settings)).run()
