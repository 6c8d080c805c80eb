"""Workers: whoever has the token of a task says that it is done, that it failed, or that they are still at it."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, ValidationError

from functions.tasks import strict_json
from functions.tasks.errors import BODY, TASK_ERRORS, Conflict, ErrorClass, FieldError, Invalid, field_errors
from functions.tasks.redaction import redact
from functions.tasks.registry import DEFAULT_RETRY, Registry
from functions.tasks.runs.processing import MAX_MESSAGE_CHARACTERS, MAX_RESULT_BYTES
from functions.tasks.runs.progress import MOST_CHARACTERS, TaskCancelled
from functions.tasks.runs.tokens import TokenExpired, Tokens, WorkerToken

MAX_TOKEN_CHARACTERS = 4096
_STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)


_Token = Annotated[
    str,
    Field(min_length=1, max_length=MAX_TOKEN_CHARACTERS, description="The token that the task's function was given."),
]


class Completion(BaseModel):
    """A worker is done."""

    model_config = _STRICT

    token: _Token
    result: Annotated[JsonValue, Field(description="The task's result.")] = None


class WorkerFailure(BaseModel):
    """A worker's run has failed, or was stopped because the task was cancelled."""

    model_config = _STRICT

    token: _Token
    error_class: Annotated[
        ErrorClass,
        Field(strict=False, description="The class of the error, which decides whether the task runs again."),
    ] = ErrorClass.UNKNOWN
    type: Annotated[str, Field(min_length=1, max_length=100, description="The error's name.")] = "WorkerFailed"
    message: Annotated[str, Field(max_length=8 * MAX_MESSAGE_CHARACTERS, description="What went wrong.")] = ""
    retry_after: Annotated[
        float | None, Field(ge=0, strict=False, description="RATE_LIMIT only: seconds until the next run.")
    ] = None
    cancelled: Annotated[
        bool, Field(description="The worker has stopped because the task was cancelled; the task ends as that.")
    ] = False


class ProgressReport(BaseModel):
    """How far a task is."""

    model_config = _STRICT

    percent: Annotated[int, Field(ge=0, le=100, description="How much of it is done.")]
    text: Annotated[
        str, StringConstraints(strip_whitespace=True), Field(max_length=MOST_CHARACTERS, description="In a few words.")
    ] = ""


class Heartbeat(BaseModel):
    """A worker is still at it."""

    model_config = _STRICT

    token: _Token
    progress: Annotated[ProgressReport | None, Field(description="How far it is.")] = None


RequestT = TypeVar("RequestT", bound=BaseModel)


def parse_worker_request(text: str, model: type[RequestT]) -> RequestT:
    """A request's body; `Invalid` names each wrong field."""
    try:
        return model.model_validate(strict_json.loads(text))
    except ValidationError as error:
        raise _rejected(field_errors(error)) from error
    except ValueError as error:
        raise _rejected([FieldError(field=BODY, message=str(error))]) from error


def _rejected(errors: Sequence[FieldError]) -> Invalid:
    return Invalid("Invalid request", "The task goes on as before.", errors)


def complete(task_id: str, completion: Completion, tokens: Tokens) -> None:
    """End the task with its result. `Conflict` when nobody waits for the token; `Invalid` for too large a result."""
    token = WorkerToken.read(completion.token, task_id)
    result = strict_json.dumps(completion.result)
    if (size := strict_json.escaped_size(result)) > MAX_RESULT_BYTES:
        message = f"has {size} bytes of JSON, more than {MAX_RESULT_BYTES}: store it elsewhere and send a reference"
        raise _rejected([FieldError(field="result", message=message)])
    with _expiring(task_id):
        tokens.succeed(token.token, strict_json.dumps({"result": result}))


def fail(
    task_id: str, task_type: str, failure: WorkerFailure, *, types: Registry, tokens: Tokens, draw: float
) -> None:
    """End the run with its failure: the type's retry policy says whether there is another, as for any function.

    `draw` is a random number from 0 to 1.
    """
    token = WorkerToken.read(failure.token, task_id)
    cls = TASK_ERRORS[ErrorClass.VALIDATION if failure.cancelled else failure.error_class]
    known: Any = cls()
    if failure.error_class is ErrorClass.RATE_LIMIT:
        known.retry_after = failure.retry_after
    found = types.find(task_type)
    retry_in = (found.retry if found else DEFAULT_RETRY).retry_in(known, token.run, draw)
    report = {
        "type": TaskCancelled.__name__ if failure.cancelled else failure.type,
        "message": redact(failure.message)[:MAX_MESSAGE_CHARACTERS],
        "retry_in": retry_in,
    }
    cause = {"errorType": cls.__name__, "errorMessage": strict_json.dumps(report)}
    with _expiring(task_id):
        tokens.fail(token.token, cls.__name__, strict_json.dumps(cause))


def expired(task_id: str) -> Conflict:
    """The rejection of a token that nobody waits for."""
    detail = f"Nobody waits for this token of the task {task_id!r}: its run has ended, or has timed out."
    return Conflict("Token expired", detail)


@contextmanager
def _expiring(task_id: str) -> Generator[None]:
    try:
        yield
    except TokenExpired:
        raise expired(task_id) from None


def beat(task_id: str, text: str, tokens: Tokens) -> None:
    """Give a sign of life."""
    token = WorkerToken.read(text, task_id)
    with _expiring(task_id):
        tokens.beat(token.token)
