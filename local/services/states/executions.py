"""Executions of Standard machines, in a file: they outlive the process that runs them, as on AWS."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RUNNING = "RUNNING"
KEPT_SECONDS = 90 * 24 * 3600
"""How long an execution is kept, and its name taken:
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""
_TABLE = """
CREATE TABLE IF NOT EXISTS executions (
    arn TEXT PRIMARY KEY, machine TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL, input TEXT NOT NULL,
    started REAL NOT NULL, stopped REAL, output TEXT, error TEXT, cause TEXT, checkpoint TEXT, token TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_status ON executions (machine, status, started);
CREATE INDEX IF NOT EXISTS by_token ON executions (token) WHERE token IS NOT NULL;
"""


@dataclass(frozen=True, kw_only=True)
class Execution:
    """An execution: JSON texts, and moments in epoch seconds. What there is none of (yet) is None."""

    arn: str
    machine: str
    name: str
    status: str
    input: str
    started: float
    stopped: float | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    checkpoint: str | None = None
    token: str | None = None

    def described(self) -> dict[str, Any]:
        """What DescribeExecution answers."""
        optional = {"stopDate": self.stopped, "output": self.output, "error": self.error, "cause": self.cause}
        return {
            **self.listed(),
            "input": self.input,
            "inputDetails": {"included": True},
            "redriveCount": 0,
            **{name: value for name, value in optional.items() if value is not None},
        }

    def listed(self) -> dict[str, Any]:
        """An entry of what ListExecutions answers."""
        stopped = {} if self.stopped is None else {"stopDate": self.stopped}
        return {
            "executionArn": self.arn,
            "stateMachineArn": self.machine,
            "name": self.name,
            "status": self.status,
            "startDate": self.started,
            **stopped,
        }


class ExecutionFile:
    """The executions of all Standard machines, for any thread. Every change is on the disk when its method returns."""

    def __init__(self, path: Path) -> None:
        self._turn = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(_TABLE)

    def close(self) -> None:
        """Close the file. A change after that is lost, as one is after the death of the process."""
        with self._turn:
            self._connection.close()

    def add(self, execution: Execution) -> bool:
        """Add one that begins; False if there is one with its ARN."""
        values = (execution.arn, execution.machine, execution.name, RUNNING, execution.input, execution.started)
        with self._turn:
            added = self._connection.execute(
                "INSERT OR IGNORE INTO executions (arn, machine, name, status, input, started)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                values,
            )
        return added.rowcount == 1

    def keep(self, arn: str, checkpoint: Mapping[str, Any], token: str | None) -> None:
        """Note where an execution is, and the token that it waits for."""
        self._change("checkpoint = ?, token = ?", arn, json.dumps(checkpoint), token)

    def end(self, execution: Execution) -> None:
        """Note how one has ended."""
        self._change(
            "status = ?, stopped = ?, output = ?, error = ?, cause = ?, checkpoint = NULL, token = NULL",
            execution.arn,
            *(execution.status, execution.stopped, execution.output, execution.error, execution.cause),
        )

    def find(self, arn: str) -> Execution | None:
        """The execution with this ARN."""
        return next(self._select("arn = ?", arn), None)

    def waiting_for(self, token: str) -> Execution | None:
        """The execution that waits for this token."""
        return next(self._select("token = ?", token), None)

    def of(self, machine: str, status: str | None) -> list[Execution]:
        """Those of a machine, or only those with a status; the newest first."""
        if status is None:
            return list(self._select("machine = ? ORDER BY started DESC", machine))
        return list(self._select("machine = ? AND status = ? ORDER BY started DESC", machine, status))

    def running(self) -> list[Execution]:
        """All that had not ended when the last process did."""
        return list(self._select("status = ?", RUNNING))

    def forget(self, before: float) -> None:
        """Remove those that had ended before this moment."""
        with self._turn:
            self._connection.execute("DELETE FROM executions WHERE stopped < ?", (before,))

    def _change(self, what: str, arn: str, *values: Any) -> None:
        with self._turn:
            self._connection.execute(f"UPDATE executions SET {what} WHERE arn = ?", (*values, arn))  # noqa: S608 our own text

    def _select(self, where: str, *values: Any) -> Iterator[Execution]:
        with self._turn:
            rows = self._connection.execute(f"SELECT * FROM executions WHERE {where}", values).fetchall()  # noqa: S608 our own text
        return (Execution(**dict(row)) for row in rows)
