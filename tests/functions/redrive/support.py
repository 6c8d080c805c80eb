"""What the tests of redrive share: failed tasks, their dead letters, and requests to the real handler."""

import dataclasses
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from functions import redrive
from functions.tasks.errors import Unavailable
from tests.builders import a_message, an_item
from tests.functions.conftest import Pipeline
from tests.functions.document.documented import assert_documented
from tests.functions.support import CONTEXT, ApiResponse, post

FAILED_AT = "2026-01-31T12:00:02.000Z"


def a_failed_task(pipeline: Pipeline, task_id: str, sequence: int = 1, *, key: str = "k", **changes: Any) -> None:
    """A failed task as the state machine leaves it: its record and its dead letter."""
    error = {"class": changes.pop("error_class", "NETWORK"), "type": "TaskNetworkError", "message": "no route"}
    attempts = changes.pop("attempts", 1)
    dead_letter = changes.pop("dead_letter", True)
    number = {"S": f"{sequence:020d}"}
    body = a_message(task_id=task_id, ordering_key=key)
    pipeline.put(
        an_item(
            "queued",
            "processing",
            "failed",
            task_id={"S": task_id},
            ordering_key={"S": key},
            body={"S": body},
            attempts={"N": str(attempts)},
            error={"M": {name: {"S": text} for name, text in error.items()}},
            **{"finished_at": {"S": FAILED_AT}, "failed_key": {"S": key}, "sequence_number": number, **changes},
        )
    )
    if dead_letter:
        a_dead_letter_of(pipeline, task_id, attempts, body)


def a_dead_letter_of(pipeline: Pipeline, task_id: str, attempts: int, body: str = "{}") -> None:
    """A dead letter as the state machine sends it."""
    dead_letter = {
        "task_id": task_id,
        "ordering_key": "k",
        "error": {"class": "NETWORK"},
        "attempts": attempts,
        "message": {"messageId": "m", "body": body},
    }
    send_dead(pipeline, json.dumps(dead_letter), group=task_id, deduplication_id=f"{task_id}-{attempts}")


def send_dead(pipeline: Pipeline, body: str, group: str, deduplication_id: str = "") -> None:
    pipeline.sqs.send_message(
        QueueUrl=pipeline.dead_letters_url,
        MessageBody=body,
        MessageGroupId=group,
        MessageDeduplicationId=deduplication_id or str(hash(body)),
    )


def redrive_one(task_id: str) -> ApiResponse:
    made = post(None, resource="/tasks/{task_id}/redrive", pathParameters={"task_id": task_id})
    return documented(made, "/tasks/{task_id}/redrive")


def redrive_many(**request: Any) -> ApiResponse:
    return documented(post(request, resource="/redrive"), "/redrive")


def redriven_by(**request: Any) -> list[str]:
    """Redrive; the ids of the redriven tasks."""
    response = redrive_many(dry_run=False, **request)
    assert response.status == 202, response
    return listed(response)


def documented(event: dict[str, Any], path: str) -> ApiResponse:
    response = ApiResponse.of(redrive.handler(event, CONTEXT))
    assert_documented(response, "POST", path)
    return response


def listed(response: ApiResponse) -> list[str]:
    return [task["task_id"] for task in response.document["tasks"]]


def with_clock(now: Callable[[], datetime]) -> redrive.Ports:
    """The handler's ports, with another clock."""
    return dataclasses.replace(redrive.build(), now=now)


def sent(pipeline: Pipeline) -> list[str]:
    """The task ids of the messages in the queue, in order."""
    return [json.loads(message["Body"])["task_id"] for message in pipeline.messages()]


def record(pipeline: Pipeline, task_id: str) -> dict[str, Any]:
    (item,) = (item for item in pipeline.records() if item["task_id"]["S"] == task_id)
    return item


def body(message: dict[str, Any]) -> dict[str, Any]:
    return json.loads(message["Body"])


def unavailable() -> None:
    raise Unavailable
