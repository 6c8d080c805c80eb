"""Runs the states of a graph."""

from collections.abc import Generator
from typing import Any

from asl.core.templates import Json
from asl.definition.model import (
    ChoiceState,
    FailState,
    Graph,
    MapState,
    ParallelState,
    PassState,
    SucceedState,
    TaskState,
)
from asl.execution.checkpoint import Checkpoint
from asl.execution.commands import Command
from asl.execution.run import Run
from asl.states.mapping import run_map
from asl.states.parallel import run_parallel
from asl.states.simple import run_choice, run_fail, run_pass
from asl.states.task import run_task
from asl.states.visit import Branch, Transition, Visit
from asl.states.waiting import run_wait


def walk(
    run: Run, graph: Graph, value: Json, branch: Branch, resumed: Checkpoint | None = None
) -> Generator[Command, Any, Json]:
    """Run the states one after another and return the output of the last; raises `StateFailed`.

    A `resumed` graph goes on with the state that it was in.
    """
    name: str | None = resumed.state if resumed else graph.start
    value = resumed.input if resumed else value
    while name is not None:
        visit = Visit(run, graph.states[name], value, branch, resumed)
        if resumed is None:
            visit.keep()
        transition = yield from _step(visit)
        name, value, resumed = transition.next, transition.output, None
    return value


def _step(visit: Visit) -> Generator[Command, Any, Transition]:
    match visit.state:
        case TaskState() as state:
            return (yield from run_task(visit, state))
        case PassState() | SucceedState() as state:
            return run_pass(visit, state)
        case ChoiceState() as state:
            return run_choice(visit, state)
        case FailState() as state:
            return run_fail(visit, state)
        case ParallelState() as state:
            return (yield from run_parallel(visit, state, walk))
        case MapState() as state:
            return (yield from run_map(visit, state, walk))
        case state:
            return (yield from run_wait(visit, state))
