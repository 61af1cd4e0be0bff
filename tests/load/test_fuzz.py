"""Any bytes at all: never a crash, counts that add up, no valid record lost beside broken ones.

`TRAILHOUND_FUZZ_SECONDS` says for how long, all tests together; `make fuzz` takes ten minutes and
prints how many inputs each test had.
"""

import gzip
import json
import os
import re
import tempfile
import time
from datetime import date
from itertools import count
from pathlib import Path

import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from load_support import event, lines, load_paths, new_store, records
from test_shapes import SHAPES

from exports import EXPORTS

EXAMPLES = 30
SECONDS = float(os.environ.get("TRAILHOUND_FUZZ_SECONDS", "0")) / 4  # for each of the tests here


def fuzzed(test):
    """Run a hypothesis test once, or again and again for as long as was asked for."""
    run = settings(max_examples=EXAMPLES)(test)

    def repeatedly():
        started = time.monotonic()
        inputs = iter(INPUTS)
        before = next(inputs)
        run()
        while time.monotonic() - started < SECONDS:
            run()
        print(f"{test.__name__}: {next(inputs) - before - 1:,} inputs")

    return repeatedly


GOOD = records(event("good"))
GOOD_LINE = b"a good line"  # stands for one
INPUTS = count()  # told off one by one


def load_beside_a_good_file(*contents):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "good").write_bytes(GOOD)
        for number, content in enumerate(contents):
            (Path(folder) / f"odd {number}").write_bytes(content)
            next(INPUTS)
        connection = new_store()
        loaded = load_paths(folder, connection=connection)
        assert loaded.ids[0] == "id-good"
        again = load_paths(folder, connection=connection)
        assert (again.report.files_known, again.report.records) == (1 + len(contents), 0)
    for row in loaded.rows:
        for value in row.values():
            if isinstance(value, str):
                value.encode()
    loaded.rows = loaded.rows[1:]
    return loaded


FULL = [event(n, userIdentity={"type": "Root", "arn": "x"}, awsRegion="x") for n in range(3)]
CONTENTS = [
    *(SHAPES[name].encode() for name in sorted(SHAPES)),
    *(EXPORTS[name].make(FULL) for name in sorted(EXPORTS)),
]


@st.composite
def damaged(draw):
    """A file of some shape, packed or not, with a few places changed."""
    content = draw(st.sampled_from(CONTENTS))
    pack = draw(st.sampled_from([bytes, gzip.compress, zstandard.compress]))
    is_packed_first = draw(st.booleans())
    content = pack(content) if is_packed_first else content
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(content)))
        end = draw(st.integers(at, min(len(content), at + 300)))
        new = draw(
            st.one_of(
                st.binary(max_size=8),
                st.sampled_from([b"{", b"}", b"[", b"]", b'"', b"\\", b",", b"\n", b"\0", b"null"]),
                st.sampled_from([b'"message":', b'"data":', b'"eventSource":"aws:s3"', b"PAR1"]),
                st.just(content[at:end] * 2),
            )
        )
        content = content[:at] + new + content[end:]
    return content if is_packed_first else pack(content)


@fuzzed
@given(st.lists(st.one_of(st.binary(max_size=600), damaged()), min_size=1, max_size=20))
def test_any_bytes(contents):
    load_beside_a_good_file(*contents)


MAGIC = (
    *(b"PK", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ", b"PAR1\x15"),
    *(b"\xff\xfe", b"\xfe\xff", b"{\0", b"[\0", b"\0"),
)


def is_line_of_noise(text):
    """Not a line end, nor what makes the whole file something else than text."""
    return not re.search(rb"[\r\n]|ustar", text) and not text.startswith(MAGIC)


noise = st.one_of(
    st.binary(max_size=80),
    st.text(alphabet='{}[]",:\\ae1 ', max_size=40).map(str.encode),
    st.integers(1, 120).map(lambda cut: json.dumps(event("cut")).encode()[:cut]),
    st.integers(1, 300).map(lambda cut: records(event("cut"), event("cut 2"))[:cut]),
).filter(is_line_of_noise)
RECORDS_OF_ONE = [records(event(number)) for number in range(3)]


def opens_a_document(parts):
    """Whether the first line begins a container: the next ones may then be its inside."""
    first = next((part.strip() for part in parts if part.strip()), b"")
    is_object_open = first[:1] == b"{" and first[-1:] in (b",", b":")
    return is_object_open or first.startswith((b"[", b'{"Records":['))


@fuzzed
@given(
    st.lists(st.one_of(noise, st.just(GOOD_LINE)), max_size=12).filter(
        lambda parts: not opens_a_document(parts)
    )
)
def test_bad_lines_never_cost_a_good_one(parts):
    numbers = iter(range(len(parts)))
    texts = [lines(event(next(numbers))) if part is GOOD_LINE else part for part in parts]
    good = sum(part is GOOD_LINE for part in parts)
    loaded = load_beside_a_good_file(b"\n".join(texts))
    ids = [each for each in loaded.ids if not each.startswith("id-cut")]
    assert ids == [f"id-{number}" for number in range(good)]


FORMS = {
    "records": lambda texts: b'{"Records":[' + b",".join(texts) + b"]}",
    "array": lambda texts: b"[" + b", ".join(texts) + b"]",
    "lines": b"\n".join,
    "concatenated": b"".join,
    "one a line": lambda texts: b'{"Records": [\n' + b",\n".join(texts) + b"\n]\n}",
    "late": lambda texts: b'{"a":{"b":["]"]},"Records":[' + b",".join(texts) + b'],"c":[]}',
}

json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=20),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
more = st.dictionaries(
    st.sampled_from(["requestParameters", "responseElements", "userAgent", "userIdentity", "x"]),
    json_values,
    max_size=3,
)


