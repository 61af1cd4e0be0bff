"""The only module that runs dbt. Importing dbt takes a second, so it happens when one runs."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from trailhound.errors import TrailhoundError, extra, first_line
from trailhound.project.cache import alone
from trailhound.project.detections import Detection
from trailhound.project.project import NAME, Project
from trailhound.project.target import Target, profiles_folder

_BUILT = ("--resource-type", "model", "--resource-type", "seed")
SCRATCH_DATABASE = "memory"
_Callback = Callable[[Any], None]
_FAILED = {"error", "fail", "runtime error", "partial success"}


@dataclass(frozen=True)
class Outcome:
    """What became of one model, seed or unit test."""

    name: str
    """The model's or seed's name; of a unit test the model that it tests."""
    test: str | None
    """The unit test's name."""
    status: str
    """As dbt says it: success, pass, fail, error, skipped."""
    message: str
    seconds: float

    @property
    def failed(self) -> bool:
        """Whether it went wrong by itself, not for something before it."""
        return self.status in _FAILED


@dataclass(frozen=True)
class Dbt:
    """How to run dbt on a project: the target, the variables and where it may write."""

    project: Project
    folder: Path
    target: Target
    environment: Mapping[str, str]
    variables: dict[str, Any]
    verbose: bool = False

    def build(self, seeds: Path, faults: Mapping[str, str], *, full_refresh: bool = False) -> None:
        """Build seeds, the models that detections read, and every detection; no tests.

        `seeds` is the folder of the CSV files; `faults` what is not to be built, and why, by name.
        Raises BuildFailed naming what failed.
        """
        # dbt writes what it ran to target/run/<path of the seed>: where that path is absolute, over
        # the analyst's own file. So it gets a copy.
        copy = self.folder / "seeds"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(seeds, copy, copy_function=shutil.copyfile)
        with _environment(**self.environment, TRAILHOUND_SEEDS=str(copy)):
            try:
                refresh = ("--full-refresh",) if full_refresh else ()
                wanted = (*self._detections(), *_without(faults))
                outcomes = self._run("build", "--no-empty", *_BUILT, *refresh, *wanted)
            finally:
                let_go_of_store()
        # Dbt calls it a success when a selection selects nothing.
        if not outcomes:
            raise TrailhoundError("dbt found nothing to build")
        outcomes += [Outcome(name, None, "error", fault, 0) for name, fault in faults.items()]
        if any(each.failed for each in outcomes):
            built = any(each.status == "success" for each in outcomes)
            raise BuildFailed(outcomes, some_alerts=built)

    def _detections(self) -> tuple[str, ...]:
        """Select what trailhound needs in a project that uses it for more than that."""
        if self.project.package == self.project.root:
            return ()
        return ("--select", f"package:{NAME}", "+path:detections")

    def unit_test(
        self, detections: Sequence[Detection], tell: Callable[[int, int], None] | None = None
    ) -> list[Outcome]:
        """Run the unit tests of the detections.

        They need the columns of what a detection reads: on duckdb that is built empty in memory,
        a warehouse must hold it. `tell` learns after each test how many of how many are done.
        A detection that cannot be built is an outcome too, without a test. Raises BuildFailed if
        something else cannot.
        """

        def done(event: Any) -> None:
            if event.info.name == "LogTestResult" and tell is not None:
                tell(event.data.index, event.data.num_models)

        names = [each.name for each in detections]
        unbuilt: list[Outcome] = []
        if self.target.type == "duckdb":
            # Not one `dbt build`: there a failed unit test has the others of its model skipped.
            parents = self._run(
                *("build", "--empty", *_BUILT, "--select", *(f"+{name}" for name in names)),
                in_memory=True,
            )
            unbuilt = [each for each in parents if each.failed]
            if any(each.name not in names for each in unbuilt):
                raise BuildFailed(parents)
            names = [name for name in names if all(name != each.name for each in unbuilt)]
        if not names:
            return unbuilt
        tests = self._run(
            *("test", "--select", *(f"{name},test_type:unit" for name in names)),
            in_memory=True,
            callback=done,
        )
        return [*unbuilt, *(each for each in tests if each.test is not None)]

    def ask(self, sql: str) -> None:
        """Run a query on what unit_test built in memory. Raises TrailhoundError if it fails."""
        import duckdb
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager

        environment: Any = DuckDBConnectionManager.env()
        try:
            environment.handle().cursor().execute(sql)
        except duckdb.Error as error:
            raise TrailhoundError(first_line(error)) from error

    def compile(self, faults: Iterable[str]) -> dict[str, Any]:
        """Compile the project without these models; give dbt's manifest, which holds all SQL.

        On duckdb the relations are in SCRATCH_DATABASE, as if the store were in memory.
        """
        # Not in the store itself, which may be missing, in use, or large to look through.
        with self._alone():
            self._invoke(
                "compile", "--no-empty", "--no-populate-cache", *_without(faults), in_memory=True
            )
            manifest = self.folder / "target" / "manifest.json"
            return dict(json.loads(manifest.read_text(encoding="utf-8")))

    def _alone(self) -> AbstractContextManager[None]:
        """While no other process runs dbt here: both would write the same files."""
        return alone(self.folder / "dbt.lock")

    def _run(
        self, *arguments: str, in_memory: bool = False, callback: _Callback | None = None
    ) -> list[Outcome]:
        # A build of a warehouse that another one builds is refused there, and does not wait.
        with self._alone() if in_memory else nullcontext():
            result = self._invoke(*arguments, in_memory=in_memory, callback=callback)
        return [_outcome(each) for each in getattr(result, "results", None) or ()]

    def _profiles(self, *, in_memory: bool) -> Path:
        """Give the folder of profiles.yml; for a duckdb target in memory one is written."""
        if not in_memory or self.target.type != "duckdb":
            return profiles_folder(self.project)
        scratch = {"path": f":{SCRATCH_DATABASE}:", "database": SCRATCH_DATABASE}
        config = {**self.target.config, **scratch}
        outputs = {"target": self.target.name, "outputs": {self.target.name: config}}
        profiles = {str(self.project.config.get("profile", "default")): outputs}
        (self.folder / "profiles.yml").write_text(json.dumps(profiles), encoding="utf-8")
        return self.folder

    def _invoke(
        self, command: str, *arguments: str, in_memory: bool, callback: _Callback | None = None
    ) -> Any:
        """Call dbt; what it prints goes to stderr. Raises TrailhoundError if it does not start.

        callback gets dbt's events.
        """
        with extra(self.target.type, f"the target {self.target.name}"):
            import_module(f"dbt.adapters.{self.target.type}")
        from dbt.cli.main import dbtRunner
        from dbt_common.exceptions import CompilationError

        logging.getLogger("trino.auth").setLevel(logging.WARNING)  # it misses a keyring: fine
        everywhere = [
            "--no-send-anonymous-usage-stats",
            "--no-version-check",
            *("--log-path", str(self.folder / "logs")),
            *(() if self.verbose else ("--log-level", "none")),
        ]
        place = [
            *("--project-dir", str(self.project.root)),
            *("--profiles-dir", str(self._profiles(in_memory=in_memory))),
            *("--target-path", str(self.folder / "target")),
            *("--target", self.target.name),
            *("--vars", json.dumps(self.variables)),
            # DuckDB is on all cores with one query. With more of them dbt-duckdb opens two cursors
            # of a connection at a time, which duckdb 2 now and then refuses.
            *(("--threads", "1") if self.target.type == "duckdb" else ()),
        ]
        runner = dbtRunner(callbacks=[callback] if callback else [])
        with redirect_stdout(sys.stderr):
            answer = runner.invoke([*everywhere, command, *arguments, *place])
            if isinstance(answer.exception, CompilationError):
                # What dbt kept of the last parsing fails over a model that is disabled since.
                again = [*everywhere, "--no-partial-parse", command, *arguments, *place]
                answer = runner.invoke(again)
        if isinstance(answer.exception, KeyboardInterrupt):
            raise answer.exception
        if answer.exception is not None:
            raise TrailhoundError(f"dbt: {one_line(str(answer.exception))}") from answer.exception
        return answer.result


