"""A task's life as spans of time: waiting, runs, back-off, and what lies between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from taskline import statuses
from taskline.console.basis.words import moment

WAITING, RUN, BACK_OFF, BETWEEN, HELD = "waiting", "run", "back-off", "between", "held"
LEAST_BETWEEN: Final = timedelta(milliseconds=20)


@dataclass(frozen=True, kw_only=True)
class Span:
    """A part of a task's life. `left` and `width` are percent of the whole; `outcome` is of a run."""

    kind: str
    name: str
    start: datetime
    end: datetime
    outcome: str = ""
    attempt: int | None = None
    execution: str = ""
    error: Mapping[str, Any] | None = None
    left: float = 0.0
    width: float = 0.0

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """All spans, oldest first, to one scale. `open` means that the last one goes on."""

    spans: Sequence[Span]
    start: datetime
    end: datetime
    open: bool

    @property
    def ticks(self) -> list[tuple[int, float]]:
        """Positions in percent, with the seconds since the start."""
        whole = (self.end - self.start).total_seconds()
        return [(percent, whole * percent / 100) for percent in (0, 25, 50, 75, 100)]

    @property
    def waited(self) -> float:
        """Seconds in the queue, or parked."""
        return sum(span.seconds for span in self.spans if span.kind in (WAITING, HELD))

    @property
    def ran(self) -> float:
        """Seconds in runs."""
        return sum(span.seconds for span in self.spans if span.kind == RUN)

    @property
    def backed_off(self) -> float:
        """Seconds of waits between runs."""
        return sum(span.seconds for span in self.spans if span.kind == BACK_OFF)


def timeline(task: Mapping[str, Any], now: datetime, held_since: datetime | None = None) -> Timeline | None:
    """The timeline of a task, None if its history has no times. With `held_since`, an open breaker holds it."""
    # That it was skipped came after its end, and concerns its key.
    history = [one for one in task.get("history", ()) if "skipped_by" not in one]
    steps = [(at, one) for one in history if (at := moment(one.get("at")))]
    if not steps:
        return None
    is_open = task.get("status") not in statuses.FINAL
    end = max(now, steps[-1][0]) if is_open else steps[-1][0]
    spans = list(_spans(steps, end, is_open, held_since))
    return _scaled(spans, steps[0][0], end, is_open)


def _spans(
    steps: list[tuple[datetime, Mapping[str, Any]]], end: datetime, is_open: bool, held: datetime | None
) -> Iterator[Span]:
    """Each step of the history ends a span, and the last one may go on."""
    runs = 0
    until = steps[0][0]
    for number, (at, step) in enumerate(steps):
        following = steps[number + 1][0] if number + 1 < len(steps) else end
        last = number + 1 == len(steps)
        if step.get("attempt") is not None:
            runs += 1
            started = moment(step.get("started_at")) or until
            yield from _between(until, started, step)
            yield _failed_run(step, started, at)
            until = at
            if step.get("retry_in") is not None:
                until = min(at + timedelta(seconds=float(step["retry_in"])), max(following, at)) if not last else end
                yield _span(BACK_OFF, "Back-off", at, until, step)
        elif step["status"] in statuses.WAITING and not (last and not is_open):
            yield from _waiting(step["status"], at, following, held if last else None)
            until = following
        elif step["status"] == "processing" and (last or steps[number + 1][1]["status"] == "succeeded"):
            yield Span(kind=RUN, name="Run", start=at, end=following, outcome="processing" if last else "succeeded",
                       execution=step.get("execution", ""), attempt=1)  # fmt: skip
            until = following
        elif step["status"] == "processing":
            until = at
        elif step["status"] == "succeeded" and runs and steps[number - 1][1].get("attempt") is not None:
            yield Span(kind=RUN, name="Run", start=until, end=at, outcome="succeeded", attempt=runs + 1,
                       execution=step.get("execution", ""))  # fmt: skip
            until = at


def _failed_run(step: Mapping[str, Any], started: datetime, at: datetime) -> Span:
    return Span(
        kind=RUN, name="Run", start=started, end=at, outcome="failed", attempt=step["attempt"],
        execution=step.get("execution", ""), error=step.get("error"),
    )  # fmt: skip


def _waiting(status: str, at: datetime, until: datetime, held: datetime | None) -> Iterator[Span]:
    name = "Parked" if status == "parked" else "Waiting"
    if held and held < until:
        if held > at:
            yield Span(kind=WAITING, name=name, start=at, end=held)
        yield Span(kind=HELD, name="Held by the breaker", start=max(at, held), end=until)
    else:
        yield Span(kind=WAITING, name=name, start=at, end=until)


def _between(until: datetime, started: datetime, step: Mapping[str, Any]) -> Iterator[Span]:
    if started - until >= LEAST_BETWEEN:
        yield _span(BETWEEN, "Starting", until, started, step)


def _span(kind: str, name: str, start: datetime, end: datetime, step: Mapping[str, Any]) -> Span:
    return Span(kind=kind, name=name, start=start, end=max(start, end), execution=step.get("execution", ""))


def _scaled(spans: list[Span], start: datetime, end: datetime, is_open: bool) -> Timeline:
    whole = max((end - start).total_seconds(), 0.001)

    def scaled(span: Span) -> Span:
        left = 100 * (span.start - start).total_seconds() / whole
        return replace(span, left=_inside(left), width=_inside(100 * span.seconds / whole))

    return Timeline(spans=[scaled(span) for span in spans], start=start, end=end, open=is_open)


def _inside(percent: float) -> float:
    return round(min(100.0, max(0.0, percent)), 3)
