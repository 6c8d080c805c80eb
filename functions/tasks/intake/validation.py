"""From a client's text to a task, or to the list of everything that is wrong with it."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from functions.tasks import strict_json
from functions.tasks.errors import FieldError, Refused
from functions.tasks.fields import BODY, field_errors
from functions.tasks.model import NewTask
from functions.tasks.registry import Registry

MAX_ERRORS = 100  # a megabyte of unknown fields would make an answer of more than the 6 MB that Lambda sends


def parse_new_task(text: str, types: Registry) -> NewTask:
    """The task that a request body describes; `Refused` (400) with every field that is wrong."""
    try:
        value = strict_json.loads(text)
    except ValueError as error:
        raise invalid_task([FieldError(field=BODY, message=str(error))]) from error
    return check_new_task(value, types)


def check_new_task(value: Any, types: Registry) -> NewTask:
    """The task that a parsed document describes; `Refused` (400) with every field that is wrong."""
    try:
        new_task = NewTask.model_validate(value)
    except ValidationError as error:
        raise invalid_task(field_errors(error)) from error
    if errors := type_errors(new_task, types):
        raise invalid_task(errors)
    return new_task


def type_errors(task: NewTask, types: Registry) -> tuple[FieldError, ...]:
    """Whether the task's type exists and can work with its `data`: found out before the task is queued."""
    task_type = types.find(task.type)
    if task_type is None:
        return (FieldError(field="type", message=f"is not a known task type; known are {', '.join(types)}"),)
    return task_type.data_errors(task.data)


def invalid_task(errors: Sequence[FieldError]) -> Refused:
    """The refusal of a task, which names every field that is wrong."""
    return invalid("Invalid task", "The task was not accepted.", errors)


def invalid(title: str, sentence: str, errors: Sequence[FieldError]) -> Refused:
    """A refusal (400) that names every field which is wrong: the first hundred, if a client makes more mistakes."""
    told = errors[:MAX_ERRORS]
    named = ", ".join(dict.fromkeys(error.field for error in told))
    return Refused(400, title, f"{sentence} See: {named}.", told)
