"""Rewrites tests/logs/sample and tests/logs/benign: `python tests/make_trails.py`.

The sample trail holds four days of two accounts. All fifteen detections fire in it, one burst
runs over midnight, one region tree repeats what another holds, and a normal account makes its
noise around it. The benign trail is that noise alone.
"""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benign_trail import benign_trail
from trailhound.simulate import simulate, write_trail
from trailhound.simulate.identities import Caller, iam_user, role_session, root

LOGS = Path(__file__).parent / "logs"
FIRST_DAY = datetime(2026, 3, 9, tzinfo=UTC)
ACCOUNT, OTHER_ACCOUNT = "111122223333", "001234567890"


def sample_records() -> list[dict[str, Any]]:
    """The records of the sample trail, in time order, repeats left out."""
    intruder = iam_user(ACCOUNT, "mallory").at("179.149.157.44")
    session = role_session(ACCOUNT, "app-server", "i-0a1b2c3d4e5f60718", _at(1, "09:30"))
    other_root = root(OTHER_ACCOUNT, _at(3, "03:00")).at("105.119.255.8")
    # Detection, caller, day, time, how many, minutes. The numbers stand here, not in the
    # catalogue, so that a changed default does not change the trail.
    story: tuple[tuple[str, Caller | None, int, str, int, int], ...] = (
        ("iam_multiple_worldwide_console_logins", None, 0, "10:00", 3, 60),
        ("iam_multiple_failed_api_calls", intruder, 0, "10:30", 7, 10),
        ("s3_buckets_enumerated", intruder, 0, "10:50", 20, 10),
        ("iam_multiple_users_created", intruder, 0, "23:35", 12, 60),
        ("ec2_multiple_instances_created", session, 1, "09:40", 8, 1),
        ("ec2_multiple_large_instances_created", session, 1, "09:50", 4, 1),
        ("ec2_instances_created_in_multiple_regions", session, 1, "10:00", 4, 60),
        ("ec2_multiple_instances_created_short_period", session, 1, "15:00", 12, 60),
        ("ec2_multiple_large_instances_created_short_period", session, 1, "18:00", 6, 60),
        ("s3_mass_copy_objects", session, 1, "20:00", 55, 60),
        ("ec2_multiple_instances_terminated", session, 2, "08:00", 6, 1),
        ("ec2_multiple_instances_terminated_short_period", session, 2, "11:00", 12, 60),
        ("iam_multiple_users_deleted", intruder, 2, "13:00", 6, 60),
        ("s3_mass_copy_objects", session, 2, "20:00", 52, 60),
        ("aws_critical_changes_to_logging", intruder, 2, "21:00", 1, 1),
        ("s3_buckets_enumerated", other_root, 3, "03:10", 16, 10),
        ("aws_critical_changes_to_logging", other_root, 3, "03:30", 1, 1),
        ("s3_mass_delete_objects", other_root, 3, "03:40", 60, 60),
    )
    records = benign_trail(7, 4, start=FIRST_DAY, account=ACCOUNT)
    for seed, (detection, caller, day, time, count, minutes) in enumerate(story, start=1):
        records += simulate(
            detection,
            start=_at(day, time),
            threshold=count,
            minutes=minutes,
            account=caller.account if caller else ACCOUNT,
            caller=caller,
            seed=seed,
        )
    return sorted(records, key=lambda each: str(each["eventTime"]))


def benign_records() -> list[dict[str, Any]]:
    """The records of the benign trail, in time order."""
    return benign_trail(11, 2, start=FIRST_DAY, account=ACCOUNT)


def write_all(logs: Path) -> None:
    """Write both trails below `logs`, in place of what is there."""
    for name, records in (("sample", sample_records()), ("benign", benign_records())):
        shutil.rmtree(logs / name, ignore_errors=True)
        write_trail(records, logs / name, every=timedelta(minutes=15))
        if name == "sample":
            _repeat_a_region(records, logs / name)


def _repeat_a_region(records: list[dict[str, Any]], directory: Path) -> None:
    """Put the IAM records of the first day into a second region's tree too, as AWS once did."""
    day = FIRST_DAY.strftime("%Y-%m-%d")
    repeated = [
        each
        for each in records
        if each["eventSource"] == "iam.amazonaws.com" and each["eventTime"].startswith(day)
    ]
    write_trail(repeated, directory, every=timedelta(days=1), region="eu-central-1")


def _at(day: int, time: str) -> datetime:
    hour, minute = map(int, time.split(":"))
    return FIRST_DAY + timedelta(days=day, hours=hour, minutes=minute)


if __name__ == "__main__":
    write_all(LOGS)
    sys.stdout.write(f"wrote {LOGS / 'sample'} and {LOGS / 'benign'}\n")
