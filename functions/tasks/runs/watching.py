"""Watching executions: a task that takes long has no message that would come back, so somebody looks after it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Protocol

from functions.tasks.gates.model import Gate
from functions.tasks.gates.steering import Head
from functions.tasks.model import Status

NOT_STARTED = timedelta(minutes=15)
"""After so long, an execution that does not exist is taken to be lost: until then, a message may still start it."""


class ExecutionState(Enum):
    """Whether an execution runs. `ENDED` is any end but success; `UNKNOWN` is one that does not exist (any more)."""

    RUNNING = auto()
    SUCCEEDED = auto()
    ENDED = auto()
    UNKNOWN = auto()


class Executions(Protocol):
    """The executions of tasks that take long, by name. Every method raises `Unavailable`."""

    def running(self) -> set[str]:
        """Those that run; one that has just begun may be missing."""
        ...

    def state(self, name: str) -> ExecutionState:
        """Whether this one runs."""
        ...

    def stop(self, name: str, cause: str) -> None:
        """Stop it, whether it still runs or not."""
        ...


class HandedOver(Protocol):
    """What is written about tasks that were handed over. Every method raises `Unavailable`.

    Each changes nothing when the gate has another head or another execution by now.
    """

    def forget(self, gate: Gate) -> None:
        """The gate's execution has ended with an outcome: nobody has to look after it."""
        ...

    def send_again(self, gate: Gate) -> None:
        """The execution has ended without one: take its lease back, and let the message of the head be sent again."""
        ...

    def settle_cancelled(self, gate: Gate, at: datetime, expires_at: int) -> None:
        """Record the head as cancelled, as long as its execution holds the lease, and let it go. `expires_at` is in
        seconds since 1970.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What looking after executions takes. A task that was cancelled while it is processed has the time of `grace` to
    stop by itself. Records of cancelled tasks are kept for `keep_for`.
    """

    executions: Executions
    tasks: HandedOver
    grace: timedelta
    keep_for: timedelta


def look_after(gates: Iterable[Gate], heads: Mapping[str, Head], watch: Watch, now: datetime) -> list[str]:
    """Look at the executions of these gates' heads; return the names of those that ended without an outcome.

    A task that was cancelled while it is processed is settled when its grace is over.
    """
    lost: list[str] = []
    watched = [gate for gate in gates if gate.head is not None and gate.execution is not None]
    executions, tasks = watch.executions, watch.tasks
    running = executions.running() if watched else set[str]()
    for gate in watched:
        assert gate.execution is not None
        state = ExecutionState.RUNNING if gate.execution in running else executions.state(gate.execution)
        if state is ExecutionState.RUNNING:
            _cancel(gate, heads.get(gate.head or ""), watch, now)
        elif state is ExecutionState.SUCCEEDED:
            tasks.forget(gate)
        elif state is ExecutionState.ENDED or _is_late(gate, now):
            tasks.send_again(gate)
            lost.append(gate.execution)
    return lost


def _is_late(gate: Gate, now: datetime) -> bool:
    return gate.handed_at is None or now - datetime.fromisoformat(gate.handed_at) > NOT_STARTED


def _cancel(gate: Gate, head: Head | None, watch: Watch, now: datetime) -> None:
    if head is None or head.cancel_requested_at is None or head.status is not Status.PROCESSING:
        return
    if now - datetime.fromisoformat(head.cancel_requested_at) >= watch.grace:
        assert gate.execution is not None
        watch.executions.stop(gate.execution, "the task was cancelled")
        watch.tasks.settle_cancelled(gate, now, int((now + watch.keep_for).timestamp()))
