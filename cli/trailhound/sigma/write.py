"""Rules made into files of the user's project."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as data_field
from pathlib import Path

from trailhound.project.detections import Detection
from trailhound.sigma import LEVELS
from trailhound.sigma.detection import Made, Maker, is_as_made
from trailhound.sigma.fields import Refused
from trailhound.sigma.rules import Rule, Unread
from trailhound.transaction import written_whole


@dataclass
class Outcome:
    """What an import came to."""

    made: list[Made] = data_field(default_factory=list)
    refused: list[Unread] = data_field(default_factory=list)
    written: list[Path] = data_field(default_factory=list)
    edited: list[Path] = data_field(default_factory=list)
    """Files that somebody edited: the new text stands beside them, in NAME.new."""


def make_all(
    maker: Maker,
    detections: Sequence[Detection],
    min_level: str,
    reserved: Collection[str] = (),
) -> Iterator[Outcome]:
    """Make a detection of each rule that is at least of a level; yields the outcome so far.

    detections: those of the project; a name that another one has is refused
    reserved: names that none may have
    """
    outcome = Outcome(refused=list(maker.collection.unread))
    counted = maker.collection.counted
    taken = dict.fromkeys(reserved, "trailhound")
    taken |= {each.name: each.sigma_id or f"{each.author}: {each.title}" for each in detections}
    for rule in maker.collection.rules:
        if id(rule) in counted:
            continue
        try:
            name = _free_name(rule, taken, {each.name for each in outcome.made})
            _need_level(rule, min_level)
            outcome.made.append(maker.make(rule, name))
            taken[name] = _identity(rule)
        except Refused as refused:
            outcome.refused.append(Unread(rule.path, rule.title, str(refused)))
        yield outcome
    yield outcome


def write_all(outcome: Outcome, folder: Path) -> None:
    """Write the files. One that is as it was generated is replaced, an edited one is left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for made in outcome.made:
        for ending, text in ((".sql", made.sql), (".yml", made.yml)):
            path = folder / f"{made.name}{ending}"
            before = path.read_text(encoding="utf-8") if path.exists() else None
            if before == text:
                continue
            if before is not None and not is_as_made(before):
                outcome.edited.append(path)
                path = path.with_name(f"{path.name}.new")
                if path.exists() and path.read_text(encoding="utf-8") == text:
                    continue
            with written_whole(path) as beside:
                beside.write_text(text, encoding="utf-8", newline="")
            outcome.written.append(path)


def _need_level(rule: Rule, least: str) -> None:
    if LEVELS.index(rule.level) < LEVELS.index(least):
        raise Refused(f"its level {rule.level} is below --min-level {least}")


def _identity(rule: Rule) -> str:
    return rule.id or f"{rule.author}: {rule.title}"


def _free_name(rule: Rule, taken: dict[str, str], made: set[str]) -> str:
    """The name that it has already, else its own, with some of its id where another one has it."""
    own = _identity(rule)
    name = next((known for known, identity in taken.items() if identity == own), rule.name)
    if taken.get(name, own) != own and rule.id:
        name = f"{name[:54]}_{rule.id[:8]}"
    if taken.get(name, own) != own or name in made:
        raise Refused(f"there is a detection or a relation {name} already")
    return name
