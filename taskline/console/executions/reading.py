"""From a definition and log events to an execution. Pure: whatever is missing from the events, it never raises."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from taskline.console.executions import subject
from taskline.console.executions.definition import Definition
from taskline.console.executions.drafts import VisitDraft, payload, problem, variables
from taskline.console.executions.events import LONGEST_MS, EventLog, LogEvent
from taskline.console.executions.model import (
    Execution,
    Gap,
    Outcome,
    Payload,
    StateRun,
    StepProblem,
    StepStatus,
    Visit,
)
from taskline.console.executions.placing import ENTERED, EXITED, Places

START: Final = ""
END: Final = ""
"""Where the first edge comes from, and where the last one leads: no state has this name."""
LATE_MS: Final = 30_000
"""How long after its longest time an execution may still get its last events."""

_SCHEDULED: Final = ("TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled")
_STARTED: Final = ("ParallelStateStarted", "MapStateStarted")
_SUCCEEDED: Final = (
    *("TaskSucceeded", "LambdaFunctionSucceeded", "ActivitySucceeded"),
    *("ParallelStateSucceeded", "MapStateSucceeded"),
)
_FAILED: Final = ("Failed", "TimedOut")
_ENDS: Final = {
    "ExecutionSucceeded": Outcome.SUCCEEDED,
    "ExecutionFailed": Outcome.FAILED,
    "ExecutionTimedOut": Outcome.TIMED_OUT,
    "ExecutionAborted": Outcome.ABORTED,
}
_WORST_FIRST: Final = (StepStatus.RUNNING, StepStatus.FAILED, StepStatus.ABORTED, StepStatus.UNKNOWN)


@dataclass(kw_only=True)
class _Story:
    """What the events have told so far."""

    places: Places
    edges: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    unplaced: list[LogEvent] = field(default_factory=list[LogEvent])
    start: int | None = None
    end: int | None = None
    ended: Outcome | None = None
    input: Payload | None = None
    output: Payload | None = None
    problem: StepProblem | None = None

    def take(self, event: LogEvent) -> None:
        """Go on with the next event."""
        if event.type == "ExecutionStarted":
            self.start, self.input = event.at, payload(event.details, "input")
        elif event.type in _ENDS:
            self._finish(event)
        elif event.type.endswith(ENTERED):
            self._enter(event)
        else:
            self._go_on(event)

    def _finish(self, event: LogEvent) -> None:
        self.ended, self.end = _ENDS[event.type], event.at
        self.output = payload(event.details, "output")
        if self.ended is not Outcome.SUCCEEDED:
            self.problem = problem(event.details)

    def _enter(self, event: LogEvent) -> None:
        visit, origin = self.places.enter(event)
        visit.start, visit.input = event.at, payload(event.details, "input")
        if origin is not None:
            self.edges[origin.state, visit.state] += 1
        elif visit.inside is None and event.previous == 0:
            self.edges[START, visit.state] += 1

    def _go_on(self, event: LogEvent) -> None:
        visit = self.places.find(event)
        if visit is None:
            # Without the events before it, a failure still names what was called.
            name = self.places.by_resource(event.details) or str(event.details.get("state") or "")
            if not name:
                self.unplaced.append(event)
                return
            visit = self.places.sketch(name)
        self.places.own(event, visit)
        if event.type.endswith(EXITED):
            self._leave(visit, event)
        else:
            self._happen(visit, event)

    def _leave(self, visit: VisitDraft, event: LogEvent) -> None:
        visit.exited, visit.end = True, event.at
        visit.output, visit.variables = payload(event.details, "output"), variables(event.details)

    def _happen(self, visit: VisitDraft, event: LogEvent) -> None:
        if event.type in _SCHEDULED:
            data = payload(event.details, "parameters") or payload(event.details, "input")
            visit.begin(event.at, data)
        elif event.type in _STARTED:
            self._start_again(visit, event)
        elif event.type in _SUCCEEDED:
            visit.succeed(event.at, payload(event.details, "output"))
        elif event.type.endswith("Aborted") and not event.type.startswith("MapIteration"):
            visit.abort(event.at)
        elif event.type.endswith(_FAILED) and not event.type.startswith("MapIteration"):
            visit.fail(event.at, self._reason(visit, event))

    def _start_again(self, visit: VisitDraft, event: LogEvent) -> None:
        """A Parallel or Map state that is tried again leaves no event for the failure before."""
        if visit.running is not None:
            inner = self._failed_inside(visit)
            at = event.at if inner is None or inner.last is None else inner.last
            visit.fail(at, StepProblem() if inner is None or inner.problem is None else inner.problem)
        visit.begin(event.at, None)

    def _reason(self, visit: VisitDraft, event: LogEvent) -> StepProblem:
        told = problem(event.details)
        inner = None if told.error or told.cause else self._failed_inside(visit)
        return told if inner is None or inner.problem is None else inner.problem

    def _failed_inside(self, visit: VisitDraft) -> VisitDraft | None:
        inner = [one for one in self.places.visits if one.inside == visit.index and one.problem and not one.exited]
        return inner[-1] if inner else None


def read(
    arn: str,
    definition: Definition,
    log: EventLog,
    *,
    now: int,
    logs_all: bool = True,
    longest_ms: int = LONGEST_MS,
    gaps: tuple[Gap, ...] = (),
) -> Execution:
    """The execution that the events tell of.

    `now` is in milliseconds since 1970; `logs_all` says whether all types of events are logged, and `longest_ms` how
    long the execution can take.
    """
    story = _Story(places=Places(definition))
    for event in log.events:
        story.take(event)
    outcome = story.ended or _unfinished(story.start, log, logs_all, now - longest_ms - LATE_MS)
    _blame(story)
    _cut_short(story)
    visits = tuple(draft.finished(_status(draft, story, outcome)) for draft in story.places.visits)
    last = next((visit for visit in reversed(visits) if visit.inside is None), None)
    if last is not None and _ends_there(last, outcome):
        story.edges[last.state, END] += 1
    return Execution(
        arn=arn,
        outcome=outcome,
        states=_states(definition, visits, outcome, logs_all and _from_the_start(log)),
        visits=visits,
        edges=dict(story.edges),
        start=story.start,
        end=story.end,
        input=story.input,
        output=story.output,
        problem=story.problem,
        task_id=subject.task_id(story.input, story.output, visits),
        events=log.events,
        unplaced=tuple(story.unplaced),
        gaps=gaps,
    )


def _ends_there(last: Visit, outcome: Outcome) -> bool:
    """Whether the execution came to its end after this state, and was not cut short in it."""
    if outcome is Outcome.SUCCEEDED:
        return last.status in (StepStatus.SUCCEEDED, StepStatus.CAUGHT)
    return outcome is Outcome.FAILED and last.type == "Fail"


def _unfinished(start: int | None, log: EventLog, logs_all: bool, earliest: int) -> Outcome:
    """Running, if it began no earlier than what can still run."""
    begun = start if start is not None else (log.events[0].at if log.events else None)
    if begun is None or not logs_all:
        return Outcome.UNKNOWN
    return Outcome.RUNNING if begun >= earliest else Outcome.UNKNOWN


def _blame(story: _Story) -> None:
    """The state that was open when the execution failed is the one that failed, even without an event of its own."""
    if story.ended is not Outcome.FAILED or story.problem is None:
        return
    waiting = [one for one in story.places.visits if not one.exited and not one.aborted]
    if waiting and all(one.problem is None for one in waiting):
        waiting[-1].problem = story.problem


def _cut_short(story: _Story) -> None:
    """What was open at the end of the execution ended with it."""
    if story.end is None or story.ended is Outcome.SUCCEEDED:
        return
    for one in story.places.visits:
        if one.end is None and one.start is not None:
            one.end = story.end
            if one.running is not None and one.problem is None:
                one.running.aborted, one.running.end = True, story.end


def _status(draft: VisitDraft, story: _Story, outcome: Outcome) -> StepStatus:
    if draft.exited:
        return StepStatus.SUCCEEDED if draft.problem is None else StepStatus.CAUGHT
    if draft.aborted:
        # In a branch, a task that failed is aborted after that.
        return StepStatus.ABORTED if draft.problem is None else StepStatus.FAILED
    if _is_over(draft, story):
        return _status_at_the_end(draft, outcome)
    return StepStatus.RUNNING if outcome is Outcome.RUNNING else StepStatus.UNKNOWN


def _is_over(draft: VisitDraft, story: _Story) -> bool:
    if story.ended is not None:
        return True
    around = None if draft.inside is None else story.places.visits[draft.inside]
    return around is not None and (around.exited or around.problem is not None)


def _status_at_the_end(draft: VisitDraft, outcome: Outcome) -> StepStatus:
    if outcome is Outcome.SUCCEEDED:
        # Its exit is not in the log: it went on, and whether its error was caught or retried cannot be told.
        return StepStatus.UNKNOWN if draft.problem is None else StepStatus.CAUGHT
    return StepStatus.ABORTED if draft.problem is None else StepStatus.FAILED


def _from_the_start(log: EventLog) -> bool:
    """Whether no event is missing between the first one and the last one known."""
    return bool(log.events) and log.events[-1].id == len(log.events)


def _states(
    definition: Definition, visits: tuple[Visit, ...], outcome: Outcome, whole: bool
) -> Mapping[str, StateRun]:
    unvisited = StepStatus.NOT_REACHED if whole and outcome is not Outcome.UNKNOWN else StepStatus.UNKNOWN
    by_name: dict[str, list[Visit]] = {name: [] for name in definition.states}
    for visit in visits:
        by_name.setdefault(visit.state, []).append(visit)
    return {name: _state(definition, name, tuple(own), unvisited) for name, own in by_name.items()}


def _state(definition: Definition, name: str, visits: tuple[Visit, ...], unvisited: StepStatus) -> StateRun:
    known = definition.states.get(name)
    kind = known.type if known else visits[0].type
    return StateRun(name=name, type=kind, status=_over_all(visits, unvisited), visits=visits)


def _over_all(visits: tuple[Visit, ...], unvisited: StepStatus) -> StepStatus:
    if not visits:
        return unvisited
    # The last visit counts: the state was tried again. Items of a Map stand side by side.
    latest = {visit.iteration: visit.status for visit in visits}
    statuses = list(latest.values())
    return next((worst for worst in _WORST_FIRST if worst in statuses), visits[-1].status)
