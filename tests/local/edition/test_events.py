"""Task events and the failure monitor on the running laptop: every change once and in order, and nothing lost."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.emulator.clients import Clients
from local.program.declarations.model import StreamDeclaration
from local.services.lambdas.model import Invocation
from local.services.streams.runner import StreamMappings
from tests.local.edition.outages import Subscriber, no_topic
from tests.local.laptop import Laptop, eventually


@pytest.fixture
def subscribed(laptop: Laptop) -> Iterator[Callable[[str], Subscriber]]:
    made: list[Subscriber] = []

    def subscribe(output: str) -> Subscriber:
        made.append(Subscriber(laptop, laptop.outputs[output]))
        return made[-1]

    yield subscribe
    for one in made:
        one.end()


def failed_events(laptop: Laptop) -> list[dict[str, Any]]:
    """The failed events, removed from their queue."""
    url, sqs = laptop.outputs["event_failures_queue_url"], laptop.clients.get("sqs")
    taken: list[dict[str, Any]] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            taken.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return taken


def test_a_subscriber_receives_every_change_once_and_in_order(
    laptop: Laptop, subscribed: Callable[[str], Subscriber]
) -> None:
    subscriber = subscribed("events_topic_arn")
    good = laptop.post(title="Not published", type="demo.echo", ordering_key="received", data={"secret": 1})
    bad = laptop.post(type="demo.flaky", data={"probability": 1, "error_class": "VALIDATION"})
    eventually(lambda: len(subscriber.of_task(good)) == len(subscriber.of_task(bad)) == 3)
    assert subscriber.statuses(good) == ["queued", "processing", "succeeded"]
    assert subscriber.statuses(bad) == ["queued", "processing", "failed"]
    events = subscriber.of_task(good)
    assert [event["previous_status"] for event in events] == [None, "queued", "processing"]
    assert [event["at"] for event in events] == [entry["at"] for entry in laptop.read(good)["history"]]
    assert len({event["event_id"] for event in events}) == 3
    assert events[-1]["start_to_finish_ms"] >= 0
    assert subscriber.of_task(bad)[-1]["error"]["class"] == "VALIDATION"
    assert not [text for text in subscriber.received if "Not published" in text or "secret" in text]


def test_twenty_failures_of_one_pattern_are_one_alert(laptop: Laptop, subscribed: Callable[[str], Subscriber]) -> None:
    alerts, clients = subscribed("alerts_topic_arn"), laptop.clients  # built once, because that takes a while
    task = {"title": "t", "description": "d", "priority": "low", "type": "demo.slow", "data": {"milliseconds": "many"}}
    for number in range(20):
        clients.sqs.send_message(
            QueueUrl=laptop.outputs["queue_url"],
            MessageBody=json.dumps(task | {"task_id": str(uuid.uuid4())}),
            MessageGroupId=f"failing-{number % 4}",
            MessageDeduplicationId=str(uuid.uuid4()),
        )
    eventually(lambda: pattern(clients).get("failures") == {"N": "20"})
    eventually(lambda: "told_at" in pattern(clients))  # from then on it is not reported again
    (alert,) = [text for text in alerts.receive() if "demo.slow" in text]
    assert "tasks of type demo.slow failed with VALIDATION" in alert or "1 task of type demo.slow failed" in alert
    assert "What to do:" in alert


def pattern(clients: Clients) -> Any:
    key = {"id": {"S": "pattern#demo.slow#VALIDATION"}}
    return clients.dynamodb.get_item(TableName="taskline-dev-failure-patterns", Key=key).get("Item", {})


def test_a_topic_that_is_gone_for_a_while_loses_no_event(
    laptop: Laptop, subscribed: Callable[[str], Subscriber]
) -> None:
    subscriber = subscribed("events_topic_arn")
    failed_events(laptop)
    with no_topic(laptop, subscriber.topic):
        tasks = [laptop.post(ordering_key=f"unpublished-{number}") for number in range(3)]
        for task in tasks:
            assert laptop.finished(task)["status"] == "succeeded", "tasks do not wait for their events"
        assert [subscriber.statuses(task) for task in tasks] == [[], [], []]
    for task in tasks:
        eventually(lambda task=task: len(subscriber.of_task(task)) == 3)
        assert subscriber.statuses(task) == ["queued", "processing", "succeeded"]
    assert failed_events(laptop) == []


def test_a_record_that_cannot_be_read_is_kept_and_the_others_follow(
    laptop: Laptop, subscribed: Callable[[str], Subscriber]
) -> None:
    subscriber = subscribed("events_topic_arn")
    failed_events(laptop)
    poison = {"task_id": {"S": "poison"}, "status": {"S": "queued"}, "body": {"S": "{}"}}
    laptop.clients.dynamodb.put_item(TableName=laptop.outputs["table_name"], Item=poison)
    task = laptop.post(ordering_key="behind-poison")
    eventually(lambda: subscriber.statuses(task) == ["queued", "processing", "succeeded"])
    (kept,) = failed_events(laptop)
    assert kept["keys"] == {"task_id": {"S": "poison"}}
    assert kept["sequence_number"]
    laptop.clients.dynamodb.delete_item(TableName=laptop.outputs["table_name"], Key={"task_id": {"S": "poison"}})


class BrokenFunctions:
    """Every invocation fails."""

    def invoke(self, function: str, payload: bytes) -> Invocation:
        return Invocation(payload=b'{"errorType": "Broken"}', failed=True)


def test_a_mapping_that_did_not_process_its_records_leaves_them_for_the_next(laptop: Laptop) -> None:
    """The same records as at the start: what follows is read only when they are processed."""
    clients = Clients(laptop.clients.address, "us-east-1")
    stream: Any = laptop.clients.dynamodb.describe_table(TableName=laptop.outputs["table_name"])
    declared = StreamDeclaration(
        stream_arn=stream["Table"]["LatestStreamArn"],
        function="taskline-dev-processor",
        batch_size=10,
        reports_failures=True,
        bisects=False,
        max_retries=-1,
        max_age_seconds=-1,
        on_failure_arn="",
    )
    task = laptop.post()
    laptop.finished(task)
    waiting: list[list[str]] = []
    for _ in range(2):
        mapping = StreamMappings(clients, BrokenFunctions(), [declared])
        mapping.start()
        eventually(lambda mapping=mapping: task in waiting_tasks(mapping))
        mapping.stop()
        waiting.append([one for one in waiting_tasks(mapping) if one == task])
    assert waiting[0] == waiting[1] == [task] * len(waiting[0])


def waiting_tasks(mapping: StreamMappings) -> list[str]:
    return [record["dynamodb"]["Keys"]["task_id"]["S"] for record in mapping._workers[0].waiting]
