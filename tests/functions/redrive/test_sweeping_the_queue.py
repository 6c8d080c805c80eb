"""Redrive and the dead-letter queue: which dead letters are removed, kept or redriven."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions import redrive
from functions.adapters.dead_letters import SQSDeadLetters
from tests.builders import a_message, an_item
from tests.functions.conftest import FRESH_HOURS, Pipeline
from tests.functions.redrive.support import (
    FAILED_AT,
    a_dead_letter_of,
    a_failed_task,
    body,
    listed,
    redrive_many,
    redrive_one,
    redriven_by,
    send_dead,
    sent,
    unavailable,
    with_clock,
)

# Dead letters


def test_dead_letters_of_tasks_that_have_moved_on_are_removed_and_others_kept(pipeline: Pipeline) -> None:
    pipeline.put(an_item("queued", "processing", "succeeded", task_id={"S": "succeeded"}))
    pipeline.put(an_item("queued", "processing", task_id={"S": "on-its-way"}, redrives={"N": "1"}))
    a_failed_task(pipeline, "failed-again", attempts=2)
    for task_id in ("succeeded", "on-its-way", "failed-again", "expired"):
        a_dead_letter_of(pipeline, task_id, 1)

    response = redrive_many(dry_run=False, ordering_key="nothing")

    assert response.document["dead_letters_removed"] == 3
    kept = [(dead_letter["task_id"], dead_letter["attempts"]) for dead_letter in map(body, pipeline.dead_letters())]
    assert sorted(kept) == [("expired", 1), ("failed-again", 2)], "without a record, it is kept"


def test_a_task_cancelled_after_its_redrive_is_not_redriven_and_its_dead_letters_go(
    pipeline: Pipeline,
) -> None:
    pipeline.put(an_item("processing", "failed", "queued", "cancelled", task_id={"S": "a"}))
    a_dead_letter_of(pipeline, "a", 1)
    send_dead(pipeline, a_message(task_id="a"), group="k")

    refused = redrive_one("a")
    assert (refused.status, "was cancelled" in refused.document["detail"]) == (409, True)
    assert redriven_by() == []
    assert (pipeline.messages(), pipeline.dead_letters()) == ([], [])


def test_a_dead_letter_that_cannot_be_removed_is_harmless(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    a_failed_task(pipeline, "a")
    with monkeypatch.context() as patch:
        patch.setattr(SQSDeadLetters, "delete", lambda *_: unavailable())
        assert redriven_by() == ["a"]
    pipeline.put(an_item("queued", "processing", "succeeded", task_id={"S": "a"}))
    show_all(pipeline)

    assert redriven_by() == []
    assert sent(pipeline) == ["a"], "redriven once"
    assert pipeline.dead_letters() == [], "the dead letter is removed now"


def show_all(pipeline: Pipeline) -> None:
    """End the invisibility of everything in the dead-letter queue."""
    from moto.sqs.models import sqs_backends

    backend = sqs_backends["123456789012"]["eu-west-1"]
    for message in backend.queues["taskline-test-dead-letters.fifo"]._messages:
        message.visible_at = 0


# Messages that SQS moved to the dead-letter queue


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
    assert redriven_by() == ["1", "2", "3", "4", "other", "5"]
    assert [task for task in sent(pipeline) if task != "other"] == ["1", "2", "3", "4", "5"]
    assert pipeline.dead_letters() == []


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 200])
def test_a_dry_run_lists_what_the_real_run_redrives_whatever_the_limit(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr("functions.adapters.task_table.failures._PAGE", 2)
    a_failed_task(pipeline, "a1", 1, key="a")
    a_failed_task(pipeline, "m1", 1, key="m")
    an_undelivered_task(pipeline, "m2", key="m", sequence_number={"S": f"{2:020d}"})
    a_failed_task(pipeline, "m3", 3, key="m")
    an_undelivered_task(pipeline, "m4", key="m", sequence_number={"S": f"{4:020d}"})
    an_undelivered_task(pipeline, "n1", key="n")
    a_failed_task(pipeline, "z1", 1, key="z")
    a_failed_task(pipeline, "z2", 2, key="z")

    listed_ids = [task_id for page in pages(dry_run=True, limit=limit) for task_id in page]
    assert listed_ids == ["m1", "m2", "m3", "m4", "n1", "a1", "z1", "z2"]
    assert [task_id for page in pages(dry_run=False, limit=limit) for task_id in page] == listed_ids
    assert sorted(sent(pipeline)) == sorted(listed_ids)


def pages(**request: Any) -> Iterator[list[str]]:
    """The task ids of each page of a redrive."""
    while True:
        response = redrive_many(**request)
        yield listed(response)
        if "continuation" not in response.document:
            return
        request["continuation"] = response.document["continuation"]


def test_more_undelivered_messages_of_a_key_than_sqs_shows_at_once(pipeline: Pipeline) -> None:
    ids = [f"{number:02d}" for number in range(25)]
    for task_id in ids:
        an_undelivered_task(pipeline, task_id)

    assert redriven_by() == ids
    assert sent(pipeline) == ids


def test_an_undelivered_task_in_process_blocks_only_its_key(pipeline: Pipeline) -> None:
    lease = {"N": str(int((datetime.now(UTC) + timedelta(minutes=1)).timestamp() * 1000))}
    an_undelivered_task(pipeline, "busy", statuses=("queued", "processing"), lease_until=lease)
    an_undelivered_task(pipeline, "behind")
    a_failed_task(pipeline, "failed-behind", 9)
    an_undelivered_task(pipeline, "free", key="l", statuses=("queued", "processing"), lease_until={"N": "1"})

    response = redrive_many(dry_run=False)

    assert listed(response) == ["free"]
    assert response.document["busy_keys"] == ["k"]
    assert sorted(task["task_id"] for task in map(body, pipeline.dead_letters())) == [
        "behind",
        "busy",
        "failed-behind",
    ]


def test_an_undelivered_message_of_a_task_that_has_succeeded_is_removed(pipeline: Pipeline) -> None:
    an_undelivered_task(pipeline, "a", statuses=("queued", "processing", "succeeded"))

    assert redriven_by() == []
    assert (pipeline.messages(), pipeline.dead_letters()) == ([], [])


def test_an_undelivered_message_is_kept_while_its_tasks_failure_is_current(pipeline: Pipeline) -> None:
    """The state machine recorded the failure but could not send the dead letter: the message itself becomes one."""
    a_failed_task(pipeline, "a", dead_letter=False)
    send_dead(pipeline, a_message(task_id="a"), group="k")
    assert redriven_by(ordering_key="other") == []

    assert redriven_by() == ["a"]
    assert pipeline.dead_letters() == []


def test_an_undelivered_message_that_was_already_redriven_is_removed(pipeline: Pipeline) -> None:
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat(timespec="milliseconds")
    an_undelivered_task(pipeline, "a", redrives={"N": "1"}, redriven_at={"S": soon})

    assert redriven_by() == []
    assert pipeline.dead_letters() == [], "its redrive's message waits in the queue"


def test_an_undelivered_message_whose_redrive_crashed_is_sent_again(pipeline: Pipeline) -> None:
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat(timespec="milliseconds")
    an_undelivered_task(pipeline, "a", redrives={"N": "1"}, redriven_at={"S": soon}, failed_key={"S": "k"})

    assert redriven_by() == ["a"]
    assert pipeline.messages()[0]["Attributes"]["MessageDeduplicationId"] == "a-redrive-2"


@pytest.mark.parametrize("filters", [{"error_class": "SYSTEM"}, {"failed_from": FAILED_AT}, {"type": "email"}])
def test_a_filter_for_failures_excludes_undelivered_messages(pipeline: Pipeline, filters: dict[str, str]) -> None:
    an_undelivered_task(pipeline, "a")
    assert redriven_by(**filters) == []
    assert len(pipeline.dead_letters()) == 1


@pytest.mark.parametrize(("hours_ago", "redriven"), [(1, ["a"]), (FRESH_HOURS + 1, [])])
def test_a_message_without_a_record_is_sent_unless_its_record_may_have_expired(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, hours_ago: int, redriven: list[str]
) -> None:
    send_dead(pipeline, a_message(task_id="a"), group="k")
    later = with_clock(lambda: datetime.now(UTC) + timedelta(hours=hours_ago))
    with monkeypatch.context() as patch:
        patch.setattr(redrive, "build", lambda: later)
        assert listed(redrive_many()) == redriven
        assert redriven_by() == redriven
    assert sent(pipeline) == redriven
    assert len(pipeline.dead_letters()) == 1 - len(redriven)


# Malformed messages


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
def test_malformed_messages_are_listed_never_redriven_and_dropped_only_on_request(
    pipeline: Pipeline, message: str, reason: str
) -> None:
    send_dead(pipeline, message, group="k", deduplication_id="d")

    (found,) = redrive_many().document["malformed"]
    assert reason in found["reason"]
    assert redriven_by() == []
    (found,) = redrive_many(drop_malformed=True).document["malformed"]
    assert redrive_many(dry_run=False, drop_malformed=True).document["dead_letters_removed"] == 1, "not in the dry run"

    assert (pipeline.dead_letters(), pipeline.messages()) == ([], [])


def an_unclaimed_dead_letter(pipeline: Pipeline, task_id: str, sent_at: datetime) -> None:
    """What the state machine sends when its claim cannot be evaluated: it treats the message as malformed."""
    attributes = {"MessageGroupId": "k", "SentTimestamp": str(int(sent_at.timestamp() * 1000))}
    original = {"messageId": f"m-{task_id}", "body": a_message(task_id=task_id), "attributes": attributes}
    dead_letter = {"task_id": None, "error": {"message": "why"}, "attempts": 0, "message": original}
    send_dead(pipeline, json.dumps(dead_letter), group=f"m-{task_id}")


def test_tasks_that_a_broken_claim_treated_as_malformed_are_redriven_in_order(pipeline: Pipeline) -> None:
    now = datetime.now(UTC)
    for seconds, task_id in ((1, "later"), (3, "earlier")):
        an_unclaimed_dead_letter(pipeline, task_id, now - timedelta(seconds=seconds))

    assert redrive_many().document.get("malformed", []) == []
    assert redriven_by() == ["earlier", "later"]
    assert sent(pipeline) == ["earlier", "later"]
    assert pipeline.dead_letters() == []
