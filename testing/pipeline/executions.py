"""Executions of the shipped state machine, and what a test sees of each."""

import json
import random
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from asl import ExecutionContext, Group, HistoryEvent, Machine, Outcome, Scheduler, Sleep, Taking, TaskFailure
from asl import TaskRequest as Request
from testing.pipeline.faults import Faults, Kind
from testing.pipeline.runs import CALL_SECONDS
from testing.services.calls import Calls, perform

NEVER = 1e9


@dataclass(frozen=True, kw_only=True)
class Step:
    """A state that an execution was in. Times are virtual seconds since 1970; `until` is None if it never left."""

    state: str
    since: float
    until: float | None = None


@dataclass(kw_only=True)
class Execution:
    """One execution: for which task, its states, and how it ended. `status` is CRASHED if a fault stopped it.

    `events` are all events of its history, as its log would have them.
    """

    name: str
    task_id: str
    kind: str = "EXPRESS"
    status: str = "RUNNING"
    error: str | None = None
    cause: str | None = None
    steps: list[Step] = field(default_factory=list[Step])
    events: list[HistoryEvent] = field(default_factory=list[HistoryEvent], repr=False)

    def observe(self, event: HistoryEvent) -> None:
        """Note which state is entered or left."""
        self.events.append(event)
        if event.type.endswith("StateEntered"):
            self.steps.append(Step(state=event.details["name"], since=event.timestamp))
        elif event.type.endswith("StateExited") and self.steps:
            last = self.steps[-1]
            self.steps[-1] = Step(state=last.state, since=last.since, until=event.timestamp)

    def end(self, status: str, error: str | None = None, cause: str | None = None) -> None:
        """Note how it ended."""
        self.status, self.error, self.cause = status, error, cause

    def __str__(self) -> str:
        where = self.steps[-1].state if self.steps else "its start"
        return f"{self.status} in {where}" + (f" with {self.error}: {self.cause}" if self.error else "")


class StateCalls:
    """Makes the calls of Task states, with their faults. `current` is the execution whose turn it is."""

    blocking = False

    def __init__(self, calls: Calls, faults: Faults) -> None:
        self._calls = calls
        self._faults = faults
        self.current = Execution(name="", task_id="")

    def run(self, request: Request) -> Taking:
        """A call takes effect immediately; its response takes a while."""
        fault = self._faults.take(request.state, self.current.task_id)
        if fault is None:
            return self._perform(request)
        if fault.has_effect:
            self._perform(request)
        if fault.kind is Kind.CRASH:
            self.current.status = "CRASHED"
            return Taking(0, None)
        if fault.kind is Kind.LOST_REPLY:
            return Taking(NEVER, None)
        return Taking(CALL_SECONDS, TaskFailure(fault.error, fault.state_cause()))

    def _perform(self, request: Request) -> Taking:
        try:
            result = perform(self._calls, request)
        except TaskFailure as failure:
            result = failure
        return result if isinstance(result, Taking) else Taking(CALL_SECONDS, result)


def run(
    execution: Execution, event: str, machine: Machine, scheduler: Scheduler, calls: StateCalls
) -> Generator[Any, Any, Outcome | None]:
    """The execution as a fiber, with its timeout; None if it crashed."""
    fiber = machine.fiber(
        json.loads(event),
        scheduler=scheduler,
        context=ExecutionContext(
            machine_name="tasks", name=execution.name, run_id=execution.name, kind=execution.kind
        ),
        rng=random.Random(execution.name),
        observe=execution.observe,
    )
    group = Group()
    scheduler.spawn(group, _attended(fiber, execution, calls), 0)
    scheduler.spawn(group, _timer(machine.timeout), 1)
    try:
        first = yield group
    finally:
        group.cancel()
    if first.error is not None:
        raise first.error
    if execution.status == "CRASHED":
        return None
    outcome: Outcome | None = first.result if first.index == 0 else None
    if outcome is None:
        execution.end("TIMED_OUT", "States.Timeout")
    else:
        execution.end(outcome.status.value, outcome.error, outcome.cause)
    return outcome


def _attended(
    fiber: Generator[Any, Any, Outcome], execution: Execution, calls: StateCalls
) -> Generator[Any, Any, Outcome | None]:
    """The fiber, whose calls are known to be this execution's, up to its crash."""
    resume: Callable[[], Any] = partial(fiber.send, None)
    while True:
        try:
            command = resume()
        except StopIteration as end:
            return end.value
        calls.current = execution
        try:
            resume = partial(fiber.send, (yield command))
        except Exception as error:
            resume = partial(fiber.throw, error)
        if execution.status == "CRASHED":
            fiber.close()
            return None


def _timer(seconds: float) -> Generator[Any, Any, None]:
    yield Sleep(seconds)
