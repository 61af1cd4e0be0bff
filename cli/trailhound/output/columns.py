"""What a column holds, so that every format can give it its real type."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

Kind = Literal["text", "severity", "integer", "boolean", "date", "time", "list", "object", "pair"]
Row = tuple[Any, ...]


class Column(NamedTuple):
    """A column's name and kind.

    The Python values: text and severity str, integer int, boolean bool, date datetime.date, time
    datetime.datetime without zone (UTC), list list of str, object what JSON can hold; None in any
    of them. A pair, for tables only, is two texts of which the second stands below the first.
    """

    name: str
    kind: Kind = "text"
