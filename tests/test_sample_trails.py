"""The trails in tests/logs are what their script writes."""

import gzip
from pathlib import Path

import pytest

from make_trails import LOGS, write_all


@pytest.fixture(scope="module")
def written_anew(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("logs")
    write_all(directory)
    return directory


@pytest.mark.parametrize("trail", ["sample", "benign"])
def test_a_trail_is_what_its_script_writes(trail: str, written_anew: Path) -> None:
    assert _contents(LOGS / trail) == _contents(written_anew / trail)


def test_the_files_carry_no_time_of_writing(written_anew: Path) -> None:
    headers = {path.read_bytes()[4:8] for path in written_anew.rglob("*.gz")}

    assert headers == {b"\0\0\0\0"}


def _contents(directory: Path) -> dict[str, bytes]:
    # What is inside: the compressed bytes are the business of the zlib at hand.
    return {
        str(path.relative_to(directory)): gzip.decompress(path.read_bytes())
        for path in directory.rglob("*.gz")
    }
