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
_LONGEST_NAME, _LONGEST_ENTITY = 200, 120
_WHAT = {
    "login": "console login",
    "service": "AWS service",
    "outsider": "outsider",
}


def lineage_page(found: Lineage) -> str:
    """All that `who` found, headed."""
    return "\n".join(_lines(found, set()))


def _lines(found: Lineage, told: set[str]) -> Iterator[str]:
    """told: the ids of the alerts that stand above, each of which is told once."""
    for place, seed in enumerate(found.seeds):
        if place:
            yield ""
        yield from _node(seed, "", told)
        for head, links, left_out in (
            ("Where it comes from", seed.origins, 0),
            ("What came of it", seed.children, seed.left_out),
        ):
            if links or head.startswith("Where"):
                yield ""
                yield click.style(f"{head} (UTC)", bold=True)
                yield from _branches(seed, links, "", left_out, told)
            if not links and head.startswith("Where"):
                yield "  " + (seed.gap or "nothing before it in these logs")
    yield ""
    if found.left_out:
        yield f"{counted(found.left_out, 'more credential')} of this {found.kind}, not shown."
    if found.is_cut:
        yield "There is more than was looked at: ask for one of the credentials above."
    if found.logs_begin and found.logs_end:
        yield f"The logs go from {_time(found.logs_begin)} to {_time(found.logs_end)}."


def _branches(
    node: Node, links: Sequence[Link], indent: str, left_out: int, told: set[str]
) -> Iterator[str]:
    for place, link in enumerate(links):
        is_last = place == len(links) - 1 and not left_out
        stem, below = ("└─ ", "   ") if is_last else ("├─ ", "│  ")
        yield from _wrapped(how(link), indent + stem, indent + below)
        other = link.node
        yield from _node(other, indent + below, told, node.use)
        links_of_it = other.origins or other.children
        yield from _branches(other, links_of_it, indent + below, other.left_out, told)
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


def _node(node: Node, indent: str, told: set[str], above: Use | None = None) -> Iterator[str]:
    """A node's lines. above: what the node that it hangs from was used for."""
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
    if above is not None and _are_same_calls(above, node.use):
        lines = [("used", "for the calls above and no other"), *_alerts(node, told)]
    else:
        lines = [*facts(node), *_alerts(node, told)]
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
            whose = _short(use.principal or use.entity_type, use.account_id)
            return f"{what} of {whose} in {visible(use.account_id)}"
        return what + (f" of {_short(node.owner, '')}" if node.owner else "")
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
        for address in use.addresses[:1]:  # there is none where the record lacks it
            yield "from", _place(address.source_ip, address.country)
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


def _are_same_calls(one: Use, other: Use | None) -> bool:
    return other is not None and (
        (one.calls, one.first_seen, one.last_seen, one.services, one.addresses)
        == (other.calls, other.first_seen, other.last_seen, other.services, other.addresses)
    )


def _alerts(node: Node, told: set[str]) -> Iterator[tuple[str, str]]:
    new = [each for each in node.alerts if each.alert_id not in told]
    texts = [
        f"{each.alert_id[:ID_LENGTH]} {each.severity} {each.detection}" for each in new[:_SHOWN]
    ]
    told.update(each.alert_id for each in new[:_SHOWN])
    if len(new) > _SHOWN:
        texts.append(f"and {len(new) - _SHOWN} more")
    if again := len(node.alerts) - len(new):
        texts.append(
            f"{'and ' if texts else ''}{again:,} that {'stands' if again == 1 else 'stand'} above"
        )
    for place, text in enumerate(texts):
        yield "" if place else "alerts", text


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
    return visible(short_entity(name, account, _LONGEST_ENTITY))


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _wrapped(text: str, first: str, others: str, *, bold: bool = False) -> Iterator[str]:
    """The text within the page's width; deep in the tree it is narrow, but not nothing."""
    width = max(_NARROWEST, page_width() - len(first))
    for place, line in enumerate(wrap(text, width, break_on_hyphens=False) or [""]):
        yield (others if place else first) + (click.style(line, bold=True) if bold else line)
