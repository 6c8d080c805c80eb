"""Redrive over real HTTP, under the function's own role: failed tasks are fixed and redriven in order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.laptop import Laptop, Response, eventually

BROKEN = {"probability": 1, "error_class": "VALIDATION"}


@pytest.fixture
def laptop(laptop: Laptop) -> Iterator[Laptop]:
    """The laptop without dead letters from other tests."""
    laptop.dead_letters()
    yield laptop
    laptop.dead_letters()


def redrive(laptop: Laptop, path: str = "/v1/redrive", **request: Any) -> Response:
    return laptop.request("POST", path, json.dumps(request).encode(), Content_Type="application/json")


def fix(laptop: Laptop, task_id: str) -> None:
    """Change the task's body, so that it succeeds. In reality its function would be fixed."""
    table, dynamodb = laptop.outputs["table_name"], laptop.clients.get("dynamodb")
    key = {"task_id": {"S": task_id}}
    body = json.loads(dynamodb.get_item(TableName=table, Key=key)["Item"]["body"]["S"])
    dynamodb.update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET body = :body",
        ExpressionAttributeValues={":body": {"S": json.dumps(body | {"type": "demo.echo", "data": {}})}},
    )


def test_fixed_tasks_are_redriven_in_their_original_order(laptop: Laptop) -> None:
    ids = [laptop.post(ordering_key="fixed", type="demo.flaky", data=BROKEN) for _ in range(4)]
    for task_id in ids:
        assert laptop.finished(task_id)["status"] == "failed"
        fix(laptop, task_id)

    dry = redrive(laptop, ordering_key="fixed")
    assert dry.status == 200, dry
    assert [task["task_id"] for task in dry.json["tasks"]] == ids
    assert laptop.read(ids[0])["status"] == "failed", "a dry run changes nothing"

    first = redrive(laptop, ordering_key="fixed", dry_run=False, limit=3)
    assert first.status == 202, first
    last = redrive(laptop, ordering_key="fixed", dry_run=False, continuation=first.json["continuation"])
    redriven = [task["task_id"] for response in (first, last) for task in response.json["tasks"]]

    assert redriven == ids
    tasks = [laptop.finished(task_id) for task_id in ids]
    assert [(task["status"], task["attempts"], task["redrives"]) for task in tasks] == [("succeeded", 2, 1)] * 4
    ends = [task["finished_at"] for task in tasks]
    assert ends == sorted(ends), "in the order in which they were accepted"
    assert laptop.dead_letters() == [], "their dead letters are gone"


def test_a_failed_task_is_redriven_and_others_are_rejected(laptop: Laptop) -> None:
    task_id = laptop.post(ordering_key="one", type="demo.flaky", data=BROKEN)
    laptop.finished(task_id)
    url, name = laptop.outputs["dead_letter_queue_url"], "ApproximateNumberOfMessages"
    attributes = laptop.clients.sqs.get_queue_attributes
    eventually(lambda: attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name] == "1")

    assert redrive(laptop, f"/v1/tasks/{task_id}/redrive").status == 202
    eventually(lambda: laptop.read(task_id)["status"] == "failed")
    task = laptop.read(task_id)
    assert (task["attempts"], task["redrives"]) == (2, 1), "it failed again, because nothing was fixed"
    dead_letters: list[dict[str, Any]] = []
    eventually(lambda: dead_letters.extend(laptop.dead_letters()) or dead_letters)
    assert [one["attempts"] for one in dead_letters] == [2], "the dead letter of the first failure is gone"

    good = laptop.post(ordering_key="one")
    laptop.finished(good)
    rejected = redrive(laptop, f"/v1/tasks/{good}/redrive")
    assert (rejected.status, rejected.headers["Content-Type"]) == (409, "application/problem+json")
    assert redrive(laptop, "/v1/tasks/nobody/redrive").status == 404


def test_a_message_that_sqs_dead_lettered_is_redriven(laptop: Laptop) -> None:
    """SQS leaves the bare message in the dead-letter queue, and a record with status `queued`."""
    task_id = laptop.post(ordering_key="given-up")
    laptop.finished(task_id)
    table, dynamodb = laptop.outputs["table_name"], laptop.clients.get("dynamodb")
    item = dynamodb.get_item(TableName=table, Key={"task_id": {"S": task_id}})["Item"]
    dynamodb.put_item(TableName=table, Item={**item, "status": {"S": "queued"}})
    laptop.clients.sqs.send_message(
        QueueUrl=laptop.outputs["dead_letter_queue_url"],
        MessageBody=item["body"]["S"],
        MessageGroupId="given-up",
        MessageDeduplicationId=task_id,
    )

    response = redrive(laptop, dry_run=False, ordering_key="given-up")

    assert response.status == 202, response
    assert [task["task_id"] for task in response.json["tasks"]] == [task_id]
    task = laptop.finished(task_id)
    assert (task["status"], task["attempts"], task["redrives"]) == ("succeeded", 2, 1)
    assert laptop.dead_letters() == []
