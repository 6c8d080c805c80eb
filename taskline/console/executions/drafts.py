"""Visits and attempts while they are put together from events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from taskline.console.executions.model import Attempt, Payload, StepProblem, StepStatus, Visit


@dataclass(kw_only=True)
class AttemptDraft:
    """An attempt whose end may still come."""

    start: int | None = None
    end: int | None = None
    waited: int | None = None
    arguments: Payload | None = None
    result: Payload | None = None
    problem: StepProblem | None = None
    aborted: bool = False


@dataclass(kw_only=True)
class VisitDraft:
    """A visit whose exit may still come. `inside` is the index of the visit around it."""

    index: int
    state: str
    type: str
    number: int
    start: int | None = None
    end: int | None = None
    input: Payload | None = None
    output: Payload | None = None
    variables: Mapping[str, Payload] = field(default_factory=dict[str, Payload])
    attempts: list[AttemptDraft] = field(default_factory=list[AttemptDraft])
    problem: StepProblem | None = None
    events: list[int] = field(default_factory=list[int])
    inside: int | None = None
    iteration: int | None = None
    exited: bool = False
    aborted: bool = False
    last: int | None = None

    def begin(self, at: int, arguments: Payload | None) -> None:
        """Another attempt begins, after a back-off if there was one before it."""
        previous = self.attempts[-1] if self.attempts else None
        waited = None if previous is None or previous.end is None else max(0, at - previous.end)
        self.attempts.append(AttemptDraft(start=at, waited=waited, arguments=arguments))

    @property
    def running(self) -> AttemptDraft | None:
        """The attempt that has not ended."""
        return self.attempts[-1] if self.attempts and self.attempts[-1].end is None else None

    def succeed(self, at: int, result: Payload | None) -> None:
        """The attempt succeeds. One whose beginning is not in the log gets a place all the same."""
        attempt = self._current()
        attempt.end, attempt.result = at, result
        self.problem = None

    def fail(self, at: int, problem: StepProblem) -> None:
        """The attempt fails, or what follows it in the state."""
        attempt = self.running
        if attempt is None and self._has_attempts():
            attempt = self._current()
        if attempt is not None:
            attempt.end, attempt.problem = at, problem
        self.problem = problem

    def abort(self, at: int) -> None:
        """Something outside the state ended it."""
        self.aborted, self.end = True, at
        if self.running is not None:
            self.running.aborted, self.running.end = True, at

    def _has_attempts(self) -> bool:
        succeeded = bool(self.attempts) and self.attempts[-1].problem is None
        return self.type in ("Task", "Parallel", "Map") and not succeeded

    def _current(self) -> AttemptDraft:
        if self.running is None:
            self.attempts.append(AttemptDraft())
        return self.attempts[-1]

    def finished(self, status: StepStatus) -> Visit:
        """The visit, with this status."""
        last = len(self.attempts)
        attempts = [
            # How one ended that another followed is not known: a restart of a laptop cut it off.
            _attempt(number, draft, status if number == last else StepStatus.UNKNOWN)
            for number, draft in enumerate(self.attempts, 1)
        ]
        return Visit(
            state=self.state,
            type=self.type,
            number=self.number,
            status=status,
            start=self.start,
            end=self.end,
            input=self.input,
            output=self.output,
            variables=self.variables,
            attempts=tuple(attempts),
            problem=self.problem,
            events=tuple(self.events),
            inside=self.inside,
            iteration=self.iteration,
        )


def _attempt(number: int, draft: AttemptDraft, visit: StepStatus) -> Attempt:
    return Attempt(
        number=number,
        status=_attempt_status(draft, visit),
        start=draft.start,
        end=draft.end,
        waited=draft.waited,
        arguments=draft.arguments,
        result=draft.result,
        problem=draft.problem,
    )


def _attempt_status(draft: AttemptDraft, visit: StepStatus) -> StepStatus:
    if draft.aborted:
        return StepStatus.ABORTED
    if draft.problem is not None:
        return StepStatus.FAILED
    if draft.end is not None:
        return StepStatus.SUCCEEDED
    return visit if visit in (StepStatus.RUNNING, StepStatus.ABORTED, StepStatus.FAILED) else StepStatus.UNKNOWN


def payload(details: Mapping[str, Any], key: str) -> Payload | None:
    """The data under a name in an event's details, None if it was not logged."""
    if key not in details or details[key] is None:
        return None
    about = details.get(f"{key}Details")
    truncated = isinstance(about, dict) and str(cast(dict[str, Any], about).get("truncated")).lower() == "true"
    return Payload(text=as_text(details[key]), truncated=truncated)


def variables(details: Mapping[str, Any]) -> dict[str, Payload]:
    """The variables that a state assigned, by name."""
    assigned = details.get("assignedVariables")
    if not isinstance(assigned, dict):
        return {}
    return {str(name): Payload(text=as_text(value)) for name, value in cast(dict[str, Any], assigned).items()}


def problem(details: Mapping[str, Any]) -> StepProblem:
    """Why an event says that something failed."""
    return StepProblem(
        error=str(details.get("error") or ""),
        cause=str(details.get("cause") or ""),
        location=str(details.get("location") or ""),
    )


def as_text(value: Any) -> str:
    """JSON text; a text is taken for JSON already."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
