"""The .yml of a detection that was made of a rule."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from trailhound.sigma.rules import Rule
from trailhound.sigma.shape import Shape
from trailhound.text import visible

_SEVERITIES = {"informational": "low"}
# A brace that would begin Jinja, as dbt renders it and read_detections() reads it.
_BRACE = '{{ "{" }}'
_DATA_EVENTS = {
    "GetObject", "PutObject", "DeleteObject", "DeleteObjects", "CopyObject", "HeadObject",
    "UploadPart", "UploadPartCopy", "GetObjectAcl", "PutObjectAcl", "Invoke", "GetItem", "PutItem",
}  # fmt: skip


def comment(text: str) -> str:
    """A text for a comment of one line in a template."""
    return re.sub(r"[{}]", "", visible(" ".join(text.split())))


def metadata(  # noqa: PLR0913, PLR0917 - each is a part of the file
    rule: Rule,
    name: str,
    shape: Shape,
    notes: Sequence[str],
    event_names: set[str],
    tests: Sequence[Mapping[str, Any]],
) -> str:
    """The text of the .yml.

    notes:        what an analyst should know of the condition
    event_names:  the calls that the rule names
    tests:        unit tests; without any, a comment says why
    """
    parsed = rule.parsed
    tactics, techniques = rule.attack
    told = list(dict.fromkeys(notes))
    meta: dict[str, Any] = {
        "title": rule.title,
        "severity": _SEVERITIES.get(rule.level, rule.level),
        "kind": shape.kind,
        "tactics": tactics,
        "techniques": techniques,
        **({"threshold": shape.threshold} if shape.threshold is not None else {}),
        "minutes": shape.minutes,
        "needs_data_events": bool(event_names) and event_names <= _DATA_EVENTS,
        "false_positives": [str(each) for each in parsed.falsepositives] or ["None are named."],
        "blind_spots": ["Calls of AWS services do not count."],
        "triage": [{"question": "Which events were they?", "sql": _TRIAGE}],
        "references": [each for each in map(str, parsed.references) if _URL.match(each)],
        "author": rule.author,
        "sigma": {
            "id": rule.id,
            "author": rule.author,
            "licence": str(parsed.license or "DRL 1.1"),
            "status": parsed.status.name.lower() if parsed.status else "",
            "level": rule.level,
            **({"notes": told} if told else {}),
        },
    }
    description = f"{rule.title}.\n\n{parsed.description or ''}".strip()
    text = _dump({"models": [{"name": name, "description": description, "config": {"meta": meta}}]})
    if not tests:
        return f"{text}\n# No event could be made of the rule's condition: its tests are yours.\n"
    return f"{text}\n{_dump({'unit_tests': list(tests)})}"


_URL = re.compile(r"https?://")
_TRIAGE = """\
select event_time, event_source, event_name, outcome, aws_region, source_ip, user_agent,
  request_parameters
from cloudtrail_events
where account_id = :account_id and entity_id = :entity_id
  and event_time between :first_seen and :last_seen
order by event_time, event_id
"""


class _Dumper(yaml.SafeDumper):
    """Writes YAML as people do: lists below their key, long texts as blocks, nothing shared."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text and not re.search(r"[ \t]\n", text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _dump(document: Any) -> str:
    return yaml.dump(
        _without_jinja(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=96
    )


def _without_jinja(value: Any) -> Any:
    """Texts that dbt renders to what they were."""
    if isinstance(value, str):
        return re.sub(r"\{(?=[{%#])", lambda _: _BRACE, value)
    if isinstance(value, dict):
        return {key: _without_jinja(each) for key, each in value.items()}
    return [_without_jinja(each) for each in value] if isinstance(value, list) else value
