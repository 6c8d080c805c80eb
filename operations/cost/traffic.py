"""Tasks at a rate, through the shipped parts on virtual time: what they write, send and log."""

from __future__ import annotations

import json
import random
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from functions.tasks.intake.ordering import DefaultOrdering
from infrastructure.cost.load import Load
from testing.pipeline.executions import Execution
from testing.taskline import RealTimeWarning, Taskline

TYPE = "demo.echo"
TYPICAL = {"title": "Render the invoice of November", "description": "Render invoice 4711 of ACME as PDF"}
DATA = {"invoice": 4711, "format": "pdf"}
CALLER = "a1b2c3d4e5"  # an API key's id
LEAST_TASKS, MOST_TASKS = 40, 3200
Item = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Write:
    """A write to the task table at a moment of virtual time, in seconds since 1970."""

    at: float
    before: Item | None
    after: Item

    @property
    def task_id(self) -> str:
        """Whose record it is."""
        return self.after["task_id"]["S"]


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """What happened: every write, and of one task what was sent and how it was executed."""

    writes: tuple[Write, ...]
    tasks: int
    submitted: Mapping[str, Any]
    message: str
    execution: Execution

    def of_one(self) -> list[Write]:
        """The writes of the executed task."""
        return [write for write in self.writes if write.task_id == self.execution.task_id]


@lru_cache(maxsize=2)  # stages differ in how they follow it, not in the traffic
def traffic(load: Load, seconds: float) -> Traffic:
    """About so many virtual seconds of a load, at least `LEAST_TASKS` tasks and at most `MOST_TASKS`."""
    pipeline = Taskline(ordering=DefaultOrdering.ONE_KEY)
    pipeline.takes(TYPE, load.processor_milliseconds / 1000)
    writes: list[Write] = []

    def remember(before: Item | None, after: Item) -> None:
        writes.append(Write(at=pipeline.world.clock.now(), before=before, after=after))

    pipeline.world.table.on_change = remember
    count = max(LEAST_TASKS, min(MOST_TASKS, round(load.tasks_per_second * seconds)))
    chance = random.Random(0)
    for number in range(count):
        key = f"customer-{chance.randrange(load.keys):04}"
        pipeline.at(number / load.tasks_per_second, partial(_submit, pipeline, key))
    with warnings.catch_warnings():  # on a busy machine, a simulated run may take long
        warnings.simplefilter("ignore", RealTimeWarning)
        pipeline.settle()
    execution = pipeline.executions[0]
    body = next(write.after["body"]["S"] for write in writes if write.task_id == execution.task_id)
    return Traffic(
        writes=tuple(writes),
        tasks=count,
        submitted=_submitted(load),
        message=body,
        execution=execution,
    )


def _submitted(load: Load) -> dict[str, Any]:
    key = f"customer-{load.keys - 1:04}"
    return {**TYPICAL, "priority": "medium", "type": TYPE, "ordering_key": key, "data": DATA}


def _submit(pipeline: Taskline, key: str) -> None:
    pipeline.submit(TYPE, DATA, caller=CALLER, ordering_key=key, **TYPICAL)


def envelope(traffic: Traffic) -> list[dict[str, Any]]:
    """The input of the execution: the message as the pipe sends it."""
    item = traffic.of_one()[0].after
    return [
        {
            "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
            "receiptHandle": "A" * 172,
            "body": traffic.message,
            "attributes": {
                "ApproximateReceiveCount": "1",
                "AWSTraceHeader": "Root=1-697df1c0-0123456789abcdef01234567;Parent=53995c3f42cd8ad8;Sampled=0",
                "SentTimestamp": "1795780800000",
                "SequenceNumber": "18849496460467696128",
                "MessageGroupId": json.dumps(item["ordering_key"]["S"]) + "0" * 36,
                "SenderId": "AROAXXXXXXXXXXXXXXXXX:taskline-prod-validator",
                "MessageDeduplicationId": traffic.execution.task_id,
                "ApproximateFirstReceiveTimestamp": "1795780800100",
            },
            "messageAttributes": {},
            "md5OfBody": "0" * 32,
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:taskline-prod-tasks.fifo",
            "awsRegion": "us-east-1",
        }
    ]
