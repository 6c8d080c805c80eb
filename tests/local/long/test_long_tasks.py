"""Tasks that take long on a laptop edition of their own: through a kill, without their workers, and cancelled."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
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


@contextmanager
def after_a_kill(laptop: Laptop) -> Generator[Laptop]:
    """The laptop edition that goes on with the state of one that is killed now."""
    os.kill(laptop.pid, signal.SIGKILL)
    laptop.wait()
    again = Laptop(laptop.state_dir)
    again.start()
    try:
        yield again
    finally:
        again.ensure_stopped()


def complete(laptop: Laptop, task_id: str, token: str, result: object) -> int:
    """Bring a token back, as its worker does; returns the status of the response."""
    body = json.dumps({"token": token, "result": result}).encode()
    path = f"/v1/tasks/{task_id}/complete"
    return laptop.request("POST", path, body, **{"Content-Type": "application/json"}).status


def test_a_run_that_is_cut_off_by_a_kill_is_made_again_and_its_key_waits(laptop: Laptop) -> None:
    """Minutes as seconds: 12 of them."""
    long = laptop.post(type="demo.long", data={"milliseconds": 12_000}, ordering_key="long")
    behind = [laptop.post(ordering_key="long") for _ in range(3)]
    eventually(lambda: progressed(laptop, long, 30))
    with after_a_kill(laptop) as again:
        assert [again.read(task)["status"] for task in behind] == ["parked"] * 3
        ended = again.finished(long, 2 * MINUTE)
        assert (ended["status"], ended["result"]) == ("succeeded", {"slept_milliseconds": 12_000})
        after = [again.finished(task) for task in behind]
        assert [task["status"] for task in after] == ["succeeded"] * 3
        starts = [task["started_at"] for task in after]
        assert starts == sorted(starts)
        assert starts[0] > ended["finished_at"]


def test_a_result_that_was_taken_right_before_a_kill_is_kept_and_taken_once(laptop: Laptop) -> None:
    """And a worker that was not done has its token still."""
    *done, last = [laptop.post(type="demo.worker", ordering_key=f"key-{number}") for number in range(5)]
    eventually(lambda: all(progressed(laptop, task) for task in (*done, last)), MINUTE)
    tokens = {task: laptop.read(task)["progress"]["text"] for task in (*done, last)}
    assert {complete(laptop, task, tokens[task], task) for task in done} == {202}
    with after_a_kill(laptop) as again:
        assert complete(again, done[-1], tokens[done[-1]], "another") == 409
        assert complete(again, last, tokens[last], last) == 202
        ended = [again.finished(task, MINUTE) for task in (*done, last)]
        assert [(task["status"], task["result"]) for task in ended] == [("succeeded", task) for task in (*done, last)]
        assert [[step["status"] for step in task["history"]].count("processing") for task in ended] == [1] * 5


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
    assert complete(laptop, task, token, None) == 409
    assert laptop.read(task)["status"] == "cancelled"
