"""The whole pipeline over real HTTP: tasks that succeed, fail, arrive twice, or lose their state machine."""

from __future__ import annotations

import contextlib
import itertools
import json
import uuid
from collections.abc import Generator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.tasks.intake.submission import MAX_BODY_BYTES
from tests.local.laptop import Laptop, eventually, let_changes_take_effect


def test_a_submitted_task_is_processed_and_can_be_read_back(laptop: Laptop) -> None:
    task_id = laptop.post(title="Echo", type="demo.echo", data={"number": 1, "text": "Grüße"})
    task = laptop.finished(task_id)
    assert task["status"] == "succeeded", task
    assert task["result"] == {"number": 1, "text": "Grüße"}
    assert [entry["status"] for entry in task["history"]] == ["queued", "processing", "succeeded"]


def test_numbers_come_back_as_they_were_sent_even_after_processing(laptop: Laptop) -> None:
    data = b'{"price":1.10,"ratio":0.1234567890123456789,"zero":-0.0,"id":' + b"9" * 100 + b"}"
    body = b'{"title": "t", "description": "d", "priority": "low", "type": "demo.echo", "data": ' + data + b"}"
    accepted = laptop.request("POST", "/v1/tasks", body, Content_Type="application/json")
    task = laptop.finished(accepted.json["task_id"])
    read = laptop.request("GET", f"/v1/tasks/{task['task_id']}")
    assert b'"data":' + data in accepted.body
    assert b'"data":' + data in read.body
    assert task["result"] == json.loads(data), "the function got the nearest Python numbers"


def test_each_execution_is_logged_event_by_event(laptop: Laptop) -> None:
    task_id = laptop.post(ordering_key="logged")
    laptop.finished(task_id)
    eventually(lambda: [event for event in events_of(laptop, task_id) if event["type"] == "ExecutionSucceeded"])
    events = events_of(laptop, task_id)
    assert [event["id"] for event in events] == [str(number) for number in range(1, len(events) + 1)]
    entered = [event["details"]["name"] for event in events if event["type"].endswith("StateEntered")]
    assert entered == [
        "CheckGate",
        "DecideOnGate",
        "ClaimTask",
        "DecideOnDelivery",
        "ProcessTask",
        "RecordResult",
        "DecideOnHead",
        "TaskSucceeded",
    ]
    (arn,) = {event["execution_arn"] for event in events}
    assert ":express:taskline-dev-workflow:" in arn, "named as on AWS"


def events_of(laptop: Laptop, task_id: str) -> list[dict[str, Any]]:
    """All logged events of the executions that received the task's message."""
    group = f"/aws/vendedlogs/states/{laptop.outputs['state_machine_name']}"
    logged = laptop.clients.logs.filter_log_events(logGroupName=group, limit=10_000)["events"]
    events = [json.loads(str(event.get("message"))) for event in logged]
    of_task = {event["execution_arn"] for event in events if event["id"] == "1" and task_id in json.dumps(event)}
    return [event for event in events if event["execution_arn"] in of_task]


def test_each_key_is_processed_in_order_and_keys_are_processed_in_parallel(laptop: Laptop) -> None:
    posted = [
        (key, laptop.post(ordering_key=f"key-{key}", type="demo.slow", data={"milliseconds": 20}))
        for _ in range(10)
        for key in range(10)
    ]
    tasks = [(key, laptop.finished(task_id, seconds=45)) for key, task_id in posted]
    assert {task["status"] for _, task in tasks} == {"succeeded"}
    for key in range(10):
        of_key = [task for other, task in tasks if other == key]
        for earlier, later in itertools.pairwise(of_key):
            assert earlier["finished_at"] <= later["started_at"], "a task starts only after the previous one"
    starts = sorted((task["started_at"], 1) for _, task in tasks)
    ends = sorted((task["finished_at"], -1) for _, task in tasks)
    depth = deepest = 0
    for _, change in sorted(starts + ends):
        depth += change
        deepest = max(deepest, depth)
    assert deepest > 1, "tasks of different keys run in parallel"


def test_a_poisoned_task_fails_with_a_dead_letter_and_its_key_advances(laptop: Laptop) -> None:
    laptop.dead_letters()
    data = {"probability": 1, "error_class": "VALIDATION"}
    poisoned = laptop.post(title="Poison", ordering_key="poisoned", type="demo.flaky", data=data)
    following = laptop.post(ordering_key="poisoned")
    task = laptop.finished(poisoned)
    assert (task["status"], task["error"]["class"]) == ("failed", "VALIDATION"), task
    assert laptop.finished(following)["status"] == "succeeded"
    dead_letters = [dead_letter for dead_letter in laptop.dead_letters() if poisoned in json.dumps(dead_letter)]
    assert len(dead_letters) == 1, "exactly one dead letter"
    assert "Poison" in json.dumps(dead_letters[0]), "it contains the whole original message"


