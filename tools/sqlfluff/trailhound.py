"""Stand-ins for the project's macros, so that sqlfluff lints what an author wrote.

What the macros make is seven times as long and takes as much longer to parse. Each stands for SQL
of the kind that the macro makes, of the relation or the column that is its first argument.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_KINDS = {
    "made": {"counted_columns", "event_columns", "optional_field"},
    "select * from {first}": {
        "alert_per_burst", "alert_per_request", "alert_per_value", "range_codes",
    },
    "(select * from {first})": {
        "allow_list_sources", "by_anyone", "countable", "each_of", "in_busy_spells", "keyed_by",
        "raw_cloudtrail",
    },
    "new_values as (select * from {first})": {"new_values"},
    "interval '1' minute": {"window_interval"},
    "": {"after_builds"},
}  # fmt: skip


def __getattr__(macro: str) -> Callable[..., str]:
    """The stand-in for a macro; of those that no kind names, for an expression."""
    kind = next((kind for kind, macros in _KINDS.items() if macro in macros), "{first}.made")

    def stand_in(*arguments: object, **_: object) -> str:
        first = re.match(r"\w*", str(arguments[0]) if arguments else "")
        return kind.format(first=first[0] or "made")

    return stand_in
