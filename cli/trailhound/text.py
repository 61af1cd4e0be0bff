"""Text from logs is written by whoever made the call: it drives no terminal, ends no literal."""

from __future__ import annotations

import unicodedata
from datetime import datetime

# Control, format (bidirectional overrides among them), surrogate, line and paragraph separator.
_UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    """The text on one line, with every character that a terminal might act on spelt out."""
    if text.isprintable():
        return text
    return "".join(_spelt(char) for char in text)


def visible_lines(text: str) -> str:
    """As `visible`, for text of several lines: its line breaks stay."""
    return "\n".join(visible(line) for line in text.split("\n"))


def _spelt(char: str) -> str:
    if unicodedata.category(char) not in _UNSAFE:
        return char
    if char in _NAMED:
        return _NAMED[char]
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def counted(number: int, noun: str) -> str:
    """A count with its noun: `1 file`, `1,234 files`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def literal(value: object) -> str:
    """A text or a time as a SQL literal.

    Characters of a text that a terminal might act on are spelt out with chr(), for a query that is
    pasted into one. A lone surrogate is in no text of a database.
    """
    if isinstance(value, datetime):
        return f"cast('{value.isoformat(sep=' ', timespec='seconds')}' as timestamp)"
    quoted = "'" + str(value).replace("'", "''") + "'"
    spelt = "".join(
        f"' || chr({ord(char)}) || '" if unicodedata.category(char) in _UNSAFE else char
        for char in quoted
    )
    return quoted if spelt == quoted else f"({spelt})"