def test_a_message_delivered_twice_has_one_effect(laptop: Laptop) -> None:
    task_id = str(uuid.uuid4())
    body = json.dumps({"task_id": task_id, "title": "t", "description": "d", "priority": "low"})
    laptop.send(body, group="twice")
    laptop.send(body, group="twice")
    last = laptop.post(ordering_key="twice")
    assert laptop.finished(last)["status"] == "succeeded"
    task = laptop.read(task_id)
    assert (task["status"], task["attempts"]) == ("succeeded", 1), task


@pytest.mark.parametrize("body", ["not JSON", "[]", '{"no_task_id": 1}', '{"task_id": 7}'])
def test_a_malformed_message_is_dead_lettered_and_its_group_advances(laptop: Laptop, body: str) -> None:
    laptop.dead_letters()
    laptop.send(body, group="malformed")
    following = laptop.post(ordering_key="malformed")
    assert laptop.finished(following)["status"] == "succeeded"
    (dead_letter,) = laptop.dead_letters()
    assert body in json.dumps(dead_letter).replace("\\", ""), "the message is kept unchanged"
    assert "InvalidMessage" in json.dumps(dead_letter), "with the reason"


def message_titled(title: str) -> str:
    task = {"task_id": str(uuid.uuid4()), "title": title, "description": "d", "priority": "low"}
    return json.dumps(task, separators=(",", ":"))


def test_the_queue_refuses_what_is_larger_than_any_task(laptop: Laptop) -> None:
    empty = message_titled("")
    fitting = empty.replace('"title":""', f'"title":"{"x" * (MAX_BODY_BYTES - len(empty))}"')
    with pytest.raises(ClientError, match=f"must be shorter than {MAX_BODY_BYTES} bytes"):
        laptop.send(f"{fitting} ", group="sizes")
    laptop.send(fitting, group="sizes")
    following = laptop.post(ordering_key="sizes")
    assert laptop.finished(following)["status"] == "succeeded", "the group goes on at once"
    assert laptop.read(json.loads(fitting)["task_id"])["status"] == "failed", "its title is too long, and no more"


@pytest.mark.usefixtures("quick_redelivery")
def test_what_grows_too_large_when_escaped_holds_its_group_until_it_is_taken_out(laptop: Laptop) -> None:
    """SQS cannot know that: in the pipe's array, each quote takes a byte more."""
    laptop.dead_letters()
    grown = message_titled('"' * 90_000)
    assert len(grown) < MAX_BODY_BYTES < 262_144 < len(json.dumps(grown))
    laptop.send(grown, group="grown")
    following = laptop.post(ordering_key="grown")
    eventually(lambda: "an execution takes at most 262144" in laptop.output)
    assert laptop.read(following)["status"] == "queued", "the group waits"
    kept = laptop.take_out("grown")
    assert kept == grown, "the message is kept unchanged"
    assert laptop.finished(following, seconds=60)["status"] == "succeeded", "the key goes on"


@pytest.mark.usefixtures("quick_redelivery")
def test_a_message_whose_state_machine_was_missing_is_processed_after_redelivery(laptop: Laptop) -> None:
    client, arn = laptop.clients.stepfunctions, laptop.outputs["state_machine_arn"]
    machine = client.describe_state_machine(stateMachineArn=arn)
    client.delete_state_machine(stateMachineArn=arn)
    let_changes_take_effect()
    task_id = laptop.post(ordering_key="machine")
    eventually(lambda: "StateMachineDoesNotExist" in laptop.output)
    assert laptop.read(task_id)["status"] == "queued", "it stays queued"
    # As it was, so that tests that follow find its log.
    kept = ("name", "definition", "roleArn", "type", "loggingConfiguration", "tracingConfiguration")
    again: dict[str, Any] = {name: value for name, value in machine.items() if name in kept}
    client.create_state_machine(**again)
    assert laptop.finished(task_id)["status"] == "succeeded"


@pytest.mark.usefixtures("quick_redelivery")
def test_a_message_whose_function_was_broken_is_processed_after_redelivery(laptop: Laptop) -> None:
    with _handler(laptop, "taskline-dev-processor", "functions.not_there.handler"):
        task_id = laptop.post(ordering_key="function")
        eventually(lambda: "Runtime.ImportModuleError" in laptop.output)
    task = laptop.finished(task_id)
    assert (task["status"], task["attempts"]) == ("succeeded", 1), task


@contextlib.contextmanager
def _handler(laptop: Laptop, function: str, broken: str) -> Generator[None]:
    client = laptop.clients.lambda_
    usual = client.get_function_configuration(FunctionName=function)["Handler"]
    client.update_function_configuration(FunctionName=function, Handler=broken)
    try:
        let_changes_take_effect()
        yield
    finally:
        client.update_function_configuration(FunctionName=function, Handler=usual)
