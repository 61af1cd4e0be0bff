"""An alert's values in the triage queries of its detection, ready to be pasted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any

PLACEHOLDERS = ("account_id", "entity_id", "triggered_at", "first_seen", "last_seen")
# Not `::account_id`, which is a cast.
_PLACEHOLDER = re.compile(rf"(?<![:\w]):({'|'.join(PLACEHOLDERS)})\b")
# Control, format (bidirectional overrides among them), line and paragraph separators.
_UNSEEN = {"Cc", "Cf", "Zl", "Zp"}


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


def literal(value: object) -> str:
    """A text or a time as a SQL literal.

    Characters of a text that cannot be seen are spelt out with chr(): it comes from whoever made
    the call, and must not drive the terminal that the query is pasted into.
    """
    if isinstance(value, datetime):
        return f"cast('{value.isoformat(sep=' ', timespec='seconds')}' as timestamp)"
    quoted = "'" + str(value).replace("'", "''") + "'"
    spelt = "".join(_spelt(char) for char in quoted)
    return quoted if spelt == quoted else f"({spelt})"


def _spelt(char: str) -> str:
    return f"' || chr({ord(char)}) || '" if unicodedata.category(char) in _UNSEEN else char
