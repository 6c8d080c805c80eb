"""What lies in the dead-letter queue, and what its task's record says about it."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any, Protocol, cast

from functions.tasks.model import DEFAULT_TYPE, Status
from functions.tasks.redrive.state import TaskState

_TASK_ID = re.compile(r"[!-~]{1,100}")  # what ClaimTask takes for one
_CLOCK_SKEW = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class Received:
    """A message as it was received from the dead-letter queue; `receipt` deletes or releases it."""

    message_id: str
    receipt: str
    group: str
    sent_at: datetime
    body: str


class DeadLetters(Protocol):
    """The dead-letter queue. Every method raises `Unavailable` when it does not answer."""

    def receive(self) -> Sequence[Received]:
        """Some messages, which nobody else is shown for a minute; none when there are no more."""
        ...

    def delete(self, received: Received) -> None:
        """Remove this one for good."""
        ...

    def release(self, received: Received) -> None:
        """Show this one again at once."""
        ...


class Kind(Enum):
    """Who put a message into the dead-letter queue, and whether there is a task in it."""

    FAILURE = auto()  # the state machine: the task failed
    UNDELIVERED = auto()  # SQS: received too often, without an outcome; or a broken claim took it for no task
    MALFORMED = auto()  # either, and it is no task


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A message, read. `attempts` are those of the failure; `type` is what an undelivered message says."""

    received: Received
    kind: Kind
    task_id: str = ""
    attempts: int = 0
    type: str = DEFAULT_TYPE
    original_id: str = ""
    reason: str = ""


class Verdict(Enum):
    """What is to be done with a letter."""

    STALE = auto()  # its task has gone on since: remove it
    CURRENT = auto()  # it belongs to a failure that stands: keep it until that task is put back
    SEND = auto()  # an undelivered message that can be sent again
    BUSY = auto()  # an execution has the task: later


def read_letter(received: Received) -> Letter:
    """Tell the state machine's letters, SQS's undelivered messages and what is no task apart."""
    try:
        body = json.loads(received.body)  # as lenient as the state machine's own $parse
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        return _malformed(received, received.message_id, "the message is not a JSON object")
    fields = cast("dict[str, Any]", body)
    original = fields.get("message")
    if isinstance(original, dict) and isinstance(fields.get("error"), dict) and "attempts" in fields:
        return _from_state_machine(received, fields, cast("dict[str, Any]", original))
    return _from_sqs(received, fields)


def judge(letter: Letter, state: TaskState | None, now: datetime, fresh_for: timedelta) -> Verdict:
    """What the task's record says about a letter that is not malformed.

    A letter younger than `fresh_for` cannot be of a task whose record has expired.
    """
    if state is None:
        fresh = now - letter.received.sent_at < fresh_for
        # Nothing has claimed it, or its record has expired: only what is too young for that may run.
        return Verdict.SEND if letter.kind is Kind.UNDELIVERED and fresh else Verdict.CURRENT
    if state.status in (Status.SUCCEEDED, Status.CANCELLED):
        return Verdict.STALE
    if letter.kind is Kind.FAILURE:
        stands = state.status is Status.FAILED and letter.attempts >= state.attempts
        return Verdict.CURRENT if stands else Verdict.STALE
    if state.status is Status.FAILED:
        return Verdict.CURRENT
    if _is_older_than_the_redrive(letter, state):
        return Verdict.STALE
    return Verdict.BUSY if state.is_busy(now) else Verdict.SEND


def _is_older_than_the_redrive(letter: Letter, state: TaskState) -> bool:
    """Whether a later message of the task was sent for certain: this one has been put back already."""
    if state.redriven_at is None or state.unsettled:
        return False
    return letter.received.sent_at < state.redriven_at - _CLOCK_SKEW


def _from_state_machine(received: Received, fields: dict[str, Any], original: dict[str, Any]) -> Letter:
    task_id = fields.get("task_id")
    if not isinstance(task_id, str):
        reason = str(fields["error"].get("message", "the message is no task"))
        return _unclaimed(received, original) or _malformed(
            received, str(original.get("messageId", received.message_id)), reason
        )
    attempts = fields["attempts"]
    return Letter(
        received=received,
        kind=Kind.FAILURE,
        task_id=task_id,
        attempts=int(attempts) if isinstance(attempts, int | float) else 0,
    )


def _unclaimed(received: Received, original: dict[str, Any]) -> Letter | None:
    """A task in a letter that says it holds none: the claim itself was broken, and nothing else was wrong with it."""
    try:
        message = replace(
            received,
            group=str(original["attributes"]["MessageGroupId"]),
            sent_at=datetime.fromtimestamp(int(original["attributes"]["SentTimestamp"]) / 1000, UTC),
            body=str(original["body"]),
        )
        fields = json.loads(message.body)
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError):
        return None
    letter = _from_sqs(message, cast("dict[str, Any]", fields)) if isinstance(fields, dict) else None
    return letter if letter and letter.kind is Kind.UNDELIVERED else None


def _from_sqs(received: Received, fields: dict[str, Any]) -> Letter:
    task_id, task_type = fields.get("task_id"), fields.get("type")
    if not isinstance(task_id, str) or not _TASK_ID.fullmatch(task_id):
        return _malformed(received, received.message_id, "the message has no task_id")
    return Letter(
        received=received,
        kind=Kind.UNDELIVERED,
        task_id=task_id,
        type=task_type if isinstance(task_type, str) else DEFAULT_TYPE,
    )


def _malformed(received: Received, original_id: str, reason: str) -> Letter:
    return Letter(received=received, kind=Kind.MALFORMED, original_id=original_id, reason=reason)
