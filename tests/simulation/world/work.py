"""The simulation's only task type: it ends as its plan says, and records each run in the journal."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from functions import processor
from functions.tasks.errors import TASK_ERRORS, ErrorClass
from functions.tasks.model import Task
from functions.tasks.registry import Registry
from testing.pipeline.runs import UncountedRun
from tests.simulation.world.gates import STRICT
from tests.simulation.world.world import Effect, World

OK = "OK"
TYPES = Registry()
_worlds: list[World] = []


class Plan(BaseModel):
    """How each attempt ends: OK, or the class of the error that it raises. The last entry repeats."""

    model_config = ConfigDict(strict=True, extra="forbid")

    plan: Annotated[list[str], Field(min_length=1)]


@TYPES.task_type("simulated", data=Plan)
def simulated(task: Task, data: Plan) -> dict[str, int]:
    """Record an effect, then end as planned."""
    world = _worlds[-1]
    effect = Effect(
        task_id=task.task_id,
        ordering_key=task.ordering_key,
        execution=world.running_execution,
        writes=len(world.journal.writes),
    )
    world.journal.effects.append(effect)
    result = data.plan[min(task.attempt, len(data.plan)) - 1]
    if result != OK:
        raise TASK_ERRORS[ErrorClass(result)]("as planned")
    return {"attempt": task.attempt}


TYPES.task_type(STRICT, data=Plan, on_failure="halt")(simulated)


def processor_ports(world: World, draw: Callable[[], float]) -> processor.Ports:
    """The real processor's ports, in the simulated world."""
    return processor.Ports(types=TYPES, now_ms=lambda: world.now_ns() // 1_000_000, draw=draw, begin_run=UncountedRun)


@contextmanager
def working_in(world: World) -> Generator[None]:
    """Record the effects of the task type in this world's journal."""
    _worlds.append(world)
    try:
        yield
    finally:
        _worlds.pop()
