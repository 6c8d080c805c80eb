"""The request for a redrive, and its report. The OpenAPI document is generated from these models."""

import base64
import binascii
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.config import JsonDict

from functions.tasks import strict_json
from functions.tasks.clock import timestamp
from functions.tasks.errors import BODY, ErrorClass, FieldError, Invalid, field_errors
from functions.tasks.model import Status
from functions.tasks.redrive.state import TaskState

_STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)
MAX_LIMIT = 200
_REJECTION = ("Invalid redrive", "No task was redriven.")


def _with_time_zone(value: str) -> str:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError("must be an ISO 8601 date and time with a time zone, such as 2026-01-31T17:00:00Z")
    return timestamp(moment)


def _error_class(value: str) -> str:
    if value not in set(ErrorClass):
        raise ValueError(f"must be one of {', '.join(ErrorClass)}")
    return value


class Continuation(BaseModel):
    """Where a redrive continues: which failures it includes, and the last position that it has seen.

    `before` excludes new failures of the redriven tasks, so that a redrive comes to an end. `merged` counts the tasks
    that a dry run has listed while it merged undelivered messages with the failures before them.
    """

    model_config = _STRICT

    before: str
    page: str | None = None
    key: str | None = None
    sequence: str | None = None
    merged: int | None = None

    def has_passed(self, key: str, sequence: str) -> bool:
        """Whether the redrive has already seen this position."""
        return self.key is not None and (key, sequence) <= (self.key, self.sequence or "")

    def encode(self) -> str:
        """As text that a client sends back."""
        return base64.urlsafe_b64encode(self.model_dump_json(exclude_none=True).encode()).decode()

    @classmethod
    def decode(cls, text: str) -> "Continuation":
        """`ValueError` for anything that `encode` did not return."""
        try:
            return cls.model_validate_json(base64.b64decode(text.encode(), altchars=b"-_", validate=True))
        except (binascii.Error, ValidationError, UnicodeEncodeError) as error:
            raise ValueError("is not a continuation from an earlier response") from error


def _continuation(value: str) -> str:
    Continuation.decode(value)
    return value


_Name = Annotated[str, Field(min_length=1, max_length=128)]
# What the validators require, in the document's terms. Formats are open-ended: these names are our own.
_ERROR_CLASSES: JsonDict = {"enum": [*ErrorClass]}
_MOMENT: JsonDict = {"format": "iso-8601-moment"}
_CURSOR: JsonDict = {"format": "continuation"}


class RedriveRequest(BaseModel):
    """Which failed tasks to redrive: all of them, or those that match every given filter."""

    model_config = _STRICT

    error_class: Annotated[
        Annotated[str, AfterValidator(_error_class), Field(json_schema_extra=_ERROR_CLASSES)] | None,
        Field(description="Only tasks that failed with VALIDATION, NETWORK, RATE_LIMIT, SYSTEM or UNKNOWN."),
    ] = None
    type: Annotated[_Name | None, Field(description="Only tasks of this type.")] = None
    ordering_key: Annotated[_Name | None, Field(description="Only tasks with this ordering key.")] = None
    failed_from: Annotated[
        Annotated[str, AfterValidator(_with_time_zone), Field(json_schema_extra=_MOMENT)] | None,
        Field(description="Only tasks that failed at this time or later: ISO 8601 with a time zone."),
    ] = None
    failed_until: Annotated[
        Annotated[str, AfterValidator(_with_time_zone), Field(json_schema_extra=_MOMENT)] | None,
        Field(description="Only tasks that failed at this time or earlier: ISO 8601 with a time zone."),
    ] = None
    dry_run: Annotated[bool, Field(description="Only list what would be redriven.")] = True
    drop_malformed: Annotated[
        bool,
        Field(description="Also delete malformed messages from the dead-letter queue; they cannot be recovered."),
    ] = False
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Maximum number of tasks in this call.")] = 100
    continuation: Annotated[
        Annotated[str, AfterValidator(_continuation), Field(json_schema_extra=_CURSOR)] | None,
        Field(
            description="The `continuation` of the last response, with the same filters: continue where it stopped."
        ),
    ] = None

    def matches(self, state: TaskState, before: str) -> bool:
        """Whether the task matches. An interrupted redrive is finished whatever the failure was."""
        if not self._matches_key_and_type(state.ordering_key, state.type):
            return False
        if state.status is not Status.FAILED:
            return state.status is Status.QUEUED
        failed_at = state.failed_at or ""
        return (
            (self.error_class or state.error_class) == state.error_class
            and (self.failed_from or "") <= failed_at <= (self.failed_until or before)
            and failed_at <= before
        )

    def matches_undelivered(self, ordering_key: str, task_type: str | None) -> bool:
        """Whether a message without an outcome matches: it has no error class and no time of failure.

        A type of None stands for a message that blocks its key, whatever type is requested.
        """
        filters_failures = self.error_class or self.failed_from or self.failed_until
        return not filters_failures and self._matches_key_and_type(ordering_key, task_type or self.type or "")

    def _matches_key_and_type(self, ordering_key: str, task_type: str) -> bool:
        """Whether key and type match."""
        return (self.ordering_key or ordering_key, self.type or task_type) == (ordering_key, task_type)


class RedrivenTask(BaseModel):
    """A task that was redriven or, in a dry run, would be."""

    model_config = _STRICT

    task_id: Annotated[str, Field(description="The task's id.")]
    ordering_key: Annotated[str, Field(description="Its ordering key.")]
    type: Annotated[str, Field(description="Its task type.")]
    error_class: Annotated[
        str | None,
        Field(description="Why it failed; omitted when SQS gave up on its message before there was an outcome."),
    ] = None
    failed_at: Annotated[str | None, Field(description="When it failed: UTC, ISO 8601, milliseconds.")] = None
    redrives: Annotated[
        int,
        Field(ge=0, description="How many times it has been redriven, this time included; 0 if it was never claimed."),
    ]


class MalformedMessage(BaseModel):
    """A malformed message in the dead-letter queue: it contains no task."""

    model_config = _STRICT

    message_id: Annotated[str, Field(description="The message's original id.")]
    reason: Annotated[str, Field(description="What is wrong with it.")]


class RedriveReport(BaseModel):
    """What a redrive did or, in a dry run, would do."""

    model_config = _STRICT

    dry_run: Annotated[bool, Field(description="Whether this was a dry run.")]
    tasks: Annotated[tuple[RedrivenTask, ...], Field(description="In the order in which they are queued.")]
    malformed: Annotated[tuple[MalformedMessage, ...], Field(description="Never redriven; see `drop_malformed`.")] = ()
    dead_letters_removed: Annotated[int, Field(ge=0, description="Messages deleted from the dead-letter queue.")] = 0
    busy_keys: Annotated[
        tuple[str, ...],
        Field(
            description="Keys left alone because one of their tasks is being processed: try again in a few minutes."
        ),
    ] = ()
    continuation: Annotated[
        str | None, Field(description="Send it with the same filters to continue; omitted when nothing is left.")
    ] = None


def parse_request(text: str) -> RedriveRequest:
    """The request in a body; an empty one is a dry run of everything. `Invalid` names each wrong field."""
    try:
        return RedriveRequest.model_validate(strict_json.loads(text or "{}"))
    except ValidationError as error:
        raise Invalid(*_REJECTION, field_errors(error)) from error
    except ValueError as error:
        raise Invalid(*_REJECTION, [FieldError(field=BODY, message=str(error))]) from error
