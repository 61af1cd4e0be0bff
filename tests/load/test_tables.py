"""Rows of other tables: Parquet's types, and the times that portals and queries write."""

import bz2
import io
import json
import lzma
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from load_support import event, load_bytes

COLUMNS = {
    "eventtime": "2026-01-31T23:59:00Z",
    "eventsource": "iam.amazonaws.com",
    "eventname": "CreateUser",
    "eventid": "id-1",
    "requestparameters": '{"userName":"é"}',
}


def parquet(columns):
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


@pytest.mark.parametrize("kind", [pa.string(), pa.binary(), pa.large_binary()])
def test_text_that_is_not_marked_as_text(tmp_path, kind):
    """Older writers of Parquet only say that it is bytes."""
    columns = {name: pa.array([value.encode()], pa.binary()) for name, value in COLUMNS.items()}
    columns = {name: array.cast(kind) for name, array in columns.items()}
    odd = {"hash": pa.array([b"\xff"]), "useragent": pa.array([b"caf\xe9"])}
    loaded = load_bytes(tmp_path, parquet({**columns, **odd}))
    assert (loaded.ids, loaded.errors) == (["id-1"], [])
    assert loaded.rows[0]["requestparameters"] == COLUMNS["requestparameters"]
    assert loaded.rows[0]["useragent"] == "caf\ufffd"


def test_a_column_beside_those_of_the_table(tmp_path):
    """As a partition's, in any case."""
    loaded = load_bytes(tmp_path, parquet({name: [value] for name, value in COLUMNS.items()} | {
        "Year": ["2026"]}))  # fmt: skip
    assert (loaded.ids, loaded.errors) == (["id-1"], [])


def test_a_record_after_many_rows_of_something_else(tmp_path):
    texts = ["START"] * 1500 + [json.dumps(event(1))]
    loaded = load_bytes(tmp_path, parquet({"message": texts}))
    assert (loaded.ids, loaded.report.rejected) == (["id-1"], 1500)
    rows = "".join(f'x,"{text.replace(chr(34), chr(34) * 2)}"\n' for text in texts * 4)
    loaded = load_bytes(tmp_path, "time,message\n" + rows, "csv")
    assert (len(loaded.ids), loaded.report.rejected) == (4, 6000)


@pytest.mark.parametrize("pack", [zstandard.compress, lzma.compress, bz2.compress])
def test_packed_parquet(tmp_path, pack):
    content = pack(parquet({name: [value] for name, value in COLUMNS.items()}))
    assert load_bytes(tmp_path, content).ids == ["id-1"]


SENTINEL = {"EventSource": "iam.amazonaws.com", "EventName": "CreateUser", "AwsEventId": "id-1"}
OCSF = {
    "metadata": {"uid": "id-1", "product": {"name": "CloudTrail"}},
    "api": {"operation": "CreateUser", "service": {"name": "iam.amazonaws.com"}},
}


@pytest.mark.parametrize(
    "value",
    [
        *(
            {**SENTINEL, "TimeGenerated": time}
            for time in (
                "2026-01-31T23:59:00.0000000Z",
                "2026-01-31 23:59:00",
                "1/31/2026, 11:59:00.000 PM",
                "1/31/2026, 11:59:00 PM",
                "1/31/2026 11:59:00 PM",
            )
        ),
        *({**OCSF, "time": time} for time in (1769903940000, "1769903940000")),
        {**OCSF, "time_dt": "2026-01-31 23:59:00.000"},
    ],
)
def test_times(tmp_path, value):
    loaded = load_bytes(tmp_path, json.dumps(value))
    assert (loaded.ids, loaded.errors) == (["id-1"], [])
    assert datetime.fromisoformat(loaded.rows[0]["eventtime"]) == datetime(
        2026, 1, 31, 23, 59, tzinfo=UTC
    )
