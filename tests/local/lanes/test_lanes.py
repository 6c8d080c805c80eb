"""Several lanes on a running laptop, and the change of their number with tasks that wait."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskline.lanes import lanes_of
from tests.local.laptop import SHORT_TIMES, Laptop, eventually

pytestmark = [pytest.mark.check, pytest.mark.nightly]

KEYS = [f"key-{number}" for number in range(20)]
Finished = dict[str, list[dict[str, Any]]]


def laptop_with(new_laptop: Callable[..., Laptop], **config: object) -> Laptop:
    laptop = new_laptop(**SHORT_TIMES, **{f"taskline:{name}": value for name, value in config.items()})
    laptop.start()
    return laptop


def submit(laptop: Laptop, *, each: int) -> dict[str, list[str]]:
    """So many tasks of each key, in turns; their ids by key, in the order of acceptance."""
    submitted: dict[str, list[str]] = defaultdict(list)
    for _ in range(each):
        for key in KEYS:
            submitted[key].append(laptop.post(ordering_key=key, type="demo.slow", data={"milliseconds": 5}))
    return submitted


def finished(laptop: Laptop, submitted: dict[str, list[str]]) -> Finished:
    return {key: [laptop.finished(one, seconds=90) for one in ids] for key, ids in submitted.items()}


def in_order(tasks: Iterable[Iterable[dict[str, Any]]]) -> bool:
    """Whether each key ran one task at a time, in the order of acceptance."""
    return all(
        earlier["finished_at"] <= later["started_at"]
        for of_key in tasks
        for earlier, later in itertools.pairwise(of_key)
    )


def held(laptop: Laptop) -> dict[str, int]:
    """How many messages the queue of each lane has, in flight or not."""
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    return {
        lane.name: sum(
            int(value)
            for value in laptop.clients.sqs.get_queue_attributes(QueueUrl=lane.queue_url, AttributeNames=names)[
                "Attributes"
            ].values()
        )
        for lane in lanes_of(laptop.outputs)
    }


def tick(laptop: Laptop) -> None:
    response = laptop.clients.lambda_.invoke(FunctionName="taskline-dev-breaker", Payload=b"{}")
    assert "FunctionError" not in response, response["Payload"].read()


def pipes(laptop: Laptop) -> dict[str, str]:
    """The state that the pipe of each lane is meant to have."""
    client = laptop.clients.pipes
    return {lane.name: client.describe_pipe(Name=lane.pipe_name)["DesiredState"] for lane in lanes_of(laptop.outputs)}


def stop_pipes(laptop: Laptop) -> None:
    for lane in lanes_of(laptop.outputs):
        laptop.clients.pipes.stop_pipe(Name=lane.pipe_name)
    eventually(lambda: laptop.output.count('"message": "pipe stopped"') == len(lanes_of(laptop.outputs)))


def make_older(laptop: Laptop, minutes: int) -> None:
    """Move the moment since which the old queues are known to be empty into the past, instead of waiting."""
    client = laptop.clients.dynamodb
    (item,) = client.scan(TableName="taskline-dev-breaker")["Items"]
    since = datetime.fromisoformat(item["empty_since"].get("S", "")) - timedelta(minutes=minutes)
    client.update_item(
        TableName="taskline-dev-breaker",
        Key={"id": item["id"]},
        UpdateExpression="SET empty_since = :since",
        ExpressionAttributeValues={":since": {"S": since.isoformat()}},
    )


def test_three_lanes_share_twenty_keys_and_each_key_keeps_its_order(new_laptop: Callable[..., Laptop]) -> None:
    laptop = laptop_with(new_laptop, lanes=3)
    stop_pipes(laptop)
    submitted = submit(laptop, each=3)
    assert sum(held(laptop).values()) == 60
    assert min(held(laptop).values()) > 0, "every lane has some of the keys"
    for lane in lanes_of(laptop.outputs):
        laptop.clients.pipes.start_pipe(Name=lane.pipe_name)
    done = finished(laptop, submitted)
    assert {task["status"] for tasks in done.values() for task in tasks} == {"succeeded"}
    assert in_order(done.values())


def test_from_one_lane_to_three_with_tasks_that_wait(new_laptop: Callable[..., Laptop]) -> None:
    first = laptop_with(new_laptop)
    stop_pipes(first)
    before = submit(first, each=2)
    assert first.stop() == 0

    moment = datetime.now(UTC) - timedelta(hours=1)  # no function has run since, so that no sender is late
    change = {"lanes": 3, "laneGeneration": 1, "lanesBefore": 1, "lanesFrom": moment.isoformat()}
    second = laptop_with(new_laptop, **change)
    after = submit(second, each=2)
    new = [lane.name for lane in lanes_of(second.outputs) if not lane.drains]
    assert held(second)["tasks"] == 40, "what waits in the old queue stays there"
    assert all(held(second)[name] > 0 for name in new), "and what comes goes to the new ones"
    second.clients.pipes.start_pipe(Name="taskline-dev-tasks-pipe")
    old = finished(second, before)
    eventually(lambda: held(second)["tasks"] == 0)
    tick(second)
    assert {pipes(second)[name] for name in new} == {"STOPPED"}, "the old queue has not been empty for long enough"
    make_older(second, minutes=5)
    tick(second)
    assert set(pipes(second).values()) == {"RUNNING"}
    done = finished(second, after)
    assert in_order([*old[key], *done[key]] for key in KEYS)
    breaker = json.loads(second.request("GET", "/v1/breaker").body)
    assert [one["waits"] for one in breaker["pipes"]] == [False] * 4
    assert second.stop() == 0

    third = laptop_with(new_laptop, lanes=3, laneGeneration=1)
    assert "taskline-dev-tasks.fifo" not in " ".join(third.clients.sqs.list_queues().get("QueueUrls", []))
    assert third.finished(third.post(ordering_key=KEYS[0]))["status"] == "succeeded"


def test_lanes_that_still_hold_tasks_are_not_thrown_away(new_laptop: Callable[..., Laptop]) -> None:
    first = laptop_with(new_laptop)
    stop_pipes(first)
    task = first.post(ordering_key="a")
    assert first.stop() == 0

    second = new_laptop(**SHORT_TIMES, **{"taskline:lanes": 3})
    second.launch()
    assert second.wait(60) == 1
    assert "taskline-dev-tasks.fifo is no longer declared, and holds messages: 1" in second.output
    assert "taskline:lanesBefore" in second.output

    third = laptop_with(new_laptop)
    third.clients.pipes.start_pipe(Name="taskline-dev-tasks-pipe")
    assert third.finished(task)["status"] == "succeeded"
