"""What went wrong, as a failure with an exit code and a remedy: loaded only when something did."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any

from typer.exceptions import TyperException

from taskline.cli.exits import CommandFailed, ExitCode
from taskline.stages import AccessDenied, StageNotFound

DEBUG_VARIABLE = "TASKLINE_DEBUG"


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
