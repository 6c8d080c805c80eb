"""POST /tasks/{task_id}/redrive and POST /redrive through the real handler, on moto's table and queues."""

import base64
import dataclasses
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions import redrive
from functions.adapters.dead_letters import SQSDeadLetters
from functions.adapters.failed_tasks import DynamoDBFailedTasks
from functions.adapters.queue import SQSTaskQueue
from functions.tasks.errors import Unavailable
from tests.builders import LEAVE_OUT, a_message, an_item
from tests.unit.conftest import FRESH_HOURS, Pipeline, a_new_pipeline
from tests.unit.documented import assert_documented
from tests.unit.support import CONTEXT, Answer, post

FAILED_AT = "2026-01-31T12:00:02.000Z"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SQSDeadLetters, "wait_seconds", 0)


@pytest.fixture
def pipeline() -> Iterator[Pipeline]:
    """For each test its own, because messages that are in flight after a test cannot be cleared away."""
    with a_new_pipeline() as made:
        yield made


def a_failed_task(pipeline: Pipeline, task_id: str, sequence: int = 1, *, key: str = "k", **changes: Any) -> None:
    """A failed task as the state machine leaves it: its record and its dead letter."""
    error = {"class": changes.pop("error_class", "NETWORK"), "type": "TaskNetworkError", "message": "no route"}
    attempts = changes.pop("attempts", 1)
    letter = changes.pop("letter", True)
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
    if letter:
        a_letter(pipeline, task_id, attempts, body)


def a_letter(pipeline: Pipeline, task_id: str, attempts: int, body: str = "{}") -> None:
    """A dead letter as the state machine sends it."""
    letter = {
        "task_id": task_id,
        "ordering_key": "k",
        "error": {"class": "NETWORK"},
        "attempts": attempts,
        "message": {"messageId": "m", "body": body},
    }
    send_dead(pipeline, json.dumps(letter), group=task_id, deduplication_id=f"{task_id}-{attempts}")


def send_dead(pipeline: Pipeline, body: str, group: str, deduplication_id: str = "") -> None:
    pipeline.sqs.send_message(
        QueueUrl=pipeline.dead_letters_url,
        MessageBody=body,
        MessageGroupId=group,
        MessageDeduplicationId=deduplication_id or str(hash(body)),
    )


def redrive_one(task_id: str) -> Answer:
    made = post(None, resource="/tasks/{task_id}/redrive", pathParameters={"task_id": task_id})
    return documented(made, "/tasks/{task_id}/redrive")


def redrive_many(**request: Any) -> Answer:
    return documented(post(request, resource="/redrive"), "/redrive")


def put_back(**request: Any) -> list[str]:
    """The ids of what a redrive put back."""
    answer = redrive_many(dry_run=False, **request)
    assert answer.status == 202, answer
    return listed(answer)


def documented(event: dict[str, Any], path: str) -> Answer:
    answer = Answer.of(redrive.handler(event, CONTEXT))
    assert_documented(answer, "POST", path)
    return answer


def listed(answer: Answer) -> list[str]:
    return [task["task_id"] for task in answer.document["tasks"]]


def with_clock(now: Callable[[], datetime]) -> redrive.Redriver:
    """What the handler works with, at another time."""
    return dataclasses.replace(redrive.build(), now=now)


def sent(pipeline: Pipeline) -> list[str]:
    """The task ids of what is in the queue, in order."""
    return [json.loads(message["Body"])["task_id"] for message in pipeline.messages()]


def record(pipeline: Pipeline, task_id: str) -> dict[str, Any]:
    (item,) = (item for item in pipeline.records() if item["task_id"]["S"] == task_id)
    return item


def test_a_failed_task_goes_back_with_its_whole_message(pipeline: Pipeline) -> None:
    a_failed_task(pipeline, "a", key="customer-7")

    answer = redrive_one("a")

    assert answer.status == 202
    assert answer.document["letters_removed"] == 1
    (task,) = answer.document["tasks"]
    assert (task["task_id"], task["ordering_key"], task["redrives"]) == ("a", "customer-7", 1)
    (message,) = pipeline.messages()
    assert message["Body"] == a_message(task_id="a", ordering_key="customer-7"), "to the letter"
    assert message["Attributes"]["MessageGroupId"] == "customer-7"
    assert message["Attributes"]["MessageDeduplicationId"] == "a-redrive-1"


