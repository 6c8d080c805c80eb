"""Responses as the document describes them. `functions/api/tasks.py` builds them without loading these models."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from functions.tasks.model import NewTask, Status

_STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)
_Problem = Annotated[dict[str, Any], WithJsonSchema({"$ref": "#/components/schemas/Problem"})]


class TaskFailure(BaseModel):
    """Why a task failed."""

    model_config = _STRICT

    error_class: Annotated[
        str, Field(alias="class", description="The error class: VALIDATION, NETWORK, RATE_LIMIT, SYSTEM or UNKNOWN.")
    ]
    type: Annotated[str, Field(description="The exception's name.")]
    message: Annotated[str, Field(description="What went wrong.")]


class HistoryEntry(BaseModel):
    """One step of a task's history: a change of its status or, with an `attempt`, a failed run while processing."""

    model_config = _STRICT

    status: Annotated[
        Status, Field(description="The task's status from then on; for a failed run, its status at the time.")
    ]
    at: Annotated[str, Field(description="When: UTC, ISO 8601, milliseconds.")]
    execution: Annotated[
        str | None,
        Field(description="The ARN of the state machine's execution that made this step; omitted if none did."),
    ] = None
    attempt: Annotated[
        int | None,
        Field(description="Failed runs only: the run's number. Runs of an execution that crashed are not listed."),
    ] = None
    started_at: Annotated[str | None, Field(description="Failed runs only: when the run started.")] = None
    retry_in: Annotated[
        float | None, Field(description="Failed runs only: seconds until the next run; omitted for the last.")
    ] = None
    error: Annotated[
        TaskFailure | None,
        Field(description="Why the run failed, or why the task had failed before it was redriven; shortened."),
    ] = None
    skipped_by: Annotated[
        str | None,
        Field(
            description="Only when an operator has opened the key of the task that had failed, and so skipped it: who."
        ),
    ] = None
    reason: Annotated[str | None, Field(description="Only when it was skipped: why.")] = None


class TaskLinks(BaseModel):
    """What can be done next, as paths. Each one is present only while it applies."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)

    itself: Annotated[str, Field(alias="self", description="GET: this task.")]
    same_key: Annotated[str, Field(description="GET: the tasks with its ordering key, newest first.")]
    cancel: Annotated[str | None, Field(description="DELETE: cancel it; only while it is queued or parked.")] = None
    redrive: Annotated[str | None, Field(description="POST: redrive it; only when it has failed.")] = None


class TaskProgress(BaseModel):
    """How far a task is, as its function or its worker has reported."""

    model_config = _STRICT

    percent: Annotated[int, Field(ge=0, le=100, description="How much of it is done.")]
    text: Annotated[str, Field(description="In a few words.")]
    at: Annotated[str, Field(description="When it was reported: UTC, ISO 8601, milliseconds.")]


class WorkerReply(BaseModel):
    """What was brought back for a task."""

    model_config = _STRICT

    task_id: Annotated[str, Field(description="The task's id.")]
    status: Annotated[Status, Field(description="Its status a moment before; its record follows within a second.")]


class HeartbeatReply(BaseModel):
    """Whether the worker should go on."""

    model_config = _STRICT

    task_id: Annotated[str, Field(description="The task's id.")]
    cancel_requested: Annotated[
        bool,
        Field(
            description="Somebody has cancelled the task: stop, and report it with `cancelled`, within the stage's "
            "`cancelGraceSeconds`, a minute unless set."
        ),
    ]


class TaskView(NewTask):
    """A task as it is read: everything that was submitted, and its outcome so far."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    task_id: Annotated[str, Field(description="The task's id.")]
    ordering_key: Annotated[  # pyright: ignore[reportGeneralTypeIssues] a recorded task always has one
        str, Field(description="Its place in line: tasks with the same key are processed in the order of acceptance.")
    ]
    status: Annotated[Status, Field(description="The task's status.")]
    attempts: Annotated[int, Field(ge=0, description="Number of runs so far, over all executions.")]
    redrives: Annotated[int, Field(ge=0, description="How many times it was redriven after a failure.")] = 0
    created_at: Annotated[str, Field(description="When it was accepted: UTC, ISO 8601, milliseconds.")]
    started_at: Annotated[str | None, Field(description="When it was first claimed.")] = None
    finished_at: Annotated[str | None, Field(description="When it succeeded, failed or was cancelled.")] = None
    result: Annotated[Any, Field(description="What the task type returned; only when it succeeded.")] = None
    error: Annotated[TaskFailure | None, Field(description="Why it failed; only when it failed.")] = None
    history: Annotated[tuple[HistoryEntry, ...], Field(description="Every step so far, oldest first.")] = ()
    batch_id: Annotated[
        str | None, Field(description="The batch that it was submitted in: `GET /stats?batch_id=` is its progress.")
    ] = None
    progress: Annotated[
        TaskProgress | None, Field(description="How far it is; only of types that take long, and report it.")
    ] = None
    cancel_requested_at: Annotated[
        str | None,
        Field(
            description="When it was cancelled while it was processed; it ends by itself, or when the stage's "
            "`cancelGraceSeconds` are over, a minute unless set."
        ),
    ] = None
    tenant: Annotated[str | None, Field(description="The client that submitted it; only operators see this.")] = None
    links: Annotated[TaskLinks | None, Field(description="What can be done next.")] = None


class BatchResult(BaseModel):
    """The outcome of one task of a batch."""

    status: Annotated[
        int, Field(description="The HTTP status that a request with this task alone would have received.")
    ]
    location: Annotated[str | None, Field(description="Where to read the task; only when it was accepted.")] = None
    replayed: Annotated[bool | None, Field(description="True when an earlier request had already submitted it.")] = (
        None
    )
    task: Annotated[
        TaskView | None, Field(description="The task, when it was accepted; read its result at `location`.")
    ] = None
    problem: Annotated[_Problem | None, Field(description="Why it was not accepted.")] = None


class BatchResponse(BaseModel):
    """The outcome of a batch."""

    batch_id: Annotated[str, Field(description="The batch's id: `GET /stats?batch_id=` is its progress.")]
    results: Annotated[list[BatchResult], Field(description="One per task, in the order of the request.")]
