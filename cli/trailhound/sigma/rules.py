"""Sigma rules read from files: what they say, and why some cannot be used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from sigma.conditions import ConditionOR
from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError, SigmaRegularExpressionError
from sigma.policy import SigmaPolicy
from sigma.policy.regex_engine import RE2RegexEngine
from sigma.processing.pipeline import ProcessingPipeline
from sigma.rule import SigmaRule

from trailhound.errors import TrailhoundError, WrongUsage
from trailhound.sigma.fields import Refused
from trailhound.text import visible

_NAME_LENGTH = 63  # bytes of a name on every engine


@dataclass(frozen=True)
class Rule:
    """One document of a Sigma file; `parsed` is pySigma's."""

    path: Path
    parsed: SigmaRule | SigmaCorrelationRule
    is_lone: bool
    """Whether it is the only one of its file that may become a detection."""
    tree: object
    """The tree of its condition; of several, any may hold. None of a correlation."""

    @property
    def is_correlation(self) -> bool:
        """Whether it counts what other rules match."""
        return isinstance(self.parsed, SigmaCorrelationRule)

    @property
    def author(self) -> str:
        """Who wrote it, for every message about a match: its licence wants that."""
        return " ".join(str(self.parsed.author or "unknown").split())

    @property
    def id(self) -> str:
        """The rule's id, or an empty text."""
        return str(self.parsed.id or "")

    @property
    def title(self) -> str:
        """The rule's title on one line."""
        return " ".join(str(self.parsed.title or "").split()) or self.path.stem

    @property
    def level(self) -> str:
        """The rule's level; medium if it has none."""
        return self.parsed.level.name.lower() if self.parsed.level else "medium"

    @property
    def references(self) -> list[str]:
        """What other rules may call it."""
        names = (self.id, self.parsed.name, self.parsed.title)
        return [str(name) for name in names if name]

    @property
    def name(self) -> str:
        """The name of its detection: the file's stem; with the title, if the file has more."""
        words = self.path.stem if self.is_lone else f"{self.path.stem}_{self.title}"
        name = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:_NAME_LENGTH].strip("_")
        return name if name[:1].isalpha() else f"sigma_{name}"[:_NAME_LENGTH]

    @property
    def attack(self) -> tuple[list[str], list[str]]:
        """ATT&CK tactics and techniques among its tags."""
        tags = [tag.name for tag in self.parsed.tags if tag.namespace == "attack"]
        techniques = [tag.upper() for tag in tags if re.fullmatch(r"t\d{4}(\.\d{3})?", tag)]
        tactics = [
            " ".join(word if word == "and" else word.title() for word in re.split("[-_]", tag))
            for tag in tags
            if re.fullmatch(r"[a-z]+([-_][a-z]+)*", tag)
        ]
        return tactics, techniques


@dataclass(frozen=True)
class Unread:
    """A file or a rule that cannot be used, and why."""

    path: Path
    title: str
    reason: str


@dataclass
class Collection:
    """Rules, those that are none, and how many files they came from."""

    rules: list[Rule]
    unread: list[Unread]
    files: int

    def find(self, reference: str, asking: Path) -> Rule:
        """The rule of an id, a name or a title, first of the file that asks. Raises Refused."""
        found = [rule for rule in self.rules if reference in rule.references]
        for rule in sorted(found, key=lambda each: each.path != asking):
            return rule
        raise Refused(f"it refers to the rule '{visible(reference)}', which is not here")

    @property
    def counted(self) -> set[int]:
        """The rules that only stand for a correlation to count them, by id()."""
        found = set()
        for rule in self.rules:
            if isinstance(rule.parsed, SigmaCorrelationRule) and not rule.parsed.generate:
                for each in rule.parsed.rules or ():
                    try:
                        found.add(id(self.find(each.reference, rule.path)))
                    except Refused:
                        continue
        return found


