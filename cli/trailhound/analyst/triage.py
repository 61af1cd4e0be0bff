"""An alert's values in the triage queries of its detection, ready to be pasted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from trailhound.text import literal

PLACEHOLDERS = ("account_id", "entity_id", "triggered_at", "first_seen", "last_seen")
# Not `::account_id`, which is a cast.
_PLACEHOLDER = re.compile(rf"(?<![:\w]):({'|'.join(PLACEHOLDERS)})\b")


def fill(sql: str, alert: Mapping[str, Any]) -> str:
    """The query with each `:account_id`, `:first_seen` and so on as a SQL literal.

    alert: its columns by name; texts are quoted, times (UTC) become casts that mean the same on
    DuckDB, Trino and Athena.
    """
    return "".join(
        literal(alert[piece]) if place % 2 else piece for place, piece in enumerate(pieces(sql))
    )


def pieces(sql: str) -> list[str]:
    """The query cut at its placeholders: SQL and column names in turn, SQL first and last."""
    return _PLACEHOLDER.split(sql)
