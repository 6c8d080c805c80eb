"""Responses as the document describes them. `functions/api/tasks.py` makes them, and does not load these models."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from functions.tasks.model import NewTask, Status

_STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)
_Problem = Annotated[dict[str, Any], WithJsonSchema({"$ref": "#/components/schemas/Problem"})]


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
        TaskFailure | None, Field(description="Why the run failed, or had failed before it was redriven; shortened.")
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
    redrives: Annotated[int, Field(ge=0, description="How often it was redriven after a failure.")] = 0
    created_at: Annotated[str, Field(description="When it was accepted: UTC, ISO 8601, milliseconds.")]
    started_at: Annotated[str | None, Field(description="When it was first claimed.")] = None
    finished_at: Annotated[str | None, Field(description="When it succeeded, failed or was cancelled.")] = None
    result: Annotated[Any, Field(description="What the task type returned; only when it succeeded.")] = None
    error: Annotated[TaskFailure | None, Field(description="Why it failed; only when it failed.")] = None
    history: Annotated[tuple[HistoryEntry, ...], Field(description="Its life, oldest first.")] = ()
    links: Annotated[TaskLinks | None, Field(description="What can be done next.")] = None


class BatchResult(BaseModel):
    """What became of one task of a batch."""

    status: Annotated[int, Field(description="The status that the task alone would have been answered with.")]
    location: Annotated[str | None, Field(description="Where the task is read; only when it was accepted.")] = None
    replayed: Annotated[bool | None, Field(description="True when an earlier request had handed it in.")] = None
    task: Annotated[
        TaskView | None, Field(description="The task, when it was accepted; its result is at `location`.")
    ] = None
    problem: Annotated[_Problem | None, Field(description="Why it was not accepted.")] = None


class BatchAnswer(BaseModel):
    """What became of a batch."""

    results: Annotated[list[BatchResult], Field(description="One for each task, in their order.")]
