"""Faults that a test asks for: at a step of the pipeline, a number of times."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from functions.tasks.errors import TASK_ERRORS

ALWAYS = 1_000_000
"""As `times`: whenever the step is reached."""
# The calls that the handlers make when a task is submitted, cancelled or redriven.
OPERATIONS = frozenset({"PutItem", "GetItem", "UpdateItem", "BatchGetItem", "Query", "Scan"}) | frozenset(
    {"SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"}
)
_TASK_ERROR_NAMES = {error.__name__ for error in TASK_ERRORS.values()}


class Kind(Enum):
    """What happens at the step."""

    ERROR = auto()
    LOST_REPLY = auto()
    CRASH = auto()


@dataclass(kw_only=True)
class Fault:
    """What goes wrong at a step, and how often still. `task_id` is the only task that it happens to, or empty."""

    step: str
    kind: Kind
    times: int
    has_effect: bool
    error: str = ""
    cause: str = ""
    task_id: str = ""
    happened: int = field(default=0)

    def state_cause(self) -> str:
        """The cause that the state machine sees: for a task's own error, what the processor reports."""
        if self.error not in _TASK_ERROR_NAMES:
            return self.cause
        retry_in = None if self.error == "TaskValidationError" else 1
        report = {"type": self.error, "message": self.cause, "retry_in": retry_in}
        return json.dumps({"errorMessage": json.dumps(report), "errorType": self.error})


class Faults:
    """The faults of one test. `states` are the machine's Task states."""

    def __init__(self, states: Iterable[str]) -> None:
        self._steps = {*states, *OPERATIONS}
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let it happen from now on. Faults of one step happen in the order in which they were added."""
        if fault.step not in self._steps:
            raise ValueError(f"{fault.step!r} is no step that can fail; there are {', '.join(sorted(self._steps))}")
        self._faults.append(fault)

    def take(self, step: str, task_id: str = "") -> Fault | None:
        """The fault of this call, if any."""
        for fault in self._faults:
            if fault.step == step and fault.happened < fault.times and fault.task_id in ("", task_id):
                fault.happened += 1
                return fault
        return None

    def perform(self, operation: str, call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """A handler's call to a service, with its fault: boto3 raises once its own retries are over."""
        fault = self.take(operation)
        if fault is None:
            return call()
        if fault.has_effect:
            call()
        if fault.kind is Kind.LOST_REPLY:
            raise ReadTimeoutError(endpoint_url="in-memory")
        raise ClientError({"Error": {"Code": fault.error, "Message": fault.cause}}, operation)

    def unused(self) -> list[Fault]:
        """Those that never happened."""
        return [fault for fault in self._faults if not fault.happened]
