"""The answer to a batch as the document describes it. `batching.py` makes it, and does not load these models."""

from typing import Annotated, Any

from pydantic import BaseModel, Field, WithJsonSchema

from functions.tasks.model import TaskView

_Problem = Annotated[dict[str, Any], WithJsonSchema({"$ref": "#/components/schemas/Problem"})]


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
