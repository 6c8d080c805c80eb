"""An execution to true scale: its states, their tries, and the back-offs between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from taskline.console.executions.model import Attempt, Execution, StepStatus, Visit

MOST_ROWS: Final = 400
MOST_TICKS: Final = 6
_STEPS: Final = (1, 2, 5)


class RowKind(StrEnum):
    """What passes in a row."""

    STATE = "state"
    TRY = "try"
    WAIT = "back-off"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row. `offset` and `duration` are milliseconds, from the start of the execution; `left` and `width` are
    percentages of the whole. A row that is still open has no duration, and its bar goes to the end.
    """

    kind: RowKind
    name: str
    state: str
    status: StepStatus
    depth: int
    offset: int
    duration: int | None
    left: float
    width: float
    start: int
    visit: int
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """All rows, oldest first. `total` is in milliseconds, `ticks` are its round parts with their percentages.

    `left_out` counts rows beyond those that a page can show.
    """

    start: int
    total: int
    rows: tuple[Row, ...]
    ticks: tuple[tuple[float, int], ...]
    left_out: int = 0


def timeline_of(execution: Execution, now: int) -> Timeline | None:
    """The timeline of an execution; None if no time of it is known. `now` is where open rows end, in ms since 1970."""
    moments = [visit.start for visit in execution.visits] + [visit.end for visit in execution.visits]
    moments += [execution.start, execution.end]
    known = [moment for moment in moments if moment is not None]
    if not known:
        return None
    start, end = min(known), max(known)
    if execution.end is None and any(visit.status is StepStatus.RUNNING for visit in execution.visits):
        end = max(end, now)
    scale = _Scale(start, max(1, end - start))
    rows = [row for visit in _in_order(execution.visits) for row in scale.rows(visit, _depth(execution.visits, visit))]
    return Timeline(
        start=start,
        total=scale.total,
        rows=tuple(rows[:MOST_ROWS]),
        ticks=ticks(scale.total),
        left_out=max(0, len(rows) - MOST_ROWS),
    )


def ticks(total: int) -> tuple[tuple[float, int], ...]:
    """Round parts of a span, at most some of them: percentages and milliseconds."""
    magnitude = 1
    while True:
        for step in (magnitude * factor for factor in _STEPS):
            if total / step <= MOST_TICKS:
                return tuple((round(100 * at / total, 2), at) for at in range(0, total + 1, step))
        magnitude *= 10


def _in_order(visits: Sequence[Visit]) -> Iterator[Visit]:
    """Each visit, followed by those inside it."""
    inside: dict[int | None, list[Visit]] = {}
    places = {id(visit): index for index, visit in enumerate(visits)}
    for visit in visits:
        inside.setdefault(visit.inside, []).append(visit)
    waiting = list(reversed(inside.get(None, [])))
    while waiting:
        visit = waiting.pop()
        yield visit
        waiting += reversed(inside.get(places[id(visit)], []))


def _depth(visits: Sequence[Visit], visit: Visit) -> int:
    depth = 0
    while visit.inside is not None:
        visit, depth = visits[visit.inside], depth + 1
    return depth


@dataclass(frozen=True)
class _Scale:
    start: int
    total: int

    def rows(self, visit: Visit, depth: int) -> Iterator[Row]:
        """A visit, and its tries if there is more than one."""
        if visit.start is None:
            return
        kind = RowKind.WAIT if visit.is_wait else RowKind.STATE
        name = visit.state if visit.iteration is None else f"{visit.state} [{visit.iteration}]"
        error = visit.problem.error if visit.problem else ""
        yield self._row(kind, name, visit, visit.status, depth, (visit.start, visit.end), error)
        if len(visit.attempts) > 1:
            for attempt in visit.attempts:
                yield from self._attempt(visit, attempt, depth + 1)

    def _attempt(self, visit: Visit, attempt: Attempt, depth: int) -> Iterator[Row]:
        if attempt.start is None:
            return
        if attempt.waited:
            span = (attempt.start - attempt.waited, attempt.start)
            yield self._row(RowKind.WAIT, "back-off", visit, StepStatus.SUCCEEDED, depth, span)
        error = attempt.problem.error if attempt.problem else ""
        span = (attempt.start, attempt.end)
        yield self._row(RowKind.TRY, f"try {attempt.number}", visit, attempt.status, depth, span, error)

    def _row(
        self,
        kind: RowKind,
        name: str,
        visit: Visit,
        status: StepStatus,
        depth: int,
        span: tuple[int, int | None],
        error: str = "",
    ) -> Row:
        first, last = span
        offset = max(0, first - self.start)
        until = self.total if last is None else min(self.total, max(offset, last - self.start))
        return Row(
            kind=kind,
            name=name,
            state=visit.state,
            status=status,
            depth=depth,
            offset=offset,
            duration=None if last is None else until - offset,
            left=round(100 * offset / self.total, 3),
            width=round(100 * (until - offset) / self.total, 3),
            start=first,
            visit=visit.number,
            error=error,
        )
