"""Makes sure that what was cut out is JSON to DuckDB, mending what is so but for its bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trailhound.load.tolerant import foreign, judge
from trailhound.load.tolerant.split import Kind, Part
from trailhound.load.tolerant.unwrap import Found, What, unwrap

_BLOCK_PARTS = 5_000
_BLOCK_BYTES = 16 << 20


def settled(parts: Iterator[Part]) -> Iterator[tuple[Part, list[Found] | None]]:
    """Each part with the records in it, or with None if it is nothing that can be read."""
    for block in _blocks(parts):
        whole = (part.text for part in block if part.kind in (Kind.VALUE, Kind.ITEM))
        texts = iter(_valid_or_mended(list(whole)))
        found = [_unwrapped(part, texts) for part in block]
        good = mended([each for some in found for each in some or []])
        for part, some in zip(block, found, strict=True):
            yield part, some and [next(good) for _ in some]


def mended(found: Sequence[Found]) -> Iterator[Found]:
    """The same, but texts that were strings are records now if they are JSON, else rejected."""
    texts = iter(_valid_or_mended([each.text for each in found if each.what is What.INNER]))
    for each in found:
        if each.what is not What.INNER:
            yield each
        elif (text := next(texts)) is None:
            yield each._replace(what=What.REJECT, reason="not valid JSON")
        else:
            yield each._replace(what=What.RECORD, text=text)


def _unwrapped(part: Part, texts: Iterator[bytes | None]) -> list[Found] | None:
    if part.kind is Kind.HUGE:
        if reason := foreign.long_document(judge.readable(part.text)):
            return [Found(What.SKIP, part.text, reason)]
        return [Found(What.REJECT, part.text, part.reason)]
    text = None if part.kind is Kind.REST else next(texts)
    return None if text is None else unwrap(part, text)


def _valid_or_mended(texts: list[bytes]) -> list[bytes | None]:
    """Each text if DuckDB can read it, else mended if that helps, else None."""
    good = judge.valid(texts)
    mended = [judge.mended(text) for text, ok in zip(texts, good, strict=True) if not ok]
    helped = iter(zip(mended, judge.valid(mended), strict=True))
    out: list[bytes | None] = []
    for text, ok in zip(texts, good, strict=True):
        if ok:
            out.append(text)
        else:
            new, good_now = next(helped)
            out.append(new if good_now else None)
    return out


def _blocks(parts: Iterator[Part]) -> Iterator[list[Part]]:
    block: list[Part] = []
    size = 0
    for part in parts:
        block.append(part)
        size += len(part.text)
        if len(block) >= _BLOCK_PARTS or size >= _BLOCK_BYTES:
            yield block
            block, size = [], 0
    if block:
        yield block
