"""Tasks as a test sees them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from functions.tasks.errors import ErrorClass
from functions.tasks.model import Status
from functions.tasks.record import Record
from functions.tasks.tenancy import message_group
from testing.pipeline.api import RequestHandlers
from testing.pipeline.executions import Execution
from testing.pipeline.runs import Run
from testing.pipeline.world import CANCEL_GRACE, World, task_id_in


def new_task(type: str = "default", data: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:  # noqa: A002 the field's name
    """A task as a client submits it. `fields` replace or add others: `title`, `ordering_key`, `priority`, ..."""
    task = {"title": "A test's task", "description": "Submitted by a test", "priority": "medium"}
    return {**task, "type": type, "data": dict(data or {}), **fields}


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a task failed."""

    error_class: ErrorClass
    type: str
    message: str


class SomePipeline(Protocol):
    """What a task needs of its pipeline, which is a `Taskline`."""

    @property
    def world(self) -> World:
        """Its table, queues and clock."""
        ...

    @property
    def api(self) -> RequestHandlers:
        """Its handlers."""
        ...

    @property
    def executions(self) -> list[Execution]:
        """Those of all tasks."""
        ...

    @property
    def runs(self) -> list[Run]:
        """Those of all tasks."""
        ...

    def at(self, seconds: float, call: Callable[[], object]) -> None:
        """Make a call during `settle`."""
        ...


