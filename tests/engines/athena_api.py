"""The actions of Athena's API that the stand-in answers itself: a query from start to results."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engines.athena_statements import (
    HIVE,
    Outcome,
    Refused,
    StatementError,
    Statements,
)

_PAGE = 1000

Reply = dict[str, Any]


@dataclass
class Execution:
    """One query, from its start on."""

    sql: str
    database: str
    catalog: str
    work_group: str
    output_location: str
    identifier: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: str = "RUNNING"
    reason: str = ""
    submitted: float = field(default_factory=time.time)
    completed: float | None = None
    outcome: Outcome = field(default_factory=lambda: Outcome("DML"))

    def run(self, statements: Statements) -> None:
        """Run the query and note how it ended."""
        state, reason = "SUCCEEDED", ""
        try:
            self.outcome = statements.run(
                self.sql, self.database, lambda: self.state == "CANCELLED"
            )
        except StatementError as error:
            state, reason = "FAILED", str(error)
        except Exception as error:  # a fault of the stand-in must end the query too
            state, reason = "FAILED", f"GENERIC_INTERNAL_ERROR: the stand-in failed: {error!r}"
        self.completed = time.time()
        if self.state != "CANCELLED":
            self.state, self.reason = state, reason

    def described(self) -> Reply:
        """What GetQueryExecution answers."""
        status: Reply = {"State": self.state, "SubmissionDateTime": self.submitted}
        if self.completed:
            status["CompletionDateTime"] = self.completed
        if self.reason:
            status |= {"StateChangeReason": self.reason, "AthenaError": _athena_error(self.reason)}
        return {
            "QueryExecutionId": self.identifier,
            "Query": self.sql,
            "StatementType": self.outcome.statement_type,
            "SubstatementType": self.outcome.substatement_type,
            "ResultConfiguration": {"OutputLocation": self.output_location},
            "QueryExecutionContext": {"Database": self.database, "Catalog": self.catalog},
            "WorkGroup": self.work_group,
            "EngineVersion": {"EffectiveEngineVersion": "Trino behind a stand-in for Athena"},
            "Status": status,
            "Statistics": {
                "DataScannedInBytes": self.outcome.scanned_bytes,
                "EngineExecutionTimeInMillis": int(
                    1000 * ((self.completed or time.time()) - self.submitted)
                ),
            },
        }

    def page(self, token: str | None, length: int) -> Reply:
        """What GetQueryResults answers: of a SELECT the names are the first row."""
        outcome = self.outcome
        is_query = outcome.statement_type == "DML" and outcome.substatement_type == "SELECT"
        names: list[str | None] = [*outcome.names]
        rows = [*([names] if is_query else []), *outcome.rows]
        start = int(token or 0)
        reply: Reply = {
            "UpdateCount": outcome.update_count,
            "ResultSet": {
                "Rows": [_row(row) for row in rows[start : start + length]],
                "ResultSetMetadata": {
                    "ColumnInfo": list(map(_column_info, outcome.names, outcome.types))
                },
            },
        }
        if start + length < len(rows):
            reply["NextToken"] = str(start + length)
        return reply


def _athena_error(reason: str) -> Reply:
    """Category 2 is the user's; type 233 is what dbt-athena tries again after."""
    is_iceberg = reason.startswith("ICEBERG_COMMIT_ERROR")
    return {
        "ErrorCategory": 2,
        "ErrorType": 233 if is_iceberg else 1006,
        "Retryable": is_iceberg,
        "ErrorMessage": reason,
    }


def _row(values: list[str | None]) -> Reply:
    return {"Data": [{} if value is None else {"VarCharValue": value} for value in values]}


def _column_info(name: str, kind: str) -> Reply:
    return {
        **{"CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": name, "Label": name},
        **{"Type": kind, "Precision": 0, "Scale": 0, "Nullable": "UNKNOWN", "CaseSensitive": False},
    }


class Front:
    """The part of Athena's API that the stand-in answers itself."""

    def __init__(self, statements: Mapping[str, Statements]) -> None:
        """`statements` run with the rights of an access key; those of "" with all others'."""
        self._statements = statements
        self._executions: dict[str, Execution] = {}
        self.actions: dict[str, Callable[[Reply], Reply]] = {
            "StartQueryExecution": self._start,
            "GetQueryExecution": lambda request: {
                "QueryExecution": self._known(request).described()
            },
            "GetQueryResults": self._results,
            "StopQueryExecution": self._stop,
        }

    def _start(self, request: Reply) -> Reply:
        if request.get("ExecutionParameters"):
            raise Refused("the stand-in knows no execution parameters")
        key = request.get("AccessKey", "")
        statements = self._statements.get(key, self._statements[""])
        statements.refuse_if_malformed(request["QueryString"])
        context = request.get("QueryExecutionContext") or {}
        place = (request.get("ResultConfiguration") or {}).get("OutputLocation", "s3://stand-in/")
        execution = Execution(
            request["QueryString"],
            context.get("Database", ""),
            context.get("Catalog", HIVE),
            request.get("WorkGroup", "primary"),
            place,
        )
        self._executions[execution.identifier] = execution
        threading.Thread(target=execution.run, args=(statements,), daemon=True).start()
        return {"QueryExecutionId": execution.identifier}

    def _known(self, request: Reply) -> Execution:
        identifier = request.get("QueryExecutionId", "")
        if identifier not in self._executions:
            raise Refused(f"QueryExecution {identifier} was not found")
        return self._executions[identifier]

    def _results(self, request: Reply) -> Reply:
        execution = self._known(request)
        if execution.state != "SUCCEEDED":
            raise Refused(
                f"Query did not finish successfully. Final query state: {execution.state}"
            )
        length = request.get("MaxResults") or _PAGE
        if length > _PAGE:
            raise Refused(f"MaxResults is more than maximum allowed length {_PAGE}.")
        return execution.page(request.get("NextToken"), length)

    def _stop(self, request: Reply) -> Reply:
        execution = self._known(request)
        if execution.state == "RUNNING":
            execution.state, execution.reason = "CANCELLED", "Query cancelled by user"
        return {}
