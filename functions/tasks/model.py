"""A task: what a client posts, what travels in the message, what is read back.

These models are the single description of a task. The OpenAPI document is generated from them, so their field
descriptions are written for clients.
"""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
)
from pydantic.config import JsonDict

DEFAULT_ORDERING_KEY = "task-processing"
DEFAULT_TYPE = "default"
# Python's own parser takes any character between date and time; ISO 8601 takes a T.
_DATE_AND_TIME = re.compile(r"(\d{4}-\d\d-\d\d|\d{8}|\d{4}-?W\d\d(-?\d)?)(T[\d:.,]+(Z|[+-][\d:]+)?)?", re.ASCII)


class Priority(StrEnum):
    """How urgent the client holds the task to be."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Status(StrEnum):
    """Where a task is in its life: queued -> processing -> succeeded | failed, or queued -> cancelled."""

    QUEUED = "queued"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


def _any_case(value: object) -> Priority:
    try:
        return Priority(value.strip().lower() if isinstance(value, str) else value)
    except ValueError:
        raise ValueError(f"must be one of {', '.join(Priority)}") from None


def _iso_8601(value: str) -> str:
    if not _is_iso_8601(value):
        raise ValueError("must be an ISO 8601 date or date and time, such as 2026-12-31 or 2026-12-31T17:00:00Z")
    return value


def _is_iso_8601(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return _DATE_AND_TIME.fullmatch(value) is not None


_STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)
Trimmed = StringConstraints(strip_whitespace=True)
# What trimming and validators ask for, said in the document's terms. Formats are open-ended: these names are our own.
# U+0085 is white space to whoever trims, and none to the regular expressions of ECMAScript.
_NOT_BLANK: JsonDict = {"pattern": r"[^\s\u0085]"}
_ISO_8601: JsonDict = {"format": "iso-8601"}
_TASK_TYPE: JsonDict = {"format": "task-type"}


class NewTask(BaseModel):
    """A task as a client posts it. Strings are trimmed; unknown fields are refused."""

    model_config = _STRICT

    title: Annotated[
        str,
        Trimmed,
        Field(
            min_length=1, max_length=200, description="What is to be done, in a line.", json_schema_extra=_NOT_BLANK
        ),
    ]
    description: Annotated[
        str,
        Trimmed,
        Field(min_length=1, max_length=2000, description="What is to be done.", json_schema_extra=_NOT_BLANK),
    ]
    priority: Annotated[
        Priority,
        BeforeValidator(_any_case),
        Field(description="How urgent it is: low, medium or high, in any case."),
    ]
    due_date: Annotated[
        Annotated[str, Trimmed, Field(max_length=64, json_schema_extra=_ISO_8601), AfterValidator(_iso_8601)] | None,
        Field(description="When it is due: an ISO 8601 date, or date and time. Kept, not enforced."),
    ] = None
    ordering_key: Annotated[
        str,
        Trimmed,
        # What SQS takes as a MessageGroupId: alphanumerics and ASCII punctuation.
        Field(
            pattern=r"^[!-~]{1,128}$",
            description="Tasks of the same key are worked off strictly in the order in which they were accepted; "
            "different keys run side by side. 1 to 128 printable ASCII characters without spaces.",
        ),
    ] = DEFAULT_ORDERING_KEY
    type: Annotated[
        str,
        Trimmed,
        Field(
            pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$",
            description="The task type, which picks the code that runs.",
            json_schema_extra=_TASK_TYPE,
        ),
    ] = DEFAULT_TYPE
    data: Annotated[
        dict[str, JsonValue], Field(description="What the task type needs; its shape is the type's own.")
    ] = Field(default_factory=dict[str, JsonValue])


class Task(NewTask):
    """A task on its way: the message body, and what a task type's function is given.

    `task_id` is the idempotency token: a function may see the same task more than once. `attempt` counts the
    runs of the function over all executions of the task, from 1.
    """

    task_id: Annotated[str, Field(min_length=1, max_length=128, description="The task's id.")]
    created_at: Annotated[str | None, Field(description="When it was accepted: UTC, ISO 8601, milliseconds.")] = None
    attempt: Annotated[int, Field(ge=1, exclude=True)] = 1


class TaskFailure(BaseModel):
    """Why a task failed."""

    model_config = _STRICT

    error_class: Annotated[
        str, Field(alias="class", description="VALIDATION, NETWORK, RATE_LIMIT, SYSTEM or UNKNOWN.")
    ]
    type: Annotated[str, Field(description="The exception's name.")]
    message: Annotated[str, Field(description="What went wrong.")]


class HistoryEntry(BaseModel):
    """One step in a task's life: a change of its status, or, with an `attempt`, a run that failed while processing."""

    model_config = _STRICT

    status: Annotated[Status, Field(description="The status that the task took, or had while this run failed.")]
    at: Annotated[str, Field(description="When: UTC, ISO 8601, milliseconds.")]
    attempt: Annotated[
        int | None, Field(description="Of a run that failed: its number. Runs that crashed first are not listed.")
    ] = None
    started_at: Annotated[str | None, Field(description="Of a run that failed: when it was started.")] = None
    retry_in: Annotated[
        float | None, Field(description="Of a run that failed: seconds until the next one; left out for the last.")
    ] = None
    error: Annotated[
        TaskFailure | None, Field(description="Why the run failed, or had failed before it was put back; shortened.")
    ] = None


class TaskLinks(BaseModel):
    """What can be done next, as paths: each is there only while it can be done."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)

    itself: Annotated[str, Field(alias="self", description="GET: this task.")]
    same_key: Annotated[str, Field(description="GET: the tasks of its ordering key, newest first.")]
    cancel: Annotated[str | None, Field(description="DELETE: cancel it; only while it is queued.")] = None
    redrive: Annotated[str | None, Field(description="POST: put it back; only when it has failed.")] = None


class TaskView(NewTask):
    """A task read back: all that was posted, and what became of it."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    task_id: Annotated[str, Field(description="The task's id.")]
    status: Annotated[Status, Field(description="Where the task is in its life.")]
    attempts: Annotated[int, Field(ge=0, description="Runs of the task so far, over all executions.")]
    redrives: Annotated[int, Field(ge=0, description="How often it was put back after a failure.")] = 0
    created_at: Annotated[str, Field(description="When it was accepted: UTC, ISO 8601, milliseconds.")]
    started_at: Annotated[str | None, Field(description="When it was first claimed.")] = None
    finished_at: Annotated[str | None, Field(description="When it succeeded, failed or was cancelled.")] = None
    result: Annotated[Any, Field(description="What the task type returned; only when it succeeded.")] = None
    error: Annotated[TaskFailure | None, Field(description="Why it failed; only when it failed.")] = None
    history: Annotated[tuple[HistoryEntry, ...], Field(description="Its life, oldest first.")] = ()
    links: Annotated[TaskLinks | None, Field(description="What can be done next.")] = None
