"""Dead letters, and what is to be done with each according to its task's record."""

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
    """Who sent a message to the dead-letter queue, and whether it contains a task."""

    FAILURE = auto()  # the state machine: the task failed
    UNDELIVERED = auto()  # SQS: received too often without an outcome; or a broken claim treated it as malformed
    MALFORMED = auto()  # either, and it contains no task


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """A parsed message. `attempts` are those of the failure, `type` is that of an undelivered message."""

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

    STALE = auto()  # its task has moved on since: remove it
    CURRENT = auto()  # it belongs to the task's latest failure: keep it until the task is redriven
    SEND = auto()  # an undelivered message that can be sent again
    BUSY = auto()  # an execution is processing the task: try later


def judge(dead_letter: DeadLetter, state: TaskState | None, now: datetime, fresh_for: timedelta) -> Verdict:
    """The verdict on a dead letter that is not malformed, according to its task's record.

    A dead letter younger than `fresh_for` cannot belong to a task whose record has expired.
    """
    if state is None:
        fresh = now - dead_letter.received.sent_at < fresh_for
        # It was never claimed, or its record has expired: only a message too young for the latter may run.
        return Verdict.SEND if dead_letter.kind is Kind.UNDELIVERED and fresh else Verdict.CURRENT
    if state.status in (Status.SUCCEEDED, Status.CANCELLED, Status.PARKED):  # parked tasks get a message of their own
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
    """Whether a later message of the task was certainly sent: then this one is already redriven."""
    if state.redriven_at is None or state.unsettled:
        return False
    return dead_letter.received.sent_at < state.redriven_at - _CLOCK_SKEW
