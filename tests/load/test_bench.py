"""The benchmark itself, on a trail of a few events."""

import re
import subprocess
import sys
from pathlib import Path

from load_support import load_paths

ROOT = Path(__file__).parents[2]


def test_benchmark(tmp_path):
    command = [sys.executable, "-m", "bench", "--only", "one", "--scale", "0.0005"]
    done = subprocess.run(
        [*command, "--folder", tmp_path], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    rows = [line[:20].strip() for line in done.stdout.splitlines() if re.search(r"\d$", line)]
    assert rows[-4:] == ["naive DuckDB query", "inflate alone", "load", "run"]
    assert len(load_paths(tmp_path / "one-0.0005/one.json.gz").valid) == 200