def test_the_record_says_that_it_is_queued_and_the_history_why(pipeline: Pipeline) -> None:
    a_failed_task(pipeline, "a")

    redrive_one("a")

    item = record(pipeline, "a")
    assert (item["status"], item["redrives"], item["redrive_id"]) == (
        {"S": "queued"},
        {"N": "1"},
        {"S": "a-redrive-1"},
    )
    assert item["attempts"] == {"N": "1"}, "attempts count on"
    gone = {"error", "finished_at", "expires_at", "failed_key"}
    assert item.keys().isdisjoint(gone), "a queued task has no outcome, does not expire and has not failed"
    document = pipeline.read("a").document
    assert document["redrives"] == 1
    last = document["history"][-1]
    assert last["status"] == "queued"
    assert last["error"] == {"class": "NETWORK", "type": "TaskNetworkError", "message": "no route"}


@pytest.mark.parametrize("status", ["queued", "processing", "succeeded"])
def test_a_task_that_has_not_failed_is_a_conflict(pipeline: Pipeline, status: str) -> None:
    history = ("queued", "processing", "succeeded")[: ["queued", "processing", "succeeded"].index(status) + 1]
    pipeline.put(an_item(*history, task_id={"S": "a"}))
    before = pipeline.records()

    answer = redrive_one("a")

    assert answer.status == 409
    assert (pipeline.records(), pipeline.messages()) == (before, [])


@pytest.mark.parametrize("task_id", ["nobody", "x" * 129, "x" * 5000])
def test_an_unknown_task_is_not_found(pipeline: Pipeline, task_id: str) -> None:
    assert redrive_one(task_id).status == 404


def test_a_task_that_was_put_back_is_not_put_back_again(pipeline: Pipeline) -> None:
    a_failed_task(pipeline, "a")
    redrive_one("a")

    assert redrive_one("a").status == 409
    assert sent(pipeline) == ["a"]


