"""Tasks that take long: their executions, what looks after them, and the tokens of workers."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from asl import Scheduler, TaskFailure
from functions.tasks.runs.tokens import TokenExpired
from functions.tasks.runs.watching import ExecutionState

EXISTS = "StepFunctions.ExecutionAlreadyExistsException"


@dataclass
class LongExecutions:
    """The executions of the Standard machine, by name: `Executions` and `Tokens` of the shipped handlers.

    `begun` are those that nobody runs yet: pairs of a name and an input. `scheduler` runs them, while there is one.
    """

    states: dict[str, ExecutionState] = field(default_factory=dict[str, ExecutionState])
    begun: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    scheduler: Scheduler | None = None

    def start(self, request: dict[str, Any]) -> dict[str, Any]:
        """StartExecution, as the state machine calls it."""
        name = request["Name"]
        if name in self.states:
            raise TaskFailure(EXISTS, f"Execution Already Exists: '{name}'")
        self.states[name] = ExecutionState.RUNNING
        self.begun.append((name, json.dumps(request["Input"])))
        return {}

    def take(self) -> list[tuple[str, str]]:
        """Those that have begun since the last call."""
        begun, self.begun = self.begun, []
        return begun

    def end(self, name: str, status: str) -> None:
        """One has ended."""
        if self.states[name] is ExecutionState.RUNNING:
            succeeded = status == "SUCCEEDED"
            self.states[name] = ExecutionState.SUCCEEDED if succeeded else ExecutionState.ENDED

    def running(self) -> set[str]:
        """Those that run."""
        return {name for name, state in self.states.items() if state is ExecutionState.RUNNING}

    def state(self, name: str) -> ExecutionState:
        """Whether this one runs."""
        return self.states.get(name, ExecutionState.UNKNOWN)

    def stop(self, name: str, cause: str) -> None:  # noqa: ARG002 the port's
        """Stop one; what it does afterwards is lost."""
        self.states[name] = ExecutionState.ENDED

    def succeed(self, token: str, output: str) -> None:
        """SendTaskSuccess."""
        self._bring(lambda scheduler: scheduler.settle(token, json.loads(output)))

    def fail(self, token: str, error: str, cause: str) -> None:
        """SendTaskFailure."""
        self._bring(lambda scheduler: scheduler.settle(token, TaskFailure(error, cause)))

    def beat(self, token: str) -> None:
        """SendTaskHeartbeat."""
        self._bring(lambda scheduler: scheduler.beat(token))

    def _bring(self, back: Callable[[Scheduler], bool]) -> None:
        if self.scheduler is None or not back(self.scheduler):
            raise TokenExpired
