"""Records to list, and the pages of a list."""

from collections.abc import Iterator
from typing import Any

from functions.adapters.task_table.indexes import list_keys
from functions.tasks.tenancy import View
from tests.builders import an_item
from tests.functions.conftest import Pipeline
from tests.functions.support import ApiResponse

MOMENT = "2026-01-31T12:{:02}:{:02}.000Z"
NOBODY = View()


def recorded(pipeline: Pipeline, number: int, *statuses: str, **changes: Any) -> str:
    """Put the record of a task that was accepted at second `number`; return its id."""
    task_id, created_at = f"task-{number:03}", MOMENT.format(*divmod(number, 60))
    changes = list_keys(task_id, created_at) | changes
    pipeline.put(an_item(*statuses, task_id={"S": task_id}, created_at={"S": created_at}, **changes))
    return task_id


def ids(response: ApiResponse) -> list[str]:
    assert response.status == 200, response.document
    return [task["task_id"] for task in response.document["tasks"]]


def walk(pipeline: Pipeline, **query: str) -> Iterator[list[str]]:
    """Page after page."""
    while True:
        response = pipeline.page(**query)
        yield ids(response)
        if "cursor" not in response.document:
            return
        query["cursor"] = response.document["cursor"]
