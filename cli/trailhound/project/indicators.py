"""Make the seed `indicators` of what a person was given: a CSV, or a STIX 2.1 bundle.

`python -m trailhound.project.indicators IN.csv > OUT.csv` does it by hand.

https://docs.oasis-open.org/cti/stix/v2.1/stix-v2.1.html: indicators in section 4.7, patterns in 9.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from trailhound.errors import TrailhoundError
from trailhound.project.address_ranges import convert, digits_of
from trailhound.project.csv_rows import UnreadableCsv, csv_rows
from trailhound.text import visible

HEADER = ("kind", "indicator", "first_address", "last_address", "valid_until", "source")
KINDS = ("address", "user_agent", "access_key", "arn", "domain")
_COLUMNS = ("kind", "indicator", "source")
_SHORTEST_TEXT = 4
_MOST_ERRORS = 20
_KEY = re.compile(r"A(KIA|SIA|BIA|CCA)[A-Z0-9]{12,124}")
_DOMAIN = re.compile(r"[^\s/:@.]+([.][^\s/:@.]+)+")

# The paths of STIX patterns that CloudTrail can answer; hashes, files and mails are not among them.
_PATHS = {
    "ipv4-addr:value": "address",
    "ipv6-addr:value": "address",
    "network-traffic:src_ref.value": "address",
    "domain-name:value": "domain",
    "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'": "user_agent",
    "user-account:user_id": "",
    "user-account:account_login": "",
}
_COMPARISON = (
    r"\s*(?P<path>[^\s=\[\]]+)\s*(?P<operator>=|ISSUBSET)\s*'(?P<value>(?:[^'\\]|\\.)*)'\s*"
)
_OBSERVATION = re.compile(
    rf"\s*\[({re.sub('P<[a-z]+>', ':', _COMPARISON)}(OR{re.sub('P<[a-z]+>', ':', _COMPARISON)})*)\]"
)


class Indicator(NamedTuple):
    """One row of the seed; an address or a range stands as its first and last hex digits too."""

    kind: str
    indicator: str
    first_address: str
    last_address: str
    valid_until: str
    source: str


def write_seed(source: Path, file: TextIO) -> None:
    """Write the seed that is made of a CSV of kind, indicator, source, or of a STIX bundle.

    An empty kind is told by the indicator: an address, a range, an access key, an ARN. Of a bundle
    what is revoked, and patterns that no CloudTrail event can meet, are left out. Raises
    TrailhoundError with one line for each wrong row, twenty at most.
    """
    indicators = _of_bundle(source) if _is_json(source) else _of_csv(source)
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(_merged(indicators))


def made(kind: str, indicator: str, source: str, valid_until: str = "") -> Indicator:
    """An indicator as the seed has it. Raises ValueError with what is wrong."""
    # Somebody else wrote both: a line break in them would end a row of the seed.
    indicator, source = indicator.strip(), visible(source.strip())
    if indicator != visible(indicator):
        raise ValueError(f"'{visible(indicator)}' holds a character that cannot be seen")
    kind = kind.strip() or _kind_of(indicator)
    if kind not in KINDS:
        raise ValueError(f"kind '{kind}' is not one of {', '.join(KINDS)}")
    if not source:
        raise ValueError("it names no source")
    if kind == "address":
        try:
            network = ip_network(indicator)
        except ValueError:
            raise ValueError(f"'{indicator}' is no address and no range") from None
        ends = (digits_of(network[0]), digits_of(network[-1]))
        return Indicator(kind, indicator, *ends, valid_until, source)
    if kind == "access_key" and not _KEY.fullmatch(indicator):
        raise ValueError(f"'{indicator}' is no access key id")
    if kind == "arn" and not indicator.startswith("arn:"):
        raise ValueError(f"'{indicator}' is no ARN")
    if kind == "domain" and not _DOMAIN.fullmatch(indicator):
        raise ValueError(f"'{indicator}' is no domain")
    if len(indicator) < _SHORTEST_TEXT:
        raise ValueError(
            f"'{indicator}' would be in nearly every text: give four characters or more"
        )
    return Indicator(kind, indicator, "", "", valid_until, source)


def _kind_of(indicator: str) -> str:
    if _KEY.fullmatch(indicator):
        return "access_key"
    if indicator.startswith("arn:"):
        return "arn"
    try:
        ip_network(indicator, strict=False)
    except ValueError:
        raise ValueError(
            f"'{indicator}' is no address, access key or ARN: say its kind, user_agent or domain"
        ) from None
    return "address"


def _is_json(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"


def _of_csv(path: Path) -> list[Indicator]:
    found: list[Indicator] = []
    errors: list[str] = []
    header: list[str] | None = None
    try:
        for line, fields in csv_rows(path):
            if header is None:
                header = fields
                if sorted(header) != sorted(_COLUMNS):
                    raise TrailhoundError(
                        f"{path.name}, line {line}: the columns must be {','.join(_COLUMNS)}, "
                        f"not {','.join(header)}"
                    )
                continue
            try:
                found.append(_of_row(header, fields))
            except ValueError as error:
                errors.append(f"{path.name}, line {line}: {error}")
    except UnreadableCsv as error:
        errors.append(str(error))
    if header is None and not errors:
        errors.append(f"{path.name}: it is empty; the first line is {','.join(_COLUMNS)}")
    _refuse(path, errors)
    return found


def _of_row(header: Sequence[str], fields: Sequence[str]) -> Indicator:
    if len(fields) != len(header):
        raise ValueError(f"{len(fields)} fields instead of {len(header)}")
    return made(**dict(zip(header, fields, strict=True)))


def _of_bundle(path: Path) -> list[Indicator]:
    try:
        bundle = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise TrailhoundError(f"{path.name}: it is no JSON ({error})") from error
    objects = bundle.get("objects") if bundle.get("type") == "bundle" else None
    if not isinstance(objects, list):
        raise TrailhoundError(f"{path.name}: it is no STIX bundle with objects")
    wanted = [each for each in objects if isinstance(each, dict)]
    names = {each.get("id"): each.get("name") for each in wanted if each.get("type") == "identity"}
    found: list[Indicator] = []
    errors: list[str] = []
    for each in wanted:
        if each.get("type") != "indicator" or each.get("revoked") is True:
            continue
        source = ": ".join(
            str(part)
            for part in (names.get(each.get("created_by_ref")), each.get("name") or each.get("id"))
            if part
        )
        try:
            until = _moment(each.get("valid_until"))
            for kind, value in terms(str(each.get("pattern", ""))):
                found.append(made(kind, value, source, until))
        except ValueError as error:
            errors.append(f"{path.name}, {each.get('id')}: {error}")
    if not found and not errors:
        errors.append(f"{path.name}: none of its patterns is about what CloudTrail logs")
    _refuse(path, errors)
    return found


def terms(pattern: str) -> Iterator[tuple[str, str]]:
    """Kind and value of each comparison of a STIX pattern, any of which is enough.

    Nothing for a pattern that asks for more at once (AND, FOLLOWEDBY), or for something else.
    """
    found = []
    rest = pattern
    while observation := _OBSERVATION.match(rest):
        for each in re.finditer(_COMPARISON, observation[1]):
            path = each["path"].replace('"', "'")
            value = re.sub(r"\\(.)", r"\1", each["value"])
            if path not in _PATHS or (
                path.startswith("user-account") and not value.startswith(("arn:", "AKIA", "ASIA"))
            ):
                return
            found.append((_PATHS[path], value))
        rest = rest[observation.end() :].strip()
        if not rest:
            yield from found
            return
        if not rest.startswith("OR"):
            return
        rest = rest[2:]


def _moment(text: Any) -> str:
    """A STIX timestamp as SQL reads it, UTC; empty if there is none."""
    if text is None:
        return ""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise ValueError(f"valid_until '{text}' is no time") from None
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _merged(indicators: Sequence[Indicator]) -> list[Indicator]:
    """Each indicator once, with all its sources and the latest end, in the order of their text."""
    found: dict[tuple[str, ...], Indicator] = {}
    for each in indicators:
        known = found.setdefault(each[:4], each)
        sources = dict.fromkeys([*known.source.split("; "), each.source])
        ends = (known.valid_until, each.valid_until)
        found[each[:4]] = known._replace(
            source="; ".join(sources), valid_until=max(ends) if all(ends) else ""
        )
    return sorted(found.values())


def _refuse(path: Path, errors: list[str]) -> None:
    if len(errors) > _MOST_ERRORS:
        rest = len(errors) - _MOST_ERRORS
        errors[_MOST_ERRORS:] = [f"{path.name}: {rest} more are wrong"]
    if errors:
        raise TrailhoundError(*errors)


if __name__ == "__main__":
    sys.exit(convert(sys.argv[1:], "trailhound.project.indicators", write_seed))
