"""An alert's values in the triage queries of its detection, ready to be pasted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

PLACEHOLDERS = ("account_id", "entity_id", "triggered_at", "first_seen", "last_seen")
_PLACEHOLDER = re.compile(rf"(?<![:\w]):({'|'.join(PLACEHOLDERS)})\b")


def fill(sql: str, alert: Mapping[str, Any]) -> str:
    """The query with each `:account_id`, `:first_seen` and so on as a SQL literal.

    alert: its columns by name; texts are quoted, times (UTC) become casts that mean the same on
    DuckDB, Trino and Athena.
    """
    return _PLACEHOLDER.sub(lambda found: literal(alert[found[1]]), sql)


def literal(value: object) -> str:
    """A text or a time as a SQL literal."""
    if isinstance(value, datetime):
        return f"cast('{value:%Y-%m-%d %H:%M:%S}' as timestamp)"
    return "'" + str(value).replace("'", "''") + "'"
