"""Hourly runs on a real Trino, one after the other: whether the last costs what the tenth did.

    PYTHONPATH=tests python -m engines.hourly_runs [RUNS]

Each hour brings 100 events; each 24th run is followed by upkeep that keeps no old snapshot. Prints
for the runs before upkeep the mean seconds of the last ten, and what the tables take then.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engines.run_costs import some_events
from engines.trino_server import iceberg_on_files, running_trino
from engines.warehouse import TrinoWarehouse
from support import project_with

# One without a window, one within one, one that looks back.
_DETECTIONS = (
    "aws_critical_changes_to_logging", "iam_multiple_users_created", "aws_activity_in_new_region",
)  # fmt: skip
_FIRST_HOUR = datetime(2026, 3, 1, tzinfo=UTC)
_KEEP_NOTHING = {
    "iceberg.expire-snapshots.min-retention": "0s",
    "iceberg.remove-orphan-files.min-retention": "0s",
}


def main() -> None:
    """Run hour after hour."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with running_trino() as server, tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        own = project_with(_DETECTIONS, folder / "project")
        warehouse = TrinoWarehouse(server, folder / "warehouse", "hourly", {}, own)
        server.client().execute("drop catalog hourly")
        server.add_catalog(
            "hourly", "iceberg", {**iceberg_on_files(warehouse.folder), **_KEEP_NOTHING}
        )
        warehouse.make_table(f"{_FIRST_HOUR:%Y-%m-%d}")
        warehouse.run("dbt", "seed")
        draw, seconds = random.Random(1), list[float]()
        for number in range(1, runs + 1):
            hour = _FIRST_HOUR + timedelta(hours=number - 1)
            warehouse.deliver(f"{hour:%Y/%m/%d}", some_events(draw, hour, 1), f"{hour:%H}")
            start = time.monotonic()
            warehouse.run("dbt", "run")
            seconds.append(time.monotonic() - start)
            if number % 24 == 0 or number in (10, runs):
                _tell(number, seconds, warehouse)
            if number % 24 == 0:
                warehouse.run("dbt", "run-operation", "upkeep", variables={"upkeep_days": 0})
                _tell("upkeep", [], warehouse)


def _tell(title: object, seconds: list[float], warehouse: TrinoWarehouse) -> None:
    last = seconds[-10:]
    files = [each for each in (warehouse.folder / "metastore").rglob("*") if each.is_file()]
    metadata = [each for each in files if each.parent.name == "metadata"]
    days = len({part for each in files for part in each.parts if part.startswith("event_date=")})
    print(
        f"{title!s:>7} {sum(last) / len(last) if last else 0:6.1f} s {len(files) - len(metadata):6}"
        f" data files of {days} days, {len(metadata):6} of metadata with "
        f"{sum(each.stat().st_size for each in metadata) / 1e6:8.2f} MB",
        flush=True,
    )


if __name__ == "__main__":
    main()
