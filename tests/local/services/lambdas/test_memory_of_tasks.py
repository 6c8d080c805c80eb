"""A task that uses more memory than its function has, on a whole laptop edition."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.local.laptop import SHORT_TIMES, Laptop, eventually
from tests.local.task_types import deploy_task_type

GREEDY = """
from pydantic import BaseModel
from functions.tasks.model import Task
from functions.tasks.registry import task_type

class Nothing(BaseModel):
    pass

@task_type("test.greedy", data=Nothing)
def take_everything(task: Task, data: Nothing) -> dict:
    held = []
    for _ in range(500):  # a limit of its own, so that a failure of the test does no harm
        held.append(b"x" * 4_000_000)
    return {"megabytes": 4 * len(held)}
"""


@pytest.mark.check
@pytest.mark.nightly
def test_a_task_that_exhausts_its_memory_is_retried_and_fails_while_others_run(
    new_laptop: Callable[..., Laptop], tmp_path: Path
) -> None:
    # Time enough to use the memory up on a busy machine: otherwise it would be a timeout, and a redelivery.
    times = {"taskline:handlerTimeoutSeconds": 10}
    laptop = new_laptop(**SHORT_TIMES | times | {"taskline:processorMemoryMegabytes": 128})
    laptop.start()
    deploy_task_type(laptop, tmp_path / "code", GREEDY)
    greedy = laptop.post(type="test.greedy", ordering_key="greedy")
    behind = laptop.post(type="demo.echo", ordering_key="greedy", data={"after": "the failure"})
    others = [laptop.post(type="demo.echo", ordering_key=f"other-{n}", data={"n": n}) for n in range(5)]

    assert {laptop.finished(task)["status"] for task in others} == {"succeeded"}
    failed = laptop.finished(greedy)
    assert (failed["status"], failed["attempts"]) == ("failed", 4), "like a timeout, it may go well the next time"
    assert failed["error"]["type"] == "Runtime.ExitError"
    assert "Runtime exited with error: signal: killed" in failed["error"]["message"]
    assert laptop.finished(behind)["status"] == "succeeded", "its key goes on"
    eventually(lambda: len(reports(laptop)) == 4)


def reports(laptop: Laptop) -> list[str]:
    """What the processor's log says about its memory."""
    events = laptop.clients.get("logs").filter_log_events(logGroupName="/aws/lambda/taskline-dev-processor")["events"]
    return [event["message"] for event in events if "Runtime.OutOfMemory" in event["message"]]
