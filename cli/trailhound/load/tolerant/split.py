"""Cuts a text into its values and the records of its containers; neither size nor damage matters.

The cut follows brackets and quotes only. Whether a piece is valid JSON is for DuckDB to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from typing import NamedTuple

from trailhound.load.inflate import Damaged
from trailhound.load.tolerant.scan import Scanner

MAX_RECORD = 64 << 20
"""Bytes one record may have; a longer one is passed over and rejected."""

LOOK_AHEAD = 32 << 20
"""Bytes of a table's rows in which one must be a record, or the table is told to have none."""

REST = 4096
"""Bytes kept of what could not be read."""

TRUNCATED = "ends too early"
MALFORMED = "malformed JSON"

_CONTROL_MESSAGE = b'"CONTROL_MESSAGE"'
KEYS_OF_EVENTS = frozenset(
    (
        *("eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "eventID"),
        *("eventversion", "useridentity", "eventtime", "eventsource", "eventname", "eventid"),
        *("CloudTrailEvent", "eventJson", "_raw", "message", "@message", "Message", "log", "line"),
        *("body", "Body"),
    )
)
"""An object with one of these is an event, or holds one as text, whatever arrays it has."""

_OWN_KEYS = frozenset(f'"{key}"'.encode() for key in KEYS_OF_EVENTS)
# The first cell of a row of Logs Insights or CloudTrail Lake: the array around it is one value.
_CELL = re.compile(
    rb'\{\s*"(?:(?:field|value)"\s*:\s*"[^"]*"\s*,|event(?:Time|Name|ID|Source)"\s*:\s*"[^"]*"\s*\})'
)
_BETWEEN_VALUES = b" \t\r\n,\x1e\xef\xbb\xbf"  # a BOM where files were put together
_BLANK = b" \t\r\n"
_OPEN_BRACE, _OPEN_BRACKET, _CLOSE_BRACKET = b"{[]"
_COMMA, _COLON = b",:"


class Kind(Enum):
    """What a part is."""

    VALUE = auto()  # a whole value at the top
    ITEM = auto()  # an element of a container
    HUGE = auto()  # the start of any of these that is longer than MAX_RECORD
    REST = auto()  # the start of what comes where the text stops making sense; the last part


CONTAINERS = frozenset(
    f'"{key}"'.encode()
    for key in (
        *("Records", "Events", "records", "events", "logEvents", "results", "Results"),
        *("QueryResultRows", "Messages", "Items", "value"),
    )
)
"""The keys, in an object at the top, of arrays that are cut into their elements."""


class Part(NamedTuple):
    """A piece of the text, and for HUGE and REST the reason.

    `place` is the path of an element in its document; `line` and `column` are where it begins.
    """

    kind: Kind
    text: bytes
    reason: str = ""
    place: str = ""
    line: int = 1
    column: int = 1


def split(pieces: Iterable[bytes]) -> Iterator[Part]:
    """The parts of a text that comes in pieces, each as soon as it is complete.

    A Damaged from below ends the text and is the reason of the REST, which then always comes.
    """
    return _Splitter().run(pieces)


class _State(Enum):
    OUTSIDE = auto()  # between values at the top
    OBJECT = auto()  # in an object at the top that is no container so far
    BETWEEN = auto()  # in a container, between elements
    ELEMENT = auto()  # in an element of a container
    TAIL = auto()  # in an object at the top, after a container; there may be another


class _Splitter:
    def __init__(self) -> None:
        self.state = _State.OUTSIDE
        self.data = b""
        self.start = 0  # of the open value or element, or of what follows the last one
        self.delimiter = 0  # the last one at the level of a top object's keys
        self.opened = 0  # where the open container begins
        self.object = 0  # where the object at the top begins, as long as it may be one value
        self.depth = 0  # brackets around the elements of the container
        self.container = ""  # its key
        self.elements = 0  # of it, so far
        self.line = 1  # at `counted`
        self.line_start = 0
        self.counted = 0
        self.expecting = True  # an element, not a comma
        self.key = b""
        self.is_event = False
        self.oversize = b""

    def run(self, pieces: Iterable[bytes]) -> Iterator[Part]:
        scanner = Scanner()
        fault = ""
        try:
            for piece in pieces:
                base = len(self.data)
                self.data += piece
                for at, char, around in scanner.feed(piece):
                    part = self.step(base + at, char, around)
                    if part:
                        yield part
                        if part.kind is Kind.REST:
                            return
                if self.hopeless():
                    yield self.broken()
                    return
                self.let_go()
        except Damaged as damaged:
            fault = str(damaged)
        left = self.data[self.start :].lstrip(_BETWEEN_VALUES)
        if self.state is not _State.OUTSIDE:
            yield Part(Kind.REST, self.oversize or left[:REST], fault or TRUNCATED)
        elif left or fault:
            yield self.rest(left[:REST], fault or MALFORMED)

    def hopeless(self) -> bool:
        """Whether what stands between values is nothing that more text could mend."""
        if self.state is _State.OUTSIDE:
            return bool(self.data[self.start :].strip(_BETWEEN_VALUES))
        return self.state is _State.BETWEEN and len(self.data) - self.start > MAX_RECORD

    def let_go(self) -> None:
        """Forget what is behind, and the inside of what has become too long to be kept."""
        if self.state is _State.TAIL:  # a key may begin here and end in the next piece
            self.start = max(self.delimiter, len(self.data) - REST)
        open_value = self.state in (_State.OBJECT, _State.ELEMENT)
        if open_value and (self.oversize or len(self.data) - self.start > MAX_RECORD):
            self.oversize = self.oversize or self.data[self.start : self.start + REST]
            self.opened = self.start = self.delimiter = len(self.data)
        cut = self.start
        if self.may_be_row():
            cut = self.opened
        elif self.may_be_empty():
            cut = self.object
        self.data = self.data[cut:]
        self.line_at(cut)
        self.line_start -= cut
        self.counted -= cut
        self.delimiter -= cut
        self.opened -= cut
        self.object -= cut
        self.start -= cut

    def may_be_empty(self) -> bool:
        """Whether a container in an object at the top has no element so far."""
        return self.state is _State.BETWEEN and self.depth > 1 and self.elements == 0

    def may_be_row(self) -> bool:
        """Whether the first element of an array at the top is still to come, or not complete."""
        is_first = self.depth == 1 and self.elements == 0
        return is_first and self.state in (_State.BETWEEN, _State.ELEMENT)

    def step(self, at: int, char: int, around: int) -> Part | None:
        """Take one token; a part if it completes one."""
        if self.state is _State.ELEMENT:
            if around == self.depth and char in b"}]":
                if self.may_be_row() and _CELL.match(self.data, self.start):
                    self.state, self.start, self.key = _State.OBJECT, self.opened, b""
                    return None
                return self.complete(at, Kind.ITEM, _State.BETWEEN)
        elif self.state is _State.BETWEEN:
            return self.between(at, char, around)
        elif self.state in (_State.OBJECT, _State.TAIL):
            return self.in_object(at, char, around)
        else:
            return self.outside(at, char)
        return None

    def outside(self, at: int, char: int) -> Part | None:
        if self.data[self.start : at].strip(_BETWEEN_VALUES) or char not in b"{[,":
            return self.broken()
        if char != _COMMA:
            self.start = self.delimiter = at
            self.is_event = False
            if char == _OPEN_BRACKET:
                self.enter(at, 1, "")
            else:
                self.state = _State.OBJECT
        return None

    def in_object(self, at: int, char: int, around: int) -> Part | None:
        if around == 0 and self.state is _State.TAIL:
            self.state, self.start = _State.OUTSIDE, at + 1
            return None
        if around == 0:
            return self.complete(at, Kind.VALUE, _State.OUTSIDE)
        if around != 1:
            return None
        if char == _COMMA:
            self.delimiter = at
        elif char == _COLON:
            self.key = self.data[max(self.delimiter + 1, 0) : at].strip(_BLANK)
            self.is_event = self.is_event or self.key in _OWN_KEYS
        elif char == _OPEN_BRACKET and self.opens_container(at):
            self.object = self.start if self.state is _State.OBJECT else at
            self.enter(at, 2, self.key.decode().strip('"'))
        return None

    def opens_container(self, at: int) -> bool:
        if self.key not in CONTAINERS or (self.is_event and self.state is _State.OBJECT):
            return False
        # A control message of CloudWatch is skipped as a whole.
        return _CONTROL_MESSAGE not in self.data[self.start : at]

    def enter(self, at: int, depth: int, container: str) -> None:
        self.state, self.depth, self.container, self.elements = _State.BETWEEN, depth, container, 0
        self.opened, self.start, self.expecting = at, at + 1, True

    def between(self, at: int, char: int, around: int) -> Part | None:
        before = self.data[self.start : at]
        gap, gap_at = before.strip(_BLANK), at - len(before.lstrip(_BLANK))
        if around == self.depth and char in b"{[" and self.expecting and not gap:
            self.state, self.start = _State.ELEMENT, at
            return None
        closes = around == self.depth - 1 and char == _CLOSE_BRACKET
        if not closes and not (around == self.depth and char == _COMMA):
            return self.broken()
        if bool(gap) != self.expecting and not (closes and not gap):
            return self.broken()
        self.start, self.expecting = at + 1, True
        if closes:
            self.state = _State.OUTSIDE if self.depth == 1 else _State.TAIL
            self.delimiter, self.key = at, b""
            # It says nothing of the object: an event may have an empty array of such a name.
            if self.depth > 1 and not gap and self.elements == 0 and self.data[self.object] in b"{":
                self.state, self.start = _State.OBJECT, self.object
        return self.item(gap, gap_at) if gap else None

    def item(self, text: bytes, at: int) -> Part:
        place = f"{self.container}[{self.elements}]"
        self.elements += 1
        return Part(Kind.ITEM, text, "", place, *self.line_at(at))

    def line_at(self, at: int) -> tuple[int, int]:
        """The line and the column of an offset, which never goes back."""
        at = max(at, self.counted)
        if lines := self.data.count(b"\n", self.counted, at):
            self.line += lines
            self.line_start = self.data.rfind(b"\n", self.counted, at) + 1
        self.counted = at
        return self.line, at - self.line_start + 1

    def complete(self, at: int, kind: Kind, state: _State) -> Part:
        text = self.data[self.start : at + 1]
        if kind is Kind.VALUE:
            part = Part(kind, text, "", "", *self.line_at(self.start))
        else:
            part = self.item(text, self.start)
        if self.oversize:
            part = Part(Kind.HUGE, self.oversize, f"longer than {MAX_RECORD:,} bytes")
        self.state, self.start, self.expecting, self.oversize = state, at + 1, False, b""
        return part

    def broken(self) -> Part:
        return self.rest(self.data[self.start : self.start + REST].lstrip(_BLANK), MALFORMED)

    def rest(self, text: bytes, reason: str) -> Part:
        blank = len(self.data) - self.start - len(self.data[self.start :].lstrip(_BLANK))
        return Part(Kind.REST, text, reason, "", *self.line_at(self.start + blank))
