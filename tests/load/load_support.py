"""What the tests of loading share."""

import json
from dataclasses import dataclass
from itertools import count

import duckdb

from trailhound.load import LoadReport, NothingRead, load

_duckdb = duckdb.connect()
_numbers = count(1)


def event(number=1, **more):
    """A record that is an event, as small as one can be."""
    return {
        "eventVersion": "1.08",
        "eventTime": "2026-01-31T23:59:00Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateUser",
        "eventID": f"id-{number}",
        **more,
    }


def records(*events):
    """The usual document, as AWS writes it."""
    return json.dumps({"Records": events}, separators=(",", ":")).encode()


def lines(*values):
    """A value a line."""
    return "\n".join(json.dumps(each) for each in values).encode()


@dataclass
class Loaded:
    """A load's report and the rows that the store then holds, in order of file and position."""

    report: LoadReport
    rows: list[dict]

    @property
    def ids(self):
        return [row["eventid"] for row in self.valid]

    @property
    def valid(self):
        return [row for row in self.rows if row["error"] is None and row["skipped"] is None]

    @property
    def errors(self):
        return [(row["position"], row["error"]) for row in self.rows if row["error"]]

    @property
    def skips(self):
        return [(row["position"], row["skipped"]) for row in self.rows if row["skipped"]]


def read_rows(connection):
    cursor = connection.execute("from cloudtrail_logs order by file_path, position, raw")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def load_paths(*paths, connection=None, **options):
    """Load into a new store in memory, or into the one given; check what must hold of any load."""
    connection = connection or new_store()
    try:
        report = load(connection, [str(path) for path in paths], **options)
    except NothingRead as nothing:
        report = nothing.report
    check_invariants(connection, report)
    return Loaded(report, read_rows(connection))


def new_store():
    """An empty database in place of the one before: a DuckDB of its own takes 30 times as long."""
    number = next(_numbers)
    _duckdb.execute(f"attach ':memory:' as store_{number}; use store_{number}")
    _duckdb.execute(f"detach database if exists store_{number - 1}")
    return _duckdb


def check_invariants(connection, report):
    """Records in = valid + rejected + skipped; each row says one thing; positions count up."""
    last = "loaded_at = (select max(loaded_at) from cloudtrail_logs)"
    if report.files_read:
        valid, rejected, skipped, both, odd = connection.execute(
            f"""select count(*) filter (position > 0 and error is null and skipped is null),
                count(*) filter (position > 0 and error is not null),
                count(*) filter (position > 0 and skipped is not null),
                count(*) filter (error is not null and skipped is not null),
                count(*) filter ((raw is null) <> (error is null and skipped is null))
            from cloudtrail_logs where {last}"""
        ).fetchone()
        assert (report.valid, report.rejected, report.skipped) == (valid, rejected, skipped)
        assert report.records == valid + rejected + skipped
        assert both == odd == 0
    assert connection.execute(
        """select count(*) from (
            select file_path, count(*) as records, count(distinct position) as positions,
                min(position) as first, max(position) as last
            from cloudtrail_logs where position <> 0 group by file_path)
        where records <> positions or first <> 1 or last <> records"""
    ).fetchone() == (0,)


def load_bytes(folder, content, name="file", **options):
    """Load one file of this content."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_paths(path, **options)
