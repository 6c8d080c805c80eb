"""The Map state, inline."""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Final, cast

from asl.core.errors import TOLERANCE, ExpressionFailed, StateFailed
from asl.core.templates import Json, Template, compact
from asl.definition.model import MapState
from asl.execution.commands import Child, Command, Fiber, Group, Turn
from asl.execution.history import Chain
from asl.jsonata import Frame
from asl.states.guard import guarded
from asl.states.parallel import Walk
from asl.states.visit import Branch, Transition, Visit

_CONCURRENCY: Final = 40
"""The most iterations that AWS runs at a time."""

_FAILED: Final = object()


def run_map(visit: Visit, state: MapState, walk: Walk) -> Generator[Command, Any, Transition]:
    """Run the processor for each item. The first failure that is not tolerated aborts the other iterations."""

    def attempt(visit: Visit) -> Generator[Command, Any, Transition]:
        return _attempt(visit, state, walk)

    def gave_up(_failed: StateFailed) -> None:
        visit.run.history.emit(visit.chain, "MapStateFailed")

    return (yield from guarded(visit, state, attempt, gave_up))


@dataclass(slots=True)
class _Iterations:
    """The iterations of one attempt."""

    visit: Visit
    state: MapState
    walk: Walk
    items: list[Json]
    inputs: list[Json]
    started: int = 0
    group: Group = field(default_factory=Group)
    chains: dict[int, Chain] = field(default_factory=dict[int, Chain])
    next: int = 0

    def start(self) -> None:
        """Start the next iteration, if any. Its events follow the one that made room for it."""
        index = self.next
        if index >= len(self.inputs):
            return
        self.next += 1
        self.chains[index] = Chain(self.started)
        self.visit.run.scheduler.spawn(self.group, self._iteration(index), index)

    def _iteration(self, index: int) -> Fiber:
        visit, chain = self.visit, self.chains[index]
        about = {"name": visit.state.name, "index": index}
        visit.run.history.emit(chain, "MapIterationStarted", **about)
        try:
            yield Turn()
            item = {"Index": index, "Value": self.items[index]}
            branch = Branch(Frame(visit.branch.scope), chain, item)
            result = yield from self.walk(visit.run, self.state.processor, self.inputs[index], branch)
        except GeneratorExit:
            visit.run.history.emit(chain, "MapIterationAborted", **about)
            raise
        except StateFailed:
            self._ended(chain, "MapIterationFailed", about)
            raise
        self._ended(chain, "MapIterationSucceeded", about)
        return result

    def _ended(self, chain: Chain, kind: str, about: dict[str, Any]) -> None:
        before = chain.last
        ended = self.visit.run.history.emit(chain, kind, **about)
        # The next iteration, and whatever follows a failure, points back to the last event inside this one.
        self.started = before
        chain.last = ended if kind == "MapIterationSucceeded" else before


def _attempt(visit: Visit, state: MapState, walk: Walk) -> Generator[Command, Any, Transition]:
    frame = visit.frame()
    items = _items(visit, state, frame)
    limit = _concurrency(visit, state, frame)
    tolerated = _tolerated(visit, state, frame, len(items))
    inputs = [_selected(visit, state, index, item) for index, item in enumerate(items)]
    started = visit.run.history.emit(visit.chain, "MapStateStarted", length=len(items))
    iterations = _Iterations(visit, state, walk, items, inputs, started)
    for _ in range(limit):
        iterations.start()
    try:
        results = yield from _collect(iterations, tolerated)
    except GeneratorExit:
        iterations.group.cancel()
        visit.run.history.emit(visit.chain, "MapStateAborted")
        raise
    finally:
        iterations.group.cancel()
    return _leave(visit, state, results)


def _collect(iterations: _Iterations, tolerated: float | None) -> Generator[Command, Any, list[Json]]:
    results: list[Json] = [_FAILED] * len(iterations.inputs)
    failures = 0
    for _ in iterations.inputs:
        child: Child = yield iterations.group
        iterations.visit.chain.last = iterations.chains[child.index].last
        if child.error is None:
            results[child.index] = child.result
        elif tolerated is None or not isinstance(child.error, StateFailed) or child.error.fatal:
            raise child.error
        else:
            failures += 1
            if failures > tolerated:
                raise StateFailed(TOLERANCE, "The specified tolerated failure threshold was exceeded")
        iterations.start()
    return [result for result in results if result is not _FAILED]


def _leave(visit: Visit, state: MapState, results: list[Json]) -> Transition:
    before = visit.chain.last
    visit.check_size(results)
    visit.run.history.emit(visit.chain, "MapStateSucceeded")
    # As in Parallel, the exit follows the last iteration, not MapStateSucceeded.
    visit.chain.last = before
    return visit.leave(visit.frame(result=results), results, state.next, state.output, state.assign)


def _items(visit: Visit, state: MapState, frame: Frame) -> list[Json]:
    if state.items is not None:
        return visit.evaluate(state.items, frame, "array")
    if not isinstance(visit.effective, list):
        shown = compact(visit.effective)
        visit.fail_evaluation(ExpressionFailed(f"Map state input must be an array but was: {shown}"))
    return cast(list[Json], visit.effective)


def _concurrency(visit: Visit, state: MapState, frame: Frame) -> int:
    if state.concurrency is None:
        return _CONCURRENCY
    message = "Expected non-negative integer for {field}, got '{value}' instead."
    return min(visit.whole(state.concurrency, frame, 0, message) or _CONCURRENCY, _CONCURRENCY)


def _tolerated(visit: Visit, state: MapState, frame: Frame, count: int) -> float | None:
    """How many iterations may fail; `None` without a threshold. A threshold of 0 is none, and the lower one counts."""
    limits: list[float] = []
    if state.tolerated_count is not None:
        limits.append(visit.whole(state.tolerated_count, frame, 0, "{field} cannot be negative."))
    if state.tolerated_percentage is not None:
        limits.append(count * _percentage(visit, state.tolerated_percentage, frame) / 100)
    return min((limit for limit in limits if limit), default=None)


def _percentage(visit: Visit, template: Template, frame: Frame) -> float:
    value = visit.evaluate(template, frame, "number")
    if not 0 <= value <= 100:
        visit.fail_evaluation(ExpressionFailed(f"{template.field} must be between 0 and 100.", template.field))
    return value


def _selected(visit: Visit, state: MapState, index: int, item: Json) -> Json:
    if state.selector is None:
        return item
    context = {**visit.context, "Map": {"Item": {"Index": index, "Value": item}}}
    return visit.evaluate(state.selector, visit.frame(context=context))
