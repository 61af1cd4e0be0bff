"""The build of a DuckDB store: the relations of a plan, each brought up to date the cheapest way.

Each relation bears a comment that names all that it was built of: its SQL, and the same of what it
reads. Where the name is still that, the relation is left alone: a run without new events builds
nothing, an edited detection is built alone. Where it names the same but for events that came since,
a table by days is recomputed for the days that they can change, as on the warehouses
(macros/incremental), and a detection that reads none of their calls is left alone. What anything
else builds bears no comment.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from graphlib import TopologicalSorter
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING

from trailhound.build.new_events import EVENTS, Call, build_events, calls_of
from trailhound.build.plan import Plan
from trailhound.build.step import Step
from trailhound.errors import first_line
from trailhound.project.globs import glob_matches
from trailhound.store.alerts import COLUMNS
from trailhound.text import literal
from trailhound.transaction import transaction

if TYPE_CHECKING:
    import duckdb

# SQL that gives other rows at another time.
_CLOCK = re.compile(
    r"\b(current_(date|time|timestamp)|localtime(stamp)?|now|today|random|uuid|gen_random_uuid)\b",
    re.IGNORECASE,
)
_AT_ONCE = 2
"""Relations that are built at a time."""

# More ranges of days than these are joined over the days between.
_MOST_RANGES = 30

Range = tuple[date, date]


@dataclass(frozen=True)
class Failure:
    """A step that went wrong, or one that was left out because of it."""

    name: str
    reason: str


def build(
    plan: Plan,
    connection: duckdb.DuckDBPyConnection,
    seeds: Path,
    faults: Mapping[str, str],
    progress: Callable[[str], None] = lambda _: None,
) -> list[Failure]:
    """Build every step in the store, then the view `alerts`; what fails stops only what needs it.

    seeds: the folder of the CSV files. faults: what is not to be built, and why, by name. progress
    is told each step's name before it starts.
    """
    import duckdb

    noted = _noted(connection)
    store = _Store(connection, {step.name: step for step in plan.steps}, seeds, noted)
    failures = {name: Failure(name, reason) for name, reason in faults.items()}
    short_of_memory: set[str] = set()

    def bring_up_to_date(step: Step, store: _Store) -> None:
        missing = [name for name in step.needs if name in failures]
        if missing:
            failures[step.name] = Failure(step.name, f"needs {', '.join(missing)}")
            return
        try:
            store.bring_up_to_date(step, progress)
        except duckdb.Error as error:
            failures[step.name] = Failure(step.name, first_line(error))
            if isinstance(error, duckdb.OutOfMemoryException):
                short_of_memory.add(step.name)

    steps = [step for step in plan.steps if step.name not in faults]
    # What comes to the events says what is to be done to all that reads them.
    before = {step.name for step in plan.leading_to(EVENTS).steps}
    waiting: dict[str, Step] = {}
    for step in steps:
        if step.name in before:
            bring_up_to_date(step, store)
        elif {*waiting, *failures}.intersection(step.needs) or not store.is_up_to_date(step):
            waiting[step.name] = step
    _side_by_side(bring_up_to_date, waiting, store)
    # What had too little room beside another may have enough alone.
    for step in waiting.values():
        if short_of_memory.intersection([step.name, *step.needs]):
            short_of_memory.add(step.name)
            failures.pop(step.name)
            bring_up_to_date(step, store)
    store.note_left_alone()
    built = [step for step in plan.detections if step.name not in failures]
    if built:
        _union_alerts(plan, built, connection, noted)
    return [failures[step.name] for step in plan.steps if step.name in failures]


def _side_by_side(
    bring_up_to_date: Callable[[Step, _Store], None], steps: Mapping[str, Step], store: _Store
) -> None:
    """Do several steps at a time, each after those that it needs: to plan one takes a thread."""
    order = TopologicalSorter(
        {name: [each for each in step.needs if each in steps] for name, step in steps.items()}
    )
    order.prepare()
    stores, free = [store.beside() for _ in range(_AT_ONCE)], SimpleQueue[_Store]()
    for each in stores:
        free.put(each)

    def work(name: str) -> str:
        one = free.get()
        try:
            bring_up_to_date(steps[name], one)
        finally:
            free.put(one)
        return name

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            running: set[Future[str]] = set()
            while order.is_active():
                running |= {pool.submit(work, name) for name in order.get_ready()}
                done, running = wait(running, return_when=FIRST_COMPLETED)
                order.done(*(each.result() for each in done))
        except BaseException:  # Ctrl-C too
            pool.shutdown(wait=False, cancel_futures=True)
            for each in stores:
                each.interrupt()
            raise
    for each in stores:
        each.close()


class _Store:
    """A store while it is built."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        steps: Mapping[str, Step],
        seeds: Path,
        noted: Mapping[str, str | None],
    ) -> None:
        self._connection = connection
        self._steps = steps
        self._seeds = seeds
        self._noted = noted
        self._states: dict[str, str] = {}
        # The same as if no event had come since the build before; none where that does not stand.
        self._kept_states: dict[str, str | None] = {}
        self._left_alone: list[Step] = []
        self._new_days: list[date] = []
        self._new_calls: set[Call] = set()
        self._asking, self._all_calls = Lock(), list[set[Call]]()

    def beside(self) -> _Store:
        """The same over a connection of its own, for another thread."""
        other = copy(self)
        other._connection = self._connection.cursor()
        return other

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def interrupt(self) -> None:
        """End what the connection is doing."""
        self._connection.interrupt()

    def is_up_to_date(self, step: Step) -> bool:
        """Whether a step whose needs were asked for before is what it would be."""
        made = self._seed(step).read_bytes() if step.kind == "seed" else step.sql
        kept_needs = [self._kept_states[name] for name in step.needs]
        state = _name_of(step.kind, made, *(self._states[name] for name in step.needs))
        kept = None if None in kept_needs else _name_of(step.kind, made, *filter(None, kept_needs))
        self._states[step.name], self._kept_states[step.name] = state, kept
        return self._noted.get(step.relation) == state and not _CLOCK.search(step.sql)

    def bring_up_to_date(self, step: Step, progress: Callable[[str], None]) -> None:
        """Build what is not what it would be, and say what is built."""
        is_up_to_date = self.is_up_to_date(step)
        stands, moves = self._noted.get(step.relation), bool(_CLOCK.search(step.sql))
        kept = self._kept_states[step.name]
        new_days = [] if moves or stands != kept else self._new_days
        if step.name == EVENTS:
            progress(step.name)
            self._build_events(step)
        elif is_up_to_date:
            return
        elif new_days and step.key_column:
            progress(step.name)
            self._add_keys(step, new_days)
        elif (
            new_days
            and step.calls
            and self._misses(step, self._new_calls)
            and self._is_of_events(step)
        ):
            self._left_alone.append(step)
        elif new_days and step.day_column:
            progress(step.name)
            self._build_days(step, new_days)
        elif step.calls and self._misses(step, self._calls):
            self._build_empty(step)
        else:
            progress(step.name)
            self._build_whole(step)

    def note_left_alone(self) -> None:
        """Name what was left alone after the events that came since, at the end of a build."""
        if self._left_alone:
            with transaction(self._connection):
                for step in self._left_alone:
                    self._note(step)

    def _build_events(self, step: Step) -> None:
        state = self._states[EVENTS]
        events = build_events(
            self._steps, self._connection, state, exists=step.relation in self._noted
        )
        self._states[EVENTS] = _name_of(state, events.rows)
        self._kept_states[EVENTS] = _name_of(state, events.kept) if events.kept else None
        self._new_days, self._new_calls = events.new_days, events.new_calls

    def _build_whole(self, step: Step) -> None:
        kind, sql, values = step.kind, step.sql, []
        if kind == "seed":
            path = self._seed(step)
            kind, sql, values = "table", seed_sql(path), [str(path)]
        with transaction(self._connection):
            self._connection.execute(f"create or replace {kind} {step.relation} as {sql}", values)
            self._note(step)

    def _build_empty(self, step: Step) -> None:
        """What the SQL gives of no events, for less: it is only bound, not planned."""
        columns = ", ".join(
            f"{name} {kind}"
            for name, kind, *_ in self._connection.execute(f"describe {step.sql}").fetchall()
        )
        with transaction(self._connection):
            self._connection.execute(f"create or replace table {step.relation} ({columns})")
            self._note(step)

    def _add_keys(self, step: Step, new_days: list[date]) -> None:
        """Add the rows of keys that events of some UTC days brought."""
        key = step.key_column
        unknown = f"{key} not in (select {key} from {self._database}.{step.relation})"
        conditions = {}
        for name in step.needs:
            if self._has(name, "event_time"):
                conditions[name] = f"({_is_of(changed_days(new_days, 0))}) and {unknown}"
            elif self._has(name, key):
                conditions[name] = unknown
        with transaction(self._connection), self._only(step, conditions) as sql:
            self._connection.execute(f"insert into {step.relation} {sql}")
            self._note(step)

    def _build_days(self, step: Step, new_days: list[date]) -> None:
        """Recompute a table for the days that events of some UTC days can change."""
        days = changed_days(new_days, step.days_of_effect)
        is_of_days = " or ".join(
            f"{step.day_column} between date '{first}' and date '{last}'" for first, last in days
        )
        with transaction(self._connection), self._events_of(step, days) as sql:
            self._connection.execute(f"delete from {step.relation} where {is_of_days}")
            self._connection.execute(
                f"insert into {step.relation} select * from ({sql}) where {is_of_days}"
            )
            self._note(step)

    @contextmanager
    def _events_of(self, step: Step, days: list[Range]) -> Iterator[str]:
        """The SQL of a step that reads only the events of some days, and before.

        What has no event_time is of days: history, which is read whole.
        """
        is_of_days = _is_of(days, step.minutes_of_effect)
        needs = [name for name in step.needs if self._has(name, "event_time")]
        with self._only(step, dict.fromkeys(needs, f"({is_of_days})")) as sql:
            yield sql

    @contextmanager
    def _only(self, step: Step, conditions: Mapping[str, str]) -> Iterator[str]:
        """The SQL of a step that reads only rows with a condition of relations, by their names."""
        sql, views = step.sql, []
        for name, condition in conditions.items():
            relation, view = self._steps[name].relation, f'temp.main."{name}"'
            self._connection.execute(
                f"create temp view {view} as select * from {self._database}.{relation} "
                f"where {condition}"
            )
            views.append(view)
            sql = sql.replace(relation, view)
        yield sql
        for view in views:
            self._connection.execute(f"drop view {view}")

    @property
    def _calls(self) -> set[Call]:
        """What the events of the store are of, asked for once."""
        with self._asking:
            if not self._all_calls:
                self._all_calls.append(calls_of(self._connection, self._steps[EVENTS].relation))
        return self._all_calls[0]

    @cached_property
    def _database(self) -> str:
        ((name,),) = self._connection.execute("select current_database()").fetchall()
        return f'"{name}"'

    @cached_property
    def _columns(self) -> set[tuple[str, str]]:
        """Relation and column of all that there are."""
        found = self._connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns() "
            "where database_name = current_database()"
        ).fetchall()
        return {(f'"{schema}"."{name}"', column) for schema, name, column in found}

    def _has(self, name: str, column: str) -> bool:
        return (self._steps[name].relation, column) in self._columns

    def _misses(self, step: Step, calls: set[Call]) -> bool:
        """Whether a detection counts none of the calls: it names none, nor looks for refusals.

        As macros/cross_db/is_watched.sql has it, a plain name is one whatever the service.
        """
        names = {name for _, name in step.calls if "*" not in name}
        patterns = [(service, name) for service, name in step.calls if "*" in name]
        reads_denied = "'denied'" in step.sql
        return not any(
            call.name in names
            or (reads_denied and call.is_denied)
            or any(
                call.source == service and glob_matches(pattern, call.name)
                for service, pattern in patterns
            )
            for call in calls
        )

    def _is_of_events(self, step: Step) -> bool:
        """Whether a step reads no history, which any event may change."""
        return not any(
            self._steps[name].day_column and not self._has(name, "event_time")
            for name in step.needs
        )

    def _note(self, step: Step) -> None:
        kind = "view" if step.kind == "view" else "table"
        self._connection.execute(
            f"comment on {kind} {step.relation} is '{self._states[step.name]}'"
        )

    def _seed(self, step: Step) -> Path:
        return self._seeds / f"{step.name}.csv"


