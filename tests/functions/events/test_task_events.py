"""Task events: which records of the table's stream are events, what they contain, and that none is skipped."""

import json
from collections.abc import Mapping
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from functions import events
from functions.adapters.topic import SNSEventTopic
from functions.events import Publisher
from functions.tasks.errors import Unavailable
from functions.tasks.events.event import TaskEvent, UnreadableChange
from functions.tasks.events.measures import OTHER, measures
from tests.builders import TASK_ID, TIMES, an_item
from tests.functions.events.support import FakeTopic, Kept, a_change, a_failed_item, publish_changes, to_event
from tests.functions.support import CONTEXT

SECRETS = ["anna@example.com", "AKIAIOSFODNN7EXAMPLE", "4111 1111 1111 1111", "hunter2hunter2"]


def read(record: Mapping[str, Any]) -> TaskEvent:
    made = to_event(record)
    assert made is not None, "this record is a change of a task's status"
    return made


def test_a_new_task_is_an_event() -> None:
    assert json.loads(read(a_change(None, an_item("queued"))).document()) == {
        "event_id": "event-1",
        "task_id": TASK_ID,
        "status": "queued",
        "previous_status": None,
        "at": TIMES[0],
        "type": "default",
        "priority": "high",
        "ordering_key": "task-processing",
        "attempts": 0,
    }


def test_a_change_of_status_has_the_previous_status_and_its_duration() -> None:
    started = read(a_change(an_item("queued"), an_item("queued", "processing")))
    assert (started.previous_status, started.status, started.at) == ("queued", "processing", TIMES[1])
    assert (started.queue_to_start_ms, started.start_to_finish_ms, started.attempts) == (1000, None, 1)
    ended = read(a_change(an_item("queued", "processing"), an_item("queued", "processing", "succeeded")))
    assert (ended.queue_to_start_ms, ended.start_to_finish_ms) == (None, 1000)
    assert "error" not in json.loads(ended.document())


def test_a_task_that_was_queued_again_is_measured_from_then_on() -> None:
    statuses = ["queued", "processing", "queued", "processing"]
    assert read(a_change(an_item(*statuses[:3]), an_item(*statuses))).queue_to_start_ms == 1000


@pytest.mark.parametrize(
    ("statuses", "milliseconds"),
    [
        pytest.param(["processing", "succeeded"], 1000, id="bypassed the API, so never queued"),
        pytest.param(["queued", "processing", "queued", "succeeded"], None, id="not started since it was queued"),
        pytest.param(["queued", "succeeded"], None, id="never started"),
    ],
)
def test_a_duration_counts_from_the_first_start_since_the_task_was_queued(
    statuses: list[str], milliseconds: int | None
) -> None:
    assert read(a_change(None, an_item(*statuses))).start_to_finish_ms == milliseconds


def test_clocks_that_differ_make_no_negative_duration() -> None:
    item = an_item("queued", "processing")
    item["history"]["L"][0]["M"]["at"] = {"S": TIMES[3]}
    assert read(a_change(None, item)).queue_to_start_ms == 0


def test_a_redriven_task_is_an_event_whose_history_keeps_the_error() -> None:
    before = an_item("queued", "processing", "failed")
    after = an_item("queued", "processing", "failed", "queued")
    error = {name: {"S": "text"} for name in ("class", "type", "message")}
    after["history"]["L"][-1]["M"]["error"] = {"M": error}
    event = read(a_change(before, after))
    assert (event.previous_status, event.status, event.error) == ("failed", "queued", None)
    settled = {name: value for name, value in after.items() if name != "failed_key"}
    assert to_event(a_change(after | {"failed_key": {"S": "key"}}, settled)) is None, (
        "without a change of status there is no event"
    )


def test_a_failure_says_why_without_secrets() -> None:
    event = read(
        a_change(an_item("queued", "processing"), a_failed_item(message=f"login: {' password='.join(SECRETS)}"))
    )
    assert event.error is not None
    assert (event.error["class"], event.error["type"]) == ("NETWORK", "TaskNetworkError")
    assert not [secret for secret in SECRETS if secret in event.document()]


