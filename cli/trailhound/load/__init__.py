"""Loading CloudTrail files into `cloudtrail_logs` on DuckDB."""

from trailhound.load.reader import load
from trailhound.load.report import LoadError, LoadReport, NoSuchFile, Problem, Progress
from trailhound.load.store import ensure_table

__all__ = [
    "LoadError",
    "LoadReport",
    "NoSuchFile",
    "Problem",
    "Progress",
    "ensure_table",
    "load",
]
