"""Dates and times as a person types them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import click

from trailhound.errors import WrongUsage


def check_range(since: date | None, until: date | None) -> None:
    """Raise WrongUsage if a range ends before it begins. A datetime is a date too."""
    if since and until and since > until:
        raise WrongUsage("--since is after --until")


class Moment(click.ParamType[datetime]):
    """A date or an ISO time, taken as UTC unless it has an offset; gives a UTC time without zone.

    A date alone means its first moment, or as the end of a range its last.
    """

    name = "TIME"

    def __init__(self, *, ends_day: bool = False) -> None:
        self.ends_day = ends_day

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Parse the text."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(
                f"'{value}' is no date or time such as 2026-01-31 or 2026-01-31T23:59:00Z",
                param,
                ctx,
            )
        try:
            if moment.tzinfo is not None:
                moment = moment.astimezone(UTC).replace(tzinfo=None)
            if self.ends_day and "T" not in value and " " not in value:
                moment += timedelta(days=1, microseconds=-1)
        except OverflowError:
            self.fail(f"'{value}' lies outside the years 1 to 9999", param, ctx)
        return moment


class Day(click.ParamType[date]):
    """A UTC day."""

    name = "DAY"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Parse the text."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"'{value}' is no day such as 2026-01-31", param, ctx)
