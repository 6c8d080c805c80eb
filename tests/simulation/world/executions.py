"""Step Functions, as the machine of tasks that take long is started, watched and stopped there."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from asl import TaskFailure
from functions.tasks.runs.watching import ExecutionState

LAG_SECONDS = 3.0
"""How far a list of executions may be behind."""


@dataclass(kw_only=True)
class Started:
    """An execution: its task, its state, and whether somebody has stopped it. Moments are in epoch seconds."""

    name: str
    input: str
    began: float
    state: ExecutionState = ExecutionState.RUNNING
    ended: float | None = None
    is_stopped: bool = False

    @property
    def task_id(self) -> str:
        """The task that it processes."""
        return json.loads(json.loads(self.input)[0]["body"])["task_id"]

    def overlaps(self, other: "Started") -> bool:
        """Whether there was a moment at which both ran."""
        return (self.ended is None or other.began < self.ended) and (other.ended is None or self.began < other.ended)


class SimulatedExecutions:
    """Executions by name, none of which is ever forgotten. `waiting` have started, and nobody runs them yet."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.known: dict[str, Started] = {}
        self.waiting: list[Started] = []

    def start(self, request: dict[str, Any]) -> dict[str, Any]:
        """StartExecution, as the state machine calls it."""
        name, text = request["Name"], json.dumps(request["Input"])
        known = self.known.get(name)
        if known is None:
            started = Started(name=name, input=text, began=self._now())
            self.known[name] = started
            self.waiting.append(started)
        elif known.state is not ExecutionState.RUNNING or known.input != text:
            raise TaskFailure("StepFunctions.ExecutionAlreadyExistsException", f"Execution Already Exists: '{name}'")
        return {"ExecutionArn": f"arn:aws:states:us-east-1:000000000000:execution:long:{name}"}

    def end(self, started: Started, state: ExecutionState) -> None:
        """An execution has ended."""
        if started.ended is None:
            started.state, started.ended = state, self._now()

    def listed(self) -> set[str]:
        """What ListExecutions says is running: it is behind."""
        then = self._now() - LAG_SECONDS
        return {
            one.name for one in self.known.values() if one.began < then and (one.ended is None or one.ended >= then)
        }

    @property
    def busy(self) -> bool:
        """Whether any of them runs, or is about to."""
        return any(one.state is ExecutionState.RUNNING for one in self.known.values())

    def has_ended(self, name: str) -> bool:
        """Whether there is such an execution, and it does not run any more."""
        return name in self.known and self.known[name].state is not ExecutionState.RUNNING