def changed_days(new_days: list[date], days_after: int | None) -> list[Range]:
    """The days, first and last of each range, that events of some days in order can change.

    days_after: for how many days after its own an event can; None for all.
    """
    for days_apart in (1, 7, 31):
        ranges: list[Range] = []
        for day in new_days:
            last = date.max
            if days_after is not None and (last - day).days > days_after:
                last = day + timedelta(days=days_after)
            if ranges and (day - ranges[-1][1]).days <= days_apart:
                ranges[-1] = (ranges[-1][0], last)
            else:
                ranges.append((day, last))
        if len(ranges) <= _MOST_RANGES:
            return ranges
    return [(ranges[0][0], ranges[-1][1])]


def _is_of(days: list[Range], minutes_before: int = 0) -> str:
    """The condition that an event is of some days, or so many minutes before them."""
    return " or ".join(
        f"event_time between timestamp '{first}' - interval {minutes_before} minute "
        f"and timestamp '{last} 23:59:59.999999'"
        for first, last in days
    )


def _noted(connection: duckdb.DuckDBPyConnection) -> dict[str, str | None]:
    """The comment on each relation."""
    found = connection.execute(
        "select schema_name, table_name, comment from duckdb_tables() "
        "where database_name = current_database() union all "
        "select schema_name, view_name, comment from duckdb_views() "
        "where database_name = current_database() and not internal"
    ).fetchall()
    return {f'"{schema}"."{name}"': comment for schema, name, comment in found}


