"""The Parallel state."""

from collections.abc import Callable, Generator
from typing import Any, TypeAlias

from asl.core.errors import StateFailed
from asl.core.templates import Json
from asl.definition.model import Graph, ParallelState
from asl.execution.commands import Child, Command, Fiber, Group
from asl.execution.history import Chain
from asl.execution.run import Run
from asl.jsonata import Frame
from asl.states.guard import guarded
from asl.states.visit import Branch, Transition, Visit

Walk: TypeAlias = Callable[[Run, Graph, Json, Branch], Fiber]


def run_parallel(visit: Visit, state: ParallelState, walk: Walk) -> Generator[Command, Any, Transition]:
    """Run the branches concurrently. The first failure aborts the other branches."""

    def attempt(visit: Visit) -> Generator[Command, Any, Transition]:
        return _attempt(visit, state, walk)

    def gave_up(_failed: StateFailed) -> None:
        visit.run.history.emit(visit.chain, "ParallelStateFailed")

    return (yield from guarded(visit, state, attempt, gave_up))


def _attempt(visit: Visit, state: ParallelState, walk: Walk) -> Generator[Command, Any, Transition]:
    run = visit.run
    frame = visit.frame()
    value = visit.arguments(frame) if state.arguments is None else visit.evaluate(state.arguments, frame)
    started = run.history.emit(visit.chain, "ParallelStateStarted")
    group = Group()
    chains = [Chain(started) for _ in state.branches]
    for index, graph in enumerate(state.branches):
        branch = Branch(Frame(visit.branch.scope), chains[index], visit.branch.item, in_parallel=True)
        run.scheduler.spawn(group, walk(run, graph, value, branch), index)
    try:
        results = yield from _collect(visit, group, chains)
    except GeneratorExit:
        group.cancel()
        run.history.emit(visit.chain, "ParallelStateAborted")
        raise
    finally:
        group.cancel()
    return _leave(visit, state, results)


def _collect(visit: Visit, group: Group, chains: list[Chain]) -> Generator[Command, Any, list[Json]]:
    results: list[Json] = [None] * len(chains)
    for _ in chains:
        child: Child = yield group
        visit.chain.last = chains[child.index].last
        if child.error is not None:
            raise child.error
        results[child.index] = child.result
    return results


def _leave(visit: Visit, state: ParallelState, results: list[Json]) -> Transition:
    before = visit.chain.last
    visit.check_size(results)
    visit.run.history.emit(visit.chain, "ParallelStateSucceeded")
    # The exit follows the last branch, not ParallelStateSucceeded.
    visit.chain.last = before
    return visit.leave(visit.frame(result=results), results, state.next, state.output, state.assign)
