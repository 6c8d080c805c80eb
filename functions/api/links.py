"""A task as the API answers it: its record, and what can be done next, as paths that begin with the stage."""

from typing import Any
from urllib.parse import quote

from functions.tasks.model import Status
from functions.tasks.record import Record, view


def task_document(record: Record, stage: str) -> dict[str, Any]:
    """What `TaskView` describes."""
    return view(record) | {"links": links(record, stage)}


def links(record: Record, stage: str) -> dict[str, str]:
    """`TaskLinks` for the task as it is now."""
    itself = f"/{stage}/tasks/{quote(record.task_id, safe='')}"
    found = {"self": itself, "same_key": f"/{stage}/tasks?ordering_key={quote(record.ordering_key, safe='')}"}
    if record.status is Status.QUEUED:
        found["cancel"] = itself
    if record.status is Status.FAILED:
        found["redrive"] = f"{itself}/redrive"
    return found
