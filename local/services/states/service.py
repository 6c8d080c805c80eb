"""StartSyncExecution, as the pipe calls it."""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Generator, Iterable, Iterator
from typing import Any

from asl import ExecutionContext, ExecutionStatus, HistoryEvent, Observer, Outcome
from asl.core.templates import compact
from asl.definition.model import Graph, MapState, ParallelState, TaskState
from asl.execution.logs import ExecutionLog
from asl.starting import execution_of, parsed_input
from local.emulator.assumed_role import AssumedSession
from local.emulator.clients import Clients
from local.services.lambdas.model import Invoker
from local.services.logs.delivery import LogDelivery
from local.services.pipes.pipe import Execution
from local.services.states.machines import STANDARD, DeployedMachine, Machines
from local.services.states.roles import Roles


class ExpressService:
    """Runs Express machines that are deployed on the emulator. One serves all pipes; any thread may use it."""

    def __init__(self, clients: Clients, functions: Invoker, logs: LogDelivery) -> None:
        self.machines = Machines(clients)
        self._roles = Roles(clients, functions)
        self._logs = logs

    def engine_of(self, session: AssumedSession) -> ExpressEngine:
        """The engine for a pipe with this session: it starts what the session's role may start."""
        return ExpressEngine(self, session.role_arn)

    def execute(
        self,
        deployed: DeployedMachine,
        input: str,  # noqa: A002 AWS's own word
        *,
        about: ExecutionContext | None = None,
        observe: Observer | None = None,
        rng: random.Random | None = None,
    ) -> Execution:
        """Run one execution to its end, under the machine's role; `observe` gets its events, `rng` draws jitter."""
        about = about or context(deployed)
        return _execution(self.run(deployed, input, about=about, observe=observe, rng=rng), about)

    def run(
        self,
        deployed: DeployedMachine,
        input: str,  # noqa: A002 AWS's own word
        *,
        about: ExecutionContext,
        observe: Observer | None = None,
        **how: Any,
    ) -> Outcome:
        """Run one execution; `how` are further arguments of `Machine.run`."""
        tasks, value = self._roles.tasks(deployed.role_arn), parsed_input(input)
        with self._log(deployed, about) as log:
            return deployed.machine.run(value, tasks=tasks, context=about, observe=_both(log, observe), **how)

    def warm(self, machine_arns: Iterable[str]) -> None:
        """Start compiling machines and making the clients that they need, so that the first execution is fast."""
        arns = list(machine_arns)
        threading.Thread(target=lambda: self._warm(arns), name="express-warm-up", daemon=True).start()

    def _warm(self, machine_arns: list[str]) -> None:
        # A missing or broken machine is reported by the first execution of it.
        with contextlib.suppress(Exception):
            for arn in machine_arns:
                deployed = self.machines.find(arn)
                self._roles.tasks(deployed.role_arn).warm(services(deployed.machine.definition.graph))

    @contextlib.contextmanager
    def _log(self, deployed: DeployedMachine, about: ExecutionContext) -> Generator[Observer | None]:
        if not deployed.log_group or deployed.log_level == "OFF":
            yield None
            return
        log = ExecutionLog(
            self._logs,
            group=deployed.log_group,
            stream=f"states/{deployed.name}",
            execution_arn=about.execution_id,
            level=deployed.log_level,
            include_data=deployed.log_data,
        )
        try:
            yield _at_once(log) if deployed.machine.definition.kind == STANDARD else log
        finally:
            log.flush()


class ExpressEngine:
    """A `local.services.pipes.pipe.Engine`: starts machines with one role's permissions."""

    def __init__(self, service: ExpressService, role_arn: str) -> None:
        self._service = service
        self._role_arn = role_arn

    def start_sync_execution(self, state_machine_arn: str, input: str) -> Execution:  # noqa: A002 AWS's own word
        deployed = self._service.machines.startable(state_machine_arn, self._role_arn)
        return self._service.execute(deployed, input)


def context(deployed: DeployedMachine, name: str | None = None) -> ExecutionContext:
    """The context of a new execution, whose name is random unless given."""
    return execution_of(deployed.arn, deployed.name, deployed.role_arn, name)


def services(graph: Graph) -> Iterator[str]:
    """The services that a machine's tasks call, as its resource ARNs name them."""
    for state in graph.states.values():
        if isinstance(state, TaskState):
            yield state.resource.service
        elif isinstance(state, MapState):
            yield from services(state.processor)
        elif isinstance(state, ParallelState):
            for branch in state.branches:
                yield from services(branch)


def _at_once(log: ExecutionLog) -> Observer:
    """The log of an execution that may outlive this process: what happens is written when it happens."""

    def observe(event: HistoryEvent) -> None:
        log(event)
        log.flush()

    return observe


def _both(first: Observer | None, second: Observer | None) -> Observer | None:
    if first is None or second is None:
        return first or second

    def observe(event: HistoryEvent) -> None:
        first(event)
        second(event)

    return observe


def _execution(outcome: Outcome, about: ExecutionContext) -> Execution:
    return Execution(
        status=outcome.status.value,
        output=compact(outcome.output) if outcome.status is ExecutionStatus.SUCCEEDED else None,
        error=outcome.error,
        cause=outcome.cause,
        arn=about.execution_id,
    )
