"""The files of a new type."""

from pathlib import Path
from string import Template

from testing.new_type.naming import Name

_TYPE = Template('''\
"""The task type `$type`."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from functions.tasks.model import Task
from functions.tasks.registry import task_type


class $model(BaseModel):
    """What a task of this type needs. The API refuses other data."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: Annotated[str, Field(min_length=1)]


@task_type("$type", data=$model)
def $function(task: Task, data: $model) -> dict[str, str]:
    """Do the work, and return what becomes the task's result.

    It may run more than once for a task: `task.task_id` is the idempotency token of what it changes elsewhere. Which
    error it raises (`functions/tasks/errors.py`) decides whether it runs again.
    """
    return {"text": data.text}
''')
_TEST = Template('''\
"""The task type `$type`."""

import pytest

from testing.taskline import Refused, Taskline

DATA = {"text": "hello"}


def test_a_run_returns_the_text(taskline: Taskline) -> None:
    assert taskline.run("$type", DATA).result == {"text": "hello"}


def test_data_without_a_text_is_refused(taskline: Taskline) -> None:
    with pytest.raises(Refused, match=r"data\\.text is required"):
        taskline.submit("$type")


def test_a_task_succeeds_though_an_execution_dies(taskline: Taskline) -> None:
    taskline.crash("RecordResult")
    task = taskline.submit("$type", DATA)
    taskline.settle()
    assert task.result == {"text": "hello"}
    assert task.attempts == 2
''')


def write(name: Name, root: Path) -> list[Path]:
    """Write the type and its test, and return their paths; `FileExistsError` if one is there, and none is written."""
    files = {
        root / "functions" / "task_types" / f"{name.function}.py": _TYPE,
        root / "tests" / "task_types" / f"test_{name.function}.py": _TEST,
    }
    for path in files:
        if path.exists():
            raise FileExistsError(f"{path.relative_to(root)} exists already: choose another name, or remove it")
    for path, template in files.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            template.substitute(type=name.type, function=name.function, model=name.model), encoding="utf-8"
        )
    return list(files)
