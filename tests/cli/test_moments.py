"""Dates and times, absolute and relative to now, the same in every command."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import click
import pytest

from trailhound.commands.moments import Moment
from trailhound.main import COMMANDS, cli


@pytest.mark.parametrize(
    ("text", "ago"),
    [("2d", timedelta(days=2)), ("36h", timedelta(hours=36)), ("90m", timedelta(minutes=90))],
)
def test_a_length_of_time_is_so_long_ago(text: str, ago: timedelta) -> None:
    before = datetime.now(UTC).replace(tzinfo=None)
    for moment in (Moment(), Moment(ends_day=True)):
        found = moment.convert(text, None, None)
        assert isinstance(found, datetime)
        assert before - ago <= found <= before - ago + timedelta(minutes=1)
    assert Moment(whole_day=True).convert(text, None, None) in {
        (before - ago).date(),
        (before - ago + timedelta(minutes=1)).date(),
    }


def test_a_day_is_that_of_utc() -> None:
    day = Moment(whole_day=True)
    assert day.convert("2026-01-31", None, None) == date(2026, 1, 31)
    assert day.convert("2026-01-31T23:30:00-02:00", None, None) == date(2026, 2, 1)


@pytest.mark.parametrize("text", ["2", "d", "-2d", "2y", "2 d", "99999999d", "tomorrow", ""])
def test_what_is_neither(text: str) -> None:
    with pytest.raises(click.BadParameter, match=r"is no date or time such as .* or 2d"):
        Moment().convert(text, None, None)


def test_every_command_takes_dates_of_this_type() -> None:
    context = click.Context(cli)
    dates = [
        param
        for name in COMMANDS
        for param in getattr(cli.get_command(context, name), "params", ())
        if param.name in ("since", "until", "start", "before")
    ]
    assert len(dates) > 10
    assert all(isinstance(param.type, Moment) for param in dates)
