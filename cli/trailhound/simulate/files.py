"""Writing a trail as AWS delivers it: small gzip files in folders by account, region and day."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from trailhound.simulate.records import Record

DELIVERY = timedelta(minutes=5)
_SUFFIX_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def write_trail(
    records: Iterable[Record],
    directory: Path,
    *,
    every: timedelta = DELIVERY,
    region: str | None = None,
) -> list[Path]:
    """Write the records below `directory` and return the paths written, sorted.

    The layout is AWS's: `AWSLogs/<account>/CloudTrail/<region>/YYYY/MM/DD/<account>_CloudTrail_
    <region>_<time>Z_<random>.json.gz`, each file one line `{"Records":[...]}`, one delivery per
    account, region and `every` (which divides a day), stamped with the end of that time. With
    `region` all go to that region's folder, whatever their own. The same records give the same
    names and bytes.
    """
    deliveries: dict[tuple[str, str, datetime], list[Record]] = {}
    for each in records:
        at = datetime.strptime(each["eventTime"], "%Y-%m-%dT%H:%M:%SZ")
        midnight = at.replace(hour=0, minute=0, second=0)
        delivered = midnight + ((at - midnight) // every + 1) * every
        key = (each["recipientAccountId"], region or each["awsRegion"], delivered)
        deliveries.setdefault(key, []).append(each)
    return sorted(_write(directory, *delivery, batch) for delivery, batch in deliveries.items())


def document(records: Iterable[Record]) -> bytes:
    """One CloudTrail file's text: `{"Records":[...]}` on one line, in UTF-8."""
    body = json.dumps({"Records": list(records)}, separators=(",", ":"), ensure_ascii=False)
    return body.encode()


def _write(
    directory: Path, account: str, region: str, delivered: datetime, records: list[Record]
) -> Path:
    text = document(records)
    folder = directory / f"AWSLogs/{account}/CloudTrail/{region}/{delivered:%Y/%m/%d}"
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{account}_CloudTrail_{region}_{delivered:%Y%m%dT%H%MZ}_{_suffix(text)}.json.gz"
    path = folder / name
    path.write_bytes(gzip.compress(text, mtime=0))
    return path


def _suffix(text: bytes) -> str:
    digest = hashlib.sha256(text).digest()
    return "".join(_SUFFIX_ALPHABET[byte % len(_SUFFIX_ALPHABET)] for byte in digest[:16])
