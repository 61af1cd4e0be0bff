"""What a command works on: the project, the target and the detections that its options name."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, TypeVar

from trailhound.engines import Warehouse, connect_duckdb, open_warehouse, quoted
from trailhound.errors import StoreBusy, TrailhoundError, WrongUsage, first_line
from trailhound.project.cache import workplace
from trailhound.project.detections import Detection, find, read_detections, select_names
from trailhound.project.project import Project, find_project
from trailhound.project.target import Target, find_target
from trailhound.settings import Settings

if TYPE_CHECKING:
    import duckdb

    from trailhound.build.dbt import Dbt

Opened = TypeVar("Opened")
_BETWEEN_TRIES = 0.2  # seconds
_INGESTS = "trailhound_ingests"
"""The table that marks a store of `trailhound ingest`."""


@dataclass(frozen=True)
class Work:
    """Looked up when first asked for, so that a command pays only for what it uses."""

    settings: Settings
    ingests: bool = False
    """Whether the store is one of `trailhound ingest`, which keeps no records."""

    @cached_property
    def project(self) -> Project:
        """The dbt project."""
        return find_project(self.settings.project_dir)

    @cached_property
    def target(self) -> Target:
        """The target in force."""
        return find_target(self.project, self.settings)

    @cached_property
    def detections(self) -> list[Detection]:
        """All detections that keep the contract, with the thresholds in force."""
        return self._detections_and_faults[0]

    @property
    def faults(self) -> dict[str, str]:
        """What is wrong with the other detections, by name, in one line."""
        return self._detections_and_faults[1]

    @cached_property
    def _detections_and_faults(self) -> tuple[list[Detection], dict[str, str]]:
        faults: dict[str, str] = {}
        return read_detections(self.project, self.settings.vars, faults), faults

    def detection(self, name: str) -> Detection:
        """The detection of that very name. Raises TrailhoundError if it has a fault or is none."""
        if name in self.faults:
            raise TrailhoundError(self.faults[name])
        return find(self.detections, name)

    def chosen(self, patterns: Sequence[str]) -> tuple[list[Detection], list[str]]:
        """The detections that names or globs mean, all without them; and the faults of the others.

        Raises WrongUsage if one means none.
        """
        names = [*(each.name for each in self.detections), *self.faults]
        wanted = select_names(names, patterns)
        return (
            [each for each in self.detections if each.name in wanted],
            [fault for name, fault in self.faults.items() if name in wanted],
        )

    @property
    def store(self) -> Path:
        """The DuckDB file, on a duckdb target."""
        return Path(self.target.config["path"])

    @property
    def schema(self) -> str:
        """The schema that everything is in, on a duckdb target."""
        return str(self.target.config.get("schema", "main"))

    def table(self, name: str) -> str:
        """The name of a table of the store as SQL writes it."""
        return quoted(self.schema, name)

    def open_store(self, *, of_any_kind: bool = False) -> duckdb.DuckDBPyConnection:
        """Open the store for writing; it is made if it is not there.

        Raises WrongUsage for one of `trailhound ingest` where it is to hold records, and the other
        way round, unless it may be of any kind; TrailhoundError if it cannot be asked.
        """
        import duckdb

        connection = self.when_free(
            lambda: connect_duckdb(self.store, self.target.config["settings"])
        )
        try:
            if not of_any_kind:
                self._check_kind(connection)
            connection.execute(f"create schema if not exists {quoted(self.schema)}")
        except BaseException as error:
            connection.close()
            if isinstance(error, duckdb.Error):
                raise TrailhoundError(f"the store refused: {first_line(error)}") from error
            raise
        return connection

    def _check_kind(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Refuse a store of the other kind; an empty one becomes one of this."""
        found = connection.execute(
            "select table_name from duckdb_tables() where database_name = current_database()"
        ).fetchall()
        names = {name for (name,) in found}
        if self.ingests and not names:
            connection.execute(f"create table main.{_INGESTS} (made_by varchar)")
        elif self.ingests and _INGESTS not in names:
            raise WrongUsage(
                f"{self.store} holds records that detections read: give ingest a store of its own "
                "with --store"
            )
        elif not self.ingests and _INGESTS in names:
            raise WrongUsage(
                f"{self.store} only knows what `trailhound ingest` read, and has no records: name "
                "another with --store"
            )

    def when_free(self, connect: Callable[[], Opened]) -> Opened:
        """What `connect` gives, tried again for --wait seconds as long as it raises StoreBusy."""
        until = monotonic() + self.settings.wait
        told = self.settings.quiet or not sys.stderr.isatty()
        while True:
            try:
                return connect()
            except StoreBusy as busy:
                left = until - monotonic()
                if not left > 0:
                    raise
                if not told:
                    print(f"waiting for the store: {busy.holder} uses it", file=sys.stderr)
                    told = True
            sleep(min(_BETWEEN_TRIES, left))

    @property
    def on_duckdb(self) -> bool:
        """Whether the target is a store that trailhound fills itself."""
        return self.target.type == "duckdb"

    def need_store(self, command: str) -> None:
        """Raise WrongUsage if the target is a warehouse, whose CloudTrail table is the user's."""
        if not self.on_duckdb:
            raise WrongUsage(
                f"{command} is for a DuckDB store: the target {self.target.name} reads your own "
                "CloudTrail table"
            )

    def dbt(self, purpose: str) -> Dbt:
        """Run dbt on the project; what it keeps from run to run is kept for the purpose."""
        from trailhound.build.dbt import Dbt

        return Dbt(
            self.project,
            workplace(self.project, purpose),
            self.target,
            self.settings.environment,
            self.settings.vars,
            self.settings.verbose,
        )

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What dbt makes of the project, the SQL of all that has no fault too; takes seconds."""
        return self.dbt("plan").compile(self.faults)

    def check_seeds(self) -> None:
        """Raise TrailhoundError for a bad row now, where it would only come after a long load."""
        _ = self.seeds

    @contextmanager
    def warehouse(self) -> Iterator[Warehouse]:
        """Connect to the target for reading."""
        with ExitStack() as stack:
            yield self.when_free(lambda: stack.enter_context(open_warehouse(self.target)))

    @cached_property
    def seeds(self) -> Path:
        """The folder of the analyst's CSV files that count for this run."""
        from trailhound.project.seeds_in_force import seeds_in_force

        return seeds_in_force(self.project, self.settings, self.detections, self.faults)
