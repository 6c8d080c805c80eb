"""Tasks that take long on a laptop edition of their own: through a kill, without their workers, and cancelled."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.local.laptop import Laptop, eventually

pytestmark = [pytest.mark.check, pytest.mark.nightly]
MINUTE = 60.0


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[Laptop]:
    running = Laptop(tmp_path / "state")
    running.start()
    yield running
    running.ensure_stopped()


def machine_call(laptop: Laptop, action: str, task_id: str) -> Any:
    """Call Step Functions about the last execution of a task, as an operator would."""
    states = laptop.clients.stepfunctions
    machine = laptop.outputs["long_state_machine_arn"]
    (execution, *_) = [
        one["executionArn"]
        for one in states.list_executions(stateMachineArn=machine)["executions"]
        if one["name"].startswith(task_id)
    ]
    return getattr(states, action)(executionArn=execution)


def progressed(laptop: Laptop, task_id: str, percent: int = 0) -> bool:
    return laptop.read(task_id).get("progress", {}).get("percent", -1) >= percent


def test_a_run_that_is_cut_off_by_a_kill_is_made_again_and_its_key_waits(tmp_path: Path) -> None:
    """Minutes as seconds: 12 of them."""
    laptop = Laptop(tmp_path / "state")
    laptop.start()
    long = laptop.post(type="demo.long", data={"milliseconds": 12_000}, ordering_key="long")
    behind = [laptop.post(ordering_key="long") for _ in range(3)]
    eventually(lambda: progressed(laptop, long, 30))
    os.kill(laptop.pid, signal.SIGKILL)
    laptop.wait()
    again = Laptop(tmp_path / "state")
    again.start()
    try:
        assert [again.read(task)["status"] for task in behind] == ["parked"] * 3
        ended = again.finished(long, 2 * MINUTE)
        assert (ended["status"], ended["result"]) == ("succeeded", {"slept_milliseconds": 12_000})
        after = [again.finished(task) for task in behind]
        assert [task["status"] for task in after] == ["succeeded"] * 3
        starts = [task["started_at"] for task in after]
        assert starts == sorted(starts)
        assert starts[0] > ended["finished_at"]
    finally:
        again.ensure_stopped()


def test_a_task_whose_execution_was_stopped_by_an_operator_runs_again(laptop: Laptop) -> None:
    long = laptop.post(type="demo.long", data={"milliseconds": 4000}, ordering_key="long")
    eventually(lambda: progressed(laptop, long))
    machine_call(laptop, "stop_execution", long)
    assert machine_call(laptop, "describe_execution", long)["status"] == "ABORTED"
    ended = laptop.finished(long, 3 * MINUTE)
    assert ended["status"] == "succeeded"
    assert [step["status"] for step in ended["history"]].count("processing") == 2


def test_a_worker_that_ignores_a_cancellation_has_a_minute(laptop: Laptop) -> None:
    task, behind = laptop.post(type="demo.worker", ordering_key="w"), laptop.post(ordering_key="w")
    eventually(lambda: progressed(laptop, task))
    token, asked = laptop.read(task)["progress"]["text"], time.monotonic()
    assert laptop.request("DELETE", f"/v1/tasks/{task}").status == 202
    ended = laptop.finished(task, 3 * MINUTE)
    assert ended["status"] == "cancelled"
    assert time.monotonic() - asked > MINUTE - 1
    assert laptop.finished(behind)["status"] == "succeeded"
    body = json.dumps({"token": token}).encode()
    late = laptop.request("POST", f"/v1/tasks/{task}/complete", body, **{"Content-Type": "application/json"})
    assert (late.status, laptop.read(task)["status"]) == (409, "cancelled")
