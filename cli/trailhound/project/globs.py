"""Patterns as people type them and as the analyst's CSV files hold them: `*` and nothing else."""

from __future__ import annotations

import re


def glob_matches(pattern: str, text: str) -> bool:
    """Whether a text matches a pattern whose only wildcard is `*`; an empty pattern matches all."""
    parts = (re.escape(part) for part in pattern.split("*"))
    return not pattern or re.fullmatch(".*".join(parts), text, re.DOTALL) is not None
