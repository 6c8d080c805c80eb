"""The default type: it runs nothing, its tasks only pass through the pipeline."""

from typing import Any

from pydantic import RootModel

from functions.tasks.model import DEFAULT_TYPE, Task
from functions.tasks.registry import task_type


class AnyData(RootModel[dict[str, Any]]):
    """Any object at all."""


@task_type(DEFAULT_TYPE, data=AnyData)
def acknowledge(task: Task, data: AnyData) -> dict[str, object]:
    """Succeed immediately. Register your own type for real work."""
    return {"acknowledged": True}