def test_neither_body_nor_result_leaves_the_table() -> None:
    done = an_item("queued", "processing", "succeeded", result={"S": '"the result"'})
    event = read(a_change(an_item("queued", "processing"), done))
    assert "invoice" not in event.document().lower(), "title and description are in the body"
    assert "the result" not in event.document()
    assert "lease" not in event.document()


def test_subscribers_can_filter() -> None:
    event = read(a_change(an_item("queued", "processing"), a_failed_item()))
    assert event.attributes() == {
        "status": "failed",
        "previous_status": "processing",
        "type": "default",
        "priority": "high",
        "ordering_key": "task-processing",
        "error_class": "NETWORK",
    }
    assert "previous_status" not in read(a_change(None, an_item("queued"))).attributes()


def test_tasks_that_bypassed_the_validator_cannot_break_the_topic() -> None:
    """SNS rejects attributes that are empty, contain control characters, or make the message larger than 256 KiB."""
    wild = an_item("processing", type={"S": "\x00ü" * 90_000}, priority={"S": ""})
    client, made = SilentClient(), read(a_change(None, wild))
    SNSEventTopic("arn:topic", client).publish([made])
    attributes = client.requests[0]["PublishBatchRequestEntries"][0]["MessageAttributes"]
    assert attributes["type"]["StringValue"] == "?" * 128
    assert "priority" not in attributes
    assert len(made.document()) < 4096


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(a_change(an_item("queued"), None), id="a deletion"),
        pytest.param(a_change(None, {"task_id": {"S": "breaker"}, "state": {"S": "open"}}), id="another kind of item"),
        pytest.param(
            a_change(None, {"task_id": {"S": "x"}, "status": {"S": "open"}}), id="another kind with a status"
        ),
        pytest.param(a_change(an_item("queued"), an_item("queued", attempts={"N": "1"})), id="no change of status"),
        pytest.param(a_change(an_item("processing"), an_item("processing")), id="a lease that was taken over"),
        pytest.param({"eventID": "1", "dynamodb": {"SequenceNumber": "1", "Keys": {}}}, id="keys only"),
    ],
)
def test_everything_else_is_not_an_event(record: dict[str, Any]) -> None:
    assert to_event(record) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"history": {"S": "none"}},
        {"attempts": {"N": "many"}},
        {"type": {"N": "7"}},
        {"ordering_key": {}},
        {"status": {"N": "1"}},
        {"status": {"S": "failed"}, "error": {"M": {}}},
    ],
)
def test_an_unreadable_change_is_an_error_without_content(changes: dict[str, Any]) -> None:
    with pytest.raises(UnreadableChange) as caught:
        to_event(a_change(an_item("queued"), an_item("queued", "processing") | changes))
    assert "many" not in str(caught.value)


NAMES = st.sampled_from(["S", "N", "M", "L", "status", "body", "history", "task_id", "error"])
IMAGES = st.recursive(
    st.none() | st.text(max_size=3) | st.integers(), lambda inner: st.dictionaries(NAMES, inner) | st.lists(inner)
)


@hypothesis.given(IMAGES)
def test_no_image_crashes_it(image: Any) -> None:
    try:
        to_event(a_change(None, image))
    except UnreadableChange:
        return


def test_a_change_without_a_history_entry_is_timed_by_dynamodb() -> None:
    item = an_item("queued", status={"S": "cancelled"})
    assert read(a_change(an_item("queued"), item)).at == "2026-01-31T12:00:09.000Z"


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


class SilentClient:
    def __init__(self, *failed: str) -> None:
        self.requests: list[dict[str, Any]] = []
        self._failed = [{"Id": one} for one in failed]

    def publish(self, **request: Any) -> object:
        raise AssertionError("events are published in batches")

    def publish_batch(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        return {"Failed": self._failed}


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


def test_a_change_whose_times_cannot_be_read_names_only_the_kind_of_error() -> None:
    """The error's text may hold what the task holds."""
    item = an_item("queued", "processing")
    item["history"]["L"][0]["M"]["at"] = {"S": "hunter2"}
    with pytest.raises(UnreadableChange, match=r"^the change cannot be read: ValueError$"):
        to_event(a_change(an_item("queued"), item))
