"""Executions of Standard machines, in a file: they outlive the process that runs them, as on AWS."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from asl import HistoryEvent

RUNNING = "RUNNING"
KEPT_SECONDS = 90 * 24 * 3600
"""How long an execution is kept after its end, and its name taken:
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""
KEPT_ENDED = 10_000
"""How many executions that have ended are kept at most: AWS has more room than a laptop."""
_TABLES = """
CREATE TABLE IF NOT EXISTS executions (
    arn TEXT PRIMARY KEY, machine TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL, input TEXT NOT NULL,
    started REAL NOT NULL, stopped REAL, output TEXT, error TEXT, cause TEXT, checkpoint TEXT, token TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_status ON executions (machine, status, started);
CREATE INDEX IF NOT EXISTS by_token ON executions (token) WHERE token IS NOT NULL;
CREATE INDEX IF NOT EXISTS by_end ON executions (stopped) WHERE stopped IS NOT NULL;
CREATE TABLE IF NOT EXISTS events (
    execution TEXT NOT NULL REFERENCES executions ON DELETE CASCADE, id INTEGER NOT NULL, type TEXT NOT NULL,
    previous INTEGER NOT NULL, at REAL NOT NULL, details TEXT NOT NULL, PRIMARY KEY (execution, id)
);
"""
_ADD = "INSERT OR IGNORE INTO executions (arn, machine, name, status, input, started) VALUES (?, ?, ?, ?, ?, ?)"
_ADD_EVENT = "INSERT INTO events (execution, id, type, previous, at, details) VALUES (?, ?, ?, ?, ?, ?)"
_KEEP = "UPDATE executions SET checkpoint = ?, token = ? WHERE arn = ?"
_END = """
UPDATE executions SET status = ?, stopped = ?, output = ?, error = ?, cause = ?, checkpoint = NULL, token = NULL
WHERE arn = ?
"""
_FORGET_OLD = "DELETE FROM executions WHERE stopped < ?"
_FORGET_MANY = """
DELETE FROM executions WHERE stopped < (
    SELECT stopped FROM executions WHERE stopped IS NOT NULL ORDER BY stopped DESC LIMIT 1 OFFSET ?
)
"""
_Statement: TypeAlias = tuple[str, Sequence[Any]]


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
    """The executions of all Standard machines, for any thread. Every change is on the disk when its method returns,
    but events that are added alone: those the death of the process cannot take, and a power cut can.
    """

    def __init__(self, path: Path) -> None:
        self._turn = threading.Lock()
        self._closed = False
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA foreign_keys=ON")
        self._connection.executescript(_TABLES)

    def close(self) -> None:
        """Close the file. A change after that is lost, as one is after the death of the process."""
        with self._turn:
            self._closed = True
            self._connection.close()

    def add(self, execution: Execution) -> bool:
        """Add one that begins; False if there is one with its ARN."""
        values = (execution.arn, execution.machine, execution.name, RUNNING, execution.input, execution.started)
        return self._change((_ADD, values)) == 1

    def add_events(self, arn: str, events: Sequence[HistoryEvent]) -> None:
        """Add to the history of an execution, without a wait for the disk."""
        self._change(*_additions(arn, events), synchronous="NORMAL")

    def keep(
        self, arn: str, checkpoint: Mapping[str, Any], token: str | None, events: Sequence[HistoryEvent] = ()
    ) -> bool:
        """Note where an execution is, the token that it waits for, and the events that led there. False if the file
        is closed.
        """
        return self._change((_KEEP, (json.dumps(checkpoint), token, arn)), *_additions(arn, events)) == 1

    def end(self, execution: Execution, events: Sequence[HistoryEvent] = ()) -> None:
        """Note how one has ended, and its last events."""
        result = (execution.status, execution.stopped, execution.output, execution.error, execution.cause)
        self._change((_END, (*result, execution.arn)), *_additions(execution.arn, events))

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

    def has_event(self, arn: str, kind: str, after: int) -> bool:
        """Whether an execution has an event of this type with an id above this one."""
        return bool(self._events("id > ? AND type = ?", arn, after, kind, 1))

    def events(self, arn: str, after: int, most: int) -> list[HistoryEvent]:
        """The events of an execution with ids above this one, the earliest first."""
        return self._events("id > ? ORDER BY id", arn, after, most)

    def events_back(self, arn: str, before: int | None, most: int) -> list[HistoryEvent]:
        """The events of an execution with ids below this one, or all; the latest first."""
        if before is None:
            return self._events("id > ? ORDER BY id DESC", arn, 0, most)
        return self._events("id < ? ORDER BY id DESC", arn, before, most)

    def forget(self, before: float, most: int = KEPT_ENDED) -> None:
        """Remove those that had ended before this moment, and of the others all but so many that ended last."""
        self._change((_FORGET_OLD, (before,)), (_FORGET_MANY, (most - 1,)))

    def _change(self, *statements: _Statement, synchronous: str = "FULL") -> int:
        """Change all or nothing. Returns how many rows the last statement has changed."""
        changed = 0
        with self._turn:
            if self._closed:
                return 0
            self._connection.execute(f"PRAGMA synchronous={synchronous}")
            with self._connection:
                self._connection.execute("BEGIN")
                for statement, values in statements:
                    changed = self._connection.execute(statement, values).rowcount
        return changed

    def _select(self, where: str, *values: Any) -> Iterator[Execution]:
        with self._turn:
            rows = self._connection.execute(f"SELECT * FROM executions WHERE {where}", values).fetchall()  # noqa: S608 our own text
        return (Execution(**dict(row)) for row in rows)

    def _events(self, which: str, *values: Any) -> list[HistoryEvent]:
        query = f"SELECT id, type, previous, at, details FROM events WHERE execution = ? AND {which} LIMIT ?"  # noqa: S608 our own text
        with self._turn:
            rows = self._connection.execute(query, values).fetchall()
        return [_event(row) for row in rows]


def _event(row: sqlite3.Row) -> HistoryEvent:
    return HistoryEvent(row["id"], row["type"], row["previous"], row["at"], json.loads(row["details"]))


def _additions(arn: str, events: Sequence[HistoryEvent]) -> Iterator[_Statement]:
    for one in events:
        yield _ADD_EVENT, (arn, one.id, one.type, one.previous_event_id, one.timestamp, json.dumps(one.details))
