"""A machine: loaded once, run as often as you like."""

import random
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from asl.core.clock import Clock, RealClock
from asl.core.errors import TIMEOUT, StateFailed
from asl.core.templates import Json
from asl.definition.machine_parser import parse_definition
from asl.definition.model import Definition
from asl.execution.context import ExecutionContext
from asl.execution.history import Chain, History, Observer
from asl.execution.run import Run
from asl.execution.scheduler import Command, MachineTimedOut, Scheduler
from asl.execution.tasks import TaskRunner
from asl.jsonata import LIBRARY, Frame
from asl.states.graph import walk
from asl.states.task import present
from asl.states.visit import Branch

MAX_SECONDS: Final = 300
"""How long an Express execution may run."""


class ExecutionStatus(StrEnum):
    """How an execution ended."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an execution ended. Without an error name or a cause, `error` or `cause` is `None`."""

    status: ExecutionStatus
    output: Json = None
    error: str | None = None
    cause: str | None = None

    def as_json(self) -> dict[str, Json]:
        """`status` and `output`, or `status` and whichever of `error` and `cause` are present."""
        if self.status is ExecutionStatus.SUCCEEDED:
            return {"status": self.status.value, "output": self.output}
        return {"status": self.status.value, **present(error=self.error, cause=self.cause)}


@dataclass(frozen=True, slots=True)
class Machine:
    """A state machine, validated and compiled. Several threads may run it at a time."""

    definition: Definition

    @classmethod
    def load(cls, source: str | Mapping[str, Json]) -> "Machine":
        """Parse a definition; raises `DefinitionError` with every problem found in it."""
        return cls(parse_definition(source))

    def run(
        self,
        value: Json,
        *,
        tasks: TaskRunner,
        context: ExecutionContext | None = None,
        clock: Clock | None = None,
        rng: random.Random | None = None,
        observe: Observer | None = None,
    ) -> Outcome:
        """Run one execution to its end; `observe` receives each event of its history."""
        about, clock = context or ExecutionContext(), clock or RealClock()
        scheduler = Scheduler(clock, tasks, clock.now() + self.timeout)
        history, chain = History(clock, observe), Chain()
        fiber = self._execute(value, scheduler, about, rng, history, chain)
        try:
            return scheduler.run(fiber)
        except MachineTimedOut:
            # States that the timeout cuts short leave no events.
            history.quiet = True
            fiber.close()
            return _end(history, chain, Outcome(ExecutionStatus.TIMED_OUT, error=TIMEOUT))

    def fiber(
        self,
        value: Json,
        *,
        scheduler: Scheduler,
        context: ExecutionContext | None = None,
        rng: random.Random | None = None,
        observe: Observer | None = None,
    ) -> Generator[Command, Any, Outcome]:
        """One execution as a fiber of a scheduler that runs several; returns its `Outcome`.

        It does not notice its own timeout while it waits: the caller has to cancel it after `timeout` seconds.
        """
        history = History(scheduler.clock, observe)
        return self._execute(value, scheduler, context or ExecutionContext(), rng, history, Chain())

    @property
    def timeout(self) -> float:
        """Seconds after which an execution times out."""
        return min(self.definition.timeout or MAX_SECONDS, MAX_SECONDS)

    def _execute(
        self,
        value: Json,
        scheduler: Scheduler,
        about: ExecutionContext,
        rng: random.Random | None,
        history: History,
        chain: Chain,
    ) -> Generator[Command, Any, Outcome]:
        started = scheduler.clock.now()
        run = Run(
            about=about,
            context=about.as_json(value, started),
            clock=scheduler.clock,
            rng=rng or random.Random(),
            history=history,
            scheduler=scheduler,
            deadline=started + self.timeout,
        )
        history.emit(chain, "ExecutionStarted", input=value, roleArn=about.role_arn)
        # The first state's entry points to no event, not even to the start of the execution.
        chain.last = 0
        outcome = yield from self._walk(run, value, chain)
        return _end(history, chain, outcome)

    def _walk(self, run: Run, value: Json, chain: Chain) -> Generator[Command, Any, Outcome]:
        try:
            output = yield from walk(run, self.definition.graph, value, Branch(Frame(LIBRARY), chain))
        except StateFailed as failed:
            return Outcome(ExecutionStatus.FAILED, error=failed.error, cause=failed.cause)
        except MachineTimedOut:
            return Outcome(ExecutionStatus.TIMED_OUT, error=TIMEOUT)
        return Outcome(ExecutionStatus.SUCCEEDED, output)


def _end(history: History, chain: Chain, outcome: Outcome) -> Outcome:
    history.quiet = False  # whatever was to end without events has ended by now
    kinds = {
        ExecutionStatus.SUCCEEDED: "Succeeded",
        ExecutionStatus.FAILED: "Failed",
        ExecutionStatus.TIMED_OUT: "TimedOut",
    }
    details: dict[str, Any] = outcome.as_json()
    del details["status"]
    history.emit(chain, "Execution" + kinds[outcome.status], **details)
    return outcome
