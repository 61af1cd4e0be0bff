"""Measures loading and building side by side, in one run: `python -m bench --help`."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import duckdb

from bench import detections, object_store, trail
from bench.measure import Cost, cost_of

ROOT = Path(__file__).parents[1]
TRAILHOUND = Path(sys.executable).with_name("trailhound")
OBJECTS = "objects"
NAIVE, INFLATE, LOAD, RUN = "naive DuckDB query", "inflate alone", "load", "run"


@dataclass(frozen=True)
class Trail:
    """A trail and who is measured on it. `write` makes it under the folder it is given."""

    title: str
    write: Callable[[Path], Path]
    contestants: tuple[str, ...] = (NAIVE, INFLATE, LOAD, RUN)


def trails(scale: float) -> dict[str, Trail]:
    """The trails by name, with so many times the events."""

    def folder(files: int, events: int) -> Callable[[Path], Path]:
        return partial(trail.write, files=max(1, int(files * scale)), events=events)

    def document(events: int) -> Callable[[Path], Path]:
        def write(folder: Path) -> Path:
            return trail.write_one(folder / "one.json.gz", int(events * scale)).parent

        return write

    return {
        "large": Trail("1,000,000 events in 200 files", folder(200, 5000)),
        "many": Trail("1,000,000 events in 2,000 files", folder(2000, 500)),
        "small": Trail("200,000 events in 20,000 files", folder(20_000, 10)),
        "one": Trail("400,000 events in one document of 500 MB", document(400_000)),
        "five": Trail("5,000,000 events in 1,000 files", folder(1000, 5000), (INFLATE, LOAD, RUN)),
        "giant": Trail(
            "1,600,000 events in one document of 2 GB", document(1_600_000), (INFLATE, LOAD, RUN)
        ),
    }


def main() -> None:
    """Write the trails that are missing, measure, print."""
    arguments = _arguments()
    known = trails(arguments.scale)
    print(_machine())
    names = arguments.only or [*known, OBJECTS]
    for name, chosen in known.items():
        if name not in names:
            continue
        where = arguments.folder / f"{name}-{arguments.scale:g}"
        files = chosen.write(where)
        print(
            f"\n{chosen.title}" + (f", times {arguments.scale:g}" if arguments.scale != 1 else "")
        )
        _compare(chosen.contestants, files, arguments.folder)
    if "large" in names:
        large = known["large"].write(arguments.folder / f"large-{arguments.scale:g}")
        _one_more_file(large, arguments.folder)
        _more_detections(large, arguments.folder)
    if OBJECTS in names:
        _objects(arguments.folder, int(50_000 * arguments.scale))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=[*trails(1), OBJECTS], help="default: all")
    parser.add_argument("--scale", type=float, default=1, help="times the events; default: 1")
    parser.add_argument(
        "--folder",
        type=Path,
        default=ROOT / ".cache" / "bench",
        help="where trails are kept for the next time",
    )
    return parser.parse_args()


def _machine() -> str:
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}, DuckDB {duckdb.__version__}"
    )


def _compare(contestants: Sequence[str], files: Path, scratch: Path) -> None:
    """Measure each contestant on a store of its own; print a row each, with the ratios."""
    costs = {}
    for contestant in contestants:
        store = _fresh(scratch / "store.duckdb")
        costs[contestant] = cost_of(_command(contestant, files, store))
        _fresh(store)
    print(
        f"{'':20}{'wall s':>9}{'cpu s':>9}{'MB':>7}{'cpu, naive = 1':>17}{'cpu, inflate = 1':>18}"
    )
    for contestant, cost in costs.items():
        naive, inflate = costs.get(NAIVE), costs[INFLATE]
        print(
            f"{contestant:20}{cost.wall:9.1f}{cost.cpu:9.1f}{cost.memory:7.0f}"
            f"{f'1/{naive.cpu / cost.cpu:.1f}' if naive else '':>17}"
            f"{cost.cpu / inflate.cpu:>18.1f}"
        )


def _one_more_file(files: Path, scratch: Path) -> None:
    """What it costs to bring a store up to date by one new file, against building it whole."""
    store = _fresh(scratch / "store.duckdb")
    new = trail.write_newest(scratch / "newest", events=500)
    whole = cost_of(_command(RUN, files, store))
    fresh = cost_of(_command(RUN, files, store, new))
    _fresh(store)
    print("\nOne new file of 500 events of the last hour beside 1,000,000 known ones")
    _print_costs({"run on all": whole, "run once more": fresh})
    print(f"everything fresh again in {fresh.wall / whole.wall:.0%} of the time")


def _print_costs(costs: Mapping[str, Cost]) -> None:
    for what, cost in costs.items():
        print(f"{what:20}{cost.wall:9.1f}{cost.cpu:9.1f}{cost.memory:7.0f}")


def _objects(scratch: Path, number: int) -> None:
    """What it costs to load so many objects of ten events from S3, against files of a disk.

    The server is one in this process; each hundredth request fails.
    """
    files = trail.write(scratch / f"objects-{number}", number, 10)
    store = _fresh(scratch / "store.duckdb")
    from_disk = cost_of(_command(LOAD, files, store))
    with object_store.serving(files.parent, fails_each=100) as server:
        os.environ |= server.environment
        url = f"s3://{object_store.BUCKET}/{files.name}"
        from_s3 = cost_of(_command(LOAD, url, _fresh(store)))
    with duckdb.connect(store, read_only=True) as connection:
        [[events]] = connection.execute("select count(*) from cloudtrail_logs").fetchall()
    _fresh(store)
    print(f"\n{number:,} objects of 10 events on a local S3 server that fails each 100th request")
    _print_costs({"load from disk": from_disk, "load from S3": from_s3})
    requests = ", ".join(f"{of:,} {kind}" for kind, of in sorted(server.asked.items()))
    print(f"{events:,} events; requests: {requests}")


def _more_detections(files: Path, scratch: Path) -> None:
    """What detections cost: to dbt once, on events that are all new, and where nothing is."""
    loaded, store = _fresh(scratch / "loaded.duckdb"), scratch / "store.duckdb"
    cost_of([TRAILHOUND, "load", files, "--store", loaded, "--quiet"])
    projects = _fresh(scratch / "projects")
    print("\nDetections on 1,000,000 loaded events, seconds of CPU")
    print(f"{'':24}{'first run':>12}{'the same events again':>24}{'nothing new':>14}")
    for number, (title, make) in enumerate(
        (
            ("15", detections.fifteen),
            ("all", lambda _: ROOT),
            ("all and 100 imported", partial(detections.with_imported, count=100)),
            ("all and 400 imported", partial(detections.with_imported, count=400)),
        )
    ):
        folder = projects / str(number)
        folder.mkdir(parents=True)
        run = [TRAILHOUND, "run", "--project-dir", make(folder), "--store", store, "--quiet"]
        costs = []
        for is_new in (True, True, False):
            if is_new:
                shutil.copy(loaded, _fresh(store))
            costs.append(cost_of(run).cpu)
        print(f"{title:24}{costs[0]:>12.1f}{costs[1]:>24.1f}{costs[2]:>14.1f}", flush=True)
    for path in (loaded, store, projects):
        _fresh(path)


def _command(contestant: str, files: Path | str, store: Path, *more: Path) -> list[str | Path]:
    into: list[str | Path] = ["--store", store, "--quiet"]
    commands: dict[str, list[str | Path]] = {
        NAIVE: [sys.executable, "-m", "bench.naive", files, store],
        INFLATE: ["sh", "-c", 'find "$0" -name "*.gz" | xargs zcat', files],
        LOAD: [TRAILHOUND, "load", files, *more, *into],
        RUN: [TRAILHOUND, "run", files, *more, *into, "--format", "ndjson"],
    }
    return commands[contestant]


def _fresh(store: Path) -> Path:
    for path in store.parent.glob(store.name + "*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return store


if __name__ == "__main__":
    main()
