"""One execution by its ARN: the machine, the log or the history, and what they make together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from botocore.exceptions import BotoCoreError, ClientError

from taskline.console.executions.definition import Definition, DefinitionUnreadable
from taskline.console.executions.events import EventLog, LogsClient, Window, read_events, window
from taskline.console.executions.gaps import gaps
from taskline.console.executions.history import read_history
from taskline.console.executions.model import Execution, Gap, GapKind
from taskline.console.executions.reading import read
from taskline.console.executions.setup import Chosen, Setup, StatesClient, choose, describe, machine_arn

_DENIED: Final = ("AccessDeniedException", "AccessDenied", "UnrecognizedClientException")


class ExecutionUnavailable(Exception):
    """The execution cannot be shown; `remedy` says what to do."""

    def __init__(self, text: str, remedy: str = "") -> None:
        super().__init__(text)
        self.remedy = remedy


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """An execution with the machine that ran it."""

    execution: Execution
    definition: Definition
    setup: Setup


@dataclass(frozen=True, kw_only=True)
class Hint:
    """What the caller knows of an execution's time, in milliseconds since 1970."""

    started: int | None = None
    ended: int | None = None


def load(
    states: StatesClient, logs: LogsClient, arn: str, *, now: int, hint: Hint | None = None, is_laptop: bool = False
) -> Loaded:
    """Read an execution. Raises `ExecutionUnavailable` if there is no such machine, or it may not be read.

    A log or a history that may not be read is a gap in the execution, not an error.
    """
    setup = _setup(states, arn)
    hint = hint or Hint()
    span = window(now, hint.started, hint.ended)
    log, unread = EventLog(window=span), ()
    try:
        log = _events(states, logs, setup, arn, span)
    except (ClientError, BotoCoreError) as error:
        unread = (_no_history(error) if setup.keeps_history else _unread(error, setup),)
    chosen = _choose(states, setup, log)
    missing = unread or gaps(log, setup, chosen, now=now, is_laptop=is_laptop)
    execution = read(
        arn, chosen.definition, log, now=now, logs_all=setup.knows_all, longest_ms=setup.longest_ms, gaps=missing
    )
    return Loaded(execution=execution, definition=chosen.definition, setup=setup)


def _setup(states: StatesClient, arn: str) -> Setup:
    try:
        machine = machine_arn(arn)
        return describe(states, machine)
    except ValueError as error:
        raise ExecutionUnavailable(str(error), "Open the execution from its task.") from error
    except DefinitionUnreadable as error:
        raise ExecutionUnavailable(str(error)) from error
    except (ClientError, BotoCoreError) as error:
        code = error_code(error)
        if code == "StateMachineDoesNotExist":
            text = f"There is no state machine {machine_arn(arn)}."
            raise ExecutionUnavailable(text, "It is of another stage or region, or was deleted.") from error
        text = f"The state machine cannot be read: {code}."
        raise ExecutionUnavailable(text, "The console needs states:DescribeStateMachine.") from error


def _events(states: StatesClient, logs: LogsClient, setup: Setup, arn: str, span: Window) -> EventLog:
    """From the history, if Step Functions keeps one, else from the log; with data only if the stage logs it."""
    if setup.keeps_history:
        return read_history(states, arn, setup.data)
    return read_events(logs, setup.log_group, arn, span) if setup.logs else EventLog(window=span)


def _choose(states: StatesClient, setup: Setup, log: EventLog) -> Chosen:
    try:
        return choose(states, setup, log.events)
    except (ClientError, BotoCoreError):
        # Versions are optional: without the right to list them, the current definition is shown and said not to fit.
        return Chosen(definition=setup.definition, fits=False)


def _unread(error: ClientError | BotoCoreError, setup: Setup) -> Gap:
    code, group = error_code(error), setup.log_group
    text, remedy = f"The log group {group} could not be read: {code}.", "Reload to try again."
    if code in _DENIED:
        text = f"The log group {group} may not be read with these credentials."
        remedy = "The console needs logs:FilterLogEvents on it."
    elif code == "ResourceNotFoundException":
        text, remedy = f"The log group {group} does not exist.", "Deploy the stack again."
    elif code in ("ThrottlingException", "LimitExceededException"):
        text, remedy = "CloudWatch Logs is busy: too many searches.", "Reload in a moment."
    return Gap(kind=GapKind.DENIED, text=text, remedy=remedy)


def _no_history(error: ClientError | BotoCoreError) -> Gap:
    code = error_code(error)
    if code == "ExecutionDoesNotExist":
        text = "There is no such execution (any more): Step Functions keeps one for 90 days after its end."
        return Gap(kind=GapKind.NOT_THERE, text=text, remedy="The task's own record stays as long as its retention.")
    if code in _DENIED:
        text = "The history of this execution may not be read with these credentials."
        return Gap(kind=GapKind.DENIED, text=text, remedy="The console needs states:GetExecutionHistory on it.")
    return Gap(kind=GapKind.DENIED, text=f"The history could not be read: {code}.", remedy="Reload to try again.")


def error_code(error: ClientError | BotoCoreError) -> str:
    """AWS's code of an error, or the name of the error itself."""
    if isinstance(error, ClientError):
        response = cast(Mapping[str, Any], error.response)
        return str(response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__
