"""Text from logs is written by whoever made the call: nothing in it may drive a terminal."""

from __future__ import annotations

import unicodedata

# Control, format (bidirectional overrides among them), surrogate, line and paragraph separator.
_UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    """The text on one line, with every character that a terminal might act on spelt out."""
    if text.isascii() and text.isprintable():
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
