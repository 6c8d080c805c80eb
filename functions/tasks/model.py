"""A task: what a client submits, what the message carries, what is read back.

These models are the single description of a task. The OpenAPI document is generated from them, so their field
descriptions are written for clients.
"""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.config import JsonDict

MAX_ID_CHARACTERS = 128
BATCH_ID_PATTERN = r"^[!-~]{1,100}$"
ORDERING_KEY_PATTERN = r"^[!-~]{1,128}$"
DEFAULT_ORDERING_KEY = "task-processing"
DEFAULT_TYPE = "default"
# Python's own parser accepts any character between date and time; ISO 8601 only a T.
_DATE_AND_TIME = re.compile(r"(\d{4}-\d\d-\d\d|\d{8}|\d{4}-?W\d\d(-?\d)?)(T[\d:.,]+(Z|[+-][\d:]+)?)?", re.ASCII)


class Priority(StrEnum):
    """How urgent the client considers the task."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Status(StrEnum):
    """A task's status: queued -> processing -> succeeded | failed, or queued -> cancelled.

    While the gate of its key is closed: queued -> parked -> queued, or parked -> cancelled.
    """

    QUEUED = "queued"
    PARKED = "parked"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = (Status.QUEUED, Status.PROCESSING)
"""The statuses of tasks that have a message in a queue."""


def _parse_priority(value: object) -> Priority:
    try:
        return Priority(value.strip().lower() if isinstance(value, str) else value)
    except ValueError:
        raise ValueError(f"must be one of {', '.join(Priority)}") from None


def _check_date(value: str) -> str:
    if not _is_iso_8601(value):
        raise ValueError("must be an ISO 8601 date or date and time, such as 2026-12-31 or 2026-12-31T17:00:00Z")
    return value


def _is_iso_8601(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return _DATE_AND_TIME.fullmatch(value) is not None


def _as_given(value: object, validate: ValidatorFunctionWrapHandler) -> object:
    """What was given, once it is found valid: the result of validation is a copy with plain numbers."""
    validate(value)
    return value


_STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)
Trimmed = StringConstraints(strip_whitespace=True)
# What trimming and validators require, in the document's terms. Formats are open-ended: these names are our own.
# U+0085 is white space to Python's strip, but not to the regular expressions of ECMAScript.
_NOT_BLANK: JsonDict = {"pattern": r"[^\s\u0085]"}
_ISO_8601: JsonDict = {"format": "iso-8601"}


class NewTask(BaseModel):
    """A task as a client submits it. Strings are trimmed; unknown fields are rejected."""

    model_config = _STRICT

    title: Annotated[
        str,
        Trimmed,
        Field(min_length=1, max_length=200, description="What to do, in one line.", json_schema_extra=_NOT_BLANK),
    ]
    description: Annotated[
        str,
        Trimmed,
        Field(min_length=1, max_length=2000, description="What to do.", json_schema_extra=_NOT_BLANK),
    ]
    priority: Annotated[
        Priority,
        BeforeValidator(_parse_priority),
        Field(
            description="How urgent it is: low, medium or high, in upper or lower case. Stored and shown, but it "
            "orders nothing: tasks run in the order of their key."
        ),
    ]
    due_date: Annotated[
        Annotated[str, Trimmed, Field(max_length=64, json_schema_extra=_ISO_8601), AfterValidator(_check_date)] | None,
        Field(description="When it is due: an ISO 8601 date, or date and time. Stored, not enforced."),
    ] = None
    ordering_key: Annotated[
        str,
        Trimmed,
        # What SQS accepts as a MessageGroupId: alphanumerics and ASCII punctuation.
        Field(
            pattern=ORDERING_KEY_PATTERN,
            description="Tasks with the same key are processed strictly in the order in which they were accepted; "
            "different keys run in parallel. 1 to 128 printable ASCII characters without spaces.",
        ),
    ] = DEFAULT_ORDERING_KEY
    type: Annotated[
        str,
        Trimmed,
        Field(
            pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$",
            description="The task type, which selects the code that runs.",
        ),
    ] = DEFAULT_TYPE
    data: Annotated[
        dict[str, JsonValue],
        WrapValidator(_as_given),
        Field(description="The input of the task type; each type defines its own."),
    ] = Field(default_factory=dict[str, JsonValue])


class Task(NewTask):
    """A task in the pipeline: the message body, and the argument of a task type's function.

    `task_id` is the idempotency token: a function may see the same task more than once. `attempt` counts the
    runs of the function over all executions of the task, from 1. A type with `task_token` gets the `token` that its
    worker brings back.
    """

    model_config = ConfigDict(defer_build=True)  # until one is made, which the functions of the API never do

    task_id: Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARACTERS, description="The task's id.")]
    created_at: Annotated[str | None, Field(description="When it was accepted: UTC, ISO 8601, milliseconds.")] = None
    attempt: Annotated[int, Field(ge=1, exclude=True)] = 1
    token: Annotated[str, Field(exclude=True)] = ""
