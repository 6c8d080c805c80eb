"""The circuit breaker on the running laptop: opened by failures, opened by hand, and with a stopped pipe."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.local.edition.test_pipeline import events_of
from tests.local.laptop import SHORT_TIMES, Laptop, eventually
from tests.local.task_types import deploy_task_type

pytestmark = pytest.mark.check

QUICK = {
    "taskline:breakerMinimumAttempts": 1,
    "taskline:breakerPeriodSeconds": 10,
    "taskline:breakerCoolDownSeconds": 1,
    "taskline:breakerProbeSeconds": 1,
}
OUTAGE = """
from pathlib import Path
from pydantic import BaseModel
from functions.tasks.errors import TaskNetworkError
from functions.tasks.model import Task
from functions.tasks.registry import task_type
from functions.tasks.retry import RetryPolicy

class Nothing(BaseModel):
    pass

@task_type("test.outage", data=Nothing, retry=RetryPolicy(attempts=1))
def call_the_bank(task: Task, data: Nothing) -> dict:
    if Path({marker!r}).exists():
        raise TaskNetworkError("the bank does not respond")
    return {{}}
"""


class Bank:
    """The service that tasks of type `test.outage` call."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def goes_down(self) -> None:
        self.marker.touch()

    def comes_back(self) -> None:
        self.marker.unlink()


@pytest.fixture(scope="module")
def breakable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    laptop = Laptop(tmp_path_factory.mktemp("breaker") / "state", config=SHORT_TIMES | QUICK)
    laptop.start()
    laptop.clients.events.disable_rule(Name="taskline-dev-breaker-tick")  # the tests call it themselves
    yield laptop
    laptop.ensure_stopped()


@pytest.fixture
def bank(breakable: Laptop, tmp_path: Path) -> Bank:
    """Deploys a task type that needs the bank."""
    made = Bank(tmp_path / "down")
    deploy_task_type(breakable, tmp_path / "code", OUTAGE.format(marker=str(made.marker)))
    return made


def breaker(laptop: Laptop) -> dict[str, Any]:
    response = laptop.request("GET", "/v1/breaker")
    assert response.status == 200, response
    return response.json


def order(laptop: Laptop, state: str) -> dict[str, Any]:
    body = json.dumps({"state": state, "reason": "a test"}).encode()
    response = laptop.request("PUT", "/v1/breaker", body, Content_Type="application/json")
    assert response.status == 200, response
    return response.json


def state_after_tick(laptop: Laptop) -> str:
    """The state after the scheduled call, which otherwise comes once a minute."""
    response = laptop.clients.lambda_.invoke(FunctionName="taskline-dev-breaker", Payload=b"{}")
    assert "FunctionError" not in response, response["Payload"].read()
    return breaker(laptop)["state"]


def waiting(laptop: Laptop) -> tuple[str, str]:
    """The numbers of visible messages and of messages in flight."""
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = laptop.outputs["queue_url"]
    attributes: Any = laptop.clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return attributes[names[0]], attributes[names[1]]


def pipe_is_quiet(laptop: Laptop) -> bool:
    """Whether the pipe has noticed that it is stopped; it polls its state twice a second."""
    return laptop.output.count('"message": "pipe stopped"') > laptop.output.count('"message": "pipe started"')


def receive_count(laptop: Laptop, task_id: str) -> str:
    first = next(event for event in events_of(laptop, task_id) if event["type"] == "ExecutionStarted")
    return json.loads(first["details"]["input"])[0]["attributes"]["ApproximateReceiveCount"]


@pytest.mark.nightly
def test_failures_open_it_and_waiting_tasks_resume_in_order_when_the_cause_is_fixed(
    breakable: Laptop, bank: Bank
) -> None:
    bank.goes_down()
    failed = breakable.post(type="test.outage", ordering_key="first")
    eventually(lambda: breaker(breakable)["state"] == "open")
    assert breaker(breakable)["by"] == "alarm"
    eventually(lambda: pipe_is_quiet(breakable))
    tasks = [breakable.post(type="test.outage", ordering_key="waiting") for _ in range(4)]
    assert breakable.finished(failed)["error"]["class"] == "NETWORK"
    assert waiting(breakable) == ("4", "0"), "none of them was received"
    bank.comes_back()
    eventually(lambda: state_after_tick(breakable) == "half_open")
    done = [breakable.finished(task) for task in tasks]
    assert [(task["status"], task["attempts"]) for task in done] == [("succeeded", 1)] * 4
    for earlier, later in itertools.pairwise(done):
        assert earlier["finished_at"] <= later["started_at"], "in order"
    eventually(lambda: state_after_tick(breakable) == "closed")
    assert breaker(breakable)["reason"].startswith("0 of "), "the probe window was judged by its attempts"
    eventually(lambda: [task for task in tasks if events_of(breakable, task)] == tasks)
    assert [receive_count(breakable, task) for task in tasks] == ["1"] * 4, "waiting is not counted as a delivery"


