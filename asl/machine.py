"""A machine: loaded once, run as often as you like."""

import random
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from asl.core.clock import Clock, RealClock
from asl.core.errors import RUNTIME, TIMEOUT, StateFailed
from asl.core.templates import Json
from asl.definition.machine_parser import parse_definition
from asl.definition.model import Definition
from asl.execution.checkpoint import Checkpoint, Keep
from asl.execution.commands import Command, ExecutionAborted, MachineTimedOut
from asl.execution.context import ExecutionContext
from asl.execution.history import MOST_EVENTS, Chain, History, HistoryFull, Observer
from asl.execution.run import Run
from asl.execution.scheduler import Scheduler
from asl.execution.tasks import TaskRunner
from asl.jsonata import LIBRARY, Frame
from asl.states.graph import walk
from asl.states.task import present
from asl.states.visit import Branch

MAX_SECONDS: Final = {"EXPRESS": 300, "STANDARD": 365 * 24 * 3600}
"""How long an execution may run."""
_MAX_EVENTS: Final = {"EXPRESS": None, "STANDARD": MOST_EVENTS}
_FULL: Final = f"The execution reached the maximum number of history events ({MOST_EVENTS})."


class ExecutionStatus(StrEnum):
    """How an execution ended."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """An execution that another process began at the epoch seconds `started`, and where it was.

    `events` is how many events its history has, if some of them were kept after the checkpoint.
    """

    started: float
    checkpoint: Checkpoint
    events: int = 0

    @property
    def last_event(self) -> int:
        """The id of the last event, to which the next one points back."""
        return max(self.events, self.checkpoint.events)


@dataclass(frozen=True, slots=True)
class Machine:
    """A state machine, validated and compiled. Several threads may run it at a time."""

    definition: Definition

    @classmethod
    def load(cls, source: str | Mapping[str, Json], kind: str = "EXPRESS") -> "Machine":
        """Parse the definition of an `EXPRESS` or a `STANDARD` machine; raises `DefinitionError` with every problem
        found in it.
        """
        return cls(parse_definition(source, kind))

    def run(
        self,
        value: Json,
        *,
        tasks: TaskRunner,
        context: ExecutionContext | None = None,
        clock: Clock | None = None,
        rng: random.Random | None = None,
        observe: Observer | None = None,
        keep: Keep | None = None,
        resumed: Resumed | None = None,
        begun: Callable[[Scheduler], None] | None = None,
    ) -> Outcome:
        """Run one execution to its end; `observe` receives each event of its history.

        `keep` receives where it is, whenever that changes, and a `resumed` one goes on from there. `begun` receives
        its scheduler, by which other threads bring task tokens back and stop it.
        """
        about, clock = context or ExecutionContext(kind=self.definition.kind), clock or RealClock()
        started = resumed.started if resumed else clock.now()
        scheduler = Scheduler(clock, tasks, started + self.timeout)
        last = resumed.last_event if resumed else 0
        history, chain = History(clock, observe, last, most=_MAX_EVENTS[self.definition.kind]), Chain(last)
        fiber = self._execute(value, scheduler, about, rng, history, chain, keep, resumed)
        if resumed is not None:
            _expect(scheduler, resumed.checkpoint)
        if begun is not None:
            begun(scheduler)
        try:
            return scheduler.run(fiber)
        except MachineTimedOut:
            outcome = Outcome(ExecutionStatus.TIMED_OUT, error=TIMEOUT)
        except ExecutionAborted as aborted:
            outcome = Outcome(ExecutionStatus.ABORTED, error=aborted.error, cause=aborted.cause)
        except HistoryFull:
            outcome = Outcome(ExecutionStatus.FAILED, error=RUNTIME, cause=_FULL)
        # States that are cut short leave no events.
        history.quiet = True
        fiber.close()
        return end(history, chain, outcome)

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
        longest = MAX_SECONDS[self.definition.kind]
        return min(self.definition.timeout or longest, longest)

    def _execute(
        self,
        value: Json,
        scheduler: Scheduler,
        about: ExecutionContext,
        rng: random.Random | None,
        history: History,
        chain: Chain,
        keep: Keep | None = None,
        resumed: Resumed | None = None,
    ) -> Generator[Command, Any, Outcome]:
        started = resumed.started if resumed else scheduler.clock.now()
        run = Run(
            about=about,
            context=about.as_json(value, started),
            clock=scheduler.clock,
            rng=rng or random.Random(),
            history=history,
            scheduler=scheduler,
            deadline=started + self.timeout,
        )
        if resumed is None:
            history.emit(chain, "ExecutionStarted", input=value, roleArn=about.role_arn)
            # The first state's entry points to no event, not even to the start of the execution.
            chain.last = 0
        frame = Frame(LIBRARY)
        if resumed is not None:
            frame.bindings.update(resumed.checkpoint.variables)
        branch = Branch(frame, chain, keep=keep)
        outcome = yield from self._walk(run, value, branch, resumed and resumed.checkpoint)
        return end(history, chain, outcome)

    def _walk(
        self, run: Run, value: Json, branch: Branch, resumed: Checkpoint | None
    ) -> Generator[Command, Any, Outcome]:
        try:
            output = yield from walk(run, self.definition.graph, value, branch, resumed)
        except StateFailed as failed:
            return Outcome(ExecutionStatus.FAILED, error=failed.error, cause=failed.cause)
        except MachineTimedOut:
            return Outcome(ExecutionStatus.TIMED_OUT, error=TIMEOUT)
        return Outcome(ExecutionStatus.SUCCEEDED, output)


def _expect(scheduler: Scheduler, checkpoint: Checkpoint) -> None:
    """Let the token that was waited for come back, or come back with the result that it had."""
    if checkpoint.token is not None:
        scheduler.expect(checkpoint.token)
        if checkpoint.result is not None:
            scheduler.settle(checkpoint.token, checkpoint.brought())


def end(history: History, chain: Chain, outcome: Outcome) -> Outcome:
    """Add the event of an execution's end to its history."""
    history.quiet = False  # whatever was to end without events has ended by now
    kinds = {
        ExecutionStatus.SUCCEEDED: "Succeeded",
        ExecutionStatus.FAILED: "Failed",
        ExecutionStatus.TIMED_OUT: "TimedOut",
        ExecutionStatus.ABORTED: "Aborted",
    }
    details: dict[str, Any] = outcome.as_json()
    del details["status"]
    history.emit(chain, "Execution" + kinds[outcome.status], **details)
    return outcome
