"""A Standard machine that waits for its token, and whoever is called with the token."""

import json
from collections.abc import Callable
from typing import Any

from asl import HistoryEvent, Machine, Outcome, Scheduler, TaskRequest, VirtualClock

WAITING = "arn:aws:states:::lambda:invoke.waitForTaskToken"
START = 1_800_000_000.0


def a_machine(**task: Any) -> dict[str, Any]:
    """A state that waits for its token, a pause, and the end."""
    waiting = {
        "Type": "Task",
        "Resource": WAITING,
        "Arguments": {"FunctionName": "f", "Payload": {"token": "{% $states.context.Task.Token %}"}},
        "TimeoutSeconds": 900,
        "Assign": {"answer": "{% $states.result.answer %}"},
        "Next": "Pause",
    }
    return {
        "QueryLanguage": "JSONata",
        "StartAt": "Ask",
        "States": {
            "Ask": waiting | task,
            "Pause": {"Type": "Wait", "Seconds": 5, "Next": "End"},
            "End": {"Type": "Succeed", "Output": "{% $answer %}"},
        },
    }


class Worker:
    """Whoever is called with a token: `act` does something with it, at once."""

    blocking = False

    def __init__(self, act: Callable[[Scheduler, str], object] = lambda _scheduler, _token: None) -> None:
        self.tokens: list[str] = []
        self.act = act
        self.schedulers: list[Scheduler] = []

    def begun(self, scheduler: Scheduler) -> None:
        self.schedulers.append(scheduler)

    def run(self, request: TaskRequest) -> Any:
        token = json.loads(json.dumps(request.arguments))["Payload"]["token"]
        self.tokens.append(token)
        return self.act(self.schedulers[-1], token)


def run(worker: Worker, *, clock: VirtualClock | None = None, **more: Any) -> tuple[Outcome, float]:
    """The outcome on virtual time, and after how many seconds. `more` is for `Machine.run`, or fields of the task."""
    clock = clock or VirtualClock(START)
    how = {name: more.pop(name) for name in ("keep", "resumed", "observe") if name in more}
    machine = Machine.load(a_machine(**more), "STANDARD")
    outcome = machine.run({}, tasks=worker, clock=clock, begun=worker.begun, **how)
    return outcome, clock.now() - START


def types(events: list[HistoryEvent]) -> list[str]:
    """The types of events."""
    return [event.type for event in events]