def dumped(value, indent):
    return json.dumps(value, indent=indent, ensure_ascii=indent is None).encode()


@fuzzed
@given(
    st.lists(more, min_size=1, max_size=5),
    st.sampled_from(["records", "array", "one a line", "late"]),
    st.data(),
)
def test_a_cut_document_keeps_its_whole_records(changes, form, data):
    texts = [dumped(event(number, **change), None) for number, change in enumerate(changes)]
    text = FORMS[form](texts)
    cut = data.draw(st.integers(0, len(text)))
    ends = [text.index(each) + len(each) for each in texts]
    loaded = load_beside_a_good_file(text[:cut])
    assert loaded.ids == [f"id-{number}" for number, end in enumerate(ends) if end <= cut]
    if 0 < cut < len(text.rstrip()) and text[:cut].strip():
        assert [position for position, _ in loaded.errors] == [0]


def time_is_readable(value):
    if not isinstance(value, str):
        return False
    found = re.fullmatch(
        r"(\d{4})-(\d\d)-(\d\d)[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?"
        r"(Z|[+-]([01]\d|2[0-3]):[0-5]\d)?",
        value,
        re.ASCII,
    )
    if not found:
        return False
    try:
        date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return False
    at_an_end = value < "0001-01-02" or value > "9999-12-31"  # an offset may lead out of the years
    return not (at_an_end and found[6] not in (None, "Z"))


times = st.one_of(
    st.builds(
        "{}-{:02d}-{:02d}{}{:02d}:{:02d}:{:02d}{}{}".format,
        st.sampled_from(["2026", "0001", "9999", "0000", "20260"]),
        st.integers(0, 13),
        st.integers(0, 32),
        st.sampled_from("T t"),
        st.integers(0, 25),
        st.integers(0, 61),
        st.integers(0, 61),
        st.sampled_from(["", ".", ".1", ".123456789012345"]),
        st.sampled_from(["", "Z", "z", "+01:00", "-14:59", "+23:59", "+1:00", " UTC"]),
    ),
    json_values,
)
names = st.one_of(st.just("CreateUser"), json_values)


@fuzzed
@given(
    st.lists(st.tuples(times, names, more), min_size=1, max_size=6),
    st.sampled_from(sorted(FORMS)),
    st.sampled_from([None, 1]),
)
def test_what_is_an_event(drawn, form, indent):
    """Against the definition in a few lines of Python, in every form."""
    if form == "lines":
        indent = None
    values = [
        {"eventTime": time, "eventName": name, "eventID": f"id-{number}", **change}
        for number, (time, name, change) in enumerate(drawn)
    ]
    loaded = load_beside_a_good_file(FORMS[form]([dumped(value, indent) for value in values]))
    expected = [
        value["eventID"]
        for value in values
        if time_is_readable(value["eventTime"]) and value["eventName"] not in (None, "")
    ]
    assert loaded.ids == expected
    assert loaded.report.records == len(values) + 1
    for value, row in zip(values, loaded.rows, strict=True):
        for key in ("requestParameters", "responseElements"):
            check_json_text(value.get(key), row[key.lower()])


def check_json_text(value, text):
    """A column of JSON text says what the record says."""
    if value is None:
        assert text is None
    elif isinstance(value, str):
        assert text == value
    else:
        assert json.loads(text) == value
