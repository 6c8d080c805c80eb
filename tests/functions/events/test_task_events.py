"""Task events: which records of the table's stream are events, and what they contain."""

import json
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from functions.adapters.topic import SNSEventTopic
from functions.tasks.events.event import UnreadableChange
from tests.builders import TASK_ID, TIMES, an_item
from tests.functions.events.support import SilentClient, a_change, a_failed_item, read, to_event

SECRETS = ["anna@example.com", "AKIAIOSFODNN7EXAMPLE", "4111 1111 1111 1111", "hunter2hunter2"]


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


def test_a_change_whose_times_cannot_be_read_names_only_the_kind_of_error() -> None:
    """The error's text may hold what the task holds."""
    item = an_item("queued", "processing")
    item["history"]["L"][0]["M"]["at"] = {"S": "hunter2"}
    with pytest.raises(UnreadableChange, match=r"^the change cannot be read: ValueError$"):
        to_event(a_change(an_item("queued"), item))
