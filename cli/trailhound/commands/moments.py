"""Dates and times as a person types them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import click

from trailhound.errors import WrongUsage

Command = TypeVar("Command", bound=Callable[..., Any])


def check_range(since: date | None, until: date | None) -> None:
    """Raise WrongUsage if a range ends before it begins. A datetime is a date too."""
    if since and until and since > until:
        raise WrongUsage("--since is after --until")


def trail_days(command: Command) -> Command:
    """Give a command --since and --until, the days of a trail whose folders are read."""
    told_of = {
        "--until": "later days, but for the next one: files come late.",
        "--since": "earlier days.",
    }
    for name, days in told_of.items():
        told = f"Leave out a trail's folders of {days}"
        command = click.option(name, type=Moment(whole_day=True), help=told)(command)
    return command


class Moment(click.ParamType[date]):
    """A date or an ISO time, taken as UTC unless it has an offset; gives a UTC time without zone.

    A date alone means its first moment, or as the end of a range its last; 2d, 36h or 90m mean
    so long before now. With whole_day it gives the UTC day of that time.
    """

    def __init__(self, *, ends_day: bool = False, whole_day: bool = False) -> None:
        self.ends_day, self.whole_day = ends_day, whole_day
        self.name = "DAY" if whole_day else "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Parse the text."""
        if isinstance(value, date):
            return value
        moment = self._moment(value, param, ctx)
        return moment.date() if self.whole_day else moment

    def _moment(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        length = _length(value)
        try:
            if length is not None:
                return (datetime.now(UTC) - length).replace(tzinfo=None)
            moment = datetime.fromisoformat(value)
        except (ValueError, OverflowError):
            self.fail(
                f"'{value}' is no date or time such as 2026-01-31, 2026-01-31T23:59:00Z or 2d",
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


class Age(click.ParamType[timedelta]):
    """A length of time: a number and m, h or d."""

    name = "AGE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Parse the text; what is no length of time is a usage error."""
        if isinstance(value, timedelta):
            return value
        length = _length(value)
        if length is None:
            self.fail(f"expected a length of time like 90m, 26h or 2d, got {value!r}", param, ctx)
        return length


def _length(text: str) -> timedelta | None:
    """The length of time that `90m`, `26h` or `2d` means; None for any other text."""
    found = re.fullmatch(r"([0-9]{1,5})([mhd])", text, re.ASCII)
    if not found:
        return None
    unit = {"m": "minutes", "h": "hours", "d": "days"}[found[2]]
    return timedelta(**{unit: int(found[1])})
