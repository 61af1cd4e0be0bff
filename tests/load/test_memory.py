"""Memory does not grow with a file: the benchmark measures it at full size."""

import json
import subprocess
import sys

import pytest
from load_support import event

LOAD = r"""
import re, sys, duckdb
from trailhound.load import load
connection = duckdb.connect(sys.argv[1], config={"threads": 2})
report = load(connection, [sys.argv[2]], memory_limit="256MB")
# What getrusage tells starts at the size of the process that started this one.
print(report.valid, re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("is_cut", [False, True], ids=["whole, the fast way", "cut, carefully"])
def test_one_document_of_300_mb(tmp_path, is_cut):
    text = json.dumps(event(userAgent="agent " * 300)).encode()
    count = 300_000_000 // len(text)
    path = tmp_path / "one.json"
    with path.open("wb") as out:
        out.write(b'{"Records":[' + text)
        for _ in range(count // 1000):
            out.write((b"," + text) * 1000)
        out.write(b',{"cut' if is_cut else b"]}")
    done = subprocess.run(
        [sys.executable, "-c", LOAD, tmp_path / "store.duckdb", path],
        capture_output=True,
        check=True,
        text=True,
    )
    records, peak_kb = map(int, done.stdout.split())
    assert records == count // 1000 * 1000 + 1
    assert peak_kb < 800_000
