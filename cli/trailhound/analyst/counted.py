"""What a detection counts, asked of its compiled SQL: the one place that takes that apart.

Names are found in the tree that sqlglot makes of it. What is handed on is the text itself, cut at
places that the tree knows: SQL that is written again may mean something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from trailhound.build.build import compiled, compiled_detections
from trailhound.errors import TrailhoundError, first_line
from trailhound.project.detections import Detection
from trailhound.workspace import Work

if TYPE_CHECKING:
    from sqlglot import exp

ALLOW_LIST = "allow_list_rows"
"""The relation in which macros/detection/countable.sql looks what is allowed."""
# The column that the first CTE of every ending in macros/alerts/ adds to the counted events.
_KEY = "alert_key"


class Countable(NamedTuple):
    """Where a detection takes the events away that the allow-list removes; all of it is SQL."""

    events: str
    """The events before, with their alias."""
    others: str
    """What else an event must be to count."""
    allowed: str
    """The relation ALLOW_LIST, with its alias."""
    match: str
    """Whether a row of it allows an event."""
    aliases: tuple[str, str]
    """Of the events and of the rows."""


@dataclass(frozen=True)
class Counting:
    """The compiled SQL of a detection, and where in it the events are that it counts.

    Whatever is asked raises TrailhoundError, one line, if the SQL has no such place.
    """

    detection: str
    sql: str
    dialect: str
    """The type of the target that the SQL is for."""

    @property
    def ctes(self) -> str:
        """The text of its own CTEs, those before the ending; a select is to follow."""
        from sqlglot import tokenize

        start, _ = _span(self._ending.args["alias"].this)
        comma = tokenize(self.sql[:start], dialect=self.dialect)[-1]
        return self.sql[: comma.start].rstrip()

    @property
    def own_ctes(self) -> list[exp.CTE]:
        """The trees of the same CTEs."""
        before = self._tree.ctes
        return before[: before.index(self._ending)]

    @property
    def name(self) -> str:
        """The CTE of the events that it counts, as SQL writes it."""
        source = _source(self._ending.this)
        if source.name not in {each.alias for each in self.own_ctes}:
            raise self._broken("its ending is given no CTE of it")
        return str(source.this.sql(dialect=self.dialect))

    @property
    def key(self) -> str | None:
        """The column of these events, or its expression, that alerts show as correlated_by."""
        from sqlglot import exp

        [key] = [each.this for each in self._ending.this.selects if each.alias == _KEY]
        return key.sql(dialect=self.dialect) if key.find(exp.Column) else None

    @property
    def countables(self) -> list[Countable]:
        """Each place at which the allow-list removes events."""
        from sqlglot import exp

        found = [
            self._countable(join.parent, join)
            for cte in self.own_ctes
            for join in cte.find_all(exp.Join)
            if join.side == "LEFT" and join.this.name == ALLOW_LIST
            if isinstance(join.parent, exp.Select)
        ]
        if not found:
            raise self._broken("it counts without countable(): the allow-list does not apply")
        return found

    @property
    def fault(self) -> str | None:
        """What it lacks of all this, in one line; None if nothing."""
        try:
            _ = self.name, self.key, self.countables
        except TrailhoundError as error:
            return str(error)
        return None

    def reads(self, relation: str) -> list[exp.Table]:
        """Where the SQL reads a relation of the database."""
        from sqlglot import exp

        tables = self._tree.find_all(exp.Table)
        return [each for each in tables if each.name == relation and each.db]

    def with_relation(self, name: str, query: str) -> Counting:
        """The same with a query, as a CTE, in place of a relation that it reads."""
        read = [_span(*table.parts) for table in self.reads(name)]
        start, _ = _span(self._tree.ctes[0].args["alias"].this)
        first = ((start, start), f"{name} as (\n\n{query}\n\n),\n\n")
        return self._edited([first, *((place, name) for place in read)])

    def with_window(self, minutes: int, other: int) -> Counting:
        """The same with a window of other length in each interval that has it."""
        from sqlglot import exp

        return self._edited(
            (_span(each.this), f"'{other}'")
            for each in self._tree.find_all(exp.Interval)
            if each.this.name == str(minutes) and each.text("unit").upper() == "MINUTE"
        )

    @cached_property
    def _tree(self) -> exp.Query:
        from sqlglot import exp, parse_one
        from sqlglot.errors import SqlglotError

        try:
            tree = parse_one(self.sql, dialect=self.dialect)
        except SqlglotError as error:
            raise self._broken(f"its SQL cannot be read: {first_line(error)}") from error
        if not isinstance(tree, exp.Query):
            raise self._broken("its SQL is no query")
        return tree

    @cached_property
    def _ending(self) -> exp.CTE:
        """The first CTE that its ending adds: it reads the counted events."""
        for cte in self._tree.ctes:
            if any(each.alias == _KEY for each in cte.this.selects):
                return cte
        raise self._broken("it does not end in one of the macros alert_per_…")

    def _countable(self, select: exp.Select, join: exp.Join) -> Countable:
        from sqlglot import exp

        events, allowed = _source(select), join.this
        others = [
            each
            for each in select.args["where"].this.flatten()
            if all(column.table != allowed.alias for column in each.find_all(exp.Column))
        ]
        return Countable(
            events=events.sql(dialect=self.dialect),
            others=exp.and_(exp.true(), *others).sql(dialect=self.dialect),
            allowed=allowed.sql(dialect=self.dialect),
            match=join.args["on"].sql(dialect=self.dialect),
            aliases=(events.alias_or_name, allowed.alias_or_name),
        )

    def _edited(self, edits: Iterable[tuple[tuple[int, int], str]]) -> Counting:
        """The same with other texts in places of the SQL, given as start and end."""
        sql = self.sql
        for (start, end), text in sorted(edits, reverse=True):
            sql = f"{sql[:start]}{text}{sql[end:]}"
        return replace(self, sql=sql)

    def _broken(self, reason: str) -> TrailhoundError:
        return TrailhoundError(f"{self.detection}: {reason}")


def counting(work: Work, detection: Detection) -> Counting:
    """A detection's compiled SQL. Raises WrongUsage if it is disabled."""
    return Counting(detection.name, compiled(work, detection), work.target.type)


def countings(work: Work) -> Iterator[Counting]:
    """The compiled SQL of every enabled detection."""
    for name, sql in compiled_detections(work).items():
        yield Counting(name, sql, work.target.type)


def _source(select: exp.Select) -> exp.Expression:
    """What a select reads first."""
    from sqlglot import exp

    found = select.find(exp.From)
    return found.this if found else exp.Table()


def _span(*names: exp.Expr) -> tuple[int, int]:
    """Where some adjacent names, or a literal, stand in the SQL: start, and the end behind them."""
    return names[0].meta["start"], names[-1].meta["end"] + 1
