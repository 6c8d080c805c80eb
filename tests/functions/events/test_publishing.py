"""Task events are published in order, none is skipped, and they are measured."""

import json
from typing import Any

import pytest

from functions import events
from functions.adapters.topic import SNSEventTopic
from functions.events import Publisher
from functions.tasks.errors import Unavailable
from functions.tasks.events.measures import OTHER, measures
from tests.builders import TASK_ID, an_item
from tests.functions.events.support import (
    FakeTopic,
    Kept,
    SilentClient,
    a_change,
    a_failed_item,
    publish_changes,
    read,
)
from tests.functions.support import CONTEXT


def a_batch() -> list[dict[str, Any]]:
    items = [an_item("queued"), an_item("queued", "processing"), an_item("queued", "processing", "succeeded")]
    old: list[Any] = [None, *items]
    return [a_change(old[n], item, number=n + 1) for n, item in enumerate(items)]


def test_a_batch_is_published_in_order() -> None:
    topic = FakeTopic()
    done = publish_changes(a_batch(), topic=topic, unreadable=Kept())
    assert [e.status for e in topic.events] == ["queued", "processing", "succeeded"]
    assert (len(done.events), done.resume_from) == (3, None)


def test_ten_events_share_a_request() -> None:
    topic = FakeTopic()
    batch = [a_change(None, an_item("queued"), number=n) for n in range(1, 26)]
    assert len(publish_changes(batch, topic=topic, unreadable=Kept()).events) == 25
    assert topic.requests == [10, 10, 5]


def test_nothing_is_published_behind_a_partly_accepted_request() -> None:
    topic = FakeTopic(fails_after=12)
    batch = [a_change(None, an_item("queued"), number=n) for n in range(1, 41)]
    done = publish_changes(batch, topic=topic, unreadable=Kept())
    assert (len(done.events), done.resume_from, topic.requests) == (12, "013", [10, 10])
    assert done.reason == "the topic did not accept every event"
    topic = FakeTopic(fails_after=0)
    done = publish_changes(batch, topic=topic, unreadable=Kept())
    assert (len(done.events), done.resume_from, topic.requests) == (0, "001", [10])
    assert done.reason == "the topic did not respond"


def test_a_record_without_an_event_does_not_hold_up_those_behind_it() -> None:
    topic, batch = FakeTopic(), a_batch()
    batch.insert(1, a_change(an_item("queued"), an_item("queued")))
    done = publish_changes(batch, topic=topic, unreadable=Kept())
    assert ([event.status for event in done.events], done.resume_from) == (["queued", "processing", "succeeded"], None)


def test_a_record_is_set_aside_after_those_before_it_are_published() -> None:
    batch = a_batch()
    batch[2]["dynamodb"]["NewImage"]["history"] = {"S": "none"}
    kept = Kept()
    done = publish_changes(batch, topic=FakeTopic(fails_after=1), unreadable=kept)
    assert (len(done.events), done.resume_from, kept.changes) == (1, "002", [])


@pytest.mark.parametrize("broken_at", [0, 1, 2])
def test_a_topic_that_fails_stops_the_batch_there(broken_at: int) -> None:
    """Continuing would publish the later change first."""
    topic = FakeTopic(fails_after=broken_at)
    done = publish_changes(a_batch(), topic=topic, unreadable=Kept())
    assert len(topic.events) == len(done.events) == broken_at
    assert done.resume_from == f"00{broken_at + 1}"


def test_an_unreadable_record_is_set_aside_and_the_rest_is_published() -> None:
    batch = a_batch()
    batch[1]["dynamodb"]["NewImage"]["history"] = {"S": "none"}
    topic, kept = FakeTopic(), Kept()
    done = publish_changes(batch, topic=topic, unreadable=kept)
    assert [e.status for e in topic.events] == ["queued", "succeeded"]
    assert (done.unreadable, done.resume_from) == (1, None)
    assert kept.changes == [
        {
            "reason": "the change cannot be read: KeyError",
            "event_id": "event-2",
            "stream": "arn:stream",
            "sequence_number": "002",
            "keys": {"task_id": {"S": TASK_ID}},
        }
    ], "where to find it, and nothing of the task"