def test_a_redrive_that_died_before_it_sent_is_finished_by_the_next(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_failed_task(pipeline, "a")
    with monkeypatch.context() as patch:
        patch.setattr(SQSTaskQueue, "send", lambda *_, **__: unavailable())
        assert redrive_one("a").status == 503
    assert pipeline.read("a").document["status"] == "queued"

    assert redrive_one("a").status == 202

    (message,) = pipeline.messages()
    assert message["Attributes"]["MessageDeduplicationId"] == "a-redrive-1", "the same redrive"
    assert record(pipeline, "a")["redrives"] == {"N": "1"}


@pytest.mark.parametrize("filters", [{}, {"error_class": "NETWORK"}, {"failed_from": FAILED_AT}])
def test_a_bulk_redrive_that_died_goes_on_in_order_whatever_the_filter(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, filters: dict[str, Any]
) -> None:
    for sequence, task_id in enumerate("abc"):
        a_failed_task(pipeline, task_id, sequence)
    calls = iter([send_message, lambda *_, **__: unavailable()])
    with monkeypatch.context() as patch:
        patch.setattr(SQSTaskQueue, "send", lambda *given, **message: next(calls)(*given, **message))
        assert redrive_many(dry_run=False, **filters).status == 503
    assert put_back(**filters) == ["b", "c"], "what was interrupted comes first, and what was sent is not sent again"
    assert sent(pipeline) == ["a", "b", "c"]


send_message = SQSTaskQueue.send


def unavailable() -> None:
    raise Unavailable


def test_a_redrive_that_died_before_it_settled_sends_nothing_twice(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_failed_task(pipeline, "a")
    with monkeypatch.context() as patch:
        patch.setattr(DynamoDBFailedTasks, "settle", lambda *_: unavailable())
        assert redrive_many(dry_run=False).status == 503

    assert put_back() == ["a"]
    assert sent(pipeline) == ["a"], "SQS drops the second message of the same redrive"


def test_two_operators_at_once_keep_the_order(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one meets a task that the first one has marked and not sent, and sends it before the next."""
    for sequence, task_id in enumerate("ab"):
        a_failed_task(pipeline, task_id, sequence)
    second: list[str] = []

    def overtaken(self: SQSTaskQueue, **message: str) -> None:
        monkeypatch.setattr(SQSTaskQueue, "send", send_message)
        second.extend(put_back())
        send_message(self, **message)

    monkeypatch.setattr(SQSTaskQueue, "send", overtaken)
    first = put_back()

    assert (second, first) == (["a", "b"], ["a"])
    assert sent(pipeline) == ["a", "b"]


def test_a_task_that_fails_again_is_put_back_again_with_a_number_of_its_own(pipeline: Pipeline) -> None:
    a_failed_task(pipeline, "a", redrives={"N": "1"}, redrive_id={"S": "a-redrive-1"}, attempts=2)

    assert redrive_one("a").document["tasks"][0]["redrives"] == 2
    assert pipeline.messages()[0]["Attributes"]["MessageDeduplicationId"] == "a-redrive-2"


def test_a_dry_run_is_the_default_and_changes_nothing(pipeline: Pipeline) -> None:
    a_failed_task(pipeline, "a")
    a_letter(pipeline, "succeeded-since", 1)
    pipeline.put(an_item("queued", "processing", "succeeded", task_id={"S": "succeeded-since"}))
    before = pipeline.records()

    answer = Answer.of(redrive.handler(post(None, resource="/redrive"), CONTEXT))

    assert (answer.status, answer.document["dry_run"], listed(answer)) == (200, True, ["a"])
    assert answer.document["tasks"][0]["redrives"] == 1, "as it would be"
    assert (pipeline.records(), pipeline.messages()) == (before, [])
    assert len(pipeline.letters()) == 2, "and the letters can be received at once"


def test_each_key_is_put_back_in_its_original_order(pipeline: Pipeline) -> None:
    for sequence, (task_id, key) in enumerate([("z", "k"), ("y", "l"), ("x", "k"), ("w", "k"), ("v", "l")]):
        a_failed_task(pipeline, task_id, sequence, key=key)

    assert put_back() == ["z", "x", "w", "y", "v"]
    assert [task for task in sent(pipeline) if task in "zxw"] == ["z", "x", "w"]
    assert pipeline.letters() == []


@pytest.mark.parametrize(
    ("filters", "taken"),
    [
        ({}, "abc"),
        ({"error_class": "SYSTEM"}, "b"),
        ({"type": "email"}, "c"),
        ({"ordering_key": "other"}, "b"),
        ({"ordering_key": "unknown"}, ""),
        ({"ordering_key": "k", "error_class": "SYSTEM"}, ""),
        ({"failed_from": "2026-01-31T13:00:00Z"}, "c"),
        ({"failed_until": "2026-01-31T14:00:00+02:00"}, ""),
        ({"failed_until": "2026-01-31T14:00:02+02:00"}, "ab"),
        ({"failed_from": "2026-01-31T12:00:00Z", "failed_until": "2026-01-31T12:30:00Z"}, "ab"),
    ],
)
def test_filters_pick_what_is_put_back(pipeline: Pipeline, filters: dict[str, Any], taken: str) -> None:
    a_failed_task(pipeline, "a", 1)
    a_failed_task(pipeline, "b", 2, key="other", error_class="SYSTEM")
    a_failed_task(pipeline, "c", 3, type={"S": "email"}, finished_at={"S": "2026-01-31T13:30:00.000Z"})

    assert sorted(listed(redrive_many(**filters))) == list(taken)
    assert sorted(put_back(**filters)) == list(taken)
    assert sorted(letter["task_id"] for letter in map(body, pipeline.letters())) == sorted(set("abc") - set(taken))


def body(message: dict[str, Any]) -> dict[str, Any]:
    return json.loads(message["Body"])


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_long_redrive_goes_on_where_it_stopped(pipeline: Pipeline, dry_run: bool) -> None:
    ids = [f"task-{number:02d}" for number in range(12)]
    for sequence, task_id in enumerate(ids):
        a_failed_task(pipeline, task_id, sequence, key=f"key-{sequence // 5}")
    taken: list[str] = []
    request: dict[str, Any] = {"dry_run": dry_run, "limit": 3}
    for _ in range(20):
        answer = redrive_many(**request)
        taken += listed(answer)
        if "continuation" not in answer.document:
            break
        request["continuation"] = answer.document["continuation"]

    assert taken == ids


def test_pages_of_keys_are_gone_through_one_after_the_other(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.adapters.failed_tasks._PAGE", 2)
    ids = [f"task-{number}" for number in range(7)]
    for sequence, task_id in enumerate(ids):
        a_failed_task(pipeline, task_id, sequence, key=f"key-{sequence // 3}")

    assert sorted(listed(redrive_many())) == ids, "each once"
    assert sorted(put_back()) == ids


def test_a_task_that_fails_again_during_a_redrive_is_left_for_the_next(pipeline: Pipeline) -> None:
    for sequence, task_id in enumerate("ab"):
        a_failed_task(pipeline, task_id, sequence)
    first = redrive_many(dry_run=False, limit=1)
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    a_failed_task(pipeline, "a", 0, attempts=2, redrives={"N": "1"}, finished_at={"S": soon})

    assert put_back(continuation=first.document["continuation"]) == ["b"], "else it would never end"


def test_no_call_takes_longer_than_the_gateway_waits(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    for sequence, task_id in enumerate("abc"):
        a_failed_task(pipeline, task_id, sequence)
    moments = (datetime.now(UTC) + timedelta(seconds=3 * n) for n in range(1000))
    slow = with_clock(lambda: next(moments))
    with monkeypatch.context() as patch:
        patch.setattr(redrive, "build", lambda: slow)
        answer = redrive_many(dry_run=False)

    assert 0 <= len(listed(answer)) < 3
    assert "continuation" in answer.document


@pytest.mark.parametrize(
    ("request_body", "field"),
    [
        ({"error_class": "BAD_LUCK"}, "error_class"),
        ({"failed_from": "yesterday"}, "failed_from"),
        ({"failed_until": "2026-01-31T12:00:00"}, "failed_until"),
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"dry_run": "no"}, "dry_run"),
        ({"continuation": "?"}, "continuation"),
        ({"continuation": "ü"}, "continuation"),
        ({"continuation": base64.b64encode(b'{"before": 1}').decode()}, "continuation"),
        ({"all": True}, "all"),
        ([], "body"),
        ("{", "body"),
    ],
)
def test_a_wrong_request_puts_nothing_back(pipeline: Pipeline, request_body: Any, field: str) -> None:
    a_failed_task(pipeline, "a")
    answer = documented(post(request_body, resource="/redrive"), "/redrive")

    assert answer.status == 400
    assert answer.fields == {field}
    assert pipeline.messages() == []


# Letters


def test_letters_of_tasks_that_have_gone_on_are_removed_and_others_kept(pipeline: Pipeline) -> None:
    pipeline.put(an_item("queued", "processing", "succeeded", task_id={"S": "succeeded"}))
    pipeline.put(an_item("queued", "processing", task_id={"S": "on-its-way"}, redrives={"N": "1"}))
    a_failed_task(pipeline, "failed-again", attempts=2)
    for task_id in ("succeeded", "on-its-way", "failed-again", "expired"):
        a_letter(pipeline, task_id, 1)

    answer = redrive_many(dry_run=False, ordering_key="nothing")

    assert answer.document["letters_removed"] == 3
    kept = [(letter["task_id"], letter["attempts"]) for letter in map(body, pipeline.letters())]
    assert sorted(kept) == [("expired", 1), ("failed-again", 2)], "a letter without a record is all that is left"


def test_a_task_that_was_cancelled_after_its_redrive_is_not_put_back_and_its_letters_go(pipeline: Pipeline) -> None:
    pipeline.put(an_item("processing", "failed", "queued", "cancelled", task_id={"S": "a"}))
    a_letter(pipeline, "a", 1)
    send_dead(pipeline, a_message(task_id="a"), group="k")

    refused = redrive_one("a")
    assert (refused.status, "was cancelled" in refused.document["detail"]) == (409, True)
    assert put_back() == []
    assert (pipeline.messages(), pipeline.letters()) == ([], [])


def test_a_letter_that_cannot_be_removed_does_no_harm(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    a_failed_task(pipeline, "a")
    with monkeypatch.context() as patch:
        patch.setattr(SQSDeadLetters, "delete", lambda *_: unavailable())
        assert put_back() == ["a"]
    pipeline.put(an_item("queued", "processing", "succeeded", task_id={"S": "a"}))
    show_all(pipeline)

    assert put_back() == []
    assert sent(pipeline) == ["a"], "put back once"
    assert pipeline.letters() == [], "and the letter is removed now"


def show_all(pipeline: Pipeline) -> None:
    """End the invisibility of everything in the dead-letter queue."""
    from moto.sqs.models import sqs_backends

    backend = sqs_backends["123456789012"]["eu-west-1"]
    for message in backend.queues["taskline-test-dead-letters.fifo"]._messages:
        message.visible_at = 0


# What SQS itself moved to the dead-letter queue


def an_undelivered_task(pipeline: Pipeline, task_id: str, *, key: str = "k", **changes: Any) -> None:
    """A task whose message was received too often: its record says queued, or processing."""
    message = a_message(task_id=task_id, ordering_key=key)
    statuses = changes.pop("statuses", ("queued",))
    given = {"task_id": {"S": task_id}, "ordering_key": {"S": key}, "body": {"S": message}, **changes}
    pipeline.put(an_item(*statuses, **given))
    send_dead(pipeline, message, group=key, deduplication_id=f"{task_id}-undelivered")


def test_undelivered_messages_are_sent_again_in_order_between_the_failures(pipeline: Pipeline) -> None:
    def at(second: int) -> dict[str, Any]:
        return {"created_at": {"S": f"2026-01-31T12:00:{second:02d}.000Z"}}

    a_failed_task(pipeline, "1", 1, **at(1))
    an_undelivered_task(pipeline, "2", **at(2))
    a_failed_task(pipeline, "3", 3, **at(3))
    an_undelivered_task(pipeline, "4", **at(5), sequence_number={"S": f"{4:020d}"})
    a_failed_task(pipeline, "5", 5, **at(4))
    an_undelivered_task(pipeline, "other", key="l", **at(1))

    assert listed(redrive_many()) == ["1", "2", "3", "4", "other", "5"]
    assert put_back() == ["1", "2", "3", "4", "other", "5"]
    assert [task for task in sent(pipeline) if task != "other"] == ["1", "2", "3", "4", "5"]
    assert pipeline.letters() == []


def test_more_undelivered_messages_of_a_key_than_sqs_shows_at_once(pipeline: Pipeline) -> None:
    ids = [f"{number:02d}" for number in range(25)]
    for task_id in ids:
        an_undelivered_task(pipeline, task_id)

    assert put_back() == ids
    assert sent(pipeline) == ids


def test_an_undelivered_task_that_an_execution_still_has_blocks_its_key_only(pipeline: Pipeline) -> None:
    lease = {"N": str(int((datetime.now(UTC) + timedelta(minutes=1)).timestamp() * 1000))}
    an_undelivered_task(pipeline, "busy", statuses=("queued", "processing"), lease_until=lease)
    an_undelivered_task(pipeline, "behind")
    a_failed_task(pipeline, "failed-behind", 9)
    an_undelivered_task(pipeline, "free", key="l", statuses=("queued", "processing"), lease_until={"N": "1"})

    answer = redrive_many(dry_run=False)

    assert listed(answer) == ["free"]
    assert answer.document["busy_keys"] == ["k"]
    assert sorted(task["task_id"] for task in map(body, pipeline.letters())) == ["behind", "busy", "failed-behind"]


def test_an_undelivered_message_of_a_task_that_has_succeeded_is_removed(pipeline: Pipeline) -> None:
    an_undelivered_task(pipeline, "a", statuses=("queued", "processing", "succeeded"))

    assert put_back() == []
    assert (pipeline.messages(), pipeline.letters()) == ([], [])


def test_an_undelivered_message_is_kept_while_its_task_s_failure_stands(pipeline: Pipeline) -> None:
    """The machine could record the failure and not send the letter: the message itself is the letter then."""
    a_failed_task(pipeline, "a", letter=False)
    send_dead(pipeline, a_message(task_id="a"), group="k")
    assert put_back(ordering_key="other") == []

    assert put_back() == ["a"]
    assert pipeline.letters() == []


def test_an_undelivered_message_that_was_put_back_already_is_removed(pipeline: Pipeline) -> None:
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat(timespec="milliseconds")
    an_undelivered_task(pipeline, "a", redrives={"N": "1"}, redriven_at={"S": soon})

    assert put_back() == []
    assert pipeline.letters() == [], "its redrive's message waits in the queue"


def test_an_undelivered_message_whose_redrive_died_is_sent_again(pipeline: Pipeline) -> None:
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat(timespec="milliseconds")
    an_undelivered_task(pipeline, "a", redrives={"N": "1"}, redriven_at={"S": soon}, failed_key={"S": "k"})

    assert put_back() == ["a"]
    assert pipeline.messages()[0]["Attributes"]["MessageDeduplicationId"] == "a-redrive-2"


@pytest.mark.parametrize("filters", [{"error_class": "SYSTEM"}, {"failed_from": FAILED_AT}, {"type": "email"}])
def test_a_filter_for_failures_takes_no_undelivered_message(pipeline: Pipeline, filters: dict[str, str]) -> None:
    an_undelivered_task(pipeline, "a")
    assert put_back(**filters) == []
    assert len(pipeline.letters()) == 1


@pytest.mark.parametrize(("hours_ago", "taken"), [(1, ["a"]), (FRESH_HOURS + 1, [])])
def test_a_message_without_a_record_is_sent_unless_its_record_may_have_expired(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, hours_ago: int, taken: list[str]
) -> None:
    send_dead(pipeline, a_message(task_id="a"), group="k")
    later = with_clock(lambda: datetime.now(UTC) + timedelta(hours=hours_ago))
    with monkeypatch.context() as patch:
        patch.setattr(redrive, "build", lambda: later)
        assert listed(redrive_many()) == taken
        assert put_back() == taken
    assert sent(pipeline) == taken
    assert len(pipeline.letters()) == 1 - len(taken)


# Messages that are no tasks


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("{not json", "not a JSON object"),
        ("[]", "not a JSON object"),
        ("[" * 20_000, "not a JSON object"),
        ('{"title": "no id"}', "no task_id"),
        ('{"task_id": "two words"}', "no task_id"),
        ('{"task_id": null, "error": {"message": "why"}, "attempts": 0, "message": {"messageId": "m"}}', "why"),
    ],
)  # fmt: skip
def test_what_is_no_task_is_listed_never_put_back_and_dropped_only_on_request(
    pipeline: Pipeline, message: str, reason: str
) -> None:
    send_dead(pipeline, message, group="k", deduplication_id="d")

    (found,) = redrive_many().document["malformed"]
    assert reason in found["reason"]
    assert put_back() == []
    (found,) = redrive_many(drop_malformed=True).document["malformed"]
    assert redrive_many(dry_run=False, drop_malformed=True).document["letters_removed"] == 1, "not in the dry run"

    assert (pipeline.letters(), pipeline.messages()) == ([], [])


def an_unclaimed_letter(pipeline: Pipeline, task_id: str, sent_at: datetime) -> None:
    """As the machine leaves it when its claim cannot even be expressed: the message is taken for no task."""
    attributes = {"MessageGroupId": "k", "SentTimestamp": str(int(sent_at.timestamp() * 1000))}
    original = {"messageId": f"m-{task_id}", "body": a_message(task_id=task_id), "attributes": attributes}
    letter = {"task_id": None, "error": {"message": "why"}, "attempts": 0, "message": original}
    send_dead(pipeline, json.dumps(letter), group=f"m-{task_id}")


def test_tasks_that_a_broken_claim_took_for_none_are_put_back_in_order(pipeline: Pipeline) -> None:
    now = datetime.now(UTC)
    for seconds, task_id in ((1, "later"), (3, "earlier")):
        an_unclaimed_letter(pipeline, task_id, now - timedelta(seconds=seconds))

    assert redrive_many().document.get("malformed", []) == []
    assert put_back() == ["earlier", "later"]
    assert sent(pipeline) == ["earlier", "later"]
    assert pipeline.letters() == []


def test_a_table_that_does_not_answer_is_unavailable(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    a_failed_task(pipeline, "a")
    monkeypatch.setenv("TABLE_NAME", "gone")
    redrive.build.cache_clear()
    try:
        assert redrive_one("a").status == 503
        assert redrive_many().status == 503
    finally:
        redrive.build.cache_clear()


def test_keys_left_out_of_an_answer_are_no_missing_records() -> None:
    class Throttled:
        def batch_get_item(self, **_: Any) -> Any:
            return {"Responses": {"t": []}, "UnprocessedKeys": {"t": {"Keys": []}}}

    with pytest.raises(Unavailable):
        DynamoDBFailedTasks("t", Throttled()).states(["a"])  # pyright: ignore[reportArgumentType]


def test_a_record_of_before_has_no_index_entry_and_is_put_back_one_by_one(pipeline: Pipeline) -> None:
    a_failed_task(pipeline, "a", failed_key=LEAVE_OUT, sequence_number=LEAVE_OUT)
    assert put_back() == []
    assert redrive_one("a").status == 202
