"""What lies in the dead-letter queue, and what its task's record says about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Protocol

from functions.tasks.model import DEFAULT_TYPE, Status
from functions.tasks.redrive.state import TaskState

_CLOCK_SKEW = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class Received:
    """A message as it was received from the dead-letter queue; `receipt` deletes or releases it."""

    message_id: str
    receipt: str
    group: str
    sent_at: datetime
    body: str


class Kind(Enum):
    """Who put a message into the dead-letter queue, and whether there is a task in it."""

    FAILURE = auto()  # the state machine: the task failed
    UNDELIVERED = auto()  # SQS: received too often, without an outcome; or a broken claim took it for no task
    MALFORMED = auto()  # either, and it is no task


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """A message, read. `attempts` are those of the failure; `type` is what an undelivered message says."""

    received: Received
    kind: Kind
    task_id: str = ""
    attempts: int = 0
    type: str = DEFAULT_TYPE
    original_id: str = ""
    reason: str = ""


class DeadLetters(Protocol):
    """The dead-letter queue. Every method raises `Unavailable` when it does not respond."""

    def receive(self) -> Sequence[DeadLetter]:
        """Some dead letters, hidden from everyone else for a minute; none when there are no more."""
        ...

    def delete(self, received: Received) -> None:
        """Remove this one for good."""
        ...

    def release(self, received: Received) -> None:
        """Make this one visible again."""
        ...


class Verdict(Enum):
    """What is to be done with a dead letter."""

    STALE = auto()  # its task has gone on since: remove it
    CURRENT = auto()  # it belongs to the task's latest failure: keep it until that task is redriven
    SEND = auto()  # an undelivered message that can be sent again
    BUSY = auto()  # an execution has the task: later


def judge(dead_letter: DeadLetter, state: TaskState | None, now: datetime, fresh_for: timedelta) -> Verdict:
    """What the task's record says about a dead letter that is not malformed.

    A dead letter younger than `fresh_for` cannot be of a task whose record has expired.
    """
    if state is None:
        fresh = now - dead_letter.received.sent_at < fresh_for
        # Nothing has claimed it, or its record has expired: only what is too young for that may run.
        return Verdict.SEND if dead_letter.kind is Kind.UNDELIVERED and fresh else Verdict.CURRENT
    if state.status in (Status.SUCCEEDED, Status.CANCELLED):
        return Verdict.STALE
    if dead_letter.kind is Kind.FAILURE:
        is_current = state.status is Status.FAILED and dead_letter.attempts >= state.attempts
        return Verdict.CURRENT if is_current else Verdict.STALE
    if state.status is Status.FAILED:
        return Verdict.CURRENT
    if _is_older_than_the_redrive(dead_letter, state):
        return Verdict.STALE
    return Verdict.BUSY if state.is_busy(now) else Verdict.SEND


def _is_older_than_the_redrive(dead_letter: DeadLetter, state: TaskState) -> bool:
    """Whether a later message of the task was sent for certain: this one has been redriven already."""
    if state.redriven_at is None or state.unsettled:
        return False
    return dead_letter.received.sent_at < state.redriven_at - _CLOCK_SKEW
