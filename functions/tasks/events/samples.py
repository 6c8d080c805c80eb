"""Which tasks are logged with their data, and what such a line holds: all failed ones, and a share of the others.

An execution's own log has no sampling, and a failed task is a succeeded execution. A task's record has everything when
the task ends, and passes through the stream of changes: so that is where it is logged from, whoever or whatever made a
run fail, a crash or a timeout included.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.tasks.events.event import MAX_MESSAGE_CHARACTERS, MAX_NAME_CHARACTERS
from functions.tasks.model import Status
from functions.tasks.redaction import redact

ENDS = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED})
# A line has to fit into an event of the log with everything escaped. Record and dead letter have the whole.
MAX_DATA_CHARACTERS = 32 * 1024
MAX_RUNS = 20
_READ_CHARACTERS = 4 * MAX_DATA_CHARACTERS  # enough for the redactor to see a whole secret before the text is cut
_STEPS = 2**32


@dataclass(frozen=True, kw_only=True)
class EndedTask:
    """A task that a change has ended, with all that its record holds. `body` and `result` are JSON texts.

    `event_id` is that of the change's event. `execution` is the last one that had the task, empty if none had.
    `runs` are the entries of its history that have an error, oldest first. `correlation_id` is that of the request
    that submitted it.
    """

    event_id: str
    task_id: str
    status: str
    type: str
    ordering_key: str
    attempts: int
    execution: str
    body: str
    result: str | None
    error: Mapping[str, str] | None
    runs: Sequence[Mapping[str, Any]]
    correlation_id: str | None = None


def is_logged(task: EndedTask, share: float) -> bool:
    """Whether this task is logged: always if a run of it failed, or it did; else it is one of the `share` (0 to 1).

    The id decides, so all that is ever asked about one task has the same answer.
    """
    if task.status == Status.FAILED or task.runs:
        return True
    digest = hashlib.sha256(task.task_id.encode(errors="replace")).digest()
    return int.from_bytes(digest[:4], "big") / _STEPS < share


def as_line(task: EndedTask) -> dict[str, Any]:
    """The fields of the task's line, without secrets. `cut` says that data or result are longer than what is shown."""
    fields: dict[str, Any] = {
        "correlation_id": task.correlation_id,
        "task_id": task.task_id[:MAX_NAME_CHARACTERS],
        "status": task.status,
        "type": task.type[:MAX_NAME_CHARACTERS],
        "ordering_key": task.ordering_key[:MAX_NAME_CHARACTERS],
        "attempts": task.attempts,
        "execution": task.execution,
        "data": _shown(task.body),
        "result": None if task.result is None else _shown(task.result),
        "error": None if task.error is None else _error(task.error),
        "failed_runs": [_run(run) for run in task.runs[-MAX_RUNS:]],
        "cut": max(len(task.body), len(task.result or "")) > MAX_DATA_CHARACTERS or len(task.runs) > MAX_RUNS,
    }
    return {name: value for name, value in fields.items() if value not in (None, [], "")}


def _shown(text: str) -> str:
    return redact(text[:_READ_CHARACTERS])[:MAX_DATA_CHARACTERS]


def _error(error: Mapping[str, Any]) -> dict[str, str]:
    return {name: redact(str(text))[:MAX_MESSAGE_CHARACTERS] for name, text in error.items()}


def _run(run: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _error(value) if isinstance(value, Mapping) else value for name, value in run.items()}  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
