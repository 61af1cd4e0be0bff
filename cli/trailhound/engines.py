"""Read access to what was built, the same for every target: SQL with `?` in, Python values out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Timer
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from trailhound.errors import StoreBusy, TrailhoundError, WrongUsage, extra, first_line, unknown
from trailhound.project.target import Target

if TYPE_CHECKING:
    import duckdb


STORE_VERSION = 2
"""Of the tables in a store; a comment on cloudtrail_logs says it. Stores of 0.1.0 have none."""

NOTHING_BUILT = "nothing is built yet: `trailhound run` does"

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

    def query_only(
        self, sql: str, most_rows: int | None = None, seconds: float | None = None
    ) -> Rows:
        """Run one statement of the user's, which the engine itself lets only read.

        Raises WrongUsage where there is no such way, TrailhoundError if it takes longer than
        `seconds` or fails.
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


def nothing_built(warehouse: Warehouse) -> TrailhoundError:
    """The error for a question that only a build can answer, or one in another schema."""
    return in_another_schema(warehouse, "cloudtrail_events") or TrailhoundError(NOTHING_BUILT)


def in_another_schema(warehouse: Warehouse, name: str) -> TrailhoundError | None:
    """The error for a relation that is missing where we look and stands elsewhere."""
    wanted = warehouse.relation(name)
    schemas = warehouse.query(
        "select table_schema from information_schema.tables where table_name = ? order by 1",
        (name,),
    ).rows
    for (schema,) in schemas:
        if f'"{schema}"' not in wanted:
            return TrailhoundError(
                f"the events are in the schema {schema}, and trailhound looks for {wanted}: remove "
                "+schema from dbt_project.yml, or name that schema in profiles.yml"
            )
    return None


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
    """A DuckDB file, opened for reading only unless it says otherwise."""

    def __init__(self, config: dict[str, Any], *, read_only: bool = True) -> None:
        self._schema = str(config.get("schema", "main"))
        self._connection = connect_duckdb(
            Path(config["path"]), config.get("settings", {}), read_only=read_only
        )
        try:
            version = store_version(self._connection, quoted(self._schema, "cloudtrail_logs"))
        except TrailhoundError:
            self.close()
            raise
        if 0 < version < STORE_VERSION:
            self.close()
            raise WrongUsage(
                f"an older trailhound wrote the store {config['path']}: `trailhound run` brings it "
                "up to date"
            )

    def query(self, sql: str, parameters: Sequence[Any] = (), most_rows: int | None = None) -> Rows:
        """Run one statement; of its answer give no more rows than that."""
        import duckdb

        try:
            cursor = self._connection.execute(sql, list(parameters))
            rows = cursor.fetchall() if most_rows is None else cursor.fetchmany(most_rows)
        except duckdb.CatalogException as error:
            raise MissingRelation(first_line(error)) from error
        except duckdb.Error as error:
            raise TrailhoundError(f"the store answered: {first_line(error)}") from error
        return Rows([column[0] for column in cursor.description or ()], rows)

    def query_only(
        self, sql: str, most_rows: int | None = None, seconds: float | None = None
    ) -> Rows:
        """Run one statement of the user's, shut off from files, networks and other databases.

        The file is open for reading only, and the settings stay as they are from here on. Raises
        WrongUsage unless it is one statement, TrailhoundError if it takes longer than `seconds`.
        """
        import duckdb

        for setting in (
            f"schema = {quoted(self._schema)}",
            "enable_external_access = false",
            "lock_configuration = true",
        ):
            self._connection.execute(f"set {setting}")
        try:
            statements = self._connection.extract_statements(sql)
        except duckdb.Error as error:
            raise WrongUsage(f"the store answered: {first_line(error)}") from error
        if len(statements) != 1:
            raise WrongUsage(f"sql takes one statement, not {len(statements)}")
        if seconds is None:
            return self.query(sql, most_rows=most_rows)
        clock = Timer(seconds, self._connection.interrupt)
        clock.start()
        try:
            return self.query(sql, most_rows=most_rows)
        finally:
            clock.cancel()

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

    Raises WrongUsage if it is not there to be read, StoreBusy if another process writes it,
    TrailhoundError if a setting is wrong.
    """
    import duckdb

    if read_only and not path.exists():
        raise WrongUsage(f"there is no store {path}: `trailhound run PATH` makes one")
    try:
        connection = duckdb.connect(str(path), read_only=read_only)
    except duckdb.Error as error:
        raise _cannot_open(path, str(error)) from error
    connection.execute("set timezone = 'UTC'")
    # DuckDB draws it on stdout when a query takes two seconds, and stdout is data.
    connection.execute("set enable_progress_bar = false")
    # A checkpoint would pack the records again whenever there are row groups that are not full.
    connection.execute("set max_vacuum_tasks = 0")
    try:
        for name in _RESOURCES & settings.keys():
            connection.execute(f"set {name} = $value", {"value": settings[name]})
    except duckdb.Error as error:
        connection.close()
        raise TrailhoundError(f"settings of the profile: {first_line(error)}") from error
    return connection


def store_version(connection: duckdb.DuckDBPyConnection, logs: str) -> int:
    """The version of a store by its table cloudtrail_logs (the name quoted); 0 if there is none.

    Raises WrongUsage if a newer trailhound wrote it.
    """
    found = connection.execute(
        "select comment from duckdb_tables() where ends_with("
        """concat('"', database_name, '"."', schema_name, '"."', table_name, '"'), ?)""",
        [logs],
    ).fetchone()
    if found is None:
        return 0
    version = int(found[0] or 1)
    if version > STORE_VERSION:
        raise WrongUsage(
            "a newer trailhound wrote this store: upgrade trailhound, or name another with --store"
        )
    return version


def _cannot_open(path: Path, reason: str) -> TrailhoundError:
    if "not a valid DuckDB" in reason:
        return TrailhoundError(f"{path} is not a DuckDB file")
    if "Could not set lock" in reason:
        holder = re.search(r"PID (\d+)", reason)
        by = f"process {holder[1]}" if holder else "another process"
        return StoreBusy(
            f"the store {path} is in use by {by}: wait for it with --wait SECONDS, or name another "
            "with --store",
            by,
        )
    return TrailhoundError(f"the store {path} cannot be opened: {reason.splitlines()[0]}")


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
            verify=config.get("cert") or True,
            timezone="UTC",
        )

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        """Run one statement."""
        return _query(self._connection.cursor(), sql, list(parameters) or None)

    def query_only(
        self, sql: str, most_rows: int | None = None, seconds: float | None = None
    ) -> Rows:
        """Run one statement in a transaction that Trino itself lets only read.

        Who may make a catalog, which is in no transaction, is for the server's own rules. Raises
        TrailhoundError if it takes longer than `seconds`.
        """
        cursor = self._read_only_cursor()
        clock = Timer(seconds or 0, cursor.cancel)
        if seconds is not None:
            clock.start()
        try:
            return _query(cursor, sql, None, most_rows)
        finally:
            clock.cancel()
            # Of rows that nobody fetched, too.
            cursor.cancel()

    def _read_only_cursor(self) -> Any:
        """A cursor in such a transaction, which the client can carry but not begin."""
        from trino import constants, dbapi

        request = self._connection._create_request()
        response = request.post("start transaction read only")
        while (begun := response.headers.get(constants.HEADER_STARTED_TRANSACTION)) is None:
            response = request.get(request.process(response).next_uri)
        request.transaction_id = begun
        while (status := request.process(response)).next_uri:
            response = request.get(status.next_uri)
        return dbapi.Cursor(self._connection, request)

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
            return _query(self._connection.cursor(), sql, None)
        values = {f"p{number}": value for number, value in enumerate(parameters)}
        return _query(self._connection.cursor(), with_names(sql), values)

    def query_only(self, *_: Any) -> Rows:
        """Raise WrongUsage: Athena knows no statement or session that only reads."""
        raise WrongUsage("Athena cannot be told only to read: ask in its own console")

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


def _query(cursor: Any, sql: str, parameters: Any, most_rows: int | None = None) -> Rows:
    try:
        cursor.execute(sql, parameters)
        rows = cursor.fetchall() if most_rows is None else cursor.fetchmany(most_rows)
    except Exception as error:  # each client has its own family of errors
        message = first_line(error)
        if re.search(r"TABLE_NOT_FOUND|does not exist", message):
            raise MissingRelation(message) from error
        raise TrailhoundError(f"the warehouse answered: {message}") from error
    return Rows([column[0] for column in cursor.description or ()], list(map(tuple, rows)))


def quoted(*names: str) -> str:
    """A name as SQL writes it, its parts joined by dots."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)
