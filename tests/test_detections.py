"""Rules about detections, one test over all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
SQL_FILES = sorted((ROOT / "detections").glob("*/*.sql"))
SEED_DETECTIONS = 15
REQUIRED_META = {
    "title", "kind", "severity", "tactics", "techniques", "needs_data_events", "false_positives",
    "blind_spots", "triage", "references",
}  # fmt: skip
LONGEST = 120
KINDS = {
    "request", "count", "distinct", "ratio", "sequence", "combination", "first_seen",
    "above_baseline", "travel",
}  # fmt: skip


@pytest.fixture(params=SQL_FILES, ids=lambda path: path.stem)
def detection(request: pytest.FixtureRequest) -> Path:
    """The .sql of one detection."""
    path: Path = request.param
    return path


def described(sql_file: Path) -> dict[str, object]:
    parsed: dict[str, object] = yaml.safe_load(sql_file.with_suffix(".yml").read_text())
    return parsed


def model_of(sql_file: Path) -> dict[str, object]:
    models = described(sql_file)["models"]
    assert isinstance(models, list)
    assert [model["name"] for model in models] == [sql_file.stem]
    model: dict[str, object] = models[0]
    return model


def unit_tests_of(sql_file: Path) -> list[dict[str, object]]:
    tests = described(sql_file)["unit_tests"]
    assert isinstance(tests, list)
    return tests


def test_the_fifteen_of_the_rule_pack_are_there() -> None:
    assert len(SQL_FILES) >= SEED_DETECTIONS


def test_every_file_is_one_of_a_pair() -> None:
    names = {path.with_suffix("") for path in (ROOT / "detections").glob("*/*.*")}
    pairs = {path.with_suffix("") for path in SQL_FILES if path.with_suffix(".yml").is_file()}
    assert names == pairs


def test_names_are_unique(detection: Path) -> None:
    assert [path.stem for path in SQL_FILES].count(detection.stem) == 1


def test_the_metadata_is_whole(detection: Path) -> None:
    config = model_of(detection)["config"]
    assert isinstance(config, dict)
    meta = config["meta"]
    assert set(meta) >= REQUIRED_META
    assert meta["severity"] in {"low", "medium", "high", "critical"}
    assert all(re.fullmatch(r"T\d{4}(\.\d{3})?", technique) for technique in meta["techniques"])
    assert all(meta[key] for key in REQUIRED_META - {"needs_data_events"})
    assert len(str(model_of(detection)["description"])) > 100
    assert meta["kind"] in KINDS
    for step in meta["triage"]:
        assert set(step) == {"question", "sql"}


def test_the_sql_is_a_screenful_of_plain_sql(detection: Path) -> None:
    sql = detection.read_text()
    assert sql.startswith("-- ")
    assert len(sql.splitlines()) <= LONGEST
    for banned in ("{%", "target.", "config(", "qualify", "ilike"):
        assert banned not in sql.lower()
    assert re.search(r"\bcounted as \(", sql)
    assert "trailhound.countable(" in sql
    assert "trailhound.alert_per_" in sql


def test_a_sliding_window_stands_in_sight(detection: Path) -> None:
    sql = detection.read_text()
    config = model_of(detection)["config"]
    assert isinstance(config, dict)
    slides = "minutes" in config["meta"]
    assert ("trailhound.alert_per_burst(" in sql) == slides
    if slides:
        assert re.search(r" over (recent|previous_first|\()|distinct_over\('recent'\)", sql)
        assert "{{ trailhound.window_interval() }}" in sql


def test_distinct_values_are_counted_apart_by_what_windows_are_apart_by(detection: Path) -> None:
    sql = detection.read_text()
    counted = re.search(r"countable\('\w+', distinct=.*?(?:, by='(\w+)')?\) }}", sql)
    assert bool(counted) == ("distinct_over('recent')" in sql)
    if counted:
        keys = ", ".join(["account_id, entity_id", *filter(None, [counted[1]])])
        assert f"partition by {keys}\n" in sql[counted.end() :]


def test_unit_tests_show_it_fire_and_stay_quiet(detection: Path) -> None:
    config = model_of(detection)["config"]
    assert isinstance(config, dict)
    if config.get("enabled") is False:
        assert "unit_tests" not in described(detection)
        return
    tests = unit_tests_of(detection)
    names = [str(test["name"]) for test in tests]
    assert all(name.startswith(f"{detection.stem}_") for name in names)
    assert all(test.get("description") for test in tests)
    quiet = [test for test in tests if test["expect"] == {"rows": []}]
    fires = [test for test in tests if test not in quiet]
    assert fires
    assert quiet


def test_unit_tests_pin_the_numbers_they_need(detection: Path) -> None:
    config = model_of(detection)["config"]
    assert isinstance(config, dict)
    needed = {
        f"{detection.stem}__{key}" for key in ("threshold", "minutes") if key in config["meta"]
    }
    for test in unit_tests_of(detection) if config.get("enabled", True) else ():
        overrides = test.get("overrides", {})
        assert isinstance(overrides, dict)
        assert needed <= set(overrides.get("vars", {})), test["name"]