def test_a_record_that_cannot_be_set_aside_either_is_retried() -> None:
    batch = a_batch()
    batch[1]["dynamodb"]["NewImage"]["history"] = {"S": "none"}
    done = publish_changes(batch, topic=FakeTopic(), unreadable=Kept(broken=True))
    assert (len(done.events), done.unreadable, done.resume_from) == (1, 0, "002")
    assert done.reason == "the queue did not respond"
    topic = FakeTopic()
    behind = [a_change(None, an_item("queued"), number=n) for n in range(3, 20)]
    done = publish_changes([*batch[:2], *behind], topic=topic, unreadable=Kept(broken=True))
    assert (len(topic.events), done.resume_from) == (1, "002"), "nothing overtakes it"


def test_every_record_that_was_set_aside_is_counted() -> None:
    batch = a_batch()
    for change in batch[:2]:
        change["dynamodb"]["NewImage"]["history"] = {"S": "none"}
    done = publish_changes(batch, topic=FakeTopic(), unreadable=Kept())
    assert (len(done.events), done.unreadable, done.resume_from, done.reason) == (1, 2, None, "")


def run(batch: list[dict[str, Any]], topic: FakeTopic, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    made = Publisher(topic=topic, unreadable=Kept(), types=frozenset({"default"}))
    monkeypatch.setattr(events, "build", lambda: made)
    return events.handler({"Records": batch}, CONTEXT)


def test_a_finished_batch_reports_no_failures_to_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(a_batch(), FakeTopic(), monkeypatch) == {"batchItemFailures": []}


def test_an_unfinished_batch_reports_where_lambda_reads_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html"""
    response = run(a_batch(), FakeTopic(fails_after=1), monkeypatch)
    assert response == {"batchItemFailures": [{"itemIdentifier": "002"}]}


def test_metrics_are_written_for_what_was_published(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = a_batch()
    failed = a_change(an_item("queued", "processing"), a_failed_item(), number=4)
    run([*batch, failed], FakeTopic(), monkeypatch)
    blobs = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"_aws"')]
    tasks = {blob["status"]: blob for blob in blobs if "Tasks" in blob}
    assert set(tasks) == {"queued", "processing", "succeeded", "failed"}
    assert tasks["processing"]["QueueToStart"] == [1000.0]
    assert tasks["succeeded"]["StartToFinish"] == [1000.0]
    assert tasks["failed"]["error_class"] == "NETWORK"
    assert tasks["failed"]["Attempts"] == [1.0]
    for blob in tasks.values():
        (directive,) = blob["_aws"]["CloudWatchMetrics"]
        assert set(directive["Dimensions"][0]) <= {"service", "status", "type", "error_class"}, "each has few values"


def test_unknown_names_make_no_new_metrics() -> None:
    wild = [read(a_change(None, an_item("queued", type={"S": f"type-{n}"}))) for n in range(50)]
    (measure,) = measures(wild, {"default"})
    assert measure.dimensions == {"status": "queued", "type": OTHER}
    assert measure.values[("Tasks", "Count")] == [1] * 50
    odd = read(a_change(an_item("queued"), an_item("queued", status={"S": "paused"})))
    (measure,) = measures([odd], {"default"})
    assert measure.dimensions == {"status": OTHER, "type": "default"}


def test_attempts_are_measured_when_a_task_ends() -> None:
    items = [an_item("queued", "processing"), an_item("queued", "processing", "succeeded")]
    started, ended = measures([read(a_change(None, item)) for item in items], {"default"})
    assert started.values == {("Tasks", "Count"): [1], ("QueueToStart", "Milliseconds"): [1000]}
    assert ended.values == {
        ("Tasks", "Count"): [1],
        ("StartToFinish", "Milliseconds"): [1000],
        ("Attempts", "Count"): [1],
    }


def test_an_event_goes_to_the_topic_with_its_attributes() -> None:
    client, event = SilentClient(), read(a_change(None, an_item("queued")))
    assert SNSEventTopic("arn:topic", client).publish([event]) == 1
    (request,) = client.requests
    (entry,) = request["PublishBatchRequestEntries"]
    assert (request["TopicArn"], entry["Message"]) == ("arn:topic", event.document())
    assert entry["MessageAttributes"]["status"] == {"DataType": "String", "StringValue": "queued"}


def test_events_behind_one_that_the_topic_rejected_do_not_count_as_published() -> None:
    event = read(a_change(None, an_item("queued")))
    assert SNSEventTopic("arn:topic", SilentClient("4", "2")).publish([event] * 5) == 2


def test_a_topic_that_is_gone_is_unavailable(aws_clients: Any) -> None:
    with pytest.raises(Unavailable, match="topic of task events"):
        SNSEventTopic("arn:aws:sns:eu-west-1:123456789012:gone", aws_clients("sns")).publish(
            [read(a_change(None, an_item("queued")))]
        )
