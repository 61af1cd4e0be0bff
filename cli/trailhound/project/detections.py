"""The detections of a project, read from their .yml files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from trailhound.errors import TrailhoundError, WrongUsage, unknown
from trailhound.project.globs import glob_matches
from trailhound.project.project import NAME, Project, parse_yaml

SEVERITIES = ("low", "medium", "high", "critical")

_NUMBERS = ("threshold", "minutes", "share_percent", "signal")

META = {
    "title": "What an alert says it is; must be there.",
    "severity": f"{', '.join(SEVERITIES[:-1])} or {SEVERITIES[-1]}; must be there.",
    "kind": "request, count, distinct, ratio, sequence, combination, first_seen, above_baseline or "
    "travel. It says how `trailhound explain` tells of an alert; without it, count.",
    "tactics": "Names of ATT&CK tactics.",
    "techniques": "Ids of ATT&CK techniques.",
    "threshold": "The count at which it fires, from 1 on. Without it each counted event fires.",
    "minutes": "The length of the window. Without it each event stands alone.",
    "share_percent": "Of kind ratio: the share that fires, 1 to 100.",
    "lookback_days": "Days of history that it compares a day with: an event that comes late "
    "changes alerts of so many days after it.",
    "key": "`login` where alerts are of a login's ARN rather than of an entity.",
    "act": "What detections of the same act have in common: it counts once in an incident.",
    "risk": "What an alert weighs in an incident, where that is not by its severity.",
    "signal": "true: what it finds only adds to incidents and wakes nobody.",
    "calls": "The calls that it reads, by AWS service: a warehouse looks at no others, and where "
    "none is new it is left alone.",
    "needs_data_events": "true: it is idle where the trail logs no S3 data events.",
    "false_positives": "What fires it and is harmless: a text or a list of them.",
    "blind_spots": "What it does not see: a text or a list of them.",
    "triage": "What an analyst asks of an alert: a list of `question:` and `sql:`.",
    "references": "Where more is to be read: a text or a list of them.",
    "author": "Who wrote the rule that it was made of.",
    "sigma": "Of the Sigma rule that it was made of: `id:`, and `notes:` on what it cannot mean.",
}
"""What is read of a detection's meta, and what it means.

Other keys are their owner's, if they do not look like one.
"""

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/|\{#.*?#\}", re.DOTALL)
# A macro that is neither ours nor dbt's may hold what is missing: only the compiled SQL tells then.
_OTHER_MACRO = re.compile(r"\{\{-?\s*(?!trailhound\.|ref\b|source\b|var\b)[\w.]+\(")
_ENDING = re.compile(r"\balert_per_\w+\(\s*(?:['\"](\w+)['\"])?")


class Triage(NamedTuple):
    """A question that an analyst asks of an alert, and the query that answers it."""

    question: str
    sql: str


@dataclass(frozen=True)
class Detection:
    """What a detection's .yml says, with the threshold and window in force."""

    name: str
    service: str
    path: Path
    title: str
    description: str
    severity: str
    tactics: tuple[str, ...]
    techniques: tuple[str, ...]
    kind: str
    act: str
    """What several detections see of one act counts once in an incident; its own name if alone."""
    threshold: int | None
    minutes: int | None
    share_percent: int | None
    is_signal: bool
    needs_data_events: bool
    enabled: bool
    false_positives: tuple[str, ...]
    triage: tuple[Triage, ...]
    blind_spots: tuple[str, ...]
    references: tuple[str, ...]
    author: str
    sigma_id: str
    """The id of the Sigma rule it was made of, or an empty text."""
    sigma_notes: tuple[str, ...]
    """What the import found to doubt in that rule: blind spots too."""

    @property
    def fires_at(self) -> str:
        """When it fires, for people: `each event`, `new`, `≥ 5 in 10 min`, `within 60 min`."""
        if self.kind == "first_seen":
            return "new"
        if self.kind == "travel":
            return f"≥ {self.threshold} km"
        if self.threshold is None:
            return "each event" if self.minutes is None else f"within {self.minutes} min"
        within = f"{self.minutes} min" if self.minutes is not None else "one request"
        return f"≥ {self.threshold} in {within}"


def read_detections(
    project: Project,
    variables: Mapping[str, Any] | None = None,
    faults: dict[str, str] | None = None,
) -> list[Detection]:
    """All detections of the project in the order of their names.

    variables: the dbt variables given for this run. faults: takes what is wrong with a detection
    that breaks the contract, by its name, in one line; without it TrailhoundError is raised.
    """
    in_force = project.variables(dict(variables or {}))
    package = project if project.is_whole else Project(project.package)  # what it read is kept
    _refuse_no_numbers(in_force, package.variables({}))
    found = []
    for folder in project.detection_folders:
        for path in sorted({each.with_suffix("") for each in _files(folder)}):
            try:
                found.append(_detection(path.with_suffix(".yml"), in_force, project))
            except WrongUsage:
                raise
            except TrailhoundError as error:
                if faults is None:
                    raise
                faults[path.name] = str(error)
    _refuse_unknown(variables or {}, [each.name for each in found])
    found.sort(key=lambda each: each.name)
    for one, other in pairwise(found):
        if one.name == other.name:
            raise TrailhoundError(
                f"two detections are named {one.name}: {one.path} and {other.path}"
            )
    return found


