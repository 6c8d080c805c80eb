"""Executions of the shipped machine, and of others, as their logs have them: run by the project's own runner."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from asl import ExecutionContext, FakeTasks, HistoryEvent, Machine, VirtualClock
from asl.execution.logs import is_logged, log_record
from infrastructure.settings.times import derive_times
from statemachine.loader import load_definition
from taskline.console.executions.definition import Definition, parse
from taskline.console.executions.events import EventLog, LogEvent, Window, parse_lines
from taskline.console.executions.model import Execution
from taskline.console.executions.reading import read
from testing.pipeline.machine import values

START = 1_800_000_000.0
START_MS = 1_800_000_000_000
TASK_ID = "0190a8c0-0000-7000-8000-000000000001"
CONTEXT = ExecutionContext(machine_name="tasks", name="run")
ARN = CONTEXT.execution_id
OWNER = ARN.rpartition(":")[2]  # as a lease names its execution

CLAIMED = {"Attributes": {"attempts": {"N": "1"}, "deliveries": {"N": "1"}}}
DONE = {"Payload": {"result": '{"answer": 42}'}}
REFUSED = {"error": "DynamoDB.ConditionalCheckFailedException", "cause": "The conditional request failed"}
THROTTLED = {"error": "Lambda.TooManyRequestsException", "cause": "Rate exceeded"}
OK = [{"result": {}, "seconds": 0.008}]

Fakes = Mapping[str, Sequence[Mapping[str, Any]]]


def failing(error: str, retry_in: float | None) -> dict[str, Any]:
    """What the processor raises: its message says after how many seconds to run again."""
    told = json.dumps({"type": "Broken", "message": "no route to host", "retry_in": retry_in})
    return {"error": error, "cause": json.dumps({"errorType": error, "errorMessage": told}), "seconds": 0.2}


def looked_up(**item: Any) -> list[dict[str, Any]]:
    """What the table says about a task that could not be claimed."""
    return [{"result": {"Item": item}, "seconds": 0.004}]


def closed_by(head: str) -> list[dict[str, Any]]:
    """The gate of a key that this task keeps closed."""
    return [{"result": {"Item": {"place": {"S": "gate"}, "head": {"S": head}}}, "seconds": 0.005}]


HALTING, HALTING_TYPE, LONG_TYPE = "failure that halts its key", "demo.strict", "demo.long"
CLAIM = [{"result": CLAIMED, "seconds": 0.012}]
OPEN_GATE = [{"result": {}, "seconds": 0.005}]
ERROR = {"M": {name: {"S": "x"} for name in ("class", "type", "message")}}
PATHS: dict[str, Fakes] = {
    "success": {"ClaimTask": CLAIM, "ProcessTask": [{"result": DONE, "seconds": 0.34}], "RecordResult": OK},
    "back-off, then success": {
        "ClaimTask": CLAIM,
        "ProcessTask": [
            failing("TaskNetworkError", 2.5),
            failing("TaskNetworkError", 4),
            {"result": DONE, "seconds": 1.2},
        ],
        "RecordResult": OK,
    },
    "retries of one state": {
        "ClaimTask": [{"error": "DynamoDB.InternalServerError", "cause": "again"}, *CLAIM],
        "ProcessTask": [{"result": DONE, "seconds": 0.1}],
        "RecordResult": OK,
    },
    "failure": {
        "ClaimTask": CLAIM,
        "ProcessTask": [failing("TaskValidationError", None)],
        "RecordFailure": OK,
        "SendToDeadLetterQueue": OK,
    },
    "malformed message": {"SendToDeadLetterQueue": OK},
    "duplicate of a success": {"ClaimTask": [REFUSED], "LookUpTask": looked_up(status={"S": "succeeded"})},
    "duplicate of a failure": {
        "ClaimTask": [REFUSED],
        "LookUpTask": looked_up(
            status={"S": "failed"}, attempts={"N": "1"}, error=ERROR, first_failed_at={"S": "2026-01-01T00:00:00Z"}
        ),
        "SendToDeadLetterQueue": OK,
    },
    "cancelled": {"ClaimTask": [REFUSED], "LookUpTask": looked_up(status={"S": "cancelled"})},
    "superseded": {
        "ClaimTask": [REFUSED],
        "LookUpTask": looked_up(status={"S": "queued"}, redrive_id={"S": "another"}),
    },
    "in progress": {
        "ClaimTask": [REFUSED],
        "LookUpTask": looked_up(status={"S": "processing"}, lease_owner={"S": "another"}),
    },
    "claim whose reply was lost": {
        "ClaimTask": [REFUSED],
        "LookUpTask": looked_up(
            status={"S": "processing"}, lease_owner={"S": OWNER}, attempts={"N": "1"}, deliveries={"N": "1"}
        ),
        "ProcessTask": [{"result": DONE, "seconds": 0.1}],
        "RecordResult": OK,
    },
    "throttled for a moment": {
        "ClaimTask": CLAIM,
        "ProcessTask": [THROTTLED, THROTTLED, {"result": DONE, "seconds": 0.1}],
        "RecordResult": OK,
    },
    "throttled for too long": {"ClaimTask": CLAIM, "ProcessTask": [THROTTLED], "ReturnToQueue": OK},
    "processor missing": {
        "ClaimTask": CLAIM,
        "ProcessTask": [{"error": "Lambda.ResourceNotFoundException", "cause": "no such function"}],
        "ReturnToQueue": OK,
    },
    "run that takes too long": {
        "ClaimTask": CLAIM,
        "ProcessTask": [{"result": DONE, "seconds": 9_999}],
        "RecordFailure": OK,
        "SendToDeadLetterQueue": OK,
    },
    "lease lost": {
        "ClaimTask": CLAIM,
        "ProcessTask": [{"result": DONE, "seconds": 20}],
        "RecordResult": [REFUSED],
    },
    "record that cannot be written": {
        "ClaimTask": CLAIM,
        "ProcessTask": [{"result": DONE, "seconds": 1}],
        "RecordResult": [{"error": "DynamoDB.InternalServerError", "cause": "out of order"}],
    },
    "too many deliveries": {
        "ClaimTask": [{"result": {"Attributes": {"attempts": {"N": "6"}, "deliveries": {"N": "99"}}}}],
        "RecordFailure": OK,
        "SendToDeadLetterQueue": OK,
    },
    "parked": {"CheckGate": closed_by("another"), "LookUpTask": [{"result": {}}], "ParkTask": OK},
    "gate that keeps changing": {
        "CheckGate": closed_by("another"),
        "LookUpTask": [{"result": {}}],
        "ParkTask": [
            {"error": "DynamoDb.TransactionCanceledException", "cause": "TransactionConflict", "seconds": 2.5}
        ],
    },
    "gate that cannot be read": {
        "CheckGate": [{"error": "DynamoDB.InternalServerError", "cause": "out of order"}] * 2
    },
    "head of a gate": {
        "CheckGate": closed_by(TASK_ID),
        "ClaimTask": CLAIM,
        "ProcessTask": [{"result": DONE, "seconds": 0.1}],
        "RecordResult": OK,
        "SettleGate": OK,
    },
    HALTING: {
        "ClaimTask": CLAIM,
        "ProcessTask": [failing("TaskValidationError", None)],
        "HaltKey": OK,
        "SendToDeadLetterQueue": OK,
    },
    "handed over": {"LookUpTask": [{"result": {}}], "HandOver": OK, "StartLongTask": OK},
    "handed over before": {"LookUpTask": looked_up(status={"S": "processing"}, lease_until={"N": "9999999999999"})},
    "execution that cannot be started": {
        "LookUpTask": [{"result": {}}],
        "HandOver": OK,
        "StartLongTask": [{"error": "StepFunctions.StateMachineDoesNotExistException", "cause": "gone"}],
    },
}
KINDS = {HALTING: HALTING_TYPE} | dict.fromkeys(
    ("handed over", "handed over before", "execution that cannot be started"), LONG_TYPE
)


@dataclass(frozen=True)
class Recording:
    """One execution: the definition that ran, the lines of its log, and the states that it entered, logged or not."""

    source: str
    lines: tuple[str, ...]
    end_ms: int
    entered: tuple[str, ...]

    @property
    def definition(self) -> Definition:
        return parse(self.source)

    @property
    def events(self) -> tuple[LogEvent, ...]:
        return tuple(event for event in parse_lines(self.lines, ARN) if event is not None)

    def execution(self, events: Sequence[LogEvent] | None = None, *, now: int | None = None, **more: Any) -> Execution:
        """What the console makes of these events, by default of all, just after the end."""
        log = EventLog(events=tuple(self.events if events is None else events), window=Window(start=0, end=0))
        return read(ARN, self.definition, log, now=self.end_ms + 1000 if now is None else now, **more)


@cache
def shipped() -> str:
    """The shipped definition, with the values of a deployment."""
    return json.dumps(
        load_definition(values(derive_times(handler=30, runs=()), json.dumps([HALTING_TYPE]), json.dumps([LONG_TYPE])))
    )


def message(body: str | None = None, kind: str = "demo.echo") -> list[Any]:
    """The array of one SQS message that a pipe sends."""
    task = {"task_id": TASK_ID, "title": "<script>alert(1)</script>", "type": kind, "data": {}}
    attributes = {
        "SentTimestamp": str(START_MS - 1500),
        "SequenceNumber": "1",
        "MessageGroupId": "customer-42",
        "MessageDeduplicationId": "d",
    }
    return [{"messageId": "m-1", "body": json.dumps(task) if body is None else body, "attributes": attributes}]


@cache
def recorded(path: str, level: str = "ALL", data: bool = True) -> Recording:
    """A path through the shipped machine."""
    given = message("{not json") if path == "malformed message" else message(kind=KINDS.get(path, "demo.echo"))
    return record(shipped(), given, {"CheckGate": OPEN_GATE, **PATHS[path]}, level, data)


def record(source: str, given: Any, fakes: Fakes, level: str = "ALL", data: bool = True) -> Recording:
    """An execution of any machine."""
    events: list[HistoryEvent] = []
    clock = VirtualClock(START)
    Machine.load(source).run(
        given, tasks=FakeTasks(fakes), context=CONTEXT, clock=clock, rng=random.Random(7), observe=events.append
    )
    lines = [json.dumps(log_record(event, ARN, data)) for event in events if is_logged(event.type, level)]
    entered = tuple(event.details["name"] for event in events if event.type.endswith("StateEntered"))
    return Recording(source, tuple(lines), round(clock.now() * 1000), entered)


def machine_of(start: str, **states: dict[str, Any]) -> str:
    """A machine in JSONata."""
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": start, "States": states})


def task_state(**fields: Any) -> dict[str, Any]:
    """A Task state that ends its scope unless `Next` is given."""
    ending = {} if "Next" in fields else {"End": True}
    return {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", **ending, **fields}


def fan(retry: bool = False, **fields: Any) -> str:
    """A machine whose Parallel state has two branches, the second of which can fail."""
    branches = [
        {"StartAt": "Left", "States": {"Left": task_state(Next="After"), "After": {"Type": "Pass", "End": True}}},
        {"StartAt": "Right", "States": {"Right": task_state()}},
    ]
    again = {"Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "IntervalSeconds": 2}]} if retry else {}
    return machine_of(
        "Fan",
        Fan={"Type": "Parallel", "Branches": branches, "Next": "Done", **again, **fields},
        Done={"Type": "Succeed"},
    )


def each(**fields: Any) -> str:
    """A machine that runs a task for each item of its input."""
    inner = {"StartAt": "Prepare", "States": {"Prepare": {"Type": "Pass", "Next": "Work"}, "Work": task_state()}}
    return machine_of("Each", Each={"Type": "Map", "ItemProcessor": inner, "End": True, **fields})
