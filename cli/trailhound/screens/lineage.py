"""The lineage of a credential as a tree of text for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from textwrap import wrap

import click

from trailhound.formats.table import page_width
from trailhound.lineage.tree import Lineage, Link, Node
from trailhound.lineage.use import Use
from trailhound.screens.alerts import ID_LENGTH, short_entity
from trailhound.text import counted, visible

_SHOWN = 4
_NARROWEST = 24
_LONGEST_NAME = 200
_WHAT = {
    "login": "console login",
    "service": "AWS service",
    "outsider": "outsider",
}


def lineage_page(found: Lineage) -> str:
    """All that `who` found, headed."""
    return "\n".join(_lines(found))


def _lines(found: Lineage) -> Iterator[str]:
    for place, seed in enumerate(found.seeds):
        if place:
            yield ""
        yield from _node(seed, "")
        for head, links, left_out in (
            ("Where it comes from", seed.origins, 0),
            ("What came of it", seed.children, seed.left_out),
        ):
            if links or head.startswith("Where"):
                yield ""
                yield click.style(f"{head} (UTC)", bold=True)
                yield from _branches(links, "", left_out)
            if not links and head.startswith("Where"):
                yield "  " + (seed.gap or "nothing before it in these logs")
    yield ""
    if found.left_out:
        yield f"{counted(found.left_out, 'more credential')} of this {found.kind}, not shown."
    if found.is_cut:
        yield "There is more than was looked at: ask for one of the credentials above."
    if found.logs_begin and found.logs_end:
        yield f"The logs go from {_time(found.logs_begin)} to {_time(found.logs_end)}."


def _branches(links: Sequence[Link], indent: str, left_out: int) -> Iterator[str]:
    for place, link in enumerate(links):
        is_last = place == len(links) - 1 and not left_out
        stem, below = ("└─ ", "   ") if is_last else ("├─ ", "│  ")
        yield from _wrapped(how(link), indent + stem, indent + below)
        yield from _node(link.node, indent + below)
        node = link.node
        yield from _branches(node.origins or node.children, indent + below, node.left_out)
    if left_out:
        yield f"{indent}└─ and {left_out:,} more"


def how(link: Link) -> str:
    """The call that gave, when, from where, and how sure that is."""
    parts = [link.how]
    if link.event_time is not None:
        parts.append(_time(link.event_time))
    if link.source_ip:
        parts.append(f"from {visible(link.source_ip)}")
    if len(link.accounts) > 1:
        parts.append(f"across accounts {visible(' and '.join(link.accounts))}")
    if link.is_likely:
        parts.append("(likely)")
    return " ".join(parts)


def _node(node: Node, indent: str) -> Iterator[str]:
    yield from _wrapped(title(node), indent, indent, bold=True)
    if node.repeats is not None:
        yield from _wrapped(
            "a cycle: it stands above on this branch"
            if node.repeats == "cycle"
            else "its branch stands above",
            f"{indent}  ",
            f"{indent}  ",
        )
        return
    lines = [*facts(node), *_alerts(node)]
    if node.gap is not None and indent:  # a seed's stands where its origins would
        lines.append(("gap", node.gap))
    for label, text in lines:
        yield from _wrapped(text, f"{indent}  {label:<7} ", f"{indent}  {'':<7} ")


def title(node: Node) -> str:
    """What a node is: a key with whose it is, a principal without its account."""
    use = node.use
    name = visible(node.name[:_LONGEST_NAME])
    if node.kind == "key":
        what = f"{name} {_key_kind(node)}"
        if use is not None:
            what += f" of {_short(use.principal or use.entity_type, use.account_id)}"
        return what + (f" in {visible(use.account_id)}" if use else "")
    if node.kind == "principal":
        return f"{_short(node.name, '')}"
    if node.kind == "login":
        return f"{_WHAT['login']} {name}"
    return f"{_WHAT[node.kind]} {name}"


def _key_kind(node: Node) -> str:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    return {"AKIA": "lasting key", "ASIA": "temporary key"}.get(node.name[:4], "key")


def facts(node: Node) -> Iterator[tuple[str, str]]:
    """What is known of a node but for its alerts and its gap, each with its label."""
    use = node.use
    if use is None:
        if node.kind in ("key", "principal"):
            yield "used", "never, in these logs"
    elif node.kind == "login":
        yield "from", _place(use.addresses[0].source_ip, use.addresses[0].country)
    else:
        denied = f", {use.denied:,} denied" if use.denied else ""
        yield (
            "used",
            (
                f"{_time(use.first_seen)} to {_time(use.last_seen)}, "
                f"{counted(use.calls, 'call')}{denied}; {_since(use)}"
            ),
        )
        yield (
            "from",
            _listed(
                [
                    f"{_place(each.source_ip, each.country)} {each.calls:,}"
                    for each in use.addresses
                ],
                use.more_addresses,
            ),
        )
        yield (
            "for",
            _listed(
                [
                    f"{visible(service.removesuffix('.amazonaws.com'))} {calls:,}"
                    for service, calls in use.services.items()
                ]
            ),
        )
    if node.ended:
        yield "ended", visible(node.ended)


def _alerts(node: Node) -> Iterator[tuple[str, str]]:
    for place, each in enumerate(node.alerts[:_SHOWN]):
        alert = f"{each.alert_id[:ID_LENGTH]} {each.severity} {each.detection}"
        yield "" if place else "alerts", alert
    if len(node.alerts) > _SHOWN:
        yield "", f"and {len(node.alerts) - _SHOWN} more"


def _since(use: Use) -> str:
    """How long before the end of its account's logs it was last seen, in the largest unit."""
    minutes = int(((use.logs_end or use.last_seen) - use.last_seen).total_seconds()) // 60
    for size, unit in ((60 * 24, "day"), (60, "hour"), (1, "minute")):
        if minutes >= 2 * size:
            return f"the account's logs end {minutes // size:,} {unit}s later"
    return "to the end of the account's logs"


def _listed(texts: Sequence[str], more: int = 0) -> str:
    more += len(texts[_SHOWN:])
    return ", ".join(texts[:_SHOWN]) + (f" and {more:,} more" if more else "")


def _place(source: str, country: str | None) -> str:
    return visible(source) + (f" ({country})" if country else "")


def _short(name: str, account: str) -> str:
    return visible(short_entity(name, account))


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _wrapped(text: str, first: str, others: str, *, bold: bool = False) -> Iterator[str]:
    """The text within the page's width; deep in the tree it is narrow, but not nothing."""
    width = max(_NARROWEST, page_width() - len(first))
    for place, line in enumerate(wrap(text, width, break_on_hyphens=False) or [""]):
        yield (others if place else first) + (click.style(line, bold=True) if bold else line)
