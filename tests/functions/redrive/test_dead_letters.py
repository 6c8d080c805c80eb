"""How dead letters are parsed, and judged by their tasks' records, to the millisecond."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.adapters.dead_letters import read_dead_letter
from functions.tasks.model import DEFAULT_TYPE, Status
from functions.tasks.redrive.dead_letters import DeadLetter, Kind, Received, Verdict, judge
from tests.functions.redrive.fakes import FRESH, NOON, SECOND, a_dead_letter, a_received, a_state

MILLISECOND = timedelta(milliseconds=1)


# Parsing


def test_a_failure_is_read_with_its_attempts() -> None:
    dead_letter = read_dead_letter(a_received(a_dead_letter()))
    assert (dead_letter.kind, dead_letter.task_id, dead_letter.attempts) == (Kind.FAILURE, "a", 3)


@pytest.mark.parametrize(("attempts", "read"), [(2.0, 2), ("many", 0), (None, 0)])
def test_attempts_that_are_not_a_number_count_as_none(attempts: Any, read: int) -> None:
    """The minimum: such a dead letter is stale as soon as its task has run again."""
    assert read_dead_letter(a_received(a_dead_letter(attempts=attempts))).attempts == read


@pytest.mark.parametrize("more", [{"attempts": 3}, {"message": {}}, {"error": {}}, {"message": {}, "error": {}}])
def test_a_message_that_only_looks_like_a_failure_is_undelivered(more: dict[str, Any]) -> None:
    """A producer that sends to the queue directly may write anything into its message."""
    dead_letter = read_dead_letter(a_received({"task_id": "a", "type": "email"} | more))
    assert (dead_letter.kind, dead_letter.task_id, dead_letter.type) == (Kind.UNDELIVERED, "a", "email")


def test_an_undelivered_message_without_a_type_has_the_default_type() -> None:
    assert read_dead_letter(a_received({"task_id": "a"})).type == DEFAULT_TYPE
    assert read_dead_letter(a_received({"task_id": "a", "type": 7})).type == DEFAULT_TYPE


@pytest.mark.parametrize(
    ("body", "message_id", "reason"),
    [
        ("{not json", "dead-1", "the message is not a JSON object"),
        ("[]", "dead-1", "the message is not a JSON object"),
        ({"title": "no id"}, "dead-1", "the message has no task_id"),
        ({"task_id": "two words"}, "dead-1", "the message has no task_id"),
        (a_dead_letter(task_id=None), "first-1", "no route"),
        (a_dead_letter(task_id=None, error={}), "first-1", "the message is not a task"),
        (a_dead_letter(task_id=None, message={}), "dead-1", "no route"),
    ],
)
def test_a_malformed_message_has_a_reason_and_its_original_id(body: Any, message_id: str, reason: str) -> None:
    dead_letter = read_dead_letter(a_received(body))
    assert (dead_letter.kind, dead_letter.original_id, dead_letter.reason) == (Kind.MALFORMED, message_id, reason)


def an_unclaimed(body: Any) -> Received:
    """A dead letter of a message that the claim treated as malformed."""
    attributes = {"MessageGroupId": "customer-42", "SentTimestamp": "1769860800250"}
    message = {"messageId": "first-1", "body": json.dumps(body), "attributes": attributes}
    return a_received(a_dead_letter(task_id=None, attempts=0, message=message))


def test_a_task_that_was_never_claimed_is_read_as_it_was_sent() -> None:
    dead_letter = read_dead_letter(an_unclaimed({"task_id": "a", "type": "email"}))
    assert (dead_letter.kind, dead_letter.task_id, dead_letter.type) == (Kind.UNDELIVERED, "a", "email")
    assert (dead_letter.received.group, dead_letter.received.sent_at) == ("customer-42", NOON + 250 * MILLISECOND)
    assert dead_letter.received.receipt == "r", "it is the dead letter that is deleted"


@pytest.mark.parametrize("body", [[], None, "text", {"title": "no id"}])
def test_a_message_that_the_claim_refused_rightly_keeps_its_reason(body: Any) -> None:
    dead_letter = read_dead_letter(an_unclaimed(body))
    assert (dead_letter.kind, dead_letter.original_id, dead_letter.reason) == (Kind.MALFORMED, "first-1", "no route")


# Judging


def a_dead_letter_of(kind: Kind, sent_at: datetime = NOON) -> DeadLetter:
    return DeadLetter(received=a_received("{}", sent_at=sent_at), kind=kind, task_id="a", attempts=2)


@pytest.mark.parametrize(
    ("age", "verdict"), [(FRESH - MILLISECOND, Verdict.SEND), (FRESH, Verdict.CURRENT), (2 * FRESH, Verdict.CURRENT)]
)
def test_a_message_without_a_record_is_sent_until_one_may_have_expired(age: timedelta, verdict: Verdict) -> None:
    assert judge(a_dead_letter_of(Kind.UNDELIVERED), None, NOON + age, FRESH) is verdict
    assert judge(a_dead_letter_of(Kind.FAILURE), None, NOON + age, FRESH) is Verdict.CURRENT


@pytest.mark.parametrize(
    ("until", "verdict"), [(-MILLISECOND, Verdict.SEND), (0 * SECOND, Verdict.BUSY), (60 * SECOND, Verdict.BUSY)]
)
def test_a_task_is_busy_up_to_the_last_millisecond_of_its_lease(until: timedelta, verdict: Verdict) -> None:
    lease_until = int((NOON + until).timestamp() * 1000)
    processing = a_state(status=Status.PROCESSING, lease_until=lease_until)
    assert judge(a_dead_letter_of(Kind.UNDELIVERED), processing, NOON, FRESH) is verdict


@pytest.mark.parametrize(
    ("later", "verdict"),
    [(0 * SECOND, Verdict.SEND), (5 * SECOND, Verdict.SEND), (5 * SECOND + MILLISECOND, Verdict.STALE)],
)
def test_a_message_is_stale_when_it_was_sent_before_the_redrive_by_any_clock(
    later: timedelta, verdict: Verdict
) -> None:
    """SQS's clock and ours may differ by five seconds."""
    redriven = a_state(redriven_at=NOON + later)
    assert judge(a_dead_letter_of(Kind.UNDELIVERED), redriven, NOON + FRESH, FRESH) is verdict


@pytest.mark.parametrize(("attempts", "verdict"), [(1, Verdict.CURRENT), (2, Verdict.CURRENT), (3, Verdict.STALE)])
def test_a_failure_is_current_until_its_task_has_run_again(attempts: int, verdict: Verdict) -> None:
    assert (
        judge(a_dead_letter_of(Kind.FAILURE), a_state(status=Status.FAILED, attempts=attempts), NOON, FRESH) is verdict
    )