def _files(folder: Path) -> Iterator[Path]:
    """The files of detections; the alerts of a .sql that no .yml names would be lost."""
    yield from folder.rglob("*.yml")
    for path in folder.rglob("*.sql"):
        if "alert_per_" in path.read_text(encoding="utf-8"):
            yield path


def _refuse_unknown(variables: Mapping[str, Any], names: Sequence[str]) -> None:
    """Raise WrongUsage for a number of a detection that there is not: dbt would pass it over."""
    for variable in variables:
        name, _, key = variable.rpartition("__")
        if variable == "incidents__minutes" or (name in names and key in _NUMBERS):
            continue
        if name and key in _NUMBERS:
            raise unknown("detection", name, names)
        if variable in _NUMBERS or any(variable.startswith(each) for each in names):
            raise WrongUsage(
                f"the variable '{variable}' means nothing: write DETECTION__threshold or "
                "DETECTION__minutes"
            )


def _refuse_no_numbers(in_force: Mapping[str, Any], shipped: Mapping[str, Any]) -> None:
    """Raise WrongUsage for a variable that must be a whole number, or a list of them: it is SQL."""
    for name, usual in shipped.items():
        value = in_force.get(name)
        if isinstance(value, str) and "{{" in value:  # dbt_project.yml may ask the environment
            continue
        if type(usual) is int and not (type(value) is int and value >= 0):
            raise WrongUsage(f"the variable {name} must be a whole number, not {value!r}")
        is_list = isinstance(value, list) and all(type(each) is int for each in value)
        if isinstance(usual, list) and usual and type(usual[0]) is int and not is_list:
            raise WrongUsage(f"the variable {name} must list whole numbers, not {value!r}")


def select(detections: Sequence[Detection], patterns: Iterable[str]) -> list[Detection]:
    """The detections that any of the names or globs names; without patterns, all.

    Raises WrongUsage if a pattern names none.
    """
    wanted = select_names([each.name for each in detections], patterns)
    return [each for each in detections if each.name in wanted]


def select_names(names: Sequence[str], patterns: Iterable[str]) -> set[str]:
    """As `select`, for names of detections."""
    wanted = list(patterns)
    for pattern in wanted:
        if not pattern or not any(glob_matches(pattern, name) for name in names):
            raise unknown("detection", pattern, names)
    return {
        name
        for name in names
        if not wanted or any(glob_matches(pattern, name) for pattern in wanted)
    }


