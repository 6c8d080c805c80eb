"""Types to try the pipeline with: one echoes, two are slow, two fail on request, one of which halts its key, and one
waits for a worker.
"""

import random
import time
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, RootModel

from functions.tasks.errors import TASK_ERRORS, ErrorClass
from functions.tasks.model import Task
from functions.tasks.needs import Needs, Pool
from functions.tasks.registry import task_type
from functions.tasks.runs.progress import report_progress

LONG = Pool("long")
STEPS = 20


class EchoData(RootModel[dict[str, Any]]):
    """Any object at all."""


@task_type("demo.echo", data=EchoData)
def echo(task: Task, data: EchoData) -> dict[str, Any]:
    """Return the task's data."""
    return data.root


class SlowData(BaseModel):
    """How long to take."""

    model_config = ConfigDict(extra="forbid", strict=True)

    milliseconds: Annotated[int, Field(ge=0, le=900_000, description="How long to sleep.")] = 20


@task_type("demo.slow", data=SlowData)
def slow(task: Task, data: SlowData) -> dict[str, int]:
    """Sleep for `milliseconds`. Longer than the function's timeout, and the task times out."""
    time.sleep(data.milliseconds / 1000)
    return {"slept_milliseconds": data.milliseconds}


class FlakyData(BaseModel):
    """How often to fail, and with what."""

    model_config = ConfigDict(extra="forbid", strict=True)

    probability: Annotated[float, Field(ge=0, le=1, description="How likely an attempt is to fail.")] = 0.3
    error_class: Annotated[ErrorClass, Field(strict=False, description="What to fail with.")] = ErrorClass.NETWORK
    seed: Annotated[int, Field(description="The same seed draws the same failures.")] = 1


@task_type("demo.flaky", data=FlakyData)
def flaky(task: Task, data: FlakyData) -> dict[str, int]:
    """Fail with the given probability. The draw depends only on seed and attempt, so that a run can be repeated."""
    if random.Random(f"{data.seed}/{task.attempt}").random() < data.probability:
        raise TASK_ERRORS[data.error_class](f"attempt {task.attempt} failed, as it was asked to")
    return {"attempt": task.attempt}


@task_type("demo.strict", data=FlakyData, on_failure="halt")
def strict(task: Task, data: FlakyData) -> dict[str, int]:
    """As `demo.flaky`, but a failed task halts its key: those behind it are parked until it is settled."""
    return flaky(task, data)


@task_type("demo.long", data=SlowData, timeout=timedelta(minutes=15), needs=Needs(pool=LONG))
def long(task: Task, data: SlowData) -> dict[str, int]:
    """As `demo.slow`, but for up to 15 minutes, with its progress; the key waits meanwhile."""
    for step in range(STEPS):
        report_progress(100 * step // STEPS, f"step {step + 1} of {STEPS}")
        time.sleep(data.milliseconds / 1000 / STEPS)
    return {"slept_milliseconds": data.milliseconds}


@task_type(
    "demo.worker",
    data=EchoData,
    timeout=timedelta(days=1),
    heartbeat=timedelta(minutes=5),
    task_token=True,
    needs=Needs(pool=LONG),
)
def worker(task: Task, data: EchoData) -> None:
    """Wait for a worker, who is whoever reads the task: its progress has the token. A real type keeps it secret."""
    report_progress(0, task.token)
