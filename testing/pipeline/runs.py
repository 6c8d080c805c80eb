"""Runs of task types' functions, as the shipped processor makes them."""

import json
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from asl import Taking, TaskFailure
from functions import processor
from functions.adapters.task_table.progress import DynamoDBProgress
from functions.tasks.errors import ErrorClass, TaskError, TaskTypeUnavailable
from functions.tasks.redaction import forgetting
from functions.tasks.registry import Registry
from functions.tasks.runs.tokens import worker_token
from testing.pipeline.permissions import calls_allowed
from testing.pipeline.quiet import quiet, undecorated
from testing.pipeline.world import World
from testing.services.calls import SimulatedContext, invoke
from testing.services.clients import InMemoryDynamoDB

CALL_SECONDS = 0.005
REAL_SECONDS = 1.0


class RealTimeWarning(UserWarning):
    """A function took real time, which a test waits for. `taskline.takes` lets virtual time pass instead."""


@dataclass(kw_only=True)
class Run:
    """One run of a task type's function: its result, or its error as the processor reports it.

    `at` is the moment of its start in virtual seconds since 1970, `seconds` is how long it took on that clock. A run
    of a type with a task token has the `token` for its worker.
    """

    task_id: str
    type: str
    attempt: int
    at: float
    seconds: float = 0.0
    token: str = field(default="", repr=False)
    result: Any = None
    exception: BaseException | None = field(default=None, repr=False)
    looked_at: bool = field(default=False, repr=False)

    @property
    def failed(self) -> bool:
        """Whether it raised an error."""
        self.looked_at = True
        return self.exception is not None

    @property
    def error_class(self) -> ErrorClass | None:
        """What happens next: None after a success, and when the run was refused because its lease was over."""
        self.looked_at = True
        return self.exception.error_class if isinstance(self.exception, TaskError) else None

    @property
    def error_type(self) -> str | None:
        """The name of the exception that the function raised."""
        return self._report().get("type")

    @property
    def message(self) -> str | None:
        """The error's message as it leaves the function: secrets are removed, and it is at most 1024 characters."""
        return self._report().get("message")

    @property
    def retry_in(self) -> float | None:
        """Seconds until the next run; None if there is none."""
        return self._report().get("retry_in")

    @property
    def traceback(self) -> str:
        """The traceback of what the function raised; empty after a success."""
        if self.exception is None:
            return ""
        raised = self.exception.__cause__ or self.exception
        return "".join(traceback.format_exception(raised))

    def _report(self) -> dict[str, Any]:
        self.looked_at = True
        if self.exception is None:
            return {}
        if not isinstance(self.exception, TaskError):
            return {"type": type(self.exception).__name__, "message": str(self.exception)}
        return json.loads(str(self.exception))


class UncountedRun:
    """A run that no circuit breaker counts: its timer would use real time."""

    def __init__(self, remaining_seconds: float) -> None: ...

    def started(self, *, late: bool) -> None:
        """Nothing is reported."""

    def ended(self, *, transiently: bool, succeeded_in_ms: int | None = None) -> None:
        """Nothing is reported."""


@dataclass(kw_only=True)
class Runs:
    """Makes runs and keeps them, in order. A run may take `handler_seconds` of the `world`, or what its type says.

    `takes` has the seconds that runs of a type take, `secrets` what they can read. `draw` returns random numbers from
    0 to 1.
    """

    types: Registry
    world: World
    draw: Callable[[], float]
    handler_seconds: int
    takes: dict[str, float] = field(default_factory=dict[str, float])
    secrets: dict[str, str] = field(default_factory=dict[str, str])
    made: list[Run] = field(default_factory=list[Run])

    def invoke(self, event: dict[str, Any]) -> Taking:
        """The response of the processor to the state machine, or its error, and how long it takes."""
        event = json.loads(json.dumps(event))
        run = Run(
            task_id=event["task_id"], type=_type(event["body"]), attempt=event["attempt"], at=self.world.clock.now()
        )
        self.made.append(run)
        needed = self.takes.get(run.type, CALL_SECONDS)
        most = self._seconds(run.type)
        run.seconds = min(needed, most)
        try:
            response: Any = self._make(run, event)
        except TaskFailure as failure:
            response = failure
        if needed > most:
            message = f"Task timed out after {most}.00 seconds"
            cause = json.dumps({"errorType": "Sandbox.Timedout", "errorMessage": message})
            return Taking(run.seconds, TaskFailure("Sandbox.Timedout", cause))
        return Taking(run.seconds, response)

    def _seconds(self, type: str) -> int:  # noqa: A002 the field's name
        """What a run of the type may take."""
        found = self.types.find(type)
        if found is None or found.timeout is None or found.task_token:
            return self.handler_seconds
        return int(found.timeout.total_seconds()) - 1

    def _make(self, run: Run, event: dict[str, Any]) -> dict[str, Any]:
        client: Any = InMemoryDynamoDB(self.world.table)
        run.token = worker_token(event["task_id"], event["run"], event["token"]) if "token" in event else ""
        ports = processor.Ports(
            types=self.types,
            now_ms=lambda: int(self.world.clock.now() * 1000),
            draw=self.draw,
            begin_run=UncountedRun,
            read_secret=self._secret,
            progress=DynamoDBProgress("tasks", self.world.now, client),
        )
        started = time.perf_counter()
        try:
            allowed = calls_allowed(self.types.find(run.type))
            with processor.build.given(ports), quiet(), allowed, forgetting():
                response = invoke(undecorated(processor.handler), event, SimulatedContext(self.handler_seconds))
        except TaskFailure as failure:
            run.exception = failure.__cause__
            raise
        finally:
            _warn_if_slow(run, time.perf_counter() - started)
        run.result = json.loads(response["Payload"]["result"])
        return response

    def _secret(self, name: str) -> str:
        if name not in self.secrets:
            raise TaskTypeUnavailable(f"the test gives no secret {name!r}: say taskline.secret({name!r}, ...)")
        return self.secrets[name]


def _type(body: str) -> str:
    try:
        found = json.loads(body)["type"]
    except (ValueError, TypeError, KeyError):
        return ""
    return found if isinstance(found, str) else ""


def _warn_if_slow(run: Run, seconds: float) -> None:
    if seconds > REAL_SECONDS:
        text = (
            f"a run of {run.type} took {seconds:.1f} s of real time. If it sleeps, replace what makes it sleep, and "
            f"say taskline.takes({run.type!r}, {seconds:.0f}) to let that much virtual time pass"
        )
        warnings.warn(text, RealTimeWarning, stacklevel=2)