def _without(models: Iterable[str]) -> tuple[str, ...]:
    names = tuple(models)
    return ("--exclude", *names) if names else ()


def let_go_of_store() -> None:
    """Close the DuckDB file that dbt keeps open until the process ends; we read it next."""
    connections = sys.modules.get("dbt.adapters.duckdb.connections")
    if connections is None:
        return
    manager = connections.DuckDBConnectionManager
    if manager._ENV is not None:
        manager._ENV.close()
    manager.close_all_connections()


class BuildFailed(TrailhoundError):
    """Some models failed; the message has a line for each."""

    def __init__(self, outcomes: Sequence[Outcome], *, some_alerts: bool = False) -> None:
        self.some_alerts = some_alerts
        lines = [f"{each.name} failed: {each.message}" for each in outcomes if each.failed]
        skipped = sum(each.status == "skipped" for each in outcomes)
        if skipped:
            lines.append(f"{skipped} that depend on them were not built")
        super().__init__(*lines)


def one_line(message: str, length: int = 400) -> str:
    """A message of dbt or a database on one line, its white space and its length reduced."""
    words = " ".join(message.split())
    return words if len(words) <= length else f"{words[: length - 1]}…"


def _outcome(result: Any) -> Outcome:
    # unit_test.PROJECT.MODEL.NAME
    kind, _, name, *test = str(result.node.unique_id).split(".")
    message = click.unstyle(str(result.message or "")).replace("\r", "")
    return Outcome(
        name=name,
        test=".".join(test) if kind == "unit_test" else None,
        status=str(result.status),
        message=message if kind == "unit_test" else one_line(message),
        seconds=float(result.execution_time),
    )


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """Set environment variables, which dbt's project files read, and set them back."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