def read_rules(paths: Iterable[Path], pipeline: Path | None = None) -> Collection:
    """Read the rules of files and of folders.

    pipeline: a pySigma pipeline that is applied to each rule, for placeholders and field names

    Raises WrongUsage if a path holds no .yml, TrailhoundError for an unreadable pipeline.
    """
    apply = _pipeline(pipeline) if pipeline else None
    files = list(_files(paths))
    rules: list[Rule] = []
    unread: list[Unread] = []
    seen: set[str] = set()
    for path in files:
        try:
            documents = _documents(path)
        except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
            unread.append(Unread(path, path.stem, f"it is no YAML: {_one_line(error)}"))
            continue
        except Refused as refused:
            unread.append(Unread(path, path.stem, str(refused)))
            continue
        for document in documents:
            title = str(document.get("title") or path.stem)
            try:
                outputs = _outputs(documents)
                is_lone = outputs < 2 or ("correlation" in document and outputs == 1)
                parsed = _parsed(document, apply)
                rule = Rule(path, parsed, is_lone, _tree(parsed))
            except (SigmaError, Refused) as error:
                unread.append(Unread(path, title, _one_line(error)))
                continue
            except Exception as error:  # pySigma trusts that each part is of its type
                unread.append(Unread(path, title, f"it is no Sigma rule: {_one_line(error)}"))
                continue
            if rule.id and rule.id in seen:
                unread.append(Unread(path, title, f"another file has the rule {rule.id} too"))
                continue
            seen.add(rule.id)
            rules.append(rule)
    return Collection(rules, unread, len(files))


def _outputs(documents: Sequence[Mapping[str, Any]]) -> int:
    """How many rules of a file become detections: those that a correlation counts do not."""
    correlations = [each for each in documents if "correlation" in each]
    if not correlations:
        return len(documents)
    generate = any((each.get("correlation") or {}).get("generate") for each in correlations)
    return len(documents) if generate else len(correlations)


def _documents(path: Path) -> list[Mapping[str, Any]]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    documents = [each for each in yaml.load_all(path.read_text("utf-8-sig"), loader) if each]
    if not documents or not all(isinstance(each, dict) for each in documents):
        raise Refused("there is no rule in it")
    return documents


def _parsed(
    document: Mapping[str, Any], pipeline: ProcessingPipeline | None
) -> SigmaRule | SigmaCorrelationRule:
    if "correlation" in document:
        return SigmaCorrelationRule.from_dict(dict(document))
    source = document.get("logsource") or {}
    product, service = source.get("product"), source.get("service")
    if (product, service) != ("aws", "cloudtrail"):
        of = "/".join(str(each) for each in (product, service) if each) or "not named"
        raise Refused(f"its log source is {visible(of)}, not aws/cloudtrail")
    condition = (document.get("detection") or {}).get("condition")
    for each in condition if isinstance(condition, list) else [condition]:
        if re.search(r"\||\bnear\b", str(each)):
            raise Refused("its condition counts in Sigma's old way: write a correlation")
    if "timeframe" in (document.get("detection") or {}):
        raise Refused("it has a timeframe: write a correlation")
    whole = {**document, "detection": _as_written(document.get("detection"))}
    try:
        rule = SigmaRule.from_dict(whole, policy=SigmaPolicy(_QuietRE2()))
    except SigmaRegularExpressionError as error:
        raise Refused(f"a regular expression is not one of RE2: {_one_line(error)}") from error
    if pipeline:
        pipeline.apply(rule)
    return rule


def _as_written(value: object, key: str = "") -> object:
    """The same with numbers as texts, for pySigma rounds long ones; what a modifier gets stays."""
    if isinstance(value, dict):
        return {name: _as_written(each, str(name)) for name, each in value.items()}
    if isinstance(value, list):
        return [_as_written(each, key) for each in value]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number and "|" not in key else value


def _tree(rule: SigmaRule | SigmaCorrelationRule) -> object:
    if isinstance(rule, SigmaCorrelationRule):
        return None
    conditions = [each.parsed for each in rule.detection.parsed_condition]
    return conditions[0] if len(conditions) == 1 else ConditionOR(list(conditions))


class _QuietRE2(RE2RegexEngine):
    """RE2, which DuckDB has too; it says what is wrong in its error and not on stderr besides."""

    def compile(self, pattern: str, flags: int = 0) -> Any:  # noqa: ARG002 - added for the query
        options = self._re2.Options()
        options.log_errors = False
        return self._re2.compile(pattern, options)


def _pipeline(path: Path) -> ProcessingPipeline:
    try:
        return ProcessingPipeline.from_yaml(path.read_text(encoding="utf-8"))
    except (OSError, SigmaError, yaml.YAMLError, TypeError, KeyError) as error:
        raise TrailhoundError(f"{path}: no pipeline of pySigma: {_one_line(error)}") from error


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_file():
            yield path
            continue
        found = sorted(each for ending in ("yml", "yaml") for each in path.rglob(f"*.{ending}"))
        if not found:
            raise WrongUsage(f"{path} holds no Sigma rule (.yml)")
        yield from found


def _one_line(error: Exception) -> str:
    return visible(" ".join(str(error).split()))
