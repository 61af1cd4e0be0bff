"""Where the table over a trail's bucket lies, however its URL is given."""

from __future__ import annotations

from datetime import date

import pytest

from trailhound.athena.ddl import Trail, athena_statements

ORGANIZATION = "o-a1b2c3d4e5"


@pytest.mark.parametrize(
    ("url", "root"),
    [
        ("s3://bucket", "s3://bucket/AWSLogs/"),
        ("s3://bucket/", "s3://bucket/AWSLogs/"),
        ("s3://bucket/some/prefix", "s3://bucket/some/prefix/AWSLogs/"),
        ("s3://bucket/AWSLogs", "s3://bucket/AWSLogs/"),
        ("s3://bucket/AWSLogs/111122223333/CloudTrail/", "s3://bucket/AWSLogs/"),
        ("s3://bucket/p/AWSLogs/111122223333/CloudTrail/us-east-1", "s3://bucket/p/AWSLogs/"),
        (f"s3://bucket/AWSLogs/{ORGANIZATION}/1", f"s3://bucket/AWSLogs/{ORGANIZATION}/"),
    ],
)
def test_location(url: str, root: str) -> None:
    trail = Trail(url, ["111122223333"], ["us-east-1"], date(2026, 1, 1))
    table = athena_statements(trail, "d", "t")[1]
    assert f"location '{root}'" in table
    assert f"'{root}${{account}}/CloudTrail/${{region}}/${{timestamp}}'" in table
