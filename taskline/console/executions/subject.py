"""Which task an execution is about, and which executions a task had."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from taskline.console.basis.words import moment
from taskline.console.executions.model import Payload, Visit


def task_id(input: Payload | None, output: Payload | None, visits: Iterable[Visit]) -> str | None:  # noqa: A002 AWS's own word
    """The id of the task in the message that started an execution, in a variable, or in its output."""
    given = [_in_message(_value(input))]
    given += [_value(visit.variables.get("task_id")) for visit in visits]
    given.append(_member(_value(output), "task_id"))
    return next((one for one in given if isinstance(one, str) and one), None)


def task_status(output: Payload | None) -> str | None:
    """The status that the task has by an execution's output: a failed task is a succeeded execution."""
    found = _member(_value(output), "status")
    return found if isinstance(found, str) else None


def _in_message(value: Any) -> Any:
    """Of the one message that a pipe sends; its body is JSON text."""
    messages = cast(Sequence[Any], value) if isinstance(value, list) else ()
    body = _member(messages[0], "body") if messages else None
    return _member(_parsed(body) if isinstance(body, str) else body, "task_id")


def _value(payload: Payload | None) -> Any:
    return None if payload is None or payload.truncated else _parsed(payload.text)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _member(value: Any, name: str) -> Any:
    return cast(Mapping[str, Any], value).get(name) if isinstance(value, dict) else None


@dataclass(frozen=True, kw_only=True)
class ExecutionOfTask:
    """An execution that a task's history names. Times are milliseconds since 1970, `ended` None while it is open."""

    arn: str
    started: int
    ended: int | None
    status: str


def executions_of(history: Iterable[Mapping[str, Any]]) -> tuple[ExecutionOfTask, ...]:
    """All executions that a task's history names, the earliest first, each with the status that it left last."""
    found: dict[str, ExecutionOfTask] = {}
    for entry in history:
        arn, at = entry.get("execution"), milliseconds(entry.get("at"))
        if not isinstance(arn, str) or at is None:
            continue
        known = found.get(arn)
        started = milliseconds(entry.get("started_at"))
        first = min(time for time in (at, started, known.started if known else None) if time is not None)
        status = str(entry.get("status", ""))
        ended = at if status not in ("", "processing") else None
        found[arn] = ExecutionOfTask(arn=arn, started=first, ended=ended, status=status)
    return tuple(found.values())


def milliseconds(text: Any) -> int | None:
    """A moment in ISO 8601 as milliseconds since 1970; None if it is not one."""
    at = moment(text) if isinstance(text, str) else None
    return None if at is None else round(at.timestamp() * 1000)
