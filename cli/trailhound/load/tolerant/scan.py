"""Where JSON's brackets, commas and colons are, near the top of a text of any size."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_QUOTE, _OPEN, _CLOSE, _COMMA, _COLON = range(1, 6)
_CODES = np.zeros(256, np.uint8)
for _chars, _code in (
    (b'"', _QUOTE),
    (b"{[", _OPEN),
    (b"}]", _CLOSE),
    (b",", _COMMA),
    (b":", _COLON),
):
    for _char in _chars:
        _CODES[_char] = _code
_STEP = np.array([0, 0, 1, -1, 0, 0], np.int64)
_BACKSLASH = 0x5C

Token = tuple[int, int, int]
"""Byte offset, character, and how many brackets are open around it."""


class Scanner:
    """Reads a text piece by piece and keeps what outlives a piece: depth, and being in a string.

    `in_string` says whether what was read so far ends inside a string. Nothing is said about
    validity. Tokens more than `deepest` brackets deep are left out.
    """

    def __init__(self, deepest: int = 2) -> None:
        self._deepest = deepest
        self._depth = 0
        self.in_string = False
        self._escaped = False  # whether the next piece's first byte follows an odd backslash

    def feed(self, piece: bytes) -> list[Token]:
        """The tokens of the next piece, with offsets from its start."""
        data = np.frombuffer(piece, np.uint8)
        codes = _CODES[data]
        at = np.flatnonzero(codes)
        kinds = codes[at]
        quotes = kinds == _QUOTE
        if self._escaped or b"\\" in piece:
            quotes &= ~self._escapes(data, at)
        inside = np.cumsum(quotes, dtype=np.int64)
        inside += self.in_string
        inside &= 1
        outside = (inside == 0) & (kinds != _QUOTE)
        if len(inside):
            self.in_string = bool(inside[-1])
        at, kinds = at[outside], kinds[outside]
        after = np.cumsum(_STEP[kinds]) + self._depth
        around = after - (kinds == _OPEN)
        if len(after):
            self._depth = int(after[-1])
        shallow = (around <= self._deepest) & ((kinds != _COLON) | (around == 1))
        at, around = at[shallow], around[shallow]
        return list(zip(at.tolist(), data[at].tolist(), around.tolist(), strict=True))

    def _escapes(
        self, data: npt.NDArray[np.uint8], at: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.bool_]:
        """Which of the positions `at` follow a backslash that is not itself escaped."""
        slashes = np.flatnonzero(data == _BACKSLASH)
        first_escaped = self._escaped
        if first_escaped and len(slashes) and slashes[0] == 0:
            slashes = slashes[1:]
        self._escaped = False
        escaped = np.zeros(len(data) + 1, np.bool_)
        if first_escaped:
            escaped[0] = True
        if len(slashes):
            starts = np.ones(len(slashes), np.bool_)
            starts[1:] = np.diff(slashes) != 1
            run_start = slashes[np.flatnonzero(starts)[np.cumsum(starts) - 1]]
            escaped[slashes[(slashes - run_start) % 2 == 0] + 1] = True
        self._escaped = bool(escaped[-1])
        return escaped[at]
