"""Processing a task: from the message body to the task type's function and its result."""

from collections.abc import Callable

from pydantic import ValidationError

from functions.tasks import strict_json
from functions.tasks.errors import (
    BODY,
    TASK_ERRORS,
    FieldError,
    TaskError,
    TaskTypeUnavailable,
    TaskUnknownError,
    TaskValidationError,
    field_errors,
)
from functions.tasks.model import Task
from functions.tasks.redaction import redact
from functions.tasks.registry import DEFAULT_RETRY, Registry, TaskType
from functions.tasks.retry import RetryPolicy
from functions.tasks.runs.progress import Report, reporting
from functions.tasks.secrets import ReadSecret, no_secrets, secrets_of

# The result passes through Step Functions (256 KiB per state, as an escaped string) and into the record, which
# DynamoDB limits to 400 KB together with the body.
MAX_RESULT_BYTES = 128 * 1024
MAX_MESSAGE_CHARACTERS = 1024
_MAX_READ_CHARACTERS = (
    8 * MAX_MESSAGE_CHARACTERS
)  # enough for the redactor to see a whole secret before the text is cut


class InvalidMessage(TaskValidationError):
    """The message is malformed, or its data is not what its type needs. Only producers that bypass the API get it."""


class InvalidResult(TaskValidationError):
    """The function returned a result that cannot be stored."""


class LeaseExpiredError(Exception):
    """The execution behind this run has lost its lease: another one may already be processing the task.

    Not an error of the task, so not a `TaskError`: the state machine returns the message to the queue.
    """


def refuse_without_lease(lease_until: int, now: int) -> None:
    """Refuse a run whose execution was delayed for too long. Times in epoch milliseconds."""
    if now >= lease_until:
        raise LeaseExpiredError(f"the lease ended {now - lease_until} ms ago")


def _silent(_task: Task) -> None:
    """Nobody wants to know."""


def process(
    body: str,
    *,
    attempt: int,
    run: int,
    types: Registry,
    draw: float,
    read_secret: ReadSecret = no_secrets,
    begins: Callable[[Task], None] = _silent,
    token: str = "",
    report: Report | None = None,
) -> str:
    """Run the task in `body` and return its result as JSON text.

    `attempt` counts the runs over all executions, `run` those of this one, `draw` is a random number from 0 to 1.
    `read_secret` returns the value of a secret that the type declares. `begins` learns of a message that is a task. Of
    a type that takes long, `report` notes progress, and the worker brings the `token` back.
    Any error is raised as one of the five `TaskError` classes themselves, never a subclass, because the state machine
    matches class names; its text is JSON, `{"type", "message", "retry_in"}`: what was raised, and after how many
    seconds to run again, or null. `TaskTypeUnavailable` alone is no error of the task.
    """
    policy = DEFAULT_RETRY
    try:
        task = _parse(body, attempt, token)
        begins(task)
        task_type = _task_type(task, types)
        policy = task_type.retry
        with secrets_of(task_type.name, task_type.needs.secrets, read_secret), reporting(report):
            result = task_type.run(task, task_type.data.model_validate(task.data))
        return _serialise(result, task_type)
    except TaskTypeUnavailable:
        raise
    except Exception as error:
        raise _failure(error, policy, run, draw) from error


def _failure(error: Exception, policy: RetryPolicy, run: int, draw: float) -> TaskError:
    cls = _exact_class(error)
    known = error if isinstance(error, cls) else cls()
    report = {"type": type(error).__name__, "message": _message(error), "retry_in": policy.retry_in(known, run, draw)}
    return cls(strict_json.dumps(report))


def _parse(body: str, attempt: int, token: str) -> Task:
    try:
        return Task.model_validate(strict_json.loads(body)).model_copy(update={"attempt": attempt, "token": token})
    except ValidationError as error:
        raise _invalid_message(field_errors(error)) from error
    except ValueError as error:
        raise _invalid_message((FieldError(field=BODY, message=str(error)),)) from error


def _task_type(task: Task, types: Registry) -> TaskType:
    task_type = types.find(task.type)
    if task_type is None:
        raise TaskTypeUnavailable(f"{task.type!r} is not a known task type; known types are {', '.join(types)}")
    if errors := task_type.data_errors(task.data):
        raise _invalid_message(errors)
    return task_type


def _invalid_message(errors: tuple[FieldError, ...]) -> InvalidMessage:
    findings = "; ".join(f"{error.field} {error.message}" for error in errors)
    return InvalidMessage(findings)


def _exact_class(error: Exception) -> type[TaskError]:
    """The class of the taxonomy that `error` belongs to; any other error is unknown."""
    return next((cls for cls in TASK_ERRORS.values() if isinstance(error, cls)), TaskUnknownError)


def _message(error: Exception) -> str:
    # Cut here: Step Functions would cut a long cause in the middle of its JSON, and break it.
    text = str(error)[:_MAX_READ_CHARACTERS].encode(errors="replace").decode()
    return redact(text)[:MAX_MESSAGE_CHARACTERS]


def _serialise(result: object, task_type: TaskType) -> str:
    try:
        text = strict_json.dumps(result)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidResult(f"{task_type.name} returned a value that JSON cannot represent: {error}") from error
    if strict_json.deeper_than(result, strict_json.MAX_DEPTH):
        raise InvalidResult(f"{task_type.name} returned a value nested deeper than {strict_json.MAX_DEPTH} levels")
    if (size := strict_json.escaped_size(text)) > MAX_RESULT_BYTES:
        raise InvalidResult(
            f"{task_type.name} returned {size} bytes of JSON, more than {MAX_RESULT_BYTES}; "
            "store large results elsewhere and return a reference"
        )
    return text
