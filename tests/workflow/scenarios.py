"""Every path through the shipped machine as a scenario: the state beforehand, and the message that is delivered.

Preparations run as root; only the execution runs under the role of the machine.
"""

import contextlib
import json
import threading
import time
import uuid
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from tests.workflow.engines import Break, Execution
from tests.workflow.machine import (
    Bench,
    message,
    task,
    without_another_try,
    without_handing_over,
    without_long_machine,
    without_patience,
    without_table,
    without_time,
)

HOUR_MS = 3_600_000
LONG = "demo.long"
NO_TIME = {"milliseconds": 0}
Situation = Callable[[Bench, str, str], AbstractContextManager[None]]
"""Prepares a task id and an execution name, and restores at its end what it changed."""


@contextlib.contextmanager
def as_it_is(_bench: Bench, _task_id: str, _name: str) -> Generator[None]:
    yield


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One delivery of one message."""

    name: str
    situation: Situation = as_it_is
    task_type: str = "demo.echo"
    data: dict[str, Any] = field(default_factory=dict[str, Any])
    body: str | None = None
    broken: Break | None = None

    def play(self, bench: Bench) -> Execution:
        """Deliver the message for a new task, and return how its execution ended."""
        task_id, name = str(uuid.uuid4()), str(uuid.uuid4())
        event = message(self.body or task(task_id, self.task_type, **self.data), message_id=task_id)
        with self.situation(bench, task_id, name):
            return bench.run(event, name=name, broken=self.broken)


@contextlib.contextmanager
def recorded(bench: Bench, task_id: str, **attributes: Any) -> Generator[None]:
    """A record that another execution left."""
    common = {
        "attempts": {"N": "1"},
        "history": {"L": []},
        "lease_until": {"N": str(int(time.time() * 1000) + HOUR_MS)},
    }
    bench.put_record(task_id, **common | attributes)
    yield


def succeeded(bench: Bench, task_id: str, _name: str) -> AbstractContextManager[None]:
    return recorded(bench, task_id, status={"S": "succeeded"})


def failed(bench: Bench, task_id: str, _name: str) -> AbstractContextManager[None]:
    error = {"M": {name: {"S": "x"} for name in ("class", "type", "message")}}
    return recorded(bench, task_id, status={"S": "failed"}, error=error)


def cancelled(bench: Bench, task_id: str, _name: str) -> AbstractContextManager[None]:
    return recorded(bench, task_id, status={"S": "cancelled"})


def owned_by_another(bench: Bench, task_id: str, _name: str) -> AbstractContextManager[None]:
    return recorded(bench, task_id, status={"S": "processing"}, lease_owner={"S": "another"})


def owned_by_itself(bench: Bench, task_id: str, name: str) -> AbstractContextManager[None]:
    owner = {"S": bench.lease_owner(name)}
    return recorded(bench, task_id, status={"S": "processing"}, lease_owner=owner, deliveries={"N": "1"})


@contextlib.contextmanager
def when_claimed(bench: Bench, task_id: str, act: Callable[[threading.Event], None]) -> Generator[None]:
    """Act as soon as an execution has claimed the task; the event says that all is over.

    A machine that may not even claim the task never lets it act.
    """
    over = threading.Event()

    def wait() -> None:
        while not over.wait(0.01):
            if bench.is_processing(task_id):
                act(over)
                return

    waiting = threading.Thread(target=wait)
    waiting.start()
    try:
        yield
    finally:
        over.set()
        waiting.join()


def robbed(bench: Bench, task_id: str, _name: str) -> AbstractContextManager[None]:
    """Another execution takes the lease while this one runs."""
    return when_claimed(bench, task_id, lambda _: bench.steal_lease(task_id))


def delivered_too_often(bench: Bench, task_id: str, _name: str) -> AbstractContextManager[None]:
    return recorded(bench, task_id, status={"S": "queued"}, deliveries={"N": "5"})


def claimed_too_often(bench: Bench, task_id: str, name: str) -> AbstractContextManager[None]:
    """This execution has claimed the task after too many others, and the response was lost."""
    return recorded(
        bench,
        task_id,
        status={"S": "processing"},
        lease_owner={"S": bench.lease_owner(name)},
        ordering_key={"S": "key"},
        attempts={"N": "2"},
        deliveries={"N": "6"},
    )


@contextlib.contextmanager
def throttled(bench: Bench, _task_id: str, _name: str) -> Generator[None]:
    """The processor may not run at all."""
    function, client = bench.processor, bench.clients.lambda_
    client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    try:
        yield
    finally:
        client.delete_function_concurrency(FunctionName=function)


@contextlib.contextmanager
def throttled_for_a_moment(bench: Bench, task_id: str, name: str) -> Generator[None]:
    """The processor may run again while the execution waits for it: long after it has claimed the task."""

    def free(over: threading.Event) -> None:
        over.wait(2)
        bench.clients.lambda_.delete_function_concurrency(FunctionName=bench.processor)

    with throttled(bench, task_id, name), when_claimed(bench, task_id, free):
        yield


@contextlib.contextmanager
def behind_a_gate(bench: Bench, _task_id: str, _name: str) -> Generator[None]:
    with bench.gate(head={"S": "another"}):
        yield


@contextlib.contextmanager
def parked(bench: Bench, task_id: str, name: str) -> Generator[None]:
    with behind_a_gate(bench, task_id, name), recorded(bench, task_id, status={"S": "parked"}):
        yield


@contextlib.contextmanager
def head(bench: Bench, task_id: str, _name: str) -> Generator[None]:
    with bench.gate(head={"S": task_id}):
        yield


@contextlib.contextmanager
def head_that_has_succeeded(bench: Bench, task_id: str, name: str) -> Generator[None]:
    with head(bench, task_id, name), succeeded(bench, task_id, name):
        yield


@contextlib.contextmanager
def open_again(bench: Bench, _task_id: str, _name: str) -> Generator[None]:
    """This execution closes a gate."""
    with bench.gate():
        yield


@contextlib.contextmanager
def handed_over(bench: Bench, task_id: str, name: str) -> Generator[None]:
    with (
        head(bench, task_id, name),
        recorded(bench, task_id, status={"S": "processing"}, lease_owner={"S": "another"}),
    ):
        yield


AT_A_GATE = (
    Scenario(name="behind a closed gate", situation=behind_a_gate),
    Scenario(name="message of a task that is parked", situation=parked),
    Scenario(name="head of a gate", situation=head),
    Scenario(name="head of a gate that has succeeded", situation=head_that_has_succeeded),
    Scenario(
        name="failure that halts its key",
        situation=open_again,
        task_type="demo.strict",
        data={"probability": 1, "error_class": "VALIDATION"},
    ),
    Scenario(
        name="lease lost before a failure that halts",
        situation=robbed,
        task_type="demo.strict",
        data={"probability": 1, "error_class": "NETWORK"},
    ),
    Scenario(name="gate that keeps changing", situation=behind_a_gate, broken=without_another_try),
    Scenario(name="gate that cannot be read", broken=without_table("CheckGate")),
    Scenario(name="task that takes long", situation=open_again, task_type=LONG, data=NO_TIME),
    Scenario(name="message of a task that was handed over", situation=handed_over, task_type=LONG, data=NO_TIME),
    Scenario(
        name="task that takes long and whose gate changes", task_type=LONG, data=NO_TIME, broken=without_handing_over
    ),
    Scenario(
        name="task that takes long and cannot be started",
        situation=open_again,
        task_type=LONG,
        data=NO_TIME,
        broken=without_long_machine,
    ),
)
WITHOUT_AN_OUTCOME = (
    Scenario(name="executions without an outcome", situation=delivered_too_often),
    Scenario(name="reply to the claim lost after executions without an outcome", situation=claimed_too_often),
    Scenario(name="processor throttled for a moment", situation=throttled_for_a_moment),
    Scenario(
        name="processor throttled until no time is left for a retry",
        situation=throttled_for_a_moment,
        task_type="demo.flaky",
        data={"probability": 1, "error_class": "NETWORK"},
        broken=without_time,
    ),
    Scenario(name="processor throttled for too long", situation=throttled, broken=without_patience),
)
SCENARIOS = (
    Scenario(name="success"),
    Scenario(name="permanent failure", task_type="demo.flaky", data={"probability": 1, "error_class": "VALIDATION"}),
    Scenario(name="malformed message", body="{not json"),
    Scenario(name="duplicate of a success", situation=succeeded),
    Scenario(name="duplicate of a failure", situation=failed),
    Scenario(name="message of a cancelled task", situation=cancelled),
    Scenario(name="lease held by another", situation=owned_by_another),
    Scenario(name="reply to the claim lost", situation=owned_by_itself),
    Scenario(name="lease lost before success", situation=robbed, task_type="demo.slow", data={"milliseconds": 800}),
    Scenario(
        name="lease lost before failure",
        situation=robbed,
        task_type="demo.flaky",
        data={"probability": 1, "error_class": "NETWORK"},
    ),
    *WITHOUT_AN_OUTCOME,
    *AT_A_GATE,
)


def path(execution: Execution) -> str:
    """What two runs of a scenario must have in common."""
    return json.dumps([execution.status, execution.error, execution.states])