def _name_of(*parts: str | bytes) -> str:
    """A name for some texts in this order."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode(errors="surrogateescape")
        digest.update(hashlib.sha256(data).digest())
    return digest.hexdigest()[:32]


def seed_sql(path: Path) -> str:
    """A query for the rows of a CSV file, whose path is its parameter; all text, empty as null.

    Nothing is left to be guessed from the rows: what looks like another dialect is text.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = next(csv.reader(file), [])
    columns = ", ".join(f"{literal(name)}: 'varchar'" for name in header)
    return (
        f"select * from read_csv(?, columns = {{{columns}}}, header = true, auto_detect = false, "
        "delim = ',', quote = '\"', escape = '\"', comment = '', nullstr = '', parallel = false)"
    )


def _union_alerts(
    plan: Plan,
    detections: list[Step],
    connection: duckdb.DuckDBPyConnection,
    noted: Mapping[str, str | None],
) -> None:
    """Make the views over all detections, as macros/alerts/union_alerts.sql does."""
    schema = detections[0].relation.rpartition(".")[0]
    names = ", ".join(column.name for column in COLUMNS)
    views = {}
    for view, is_signal in (("alerts", False), ("signals", True)):
        wanted = [step for step in detections if step.is_signal == is_signal]
        parts = [
            f"select {names} from {step.relation}{'' if wanted else ' where false'}"
            for step in sorted(wanted or detections[:1], key=lambda step: step.name)
        ]
        views[view] = " union all ".join(parts)
    views["incidents"] = plan.incidents
    for view, sql in views.items():
        relation, state = f'{schema}."{view}"', _name_of(sql)
        if noted.get(relation) != state:
            with transaction(connection):
                connection.execute(f"create or replace view {relation} as {sql}")
                connection.execute(f"comment on view {relation} is '{state}'")
