"""Make the seed `networks` of a table of address ranges and the networks that they belong to.

`python -m trailhound.project.networks IN.csv > OUT.csv` does it by hand.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TextIO

from trailhound.project.address_ranges import convert, read_ranges

HEADER = ("first_address", "last_address", "network")


def write_seed(source: Path, file: TextIO) -> None:
    """Write the seed that is made of a user's CSV of start_ip, end_ip, network.

    Raises TrailhoundError with one line for each wrong row, twenty at most.
    """
    ranges = read_ranges(source, "network", _network)
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(each[:3] for each in ranges)


def _network(text: str) -> str:
    if not text:
        raise ValueError("it names no network")
    return text


if __name__ == "__main__":
    sys.exit(convert(sys.argv[1:], "trailhound.project.networks", write_seed))
