"""What CONTRIBUTING.md says one more of a kind touches is what it touches."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

from support import ROOT, Invoke
from trailhound.formats import FORMATS
from trailhound.store.alerts import COLUMNS

SOURCES = [
    path
    for folder in ("cli", "macros", "models", "analyses", "tools")
    for path in (ROOT / folder).rglob("*.*")
    if path.suffix in (".py", ".sql", ".yml", ".js", ".html", ".jinja")
]


def stated(kind: str) -> set[str]:
    """The paths that the row of a kind names."""
    [row] = re.findall(rf"^\| {kind} \|(.*)$", (ROOT / "CONTRIBUTING.md").read_text(), re.M)
    return set(re.findall(r"`([^`]*/[^`]*)`", row))


def words(path: Path) -> set[str]:
    return set(re.findall(r"\w+", path.read_text(encoding="utf-8")))


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_a_detection(invoke: Invoke, folder: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, tracked.split("\0")):
        if not name.startswith("tests/logs/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    invoke("new", "guardduty/guardduty_gone", "--event-name", "DeleteDetector")
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {
        path.relative_to(folder).as_posix() for path in after if before.get(path) != after[path]
    } == {
        "detections/README.md",
        "detections/guardduty/guardduty_gone.sql",
        "detections/guardduty/guardduty_gone.yml",
    }
    assert "detections/README.md" in stated("detection")


def test_only_what_looks_back_for_days_is_named_in_a_model() -> None:
    detections = {path.stem: path for path in ROOT.glob("detections/*/*.yml")}
    found = {
        (named(path), re.findall(r"^ +kind: (\w+)", detections[name].read_text(), re.M)[0])
        for path in [*ROOT.glob("models/**/*.sql"), *ROOT.glob("macros/**/*.sql")]
        for name in words(path) & set(detections)
    }
    assert {path for path, _ in found} == {
        each for each in stated("detection") if each.startswith("models/")
    }
    assert {kind for _, kind in found} == {"first_seen", "above_baseline"}


def test_an_alert_column() -> None:
    columns = {column.name for column in COLUMNS}
    assert {named(path) for path in SOURCES if columns <= words(path)} == stated("alert column")


def test_an_output_format() -> None:
    shared = stated("output format") - {"cli/trailhound/formats/"}
    for format_name, entry in FORMATS.items():
        if format_name == "table":  # the page of a terminal is made with it too
            continue
        module = f"cli/trailhound/formats/{entry.target.split(':')[0]}.py"
        touched = {named(path) for path in SOURCES if f"write_{format_name}" in words(path)}
        assert touched == {module, *shared}


def test_a_spelling_of_an_engine() -> None:
    bodies = defaultdict(set)
    for path in ROOT.glob("macros/**/*.sql"):
        for _, name in re.findall(r"macro (default|duckdb|trino|athena)__(\w+)", path.read_text()):
            bodies[name].add(path)
    assert len(bodies) > 10
    assert {len(paths) for paths in bodies.values()} == {1}
    folders = {f"{named(path.parent)}/" for paths in bodies.values() for path in paths}
    assert folders == stated("engine's spelling")
