"""Counts of a running laptop: they equal its records, whatever has happened to them."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.local.laptop import Laptop, eventually

STATUSES = ("queued", "parked", "processing", "succeeded", "failed", "cancelled")


def stats(laptop: Laptop, query: str = "") -> dict[str, Any]:
    response = laptop.request("GET", f"/v1/stats{query}")
    assert response.status == 200, response
    return response.json


def records(laptop: Laptop) -> list[dict[str, Any]]:
    """Every record, read from the table itself."""
    found: list[dict[str, Any]] = []
    start: dict[str, Any] = {}
    while True:
        table = laptop.outputs["table_name"]
        page: Any = laptop.clients.dynamodb.scan(TableName=table, ConsistentRead=True, **start)
        found += [item for item in page["Items"] if "counted" in item]
        if "LastEvaluatedKey" not in page:
            return found
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def tally(items: list[dict[str, Any]]) -> dict[str, int]:
    counted = Counter(item["status"]["S"] for item in items)
    return {status: counted[status] for status in STATUSES}


def are_equal(laptop: Laptop) -> bool:
    """The counts and the records, by status and by type."""
    items = records(laptop)
    types = {item["type"]["S"] for item in items}
    by_type = {name: tally([item for item in items if item["type"]["S"] == name]) for name in types}
    found = stats(laptop)
    return (found["by_status"], found["by_type"]) == (tally(items), by_type)


def batch(laptop: Laptop, tasks: list[dict[str, Any]], **fields: str) -> dict[str, Any]:
    common = {"title": "t", "description": "d", "priority": "low"}
    body = {"tasks": [common | task for task in tasks], **fields}
    response = laptop.request("POST", "/v1/tasks/batch", json.dumps(body).encode(), Content_Type="application/json")
    assert response.status == 207, response
    return response.json


@pytest.mark.nightly
def test_counts_equal_the_records_after_successes_failures_redrives_and_cancellations(laptop: Laptop) -> None:
    failing = {"type": "demo.flaky", "data": {"probability": 1, "error_class": "VALIDATION"}}
    keys = [f"stats-{number}" for number in range(4)]
    tasks = [{"ordering_key": key, **kind} for key in keys for kind in ({}, failing, {"type": "demo.echo"})]
    made = batch(laptop, tasks)
    ids = [one["task"]["task_id"] for one in made["results"]]
    for task_id in ids:
        laptop.finished(task_id)
    progress = {"queued": 0, "parked": 0, "processing": 0, "succeeded": 8, "failed": 4, "cancelled": 0}
    eventually(lambda: stats(laptop, f"?batch_id={made['batch_id']}")["by_status"] == progress)
    of_key = {**progress, "succeeded": 2, "failed": 1}
    eventually(lambda: stats(laptop, "?ordering_key=stats-0")["by_status"] == of_key)

    assert laptop.request("POST", f"/v1/tasks/{ids[1]}/redrive").status == 202
    assert laptop.request("DELETE", "/v1/tasks/nobody").status == 404, "now the function is warm"
    laptop.post(ordering_key="stats-0", type="demo.slow", data={"milliseconds": 4000})
    waiting = laptop.post(ordering_key="stats-0")
    assert laptop.request("DELETE", f"/v1/tasks/{waiting}").status == 200
    laptop.clients.dynamodb.delete_item(TableName=laptop.outputs["table_name"], Key={"task_id": {"S": ids[0]}})

    last = laptop.post(ordering_key="stats-0")
    assert laptop.finished(last)["status"] == "succeeded"
    eventually(lambda: are_equal(laptop))
    lately = stats(laptop)["last_hour"]
    assert lately["accepted"] >= 15
    assert lately["cancelled"] >= 1


def test_several_requests_are_one_batch_if_they_name_it(laptop: Laptop) -> None:
    for number in range(3):
        made = batch(laptop, [{"ordering_key": f"named-{number}"}], batch_id="import-7")
        assert made["batch_id"] == made["results"][0]["task"]["batch_id"] == "import-7"
    eventually(lambda: stats(laptop, "?batch_id=import-7")["by_status"]["succeeded"] == 3)


def test_the_history_names_executions_that_exist(laptop: Laptop) -> None:
    task = laptop.finished(laptop.post(ordering_key="named"))
    named = [step.get("execution") for step in task["history"]]
    assert named[0] is None
    assert named[1] == named[2]
    assert named[1].startswith(laptop.outputs["state_machine_arn"].replace(":stateMachine:", ":express:"))


@pytest.mark.check
@pytest.mark.nightly
def test_counts_survive_the_death_of_every_process(new_laptop: Callable[..., Laptop]) -> None:
    laptop = new_laptop()
    laptop.start()
    for number in range(5):
        laptop.post(ordering_key=f"before-{number}")
    eventually(lambda: stats(laptop)["by_status"]["succeeded"] == 5)
    laptop.post(ordering_key="at-the-end")
    laptop.stop(signal.SIGKILL)

    again = new_laptop()
    again.start()
    again.finished(again.post(ordering_key="after"))
    eventually(lambda: are_equal(again))
    assert sum(stats(again)["by_status"].values()) == 7
