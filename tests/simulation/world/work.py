"""The simulation's only task type: it ends as its plan says, and records each run in the journal."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from functions import processor
from functions.adapters.task_table.progress import DynamoDBProgress
from functions.tasks.errors import TASK_ERRORS, ErrorClass
from functions.tasks.model import Task
from functions.tasks.registry import Registry
from functions.tasks.runs.progress import report_progress
from testing.pipeline.runs import UncountedRun
from testing.services.clients import InMemoryDynamoDB
from tests.simulation.world.gates import LONG, LONG_STRICT, STRICT, TOKEN
from tests.simulation.world.world import Effect, Handed, World

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


def takes_long(task: Task, data: Plan) -> dict[str, int]:
    """As `simulated`, with its progress: so it learns that it was cancelled."""
    report_progress(0, "begun")
    return simulated(task, data)


def passes_on(task: Task, data: Plan) -> None:
    """Record an effect, and pass the token on to a worker, who ends it as planned."""
    world = _worlds[-1]
    world.journal.effects.append(
        Effect(
            task_id=task.task_id,
            ordering_key=task.ordering_key,
            execution=world.running_execution,
            writes=len(world.journal.writes),
        )
    )
    result = data.plan[min(task.attempt, len(data.plan)) - 1]
    world.handed.append(Handed(task_id=task.task_id, token=task.token, result=result))


_LONG = timedelta(seconds=30)
TYPES.task_type(LONG, data=Plan, timeout=_LONG)(takes_long)
TYPES.task_type(LONG_STRICT, data=Plan, timeout=_LONG, on_failure="halt")(takes_long)
TYPES.task_type(TOKEN, data=Plan, timeout=timedelta(seconds=90), heartbeat=timedelta(seconds=20), task_token=True)(
    passes_on
)


def processor_ports(world: World, draw: Callable[[], float]) -> processor.Ports:
    """The real processor's ports, in the simulated world."""
    client: Any = InMemoryDynamoDB(world.table)
    return processor.Ports(
        types=TYPES,
        now_ms=lambda: world.now_ns() // 1_000_000,
        draw=draw,
        begin_run=UncountedRun,
        progress=DynamoDBProgress("tasks", lambda: datetime.fromtimestamp(world.now(), UTC), client),
    )


@contextmanager
def working_in(world: World) -> Generator[None]:
    """Record the effects of the task type in this world's journal."""
    _worlds.append(world)
    try:
        yield
    finally:
        _worlds.pop()