class SubmittedTask:
    """A task that was accepted. Everything is read at the moment of asking."""

    def __init__(self, pipeline: SomePipeline, task_id: str, caller: str | None = None) -> None:
        self._pipeline = pipeline
        self._caller = caller
        self._seen_failure = 0
        self.task_id = task_id

    def __repr__(self) -> str:
        record = self._record()
        return f"<task {self.task_id} {record.type} {record.status}, {record.attempts} attempts>"

    @property
    def status(self) -> Status:
        """`queued`, `processing`, `succeeded`, `failed` or `cancelled`."""
        return self._look().status

    @property
    def result(self) -> Any:
        """What the function returned. If the task has not succeeded, `AssertionError` with the reason."""
        record = self._look()
        if record.result is None:
            raise AssertionError(f"{self!r} has no result\n{self.story()}")
        return json.loads(record.result)

    @property
    def error(self) -> Failure | None:
        """Why it failed; None if it has not."""
        error = self._look().error
        if error is None:
            return None
        return Failure(error_class=ErrorClass(error["class"]), type=error["type"], message=error["message"])

    @property
    def error_class(self) -> ErrorClass | None:
        """The class of its failure; None if it has not failed."""
        return self.error.error_class if self.error else None

    @property
    def attempts(self) -> int:
        """The runs of its function that its record counts."""
        return self._record().attempts

    @property
    def history(self) -> list[dict[str, Any]]:
        """The steps of its record, as the API shows them."""
        return [dict(entry) for entry in self._record().history]

    @property
    def created_at(self) -> datetime:
        """When it was accepted."""
        return datetime.fromisoformat(self._record().created_at)

    @property
    def started_at(self) -> datetime | None:
        """When it was claimed last; None while it is queued for the first time."""
        return _moment(self._record().started_at)

    @property
    def finished_at(self) -> datetime | None:
        """When its outcome was recorded; None until then."""
        return _moment(self._record().finished_at)

    @property
    def ordering_key(self) -> str:
        """Its ordering key."""
        return self._record().ordering_key

    @property
    def group(self) -> str:
        """What it waits in line for: its ordering key, which each client has for itself."""
        record = self._record()
        return message_group(record.tenant, record.ordering_key)

    @property
    def redriven_at(self) -> datetime | None:
        """When it was redriven first; None if it never was."""
        entries = [entry["at"] for entry in self._record().history if entry["status"] == Status.QUEUED]
        return _moment(entries[1]) if self._record().redrives and len(entries) > 1 else None

    @property
    def executions(self) -> list[Execution]:
        """Its executions, in the order of their starts."""
        return [execution for execution in self._pipeline.executions if execution.task_id == self.task_id]

    @property
    def states(self) -> list[str]:
        """The states that its executions were in, in this order."""
        return [step.state for execution in self.executions for step in execution.steps]

    @property
    def back_offs(self) -> list[float]:
        """The virtual seconds that were waited before each further run."""
        waits = [step for execution in self.executions for step in execution.steps if step.state == "BackOff"]
        return [round(step.until - step.since, 3) for step in waits if step.until is not None]

    @property
    def runs(self) -> list[Run]:
        """The runs of its function, each with its error and its traceback."""
        return [run for run in self._pipeline.runs if run.task_id == self.task_id]

    @property
    def dead_letter(self) -> dict[str, Any] | None:
        """The last message about it in the dead-letter queue."""
        self._look()
        letters = [letter for letter in self._pipeline.world.letters() if letter.get("task_id") == self.task_id]
        return letters[-1] if letters else None

    @property
    def progress(self) -> int | None:
        """How far it is, in percent; None if nobody has said so."""
        progress = self._record().progress
        return None if progress is None else progress["percent"]

    @property
    def token(self) -> str:
        """What its worker brings back: the token of its last run."""
        tokens = [run.token for run in self.runs if run.token]
        if not tokens:
            raise AssertionError(f"{self!r} has no token: its type needs task_token=True, and it has to run first")
        return tokens[-1]

    def complete(self, result: Any = None) -> None:
        """POST .../complete, as its worker, during `settle`: `taskline.at(60, task.complete)`."""
        self._bring_back("complete", {"result": result})

    def fail(
        self,
        error_class: ErrorClass | str = ErrorClass.UNKNOWN,
        message: str = "as the test says",
        *,
        cancelled: bool = False,
    ) -> None:
        """POST .../fail, as its worker, during `settle`; `cancelled` if it stopped because the task was."""
        self._bring_back("fail", {"error_class": error_class, "message": message, "cancelled": cancelled})

    def heartbeat(self, percent: int | None = None) -> bool:
        """POST .../heartbeat, as its worker, during `settle`; whether the worker is to stop."""
        body = {} if percent is None else {"progress": {"percent": percent}}
        return self._bring_back("heartbeat", body)["cancel_requested"]

    def _bring_back(self, action: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._pipeline.api.bring_back(action, self.task_id, {"token": self.token, **body}, self._caller)

    def cancel(self) -> None:
        """DELETE, as its client; `Refused` if it is not queued, unless it takes long: then it is asked to stop."""
        self._pipeline.api.cancel(self.task_id, self._caller)
        if self._record().status is Status.PROCESSING:
            self._pipeline.at(CANCEL_GRACE.total_seconds(), self._pipeline.world.look_after)

    def redrive(self) -> None:
        """POST .../redrive, as an operator; `Refused` if it has not failed. `settle` then runs it."""
        self._look()
        self._pipeline.api.redrive_one(self.task_id)

    def deliver_again(self) -> None:
        """Let the queue deliver its message once more, even while an execution holds it."""
        queue = self._pipeline.world.queue
        held = [message for message in queue.messages if task_id_in(message.body) == self.task_id]
        if not held:
            raise AssertionError(f"{self!r} has no message in the queue any more")
        queue.make_visible(held[0].receipt_handle)

    def failed_unseen(self) -> bool:
        """Whether it has failed, and nobody asked about it since."""
        record = self._record()
        return record.status is Status.FAILED and self._seen_failure <= record.redrives

    def story(self) -> str:
        """What happened to it: its executions, and the traceback of its last failed run."""
        lines = [f"  {execution.name}: {execution}" for execution in self.executions]
        lines += [run.traceback for run in self.runs[-1:] if run.traceback]
        return "\n".join(lines) or "  it was not delivered: call settle()"

    def _look(self) -> Record:
        record = self._record()
        if record.status is Status.FAILED:
            self._seen_failure = record.redrives + 1
        return record

    def _record(self) -> Record:
        record = self._pipeline.world.record(self.task_id)
        if record is None:
            raise AssertionError(f"task {self.task_id} has no record")
        return record


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
