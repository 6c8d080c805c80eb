"""Runs the executions of a block, and remembers them."""

import random
from collections import ChainMap
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult

from asl.core.clock import Clock, RealClock, VirtualClock
from asl.core.templates import Json, compact
from asl.execution.context import ExecutionContext
from asl.execution.history import HistoryEvent
from asl.machine import ExecutionStatus, Outcome
from asl.starting import Ended, NotStarted, execution_of, parsed_input
from asl.testing.moto.functions import Function
from asl.testing.moto.logs import Logs
from asl.testing.moto.machines import compiled, find, unqualified
from asl.testing.moto.sessions import Sessions
from asl.testing.moto.tasks import MotoTasks


@dataclass(frozen=True, kw_only=True)
class SyncExecution:
    """An execution that has ended. `seconds` is how long it took on its own clock."""

    arn: str
    name: str
    machine: str
    status: str
    input: Json
    output: Json
    error: str | None
    cause: str | None
    seconds: float
    events: tuple[HistoryEvent, ...]

    @property
    def states(self) -> list[str]:
        """The names of the states that it entered, in order."""
        return [event.details["name"] for event in self.events if event.type.endswith("StateEntered")]


class SyncExecutions:
    """What answers StartSyncExecution in a block. Threads may share it.

    `executions` are those that have ended, in the order of their ends. `functions` may be changed at any time.
    """

    def __init__(
        self, functions: ChainMap[str, Function], *, real_time: bool = False, seed: int | None = None
    ) -> None:
        self.functions = functions
        self.executions: list[SyncExecution] = []
        self._real_time = real_time
        self._rng = random.Random(seed)
        self._sessions = Sessions()
        self._logs = Logs()

    @property
    def last(self) -> SyncExecution:
        """The execution that ended last; raises `IndexError` if none has."""
        return self.executions[-1]

    def answer(self, call: Any) -> ActionResult:
        """Serve one call, moto's `StepFunctionResponse`; raises a `JsonRESTError` for what cannot be started."""
        try:
            return ActionResult(self._start(call))
        except NotStarted as error:
            raise JsonRESTError(error.code, str(error)) from error

    def _start(self, call: Any) -> dict[str, Any]:
        found = find(call.stepfunction_backend, call._get_param("stateMachineArn"), self._rng)
        about = execution_of(unqualified(found), found.name, found.roleArn, call._get_param("name"))
        text = call._get_param("input", if_none="{}")
        response = self._run(found, about, text).response()
        response |= {key: datetime.fromtimestamp(response[key], UTC) for key in ("startDate", "stopDate")}
        header = call._get_param("traceHeader")
        return response | ({"traceHeader": header} if header else {})

    def _run(self, found: Any, about: ExecutionContext, text: str) -> Ended:
        value, machine = parsed_input(text), compiled(found.definition)
        clock: Clock = RealClock() if self._real_time else VirtualClock()
        started = clock.now()
        clients = self._sessions.clients(about.role_arn, about.account, about.region)
        log = self._logs.of(found.loggingConfiguration, about.machine_name, about.execution_id, clients, started)
        partition = found.arn.split(":")[1]
        arn_prefix = f"arn:{partition}:lambda:{about.region}:{about.account}"
        tasks = MotoTasks(clients, self.functions, arn_prefix, self._real_time)
        rng, events = random.Random(self._rng.random()), list[HistoryEvent]()
        outcome = machine.run(value, tasks=tasks, context=about, clock=clock, rng=rng, observe=events.append)
        if log is not None:
            for event in events:
                log(event)
            log.flush()
        self._remember(about, value, outcome, clock.now() - started, events)
        return _ended(about, text, outcome, started, clock.now())

    def _remember(
        self, about: ExecutionContext, value: Json, outcome: Outcome, seconds: float, events: list[HistoryEvent]
    ) -> None:
        self.executions.append(
            SyncExecution(
                arn=about.execution_id,
                name=about.name,
                machine=about.machine_name,
                status=outcome.status.value,
                input=value,
                output=outcome.output,
                error=outcome.error,
                cause=outcome.cause,
                seconds=seconds,
                events=tuple(events),
            )
        )


def _ended(about: ExecutionContext, text: str, outcome: Outcome, started: float, stopped: float) -> Ended:
    succeeded = outcome.status is ExecutionStatus.SUCCEEDED
    return Ended(
        about=about,
        input=text,
        status=outcome.status.value,
        output=compact(outcome.output) if succeeded else None,
        error=outcome.error,
        cause=outcome.cause,
        started=started,
        stopped=stopped,
    )
