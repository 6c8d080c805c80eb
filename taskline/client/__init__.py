"""The Python client of Taskline's API: `Taskline`, and `AsyncTaskline` with the same methods.

`docs/guides/client.md` shows how it is used. Only what is named here is meant for others.
"""

from taskline.client.asynchronous import AsyncTaskIterator, AsyncTaskline
from taskline.client.basis.auth import BearerAuth, IamAuth
from taskline.client.basis.errors import (
    Conflict,
    ConnectionFailed,
    FieldProblem,
    IdempotencyMismatch,
    NotAllowed,
    NotFound,
    NotSubmitted,
    RateLimited,
    ServerFailed,
    TaskFailed,
    TasklineError,
    TimedOut,
    Unavailable,
    UnexpectedReply,
    ValidationFailed,
    WaitTimedOut,
)
from taskline.client.basis.settings import Clock, Event, Hook, ReplyReceived, RequestSent, Timeouts
from taskline.client.results.keys import Key, KeyPage
from taskline.client.results.redrive import MalformedMessage, RedrivenTask, RedriveReport
from taskline.client.results.service import Breaker, BreakerLane, BreakerPipe, FlowCounts, Health, Stats, StatusCounts
from taskline.client.results.submission import Accepted, Outcome, Rejected
from taskline.client.results.tasks import HistoryStep, Links, ListedTask, NewTask, Task, TaskError, TaskPage
from taskline.client.sync import TaskIterator, Taskline

__all__ = [
    "Accepted",
    "AsyncTaskIterator",
    "AsyncTaskline",
    "BearerAuth",
    "Breaker",
    "BreakerLane",
    "BreakerPipe",
    "Clock",
    "Conflict",
    "ConnectionFailed",
    "Event",
    "FieldProblem",
    "FlowCounts",
    "Health",
    "HistoryStep",
    "Hook",
    "IamAuth",
    "IdempotencyMismatch",
    "Key",
    "KeyPage",
    "Links",
    "ListedTask",
    "MalformedMessage",
    "NewTask",
    "NotAllowed",
    "NotFound",
    "NotSubmitted",
    "Outcome",
    "RateLimited",
    "RedriveReport",
    "RedrivenTask",
    "Rejected",
    "ReplyReceived",
    "RequestSent",
    "ServerFailed",
    "Stats",
    "StatusCounts",
    "Task",
    "TaskError",
    "TaskFailed",
    "TaskIterator",
    "TaskPage",
    "Taskline",
    "TasklineError",
    "TimedOut",
    "Timeouts",
    "Unavailable",
    "UnexpectedReply",
    "ValidationFailed",
    "WaitTimedOut",
]
