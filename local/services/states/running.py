"""A Standard execution that this process runs: what it does goes into the file, and other threads reach it."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Final

from asl import (
    Chain,
    Checkpoint,
    ExecutionStatus,
    History,
    HistoryEvent,
    Outcome,
    RealClock,
    Resumed,
    Scheduler,
    TaskFailure,
    end,
)
from asl.core.templates import Json, compact
from local.services.states.executions import Execution, ExecutionFile

_PASSED_ON: Final = "TaskSubmitted"
"""The event that says that a call which passes a token on has returned."""


class FileIsClosed(Exception):
    """Nothing can be noted any more, so nothing may be promised."""


class Running:
    """One execution, from now to its end. What `ended` says is in the file by then."""

    def __init__(self, execution: Execution, file: ExecutionFile) -> None:
        self.execution = execution
        self.ended = threading.Event()
        self._scheduler: Scheduler | None = None
        self._begun = threading.Event()
        self._file = file
        self._turn = threading.Lock()
        self._stopped_with: tuple[str | None, str | None] | None = None
        self._unkept: list[HistoryEvent] = []
        self._last = next((event.id for event in file.events_back(execution.arn, None, 1)), 0)
        self.resumed = self._resumed()
        self._checkpoint = self.resumed.checkpoint if self.resumed else None
        self._gathers = self._checkpoint is None or self._checkpoint.result is not None

    def observe(self, event: HistoryEvent) -> None:
        """Take an event. Those between two states are kept together with the checkpoint of the second, and so are
        those that follow from a result: else the file could say that something has ended which the next process will
        end again.
        """
        self._last = event.id
        self._unkept.append(event)
        self._gathers = self._gathers or self._ends_state(event)
        if not self._gathers:
            self._file.add_events(self.execution.arn, self._take())

    def keep(self, checkpoint: Checkpoint) -> None:
        """Note where it is."""
        self._checkpoint = checkpoint
        self._gathers = False
        self._file.keep(self.execution.arn, checkpoint.as_json(), checkpoint.token, self._take())

    def settle(self, token: str, result: Json | TaskFailure) -> bool:
        """Bring its token back. When this returns, not even the death of this process takes the result.

        False if it does not wait for the token (any more).
        """
        scheduler = self._reached()
        return scheduler is not None and scheduler.settle(token, result, lambda: self._note(result))

    def beat(self, token: str) -> bool:
        """Give a sign of whoever has its token. False if it does not wait for the token (any more)."""
        scheduler = self._reached()
        return scheduler is not None and scheduler.beat(token)

    def begun(self, scheduler: Scheduler) -> None:
        """Be reached from now on, through this scheduler."""
        with self._turn:
            self._scheduler = scheduler
            self._begun.set()
            if self._stopped_with is not None:
                scheduler.abort(*self._stopped_with)

    def stop(self, error: str | None, cause: str | None) -> None:
        """Let it end as aborted, unless it ends otherwise before. Returns when it has ended."""
        with self._turn:
            self._stopped_with = (error, cause)
            if self._scheduler is not None:
                self._scheduler.abort(error, cause)
        self.ended.wait()

    def broken(self, reason: Exception) -> Outcome:
        """The outcome if it cannot go on: its machine was deleted, for example."""
        self._begun.set()
        outcome = Outcome(ExecutionStatus.FAILED, error="States.Runtime", cause=str(reason))
        return end(History(RealClock(), self.observe, self._last), Chain(self._last), outcome)

    def finish(self, outcome: Outcome, stopped: float) -> None:
        """Note how it has ended."""
        succeeded = outcome.status is ExecutionStatus.SUCCEEDED
        ended = replace(
            self.execution,
            status=outcome.status.value,
            stopped=stopped,
            output=compact(outcome.output) if succeeded else None,
            error=outcome.error,
            cause=outcome.cause,
        )
        self._file.end(ended, self._take())

    def _reached(self) -> Scheduler | None:
        """Its scheduler, as soon as it has begun; none if it could not begin."""
        self._begun.wait()
        return self._scheduler

    def _note(self, result: Json | TaskFailure) -> None:
        assert self._checkpoint is not None, "it waits for a token, so it has kept where it is"
        noted = self._checkpoint.with_result(result)
        # Without the token, so that the token is refused from now on.
        if not self._file.keep(self.execution.arn, noted.as_json(), None):
            raise FileIsClosed(f"the result of {self.execution.arn} cannot be kept: this process is about to end")
        self._gathers = True

    def _ends_state(self, event: HistoryEvent) -> bool:
        if event.type.startswith("Execution"):
            return True
        state = self._checkpoint.state if self._checkpoint else None
        return event.type.endswith("StateExited") and event.details["name"] == state

    def _take(self) -> list[HistoryEvent]:
        taken, self._unkept = self._unkept, []
        return taken

    def _resumed(self) -> Resumed | None:
        if self.execution.checkpoint is None:
            return None
        checkpoint = Checkpoint.from_json(json.loads(self.execution.checkpoint))
        passed_on = self._file.has_event(self.execution.arn, _PASSED_ON, checkpoint.events)
        checkpoint = replace(checkpoint, passed_on=passed_on)
        return Resumed(started=self.execution.started, checkpoint=checkpoint, events=self._last)