def severity_rank(severity: str) -> int:
    """Where a severity stands, the least at 0; -1 for a text that is none."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else -1


def find(detections: Sequence[Detection], name: str) -> Detection:
    """The detection of that very name. Raises WrongUsage if there is none."""
    for each in detections:
        if each.name == name:
            return each
    raise unknown("detection", name, [each.name for each in detections])


def _detection(path: Path, variables: Mapping[str, Any], project: Project) -> Detection:
    if not path.exists():
        raise TrailhoundError(f"{path.with_suffix('.sql')} has no {path.name} beside it")
    # The unit tests below the metadata are most of the file and none of the catalogue.
    text = path.read_text(encoding="utf-8").split("\nunit_tests:", 1)[0]
    # How a brace is written that dbt's Jinja leaves alone.
    models = parse_yaml(text.replace('{{ "{" }}', "{"), path).get("models")
    if not isinstance(models, list) or len(models) != 1 or not isinstance(models[0], dict):
        raise TrailhoundError(f"{path} must describe one model under models:")
    model = models[0]
    config = model.get("config") or {}
    meta = config.get("meta") or {}
    for key in meta.keys() - META.keys():
        if near := get_close_matches(str(key), META, n=1, cutoff=0.8):
            raise TrailhoundError(f"{path}: there is no '{key}' in meta:. Did you mean {near[0]}?")
    missing = [key for key in ("title", "severity") if not meta.get(key)]
    if "name" not in model or missing:
        raise TrailhoundError(f"{path} lacks {', '.join(missing or ['name'])}")
    name = str(model["name"])
    if name != path.stem:
        raise TrailhoundError(f"{path}: the name '{name}' is not that of the file")
    if empty := [key for key in _NUMBERS if key in meta and meta[key] is None]:
        raise TrailhoundError(f"{path}: {empty[0]}: is empty; give a number or leave it out")
    if meta["severity"] not in SEVERITIES:
        raise TrailhoundError(
            f"{path}: severity must be one of {', '.join(SEVERITIES)}, not '{meta['severity']}'"
        )
    enabled = _enabled(path, config, project)
    if enabled and (sql := path.with_suffix(".sql")).exists():
        _check_sql(sql)
    sigma = meta.get("sigma") or {}
    notes = _texts(sigma.get("notes"))
    return Detection(
        name=name,
        service=path.parent.name,
        path=path,
        title=str(meta["title"]),
        description=str(model.get("description", "")).strip(),
        severity=str(meta["severity"]),
        tactics=_texts(meta.get("tactics")),
        techniques=_texts(meta.get("techniques")),
        kind=str(meta.get("kind", "count")),
        act=str(meta.get("act") or name),
        threshold=_number(name, "threshold", meta, variables, path),
        minutes=_number(name, "minutes", meta, variables, path),
        share_percent=_number(name, "share_percent", meta, variables, path),
        is_signal=_signal(name, meta, variables, path),
        needs_data_events=bool(meta.get("needs_data_events", False)),
        enabled=enabled,
        false_positives=_texts(meta.get("false_positives")),
        triage=tuple(_triage(each, path) for each in meta.get("triage") or ()),
        blind_spots=(*_texts(meta.get("blind_spots")), *notes),
        references=_texts(meta.get("references")),
        author=str(meta.get("author") or ""),
        sigma_id=str(sigma.get("id") or ""),
        sigma_notes=notes,
    )


def _check_sql(path: Path) -> None:
    """Raise TrailhoundError if a detection's .sql cannot compile to what tools ask of it.

    Where this sees nothing wrong analyst/counted.py may: it reads the compiled SQL.
    """
    sql = _COMMENT.sub("", path.read_text(encoding="utf-8"))
    if _OTHER_MACRO.search(sql):
        return
    ending = _ENDING.search(sql)
    if ending is None:
        raise TrailhoundError(f"{path} does not end in one of the macros trailhound.alert_per_…")
    if ending[1] and not re.search(rf"\b{ending[1]}\b(?=[^)]*\)?\s*as\b)", sql[: ending.start()]):
        raise TrailhoundError(f"{path} has no CTE {ending[1]}, which its ending reads")
    if "countable(" not in sql:
        raise TrailhoundError(
            f"{path} counts without trailhound.countable(): the allow-list does not apply"
        )


def _enabled(path: Path, own: Mapping[str, Any], project: Project) -> bool:
    """Whether dbt builds a detection: its .yml says so, or dbt_project.yml on the way to its name.

    The deepest place there counts. Of a package's models the project that uses it has the last
    word, of its own the .yml.
    """
    is_of_package = project.package != project.root and path.is_relative_to(project.package)
    place: Any = project.config.get("models")
    said: Any = None
    for key in (NAME if is_of_package else project.config.get("name"), path.parent.name, path.stem):
        place = place.get(key) if isinstance(place, dict) else None
        if isinstance(place, dict):
            said = place.get("+enabled", place.get("enabled", said))
    first, second = (said, own.get("enabled")) if is_of_package else (own.get("enabled"), said)
    return (second if first is None else first) is not False


def _number(
    name: str, key: str, meta: Mapping[str, Any], variables: Mapping[str, Any], path: Path
) -> int | None:
    """A threshold or window in force: the variable, else the default in the .yml."""
    variable = f"{name}__{key}"
    value = variables.get(variable, meta.get(key))
    if value is None:
        return None
    is_share = key == "share_percent"
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if is_whole and value >= 1 and not (is_share and value > 100):
        return int(value)
    wanted = "from 1 to 100" if is_share else "of at least 1"
    raise _wrong(variable, f"{key} must be a whole number {wanted}, not {value!r}", variables, path)


def _signal(name: str, meta: Mapping[str, Any], variables: Mapping[str, Any], path: Path) -> bool:
    """Whether its alerts are signals: the variable, else what the .yml says."""
    variable = f"{name}__signal"
    value = variables.get(variable, meta.get("signal", False))
    if isinstance(value, bool):
        return value
    raise _wrong(variable, f"signal must be true or false, not {value!r}", variables, path)


def _wrong(variable: str, fault: str, variables: Mapping[str, Any], path: Path) -> TrailhoundError:
    """What is wrong with a variable, or with the default in the .yml."""
    if variable in variables:
        return WrongUsage(f"variable {variable}: {fault}")
    return TrailhoundError(f"{path}: {fault}")


def _triage(step: Any, path: Path) -> Triage:
    if not isinstance(step, dict) or not {"question", "sql"} <= step.keys():
        raise TrailhoundError(f"{path}: each step of triage: needs question: and sql:")
    return Triage(str(step["question"]).strip(), str(step["sql"]).strip())


def _texts(value: Any) -> tuple[str, ...]:
    """A text or a list of them."""
    if value is None:
        return ()
    return tuple(str(each).strip() for each in (value if isinstance(value, list) else [value]))
