"""The table of faults in the docs: every row names its tests, and they exist."""

import re
from pathlib import Path

TABLE = Path(__file__).parents[2] / "docs" / "faults.md"


def test_every_row_names_tests_that_exist():
    rows = [line for line in TABLE.read_text().splitlines() if line.startswith("| ")]
    rows = [row for row in rows if not row.startswith("| fault |")]
    assert len(rows) > 30
    for row in rows:
        tests = re.findall(
            r"`(test_\w+\.py)::(test_\w+)`", row.rpartition("|")[0].rpartition("|")[2]
        )
        assert tests, row
        for file, name in tests:
            [source] = (TABLE.parents[1] / "tests").rglob(file)
            assert re.search(rf"^def {name}\(", source.read_text(), re.MULTILINE), f"{file}::{name}"
