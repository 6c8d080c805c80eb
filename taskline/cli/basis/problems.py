"""What went wrong, as a failure with an exit code and a remedy: loaded only when something did."""

from __future__ import annotations

import os
import traceback
from typing import TYPE_CHECKING, Any

from typer.exceptions import TyperException

from taskline.cli.basis.exits import CommandFailed, ExitCode
from taskline.stages import KEY_VARIABLE, AccessDenied, StageNotFound

if TYPE_CHECKING:
    from taskline.client import TasklineError

DEBUG_VARIABLE = "TASKLINE_DEBUG"
REACH = "Check the address, and that the stage runs: `taskline doctor` finds out what is wrong."


def explained(error: Exception) -> CommandFailed:
    """The failure that an exception means."""
    if isinstance(error, CommandFailed):
        return error
    if isinstance(error, TyperException):
        return _misused(error)
    if isinstance(error, StageNotFound):
        return CommandFailed(code=ExitCode.NOT_FOUND, title=str(error), remedy=error.remedy)
    if isinstance(error, AccessDenied):
        return CommandFailed(code=ExitCode.NOT_ALLOWED, title=str(error), remedy=error.remedy)
    return _from_client(error) or _unexpected(error)


def _misused(error: TyperException) -> CommandFailed:
    context: Any = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "taskline"
    code = ExitCode.USAGE if error.exit_code == ExitCode.USAGE else ExitCode.FAILED
    return CommandFailed(code=code, title=error.format_message(), remedy=f"See `{command} --help`.")


def _from_client(error: Exception) -> CommandFailed | None:
    from taskline import client

    if not isinstance(error, client.TasklineError):
        return None
    kinds = (
        (client.NotFound, ExitCode.NOT_FOUND, "`taskline list` shows what there is; operators' requests are signed."),
        (client.Conflict, ExitCode.NOT_FOUND, ""),
        (client.IdempotencyMismatch, ExitCode.NOT_FOUND, "Use another idempotency key for another task."),
        (client.NotAllowed, ExitCode.NOT_ALLOWED, f"Check {KEY_VARIABLE} or your AWS credentials: `taskline doctor`."),
        (client.ValidationFailed, ExitCode.FAILED, ""),
        (client.RateLimited, ExitCode.FAILED, "Wait a little, and send it again; or the day's quota is used up."),
        (client.Unavailable, ExitCode.FAILED, "Send it again in a moment."),
        (client.ConnectionFailed, ExitCode.FAILED, REACH),
        (client.TimedOut, ExitCode.FAILED, REACH),
    )
    for kind, code, remedy in kinds:
        if isinstance(error, kind):
            return _failure(error, code, remedy)
    return _failure(error, ExitCode.FAILED, "")


def _failure(error: TasklineError, code: ExitCode, remedy: str) -> CommandFailed:
    problem = dict(error.problem or {})
    title = str(problem.pop("title", "") or type(error).__name__)
    detail = str(problem.pop("detail", "") or error)
    if error.request_id:
        problem["request_id"] = error.request_id
    return CommandFailed(code=code, title=title, detail=detail, remedy=remedy, problem=problem)


def _unexpected(error: Exception) -> CommandFailed:
    """A defect, or something of this machine such as a full disk."""
    if os.environ.get(DEBUG_VARIABLE):
        traceback.print_exception(error)
    remedy = f"Set {DEBUG_VARIABLE}=1 to see where it happened." if not isinstance(error, OSError) else ""
    return CommandFailed(title=f"{type(error).__name__}: {error}", remedy=remedy)
