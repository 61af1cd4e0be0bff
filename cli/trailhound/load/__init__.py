"""Loading CloudTrail files into `cloudtrail_logs` on DuckDB."""

import os

# numpy only scans bytes here; its linear algebra would start threads that spin for nothing.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from trailhound.load.reader import load
from trailhound.load.result import LoadError, LoadReport, NoSuchFile, NothingRead, Problem, Progress
from trailhound.load.store import ensure_table

__all__ = [
    "LoadError",
    "LoadReport",
    "NoSuchFile",
    "NothingRead",
    "Problem",
    "Progress",
    "ensure_table",
    "load",
]
