"""Check the analyst's CSV files row by row: allow-list, overrides, trusted accounts, acknowledged.

Of the first three `dbt build` alone makes the same checks in SQL (macros/seeds/check_seeds.sql);
here a message also has the line, and comes before anything is built.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, ValidationInfo

from trailhound.errors import near_matches
from trailhound.project.csv_rows import UnreadableCsv, csv_rows
from trailhound.project.globs import glob_matches

FINDING_KINDS = (
    "newest event", "silent accounts", "silent regions", "missing days", "data events", "files",
    "digests", "delivery",
)  # fmt: skip
"""The problems of `trailhound doctor` that can be known and meant."""

_LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Known:
    """The enabled detections, by name."""

    detections: Collection[str]
    without_threshold: Collection[str] = ()


def _reason(text: str) -> str:
    if not text.strip():
        raise ValueError("no reason")
    return text


def _detection(text: str, info: ValidationInfo) -> str:
    known = cast(Known, info.context)
    if text and not any(glob_matches(text, name) for name in known.detections):
        near = near_matches(text.replace("*", ""), known.detections)
        hint = f". Did you mean {' or '.join(near)}?" if near else ""
        raise ValueError(f"there is no enabled detection '{text}'{hint}")
    return text


def _detection_with_threshold(text: str, info: ValidationInfo) -> str:
    known = cast(Known, info.context)
    if text in known.without_threshold:
        raise ValueError(f"the detection '{text}' has no threshold: each event is an alert")
    return _detection(text, info)


def _source(text: str) -> str:
    """An address, a CIDR range, a text with `*`, or a text that looks like none of these."""
    if "/" in text:
        if not re.fullmatch(r"[^/%]+/[0-9]{1,3}", text):
            raise ValueError(f"source_ip '{text}' is no CIDR range")
        try:
            ip_network(text)
        except ValueError as error:
            bits = "has host bits set" in str(error)
            why = ": it has bits behind its prefix" if bits else ""
            raise ValueError(f"source_ip '{text}' is no CIDR range{why}") from None
    elif "*" not in text and re.search(r"^[ 0-9]|:", text) and not is_address(text):
        raise ValueError(f"source_ip '{text}' is no address")
    return text


def _date(text: str) -> date | None:
    if not text:
        return None
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(f"expires_on '{text}' is no date YYYY-MM-DD")


def _threshold(text: str) -> int:
    if re.fullmatch(r"[0-9]+", text) and 1 <= int(text) <= _LARGEST:
        return int(text)
    raise ValueError(f"threshold '{text}' is no whole number of at least 1")


def _account(text: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", text):
        raise ValueError(
            f"account_id '{text}' is not twelve digits: did a spreadsheet eat the zeros?"
        )
    return text


def _kind(text: str) -> str:
    if text not in FINDING_KINDS:
        raise ValueError(f"kind '{text}' is none of {', '.join(FINDING_KINDS)}")
    return text


def _name(text: str) -> str:
    if not text:
        raise ValueError("no name: * means any")
    return text


class AllowListRow(BaseModel):
    """Events that a detection does not count. An empty field means any."""

    model_config = ConfigDict(frozen=True)

    detection: Annotated[str, BeforeValidator(_detection)]
    account_id: str
    entity_id: str
    source_ip: Annotated[str, BeforeValidator(_source)]
    region: str
    user_agent: str
    event_name: str
    expires_on: Annotated[date | None, BeforeValidator(_date)]
    reason: Annotated[str, BeforeValidator(_reason)]
    owner: str


class OverrideRow(BaseModel):
    """A threshold for some entities. An empty field means any."""

    model_config = ConfigDict(frozen=True)

    detection: Annotated[str, BeforeValidator(_detection_with_threshold)]
    account_id: str
    entity_id: str
    threshold: Annotated[int, BeforeValidator(_threshold)]
    reason: Annotated[str, BeforeValidator(_reason)]
    owner: str


class TrustedAccountRow(BaseModel):
    """An account that is not foreign."""

    model_config = ConfigDict(frozen=True)

    account_id: Annotated[str, BeforeValidator(_account)]
    name: str
    reason: Annotated[str, BeforeValidator(_reason)]
    owner: str


class AcknowledgedRow(BaseModel):
    """Findings of doctor that are known and meant."""

    model_config = ConfigDict(frozen=True)

    kind: Annotated[str, BeforeValidator(_kind)]
    name: Annotated[str, BeforeValidator(_name)]
    """What is found, as doctor names it; `*` stands for anything."""
    reason: Annotated[str, BeforeValidator(_reason)]
    owner: str
    expires_on: Annotated[date | None, BeforeValidator(_date)]
    """The last day on which the row counts, UTC; None: it never ends."""


Row = TypeVar("Row", AllowListRow, OverrideRow, TrustedAccountRow, AcknowledgedRow)


def read_allow_list(path: Path, known: Known) -> tuple[list[AllowListRow], list[str]]:
    """The rows of an allow-list, and one line for each thing that is wrong with it.

    Such a line has the file's name, the line in the file and the reason.
    """
    return _read(path, AllowListRow, known)


def read_overrides(path: Path, known: Known) -> tuple[list[OverrideRow], list[str]]:
    """The rows of a file of threshold overrides, and one line for each thing that is wrong."""
    return _read(path, OverrideRow, known)


def read_trusted_accounts(path: Path) -> tuple[list[TrustedAccountRow], list[str]]:
    """The rows of a file of trusted accounts, and one line for each thing that is wrong."""
    return _read(path, TrustedAccountRow)


def read_acknowledged(path: Path) -> tuple[list[AcknowledgedRow], list[str]]:
    """The rows of a file of acknowledged findings, and one line for each thing that is wrong."""
    return _read(path, AcknowledgedRow)


def is_address(text: str) -> bool:
    """Whether a text is an IPv4 or IPv6 address, without a zone."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _read(path: Path, row: type[Row], known: Known | None = None) -> tuple[list[Row], list[str]]:
    rows: list[Row] = []
    errors: list[str] = []
    columns = list(row.model_fields)
    header: list[str] | None = None
    try:
        for line, fields in csv_rows(path):
            where = f"{path.name}, line {line}"
            if header is None:
                header = fields
                if sorted(header) != sorted(columns):
                    expected, found = ",".join(columns), ",".join(header)
                    return [], [f"{where}: the columns must be {expected}, not {found}"]
            elif len(fields) != len(header):
                errors.append(f"{where}: {len(fields)} fields instead of {len(header)}")
            else:
                try:
                    named = dict(zip(header, fields, strict=True))
                    rows.append(row.model_validate(named, context=known))
                except ValidationError as error:
                    errors += [f"{where}: {_text(each)}" for each in error.errors()]
    except UnreadableCsv as error:
        errors.append(str(error))
    if header is None and not errors:
        errors.append(f"{path.name}: it is empty; the first line is {','.join(columns)}")
    return rows, errors


def _text(error: Mapping[str, Any]) -> str:
    raised = error.get("ctx", {}).get("error")
    return str(raised) if raised else f"{'.'.join(map(str, error['loc']))}: {error['msg']}"
