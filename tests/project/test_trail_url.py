"""Where the table over a trail's bucket lies, however its URL is given."""

from __future__ import annotations

from datetime import date

import pytest

from support import Invoke
from trailhound.athena.ddl import Trail, athena_statements
from trailhound.errors import WrongUsage

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
        (f"s3://bucket/AWSLogs/{ORGANIZATION}", f"s3://bucket/AWSLogs/{ORGANIZATION}/"),
        (
            f"s3://bucket/p/AWSLogs/{ORGANIZATION}/111122223333/CloudTrail/us-east-1/2026/01/31/"
            "111122223333_CloudTrail_us-east-1_20260131T0000Z_abcdefgh.json.gz",
            f"s3://bucket/p/AWSLogs/{ORGANIZATION}/",
        ),
    ],
)
def test_location(url: str, root: str) -> None:
    trail = Trail(url, ["111122223333"], ["us-east-1"], date(2026, 1, 1))
    table = athena_statements(trail, "d", "t")[1]
    assert f"location '{root}'" in table
    assert f"'{root}${{account}}/CloudTrail/${{region}}/${{timestamp}}'" in table


@pytest.mark.parametrize(
    ("own", "regions"),
    [
        ("us-gov-west-1", ["us-gov-east-1", "us-gov-west-1"]),
        ("cn-north-1", ["cn-north-1", "cn-northwest-1"]),
        ("eusc-de-east-1", ["eusc-de-east-1"]),
    ],
)
def test_the_regions_are_those_of_the_target_s_partition(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, own: str, regions: list[str]
) -> None:
    for name in ("STAGING", "DATA"):
        monkeypatch.setenv(f"TRAILHOUND_ATHENA_S3_{name}_DIR", "s3://lake/")
    monkeypatch.setenv("TRAILHOUND_ATHENA_REGION", own)
    ddl = invoke(
        *("athena", "ddl", "--target", "athena", "--trail", "s3://my-trail"),
        *("--accounts", "111122223333", "--since", "2026-01-01"),
    ).stdout
    assert f"'projection.region.values' = '{','.join(regions)}'" in ddl


def test_a_region_of_any_partition_can_be_named() -> None:
    for region in ("us-gov-west-1", "cn-northwest-1", "eusc-de-east-1", "us-isob-east-1"):
        Trail("s3://bucket", ["111122223333"], [region], date(2026, 1, 1))
    with pytest.raises(WrongUsage, match="no region"):
        Trail("s3://bucket", ["111122223333"], ["us-east-1' or"], date(2026, 1, 1))
