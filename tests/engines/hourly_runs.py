"""Hourly runs on a real Trino, one after the other: whether the last costs what the tenth did.

    PYTHONPATH=tests python -m engines.hourly_runs [RUNS]

Each hour brings 100 events; each 24th run is followed by upkeep that keeps no old snapshot. The
catalog is set as docs/warehouse.md advises. Prints of each tenth run after an upkeep, and of the
last, the mean of it and the nine before: seconds on the clock and of CPU (Trino's and dbt's), what
a run writes into the tables' folders; and what stands there. Run 490 compares with run 10.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engines.run_costs import some_events
from engines.trino_server import TrinoServer, iceberg_on_files, running_trino
from engines.warehouse import TrinoWarehouse
from support import dbt, project_with

# One without a window, one within one, one that looks back.
_DETECTIONS = (
    "aws_critical_changes_to_logging", "iam_multiple_users_created", "aws_activity_in_new_region",
)  # fmt: skip
_FIRST_HOUR = datetime(2026, 3, 1, tzinfo=UTC)
_CATALOG = {
    "iceberg.extended-statistics.collect-on-write": "false",
    "iceberg.expire-snapshots.min-retention": "0s",
    "iceberg.remove-orphan-files.min-retention": "0s",
}
_UPKEEP = {"upkeep_days": 0, "upkeep_metadata_versions": 10}


@dataclass(frozen=True)
class Cost:
    """What a run took and wrote."""

    seconds: float
    cpu_seconds: float
    data_files: int
    metadata_files: int
    metadata_bytes: int


def main() -> None:
    """Run hour after hour."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with running_trino() as server, tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        own = project_with(_DETECTIONS, folder / "project")
        warehouse = TrinoWarehouse(server, folder / "warehouse", "hourly", {}, own)
        server.client().execute("drop catalog hourly")
        server.add_catalog("hourly", "iceberg", {**iceberg_on_files(warehouse.folder), **_CATALOG})
        warehouse.make_table(f"{_FIRST_HOUR:%Y-%m-%d}")
        warehouse.run("dbt", "seed")
        draw, costs = random.Random(1), deque[Cost](maxlen=10)
        for number in range(1, runs + 1):
            hour = _FIRST_HOUR + timedelta(hours=number - 1)
            warehouse.deliver(f"{hour:%Y/%m/%d}", some_events(draw, hour, 1), f"{hour:%H}")
            costs.append(_run(warehouse))
            if number % 24 == 10 or number == runs:
                _tell(number, costs, warehouse)
            if number % 24 == 0:
                warehouse.run("dbt", "run-operation", "upkeep", variables=_UPKEEP)


def _run(warehouse: TrinoWarehouse) -> Cost:
    before, start, cpu = _files(warehouse), time.monotonic(), _cpu_seconds(warehouse.server)
    done = dbt(
        *("--log-path", warehouse.folder / "logs", "run"),
        *("--project-dir", warehouse.project, "--profiles-dir", warehouse.project),
        *("--target-path", warehouse.folder / "target", "--vars", json.dumps(warehouse.variables)),
        **warehouse.environment,
    )
    assert done.exit_code == 0, done.output[-3000:]
    seconds, spent = time.monotonic() - start, _cpu_seconds(warehouse.server) - cpu
    written = {path: size for path, size in _files(warehouse).items() if path not in before}
    metadata = [size for path, size in written.items() if path.parent.name == "metadata"]
    return Cost(seconds, spent, len(written) - len(metadata), len(metadata), sum(metadata))


def _cpu_seconds(server: TrinoServer) -> float:
    """Seconds of CPU of the server and of this process, in which dbt runs."""
    # The 14th and 15th field of proc(5), which are behind the name in parentheses.
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK") + time.process_time()


def _files(warehouse: TrinoWarehouse) -> dict[Path, int]:
    paths = (warehouse.folder / "metastore").rglob("*")
    return {path: path.stat().st_size for path in paths if path.is_file()}


def _tell(number: int, costs: Sequence[Cost], warehouse: TrinoWarehouse) -> None:
    stand = _files(warehouse)
    metadata = [size for path, size in stand.items() if path.parent.name == "metadata"]

    def mean(of: Callable[[Cost], float]) -> float:
        return sum(map(of, costs)) / len(costs)

    print(
        f"{number:4} {mean(lambda run: run.seconds):5.1f} s, of CPU"
        f" {mean(lambda run: run.cpu_seconds):5.1f}; writes"
        f" {mean(lambda run: run.data_files):5.1f} data files,"
        f" {mean(lambda run: run.metadata_files):5.1f} of metadata of"
        f" {mean(lambda run: run.metadata_bytes) / 1e6:5.2f} MB; stand"
        f" {len(stand) - len(metadata):5} and {len(metadata):5} of {sum(metadata) / 1e6:6.1f} MB",
        flush=True,
    )


if __name__ == "__main__":
    main()