def test_an_operator_opens_and_closes_it(breakable: Laptop) -> None:
    seen = order(breakable, "open")
    assert (seen["manual"], seen["next_step_at"], seen["pipe"]["current_state"]) == (True, None, "STOPPED")
    eventually(lambda: pipe_is_quiet(breakable))
    task = breakable.post(ordering_key="manual")
    assert state_after_tick(breakable) == "open"
    assert breakable.read(task)["status"] == "queued"
    assert order(breakable, "closed")["pipe"]["desired_state"] == "RUNNING"
    assert breakable.finished(task)["status"] == "succeeded"
    eventually(lambda: not pipe_is_quiet(breakable))


def test_a_pipe_that_was_stopped_by_hand_is_reported_and_not_started(breakable: Laptop) -> None:
    name, clients = breakable.outputs["pipe_name"], breakable.clients
    clients.pipes.stop_pipe(Name=name)
    try:
        assert state_after_tick(breakable) == "closed"
        assert breaker(breakable)["pipe_stopped"] is True
        assert clients.pipes.describe_pipe(Name=name)["DesiredState"] == "STOPPED"
        # A metric with many values within a minute is published when the minute is over.
        eventually(lambda: measured(breakable, "PipeStopped") == 1, seconds=75)
    finally:
        clients.pipes.start_pipe(Name=name)
    state_after_tick(breakable)
    assert breaker(breakable)["pipe_stopped"] is False


def measured(laptop: Laptop, metric: str) -> float:
    """The maximum of one of the breaker's metrics in the last minutes."""
    now = datetime.now(UTC)
    points = laptop.clients.cloudwatch.get_metric_statistics(
        Namespace="taskline-dev",
        MetricName=metric,
        Dimensions=[{"Name": "service", "Value": "breaker"}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Maximum"],
    )["Datapoints"]
    return max((point["Maximum"] for point in points), default=0)


def test_the_breakers_role_stops_this_pipe_and_no_other(breakable: Laptop) -> None:
    from botocore.exceptions import ClientError

    from tests.local.edition.test_iam import session

    pipes = session(breakable, "taskline-dev-breaker").client("pipes")
    assert pipes.describe_pipe(Name=breakable.outputs["pipe_name"])["DesiredState"] == "RUNNING"
    with pytest.raises(ClientError, match="AccessDenied"):
        pipes.stop_pipe(Name="another-pipe")


@pytest.mark.nightly
def test_a_run_that_times_out_is_counted_although_it_can_report_nothing(breakable: Laptop) -> None:
    # The last test: its failure opens the breaker.
    before = failures_counted(breakable)
    task = {"task_id": "slow", "title": "t", "description": "d", "priority": "low", "type": "demo.slow"}
    body = json.dumps(task | {"data": {"milliseconds": 60_000}})
    run = {"task_id": "slow", "body": body, "attempt": 1, "run": 1, "execution": "x", "lease_until": 4_102_444_800_000}
    response = breakable.clients.lambda_.invoke(
        FunctionName="taskline-dev-processor", Payload=json.dumps(run).encode()
    )
    assert "FunctionError" in response, "cut off after handlerTimeoutSeconds"
    eventually(lambda: failures_counted(breakable) == before + 1)


def failures_counted(laptop: Laptop) -> float:
    points = laptop.clients.cloudwatch.get_metric_statistics(
        Namespace="taskline-dev",
        MetricName="TransientFailure",
        Dimensions=[{"Name": "service", "Value": "processor"}],
        StartTime=0,
        EndTime=4_102_444_800,
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(point["Sum"] for point in points)
