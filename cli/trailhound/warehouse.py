"""Read access to what was built, the same for every target: SQL with `?` in, Python values out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from trailhound.errors import TrailhoundError, WrongUsage, extra, first_line, unknown
from trailhound.profile import Target

if TYPE_CHECKING:
    import duckdb


# Other settings may need extensions, which only dbt loads.
_RESOURCES = {"memory_limit", "threads", "temp_directory", "max_temp_directory_size"}


class Rows(NamedTuple):
    """The answer to a query: column names, and a tuple of Python values a row."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


class Warehouse(Protocol):
    """Where the relations are."""

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        """Run one statement; each `?` in it takes the next parameter.

        Raises MissingRelation if a relation is not there, TrailhoundError on any other failure.
        """
        ...

    def relation(self, name: str) -> str:
        """The name of a relation as SQL writes it, with its schema."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class MissingRelation(TrailhoundError):
    """The statement reads a relation that nothing has built yet."""


def nothing_built() -> TrailhoundError:
    """The error for a question that only a build can answer."""
    return TrailhoundError("nothing is built yet: `trailhound run` does")


@contextmanager
def open_warehouse(target: Target) -> Iterator[Warehouse]:
    """Connect to the target for reading. Raises TrailhoundError with one line if it cannot be."""
    makers: dict[str, Callable[[dict[str, Any]], Warehouse]] = {
        "duckdb": DuckDB,
        "trino": Trino,
        "athena": Athena,
    }
    if target.type not in makers:
        raise unknown("adapter", target.type, makers)
    warehouse = makers[target.type](target.config)
    try:
        yield warehouse
    finally:
        warehouse.close()


class DuckDB:
    """A DuckDB file, opened for reading only."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._schema = str(config.get("schema", "main"))
        self._connection = connect_duckdb(
            Path(config["path"]), config.get("settings", {}), read_only=True
        )

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        """Run one statement."""
        import duckdb

        try:
            cursor = self._connection.execute(sql, list(parameters))
        except duckdb.CatalogException as error:
            raise MissingRelation(first_line(error)) from error
        except duckdb.Error as error:
            raise TrailhoundError(f"the store answered: {first_line(error)}") from error
        return Rows([column[0] for column in cursor.description or ()], cursor.fetchall())

    def relation(self, name: str) -> str:
        """The relation's name with its schema."""
        return quoted(self._schema, name)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def connect_duckdb(
    path: Path, settings: Mapping[str, Any] = MappingProxyType({}), *, read_only: bool = False
) -> duckdb.DuckDBPyConnection:
    """Open a store, with what the profile's settings say of resources.

    Raises WrongUsage if it is not there to be read, TrailhoundError if it is locked or a setting is
    wrong.
    """
    import duckdb

    if read_only and not path.exists():
        raise WrongUsage(f"there is no store {path}: `trailhound run PATH` makes one")
    try:
        connection = duckdb.connect(str(path), read_only=read_only)
    except duckdb.Error as error:
        raise TrailhoundError(_cannot_open(path, str(error))) from error
    connection.execute("set timezone = 'UTC'")
    # DuckDB draws it on stdout when a query takes two seconds, and stdout is data.
    connection.execute("set enable_progress_bar = false")
    # A checkpoint would pack the records anew whenever there are row groups that are not full.
    connection.execute("set max_vacuum_tasks = 0")
    try:
        for name in _RESOURCES & settings.keys():
            connection.execute(f"set {name} = $value", {"value": settings[name]})
    except duckdb.Error as error:
        connection.close()
        raise TrailhoundError(f"settings of the profile: {first_line(error)}") from error
    return connection


def _cannot_open(path: Path, reason: str) -> str:
    if "not a valid DuckDB" in reason:
        return f"{path} is not a DuckDB file"
    if "Could not set lock" in reason:
        holder = re.search(r"PID (\d+)", reason)
        by = f"process {holder[1]}" if holder else "another process"
        return f"the store {path} is in use by {by}: wait for it or name another with --store"
    return f"the store {path} cannot be opened: {reason.splitlines()[0]}"


class Trino:
    """A Trino catalog and schema."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._catalog, self._schema = str(config["database"]), str(config["schema"])
        with extra("trino", "the target trino"):
            from trino import auth, dbapi
        password = config.get("password")
        self._connection: Any = dbapi.Connection(
            host=config["host"],
            port=int(config.get("port", 8080)),
            user=config.get("user"),
            catalog=self._catalog,
            schema=self._schema,
            http_scheme=config.get("http_scheme", "https" if password else "http"),
            auth=auth.BasicAuthentication(config["user"], password) if password else None,
            timezone="UTC",
        )

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        """Run one statement."""
        return _query(self._connection, sql, list(parameters) or None)

    def relation(self, name: str) -> str:
        """The relation's name with its catalog and schema."""
        return quoted(self._catalog, self._schema, name)

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


class Athena:
    """A database of Amazon Athena."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._schema = str(config["schema"])
        with extra("athena", "the target athena"):
            from pyathena import connect
        self._connection = connect(
            s3_staging_dir=config.get("s3_staging_dir"),
            region_name=config.get("region_name"),
            schema_name=self._schema,
            catalog_name=config.get("database", "awsdatacatalog"),
            work_group=config.get("work_group"),
            profile_name=config.get("aws_profile_name"),
        )

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        """Run one statement; PyAthena wants names for the parameters and quotes them itself."""
        if not parameters:
            return _query(self._connection, sql, None)
        values = {f"p{number}": value for number, value in enumerate(parameters)}
        return _query(self._connection, with_names(sql), values)

    def relation(self, name: str) -> str:
        """The relation's name with its schema."""
        return quoted(self._schema, name)

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


def with_names(sql: str) -> str:
    """SQL with `%(p0)s`, `%(p1)s` … for each `?` that stands outside of a text."""
    numbers = count()
    return re.sub(
        r"'[^']*'|\?",
        lambda found: f"%(p{next(numbers)})s" if found[0] == "?" else found[0],
        sql.replace("%", "%%"),
    )


def _query(connection: Any, sql: str, parameters: Any) -> Rows:
    cursor = connection.cursor()
    try:
        cursor.execute(sql, parameters)
        rows = [tuple(row) for row in cursor.fetchall()]
    except Exception as error:  # each client has its own family of errors
        message = first_line(error)
        if re.search(r"TABLE_NOT_FOUND|does not exist", message):
            raise MissingRelation(message) from error
        raise TrailhoundError(f"the warehouse answered: {message}") from error
    return Rows([column[0] for column in cursor.description or ()], rows)


def quoted(*names: str) -> str:
    """A name as SQL writes it, its parts joined by dots."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)
