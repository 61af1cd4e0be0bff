"""Records whose surroundings look like something else: an answer, an archive, another log."""

import gzip
import json
import random

import pytest
from load_support import event, lines, load_bytes, load_paths, new_store, records
from test_archives import tarred

ONE, TWO, THREE = event(1), event(2), event(3)
TEXT = json.dumps(ONE)
BAD_LINE = b"\n{broken\n"


@pytest.mark.parametrize("name", ["Records", "events", "results", "value", "Items"])
@pytest.mark.parametrize(
    "around",
    [
        lambda name: {name: [], **ONE},
        lambda name: {"eventVersion": "1.08", name: [{"rule": "x"}], **ONE},
        lambda name: {"message": TEXT, name: []},
        lambda name: {name: [], "message": TEXT},
        lambda name: {"message": TEXT, name: [{"rule": "x"}]},
        lambda name: {"eventVersion": "1", "message": TEXT, name: []},
    ],
)
def test_an_array_of_a_container_s_name_hides_no_record(tmp_path, name, around):
    value = around(name)
    alone = load_bytes(tmp_path, json.dumps(value).encode(), "alone")
    assert (alone.ids, alone.errors) == (["id-1"], [])
    beside = load_bytes(tmp_path, lines(TWO, value) + BAD_LINE + lines(THREE), "lines")
    assert sorted(beside.ids) == ["id-1", "id-2", "id-3"]
    assert [reason for _, reason in beside.errors] == ["not valid JSON"]


def test_a_record_s_array_may_come_before_it_in_a_line(tmp_path):
    value = {"Events": [{"rule": "x"}], **ONE}
    loaded = load_bytes(tmp_path, lines(TWO, value) + BAD_LINE)
    assert sorted(loaded.ids) == ["id-1", "id-2"]


@pytest.mark.parametrize(
    "value",
    [
        {"eventSource": "ec2.amazonaws.com", "eventName": "RunInstances", "Records": []},
        {"message": "stop", "records": []},
    ],
)
def test_what_is_no_record_is_rejected_whatever_empty_array_it_has(tmp_path, value):
    loaded = load_bytes(tmp_path, lines(ONE, value))
    assert (loaded.ids, [row for row, _ in loaded.errors]) == (["id-1"], [2])


def test_a_file_whose_name_looks_like_a_member_of_an_archive(tmp_path):
    (tmp_path / "trail!march").write_bytes(records(ONE))
    store = new_store()
    assert load_paths(tmp_path, connection=store).ids == ["id-1"]
    (tmp_path / "trail").write_bytes(records(TWO))
    assert sorted(load_paths(tmp_path, connection=store).ids) == ["id-1", "id-2"]


def test_each_record_of_a_line_with_several_after_something(tmp_path):
    line = f"1 {json.dumps(ONE)} 2 {json.dumps(TWO)}".encode()
    assert load_bytes(tmp_path, line).ids == ["id-1", "id-2"]
    # A tail that is no record is not lost with the records before it: the line is rejected.
    assert load_bytes(tmp_path, line + b" end\n9 " + json.dumps(THREE).encode(), "tail").errors == [
        (1, "not valid JSON")
    ]


def test_cells_of_which_one_only_is_a_text_of_a_record_are_no_row(tmp_path):
    values = [{"eventJson": TEXT}, {"message": json.dumps(TWO)}]
    assert load_bytes(tmp_path, json.dumps(values).encode()).ids == ["id-1", "id-2"]


@pytest.mark.parametrize("at", range(5))
def test_a_text_at_a_tar_s_mark_makes_no_archive(tmp_path, at):
    session = ("x" * at + "ustar" * 100)[:300]
    content = records(event(1, userIdentity={"arn": session}), TWO)
    assert content[257:262] in (b"ustar", b"staru", b"tarus", b"arust", b"rusta")
    for name, stored in (("plain", content), ("gzip", gzip.compress(content))):
        assert load_bytes(tmp_path, stored, name).ids == ["id-1", "id-2"]


@pytest.mark.parametrize("nested", ["[" * 400 + "]" * 400, '{"events":[' * 300 + "]}" * 300])
def test_a_deep_value_costs_only_itself(tmp_path, nested):
    text = json.dumps(ONE)
    for name, content in (
        ("lines", f"{text}\n{nested}\n{json.dumps(TWO)}"),
        ("records", f'{{"Records":[{text},{nested},{json.dumps(TWO)}]}}'),
    ):
        loaded = load_bytes(tmp_path, content.encode(), name)
        assert loaded.ids == ["id-1", "id-2"]
        assert all(row == 2 for row, _ in loaded.errors)


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


@pytest.mark.parametrize(
    "table",
    [
        '"_raw","resources{}.ARN"\n' + quoted(TEXT) + ',"x"\n',
        "labels,_raw\n{app=x}," + quoted(TEXT) + "\n",
        "[time],_raw\nx," + quoted(TEXT) + "\n",
        "time\t_raw\nx\t" + quoted(TEXT) + "\n",
    ],
)
def test_tables_with_braces_brackets_and_tabs(tmp_path, table):
    assert load_bytes(tmp_path, table.encode()).ids == ["id-1"]


@pytest.mark.parametrize(
    "first",
    [
        b"2026-03-01T10:00:00Z host 10.0.0.1:514 connected",
        b"my vpc-id note",
        b"eventname report",
        b"\n".join([b"Mar  1 10:00:00 host sshd[1]: Connection closed"] * 30_000),
        b"ct " + json.dumps(event(9, requestParameters={"x": "y" * 1_200_000})).encode(),
    ],
    ids=["balancer", "flow log", "header", "more than a MB of others", "a long one"],
)
def test_a_log_is_not_judged_by_what_it_begins_with(tmp_path, first):
    content = (
        first + b"\n" + b"".join(b"x ct %s\n" % json.dumps(each).encode() for each in (ONE, TWO))
    )
    assert load_bytes(tmp_path, content).ids[-2:] == ["id-1", "id-2"]


def test_a_command_before_the_document_that_it_printed(tmp_path):
    answer = json.dumps({"Events": [{"CloudTrailEvent": TEXT}]}, indent=4)
    loaded = load_bytes(tmp_path, b"$ aws cloudtrail lookup-events\n" + answer.encode())
    assert (loaded.ids, loaded.errors) == (["id-1"], [(1, "not valid JSON")])


def test_whole_members_before_the_damage_of_an_archive(tmp_path):
    draw = random.Random(1)
    members = {
        f"{number}.json": records(event(number, noise=draw.randbytes(800).hex()))
        for number in range(40)
    }
    stored = gzip.compress(tarred(members))
    cut = load_bytes(tmp_path, stored[: len(stored) // 3], "cut.tgz")
    whole = len(cut.ids)
    assert whole >= 10
    assert set(cut.ids) == {f"id-{number}" for number in range(whole)}
    broken = stored[: len(stored) // 2] + bytes(10_000)
    assert len(load_bytes(tmp_path, broken, "broken.tgz").ids) >= 15


def test_a_text_that_was_cut_off_hides_no_whole_one(tmp_path):
    value = {"message": TEXT[:60], "event": {"original": TEXT}}
    for name, each in (("plain", value), ("wrapped", {"_source": value})):
        assert load_bytes(tmp_path, json.dumps(each).encode(), name).ids == ["id-1"]
    alone = load_bytes(tmp_path, lines(ONE, {"message": TEXT[:60]}), "alone")
    assert alone.errors == [(2, "not valid JSON at message")]
