"""What a column holds, so that every format can give it its real type."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

Kind = Literal[
    "text",
    "severity",
    "integer",
    "number",
    "boolean",
    "date",
    "time",
    "list",
    "object",
    "word",
    "pair",
    "words",
]
Row = tuple[Any, ...]


class Column(NamedTuple):
    """A column's name and kind.

    The Python values: text and severity str, integer int, number float or Decimal, boolean bool,
    date datetime.date, time datetime.datetime without zone (UTC), list list of str, object what
    JSON can hold; None in any of them. For tables only: a word is a text that is not to be broken,
    a pair is two values of which the second stands below the first, words are such a pair that is
    not to be broken.
    """

    name: str
    kind: Kind = "text"
