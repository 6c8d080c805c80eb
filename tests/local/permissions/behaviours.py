"""What Taskline does, one behaviour after the other, so that each role makes the calls that it is permitted."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from tests.local.edition.test_iam import without
from tests.local.laptop import Laptop, Response, eventually

BROKEN = {"type": "demo.flaky", "data": {"probability": 1, "error_class": "VALIDATION"}}
Behaviour = Callable[[Laptop], None]


def call(laptop: Laptop, method: str, path: str, body: Any = None, **headers: str) -> Response:
    """An operation of the API that has to succeed."""
    text = None if body is None else json.dumps(body).encode()
    response = laptop.request(method, f"/v1/{path}", text, Content_Type="application/json", **headers)
    assert response.status < 300, response
    return response


def a_submitted_task_is_processed(laptop: Laptop) -> None:
    assert laptop.finished(laptop.post(ordering_key="processed"))["status"] == "succeeded"


def a_repeated_submission_is_one_task(laptop: Laptop) -> None:
    task = {"title": "t", "description": "d", "priority": "low", "ordering_key": "repeated"}
    first, second = (call(laptop, "POST", "tasks", task, Idempotency_Key="again").json for _ in range(2))
    assert first["task_id"] == second["task_id"]


def tasks_are_listed(laptop: Laptop) -> None:
    laptop.finished(laptop.post(ordering_key="listed"))
    for query in ("limit=5", "status=succeeded", "ordering_key=listed"):
        assert call(laptop, "GET", f"tasks?{query}").json["tasks"]
    assert "tasks" in call(laptop, "GET", "tasks?status=cancelled").json, "the index by status has no successes"


def tasks_are_counted(laptop: Laptop) -> None:
    """Also one that is gone: its key has no more tasks."""
    task = laptop.post(ordering_key="counted")
    laptop.finished(task)
    eventually(lambda: call(laptop, "GET", "stats?ordering_key=counted").json["by_status"]["succeeded"])
    laptop.clients.dynamodb.delete_item(TableName=laptop.outputs["table_name"], Key={"task_id": {"S": task}})
    eventually(lambda: not call(laptop, "GET", "stats?ordering_key=counted").json["by_status"]["succeeded"])


def a_waiting_task_is_cancelled(laptop: Laptop) -> None:
    assert laptop.request("DELETE", "/v1/tasks/nobody").status == 404, "now the function is warm"
    laptop.post(ordering_key="cancelled", type="demo.slow", data={"milliseconds": 1500})
    waiting = laptop.post(ordering_key="cancelled")
    for _ in range(2):  # the second time it is read
        assert call(laptop, "DELETE", f"tasks/{waiting}").json["status"] == "cancelled"


def a_task_fails_and_raises_an_alert(laptop: Laptop) -> None:
    failed = laptop.post(ordering_key="failed", **BROKEN)
    assert laptop.finished(failed)["status"] == "failed"


def failed_tasks_are_redriven(laptop: Laptop) -> None:
    """One of them, those of a key, and all: the dead letters of the others become visible again."""
    failed = [laptop.post(ordering_key=f"redriven-{number}", **BROKEN) for number in range(3)]
    for one in failed:
        assert laptop.finished(one)["status"] == "failed"
    call(laptop, "POST", f"tasks/{failed[0]}/redrive")
    call(laptop, "POST", "redrive", {"ordering_key": "redriven-1", "dry_run": False})
    call(laptop, "POST", "redrive", {"dry_run": False})
    for one in failed:
        eventually(lambda one=one: laptop.read(one).get("redrives") and laptop.read(one)["status"] == "failed")


def an_interrupted_redrive_is_completed(laptop: Laptop) -> None:
    """It is interrupted between its record and its message, which it may not send."""
    failed = laptop.post(ordering_key="interrupted", **BROKEN)
    assert laptop.finished(failed)["status"] == "failed"
    with without(laptop, "taskline-dev-redrive", "sqs:SendMessage"):
        eventually(lambda: laptop.request("POST", f"/v1/tasks/{failed}/redrive").status >= 500)
    eventually(lambda: laptop.request("POST", f"/v1/tasks/{failed}/redrive").status == 202)


def a_message_that_arrives_twice_has_one_effect(laptop: Laptop) -> None:
    task = {"task_id": str(uuid.uuid4()), "title": "t", "description": "d", "priority": "low"}
    for _ in range(2):
        laptop.send(json.dumps(task), group="twice")
    assert laptop.finished(laptop.post(ordering_key="twice"))["status"] == "succeeded"


def an_unreadable_record_is_kept(laptop: Laptop) -> None:
    poison = {"task_id": {"S": "poison"}, "status": {"S": "queued"}, "body": {"S": "{}"}}
    laptop.clients.dynamodb.put_item(TableName=laptop.outputs["table_name"], Item=poison)
    url, sqs = laptop.outputs["event_failures_queue_url"], laptop.clients.sqs
    eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))


def an_operator_stops_and_starts_processing(laptop: Laptop) -> None:
    for state in ("open", "closed"):
        call(laptop, "PUT", "breaker", {"state": state, "reason": "a behaviour"})


def the_breaker_s_clock_ticks(laptop: Laptop) -> None:
    response = laptop.clients.lambda_.invoke(FunctionName="taskline-dev-breaker", Payload=b"{}")
    assert "FunctionError" not in response, response["Payload"].read()


def a_halted_key_goes_on_without_its_head(laptop: Laptop) -> None:
    """A task behind it is cancelled, the clock looks after it, and an operator skips what has failed."""
    head = laptop.post(ordering_key="halted", **{**BROKEN, "type": "demo.strict"})
    assert laptop.finished(head)["status"] == "failed"
    cancelled, waiting = (laptop.post(ordering_key="halted") for _ in range(2))
    for one in (cancelled, waiting):
        eventually(lambda one=one: laptop.read(one)["status"] == "parked")
    call(laptop, "DELETE", f"tasks/{cancelled}")
    response = laptop.clients.lambda_.invoke(FunctionName="taskline-dev-gatekeeper", Payload=b"{}")
    assert "FunctionError" not in response, response["Payload"].read()
    assert call(laptop, "GET", "keys").json["keys"]
    call(laptop, "PUT", "keys/halted", {"state": "open", "reason": "a behaviour", "head": head})
    assert laptop.finished(waiting)["status"] == "succeeded"
    eventually(lambda: call(laptop, "GET", "keys/halted").json["state"] == "open")


def an_operator_closes_and_opens_a_key(laptop: Laptop) -> None:
    for state in ("closed", "open"):
        call(laptop, "PUT", "keys/steered", {"state": state, "reason": "a behaviour"})


BEHAVIOURS: tuple[Behaviour, ...] = (
    a_submitted_task_is_processed,
    a_repeated_submission_is_one_task,
    tasks_are_listed,
    tasks_are_counted,
    a_waiting_task_is_cancelled,
    a_task_fails_and_raises_an_alert,
    failed_tasks_are_redriven,
    an_interrupted_redrive_is_completed,
    a_message_that_arrives_twice_has_one_effect,
    an_unreadable_record_is_kept,
    an_operator_stops_and_starts_processing,
    the_breaker_s_clock_ticks,
    a_halted_key_goes_on_without_its_head,
    an_operator_closes_and_opens_a_key,
)
