"""A Trino client of forty lines that keeps Trino's own texts and types of values."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests

_SECONDS = 300


class TrinoError(Exception):
    """A statement failed: Trino's name for the error, and its message."""

    def __init__(self, name: str, kind: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.kind = kind
        self.message = message


@dataclass
class Answer:
    """What a statement gave."""

    columns: list[dict[str, Any]] = field(default_factory=list)
    """Each with `name`, `type` and `typeSignature`."""
    rows: list[list[Any]] = field(default_factory=list)
    update_type: str | None = None
    """CREATE TABLE, INSERT and so on; None for a query."""
    update_count: int | None = None
    scanned_bytes: int = 0
    """What connectors read from storage."""


@dataclass(frozen=True)
class TrinoClient:
    """Where to send statements, and what they mean by a bare name."""

    url: str
    catalog: str | None = None
    schema: str | None = None
    session: Mapping[str, str] = field(default_factory=dict)

    def execute(
        self,
        sql: str,
        cancelled: Callable[[], bool] = lambda: False,
        more_headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Run one statement to its end, or until it is cancelled. Raises TrinoError if it fails."""
        headers = {"X-Trino-User": "trailhound", "X-Trino-Time-Zone": "UTC", **(more_headers or {})}
        if self.catalog:
            headers["X-Trino-Catalog"] = self.catalog
        if self.schema:
            headers["X-Trino-Schema"] = self.schema
        if self.session:
            headers["X-Trino-Session"] = ",".join(f"{k}={v}" for k, v in self.session.items())
        with requests.Session() as http:
            http.headers.update(headers)
            reply = http.post(f"{self.url}/v1/statement", data=sql.encode(), timeout=_SECONDS)
            answer = Answer()
            while True:
                # Trino says 503 when it has too much to do.
                if reply.status_code == 503:
                    time.sleep(0.1)
                else:
                    reply.raise_for_status()
                    page = reply.json()
                    _add(answer, page)
                    if "nextUri" not in page:
                        return answer
                    if cancelled():
                        http.delete(page["nextUri"], timeout=_SECONDS)
                        return answer
                reply = http.get(page["nextUri"], timeout=_SECONDS)

    def types(self, query: str) -> list[str]:
        """The types of a query's columns, which Trino tells without planning the query."""
        prepared = {"X-Trino-Prepared-Statement": f"it={quote(query)}"}
        return [
            str(row[4]) for row in self.execute("describe output it", more_headers=prepared).rows
        ]

    def rows(self, sql: str) -> list[list[Any]]:
        """The rows of one statement."""
        return self.execute(sql).rows


def _add(answer: Answer, page: Mapping[str, Any]) -> None:
    if "error" in page:
        error = page["error"]
        raise TrinoError(error["errorName"], error["errorType"], error.get("message", ""))
    answer.columns = page.get("columns") or answer.columns
    answer.rows += page.get("data") or []
    answer.update_type = page.get("updateType", answer.update_type)
    answer.update_count = page.get("updateCount", answer.update_count)
    answer.scanned_bytes = page["stats"].get("physicalInputBytes", answer.scanned_bytes)
