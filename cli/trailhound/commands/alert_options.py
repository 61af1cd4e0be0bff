"""The options that choose alerts, shared by the commands that print them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from trailhound.commands.moments import Moment, check_range
from trailhound.project.detections import SEVERITIES, Detection, select
from trailhound.store.alerts import Filters


def alert_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a command with the filters; `filters_from` makes Filters of their values."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


_OPTIONS = (
    click.option(
        "--detection",
        "detections",
        multiple=True,
        metavar="NAME",
        help="Only alerts of this detection; a name or a glob, may be given again.",
    ),
    click.option(
        "--severity",
        type=click.Choice(SEVERITIES),
        help="Only alerts of at least this severity.",
    ),
    click.option("--account", metavar="ID", help="Only alerts in this account; may be a glob."),
    click.option(
        "--entity",
        metavar="NAME",
        help="Only alerts of this entity: its whole id, the end of it after a / or :, or a glob.",
    ),
    click.option(
        "--since", type=Moment(), help="Only alerts triggered at this date or UTC time, or later."
    ),
    click.option(
        "--until",
        type=Moment(ends_day=True),
        help="Only alerts triggered at this UTC time or earlier; a date counts with all its day.",
    ),
)


def filters_from(detections: Sequence[Detection], options: dict[str, Any]) -> Filters:
    """The filters that the values of `alert_options` say. Raises WrongUsage for an unknown name."""
    patterns = options["detections"]
    known = select(detections, patterns) if patterns else []
    check_range(options["since"], options["until"])
    return Filters(**{**options, "detections": [each.name for each in known]})
