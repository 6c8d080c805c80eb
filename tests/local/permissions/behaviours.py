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


def a_task_takes_long_and_one_behind_it_waits(laptop: Laptop) -> None:
    """The first run is slow enough for its progress; another fails, and one halts its key."""
    long = laptop.post(ordering_key="long", type="demo.long", data={"milliseconds": 1000})
    assert laptop.finished(laptop.post(ordering_key="long"))["status"] == "succeeded"
    assert laptop.read(long)["progress"]["percent"] == 95


def a_worker_ends_a_task(laptop: Laptop) -> None:
    """Once with its result after a sign, once with a failure, whose dead letter follows."""
    for action, more in (("complete", {"result": 1}), ("fail", {"error_class": "VALIDATION"})):
        task = laptop.post(ordering_key=action, type="demo.worker")
        eventually(lambda task=task: "progress" in laptop.read(task))
        token = laptop.read(task)["progress"]["text"]
        call(laptop, "POST", f"tasks/{task}/heartbeat", {"token": token, "progress": {"percent": 50}})
        call(laptop, "POST", f"tasks/{task}/{action}", {"token": token, **more})
        assert laptop.finished(task)["status"] in ("succeeded", "failed")


def an_execution_that_was_stopped_is_looked_after(laptop: Laptop) -> None:
    """And one whose task was cancelled a while ago is stopped."""
    states, machine = laptop.clients.stepfunctions, laptop.outputs["long_state_machine_arn"]
    lost, cancelled = (laptop.post(ordering_key=key, type="demo.worker") for key in ("lost", "asked"))
    for task in (lost, cancelled):
        eventually(lambda task=task: "progress" in laptop.read(task))
    running = states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
    (execution,) = [one["executionArn"] for one in running if one["name"].startswith(lost)]
    states.stop_execution(executionArn=execution)
    laptop.clients.dynamodb.update_item(
        TableName=laptop.outputs["table_name"],
        Key={"task_id": {"S": cancelled}},
        UpdateExpression="SET cancel_requested_at = :long_ago",
        ExpressionAttributeValues={":long_ago": {"S": "2026-01-01T00:00:00.000Z"}},
    )
    response = laptop.clients.lambda_.invoke(FunctionName="taskline-dev-gatekeeper", Payload=b"{}")
    assert "FunctionError" not in response, response["Payload"].read()
    assert laptop.finished(cancelled)["status"] == "cancelled"
    eventually(lambda: laptop.read(lost)["attempts"] == 2)


def a_redelivered_task_that_took_long_is_done(laptop: Laptop) -> None:
    """The machine for such tasks finds it done, and one that failed, whose dead letter it sends again."""
    states, machine = laptop.clients.stepfunctions, laptop.outputs["long_state_machine_arn"]
    long = laptop.post(ordering_key="done", type="demo.long", data={"milliseconds": 0})
    assert laptop.finished(long)["status"] == "succeeded"
    executions = states.list_executions(stateMachineArn=machine)["executions"]
    (first,) = [one["executionArn"] for one in executions if one["name"].startswith(long)]
    given = states.describe_execution(executionArn=first)["input"]
    gate = {"key": {"S": "done"}, "place": {"S": "gate"}, "head": {"S": long}, "parked": {"N": "0"}}
    gate |= {"ordering_key": {"S": "done"}, "closed": {"S": "closed"}, "closed_at": {"S": "2026-01-01T00:00:00.000Z"}}
    laptop.clients.dynamodb.put_item(TableName="taskline-dev-gates", Item=gate)
    again = states.start_execution(stateMachineArn=machine, name=f"{long}-again", input=given)["executionArn"]
    eventually(lambda: states.describe_execution(executionArn=again)["status"] == "SUCCEEDED")


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
    a_task_takes_long_and_one_behind_it_waits,
    a_worker_ends_a_task,
    an_execution_that_was_stopped_is_looked_after,
    a_redelivered_task_that_took_long_is_done,
)
