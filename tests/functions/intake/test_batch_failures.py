"""POST /tasks/batch when table or queue fail, or time runs out: no task overtakes another of its key."""

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions import validator
from functions.tasks.intake.batch import MAX_BATCH_BYTES, START_WITHIN
from tests.builders import a_task
from tests.functions.fakes import FakeQueue, FakeStore, intake_ports
from tests.functions.support import CONTEXT, ApiResponse, post_batch

KEY = {"Idempotency-Key": "import-2026-11"}
REPLAYED = "Idempotent-Replayed"
INVALID = a_task(title="")
TOO_LARGE = a_task(type="demo.echo", data={"x": "x" * 200_000})


def tasks(*keys: str) -> list[dict[str, Any]]:
    """One task per key, with its position in its title."""
    return [a_task(title=f"{key}{position}", ordering_key=key) for position, key in enumerate(keys)]


def statuses(response: ApiResponse) -> list[int]:
    assert response.status == 207, response.document
    return [result["status"] for result in response.document["results"]]


NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Submission:
    """The validator's handler around fakes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.journal: list[str] = []
        self.store = FakeStore(self.journal)
        self.queue = FakeQueue(self.journal)
        self.ports = intake_ports(self.store, self.queue)
        # Each reading of the clock is later than the last: a request with several tasks has to finish.
        moments = (NOON + timedelta(milliseconds=100 * n) for n in itertools.count())
        self.ports = replace(self.ports, now=lambda: next(moments))
        monkeypatch.setattr(validator, "build", lambda: self.ports)

    def at(self, *seconds: float) -> None:
        """What the clock shows, one reading after the other."""
        moments = iter(seconds)
        self.ports = replace(self.ports, now=lambda: NOON + timedelta(seconds=next(moments)))

    def post(self, given: list[dict[str, Any]], **changes: Any) -> ApiResponse:
        return ApiResponse.of(validator.handler(post_batch(given, **changes), CONTEXT))

    @property
    def queued(self) -> list[str]:
        return [json.loads(message["body"])["title"] for message in self.queue.sent]


@pytest.fixture
def submission(monkeypatch: pytest.MonkeyPatch) -> Submission:
    return Submission(monkeypatch)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"tasks": [{f"x{n}": 1 for n in range(3000)}] * 25}),
        json.dumps({f"x{n}": 1 for n in range(75_000)}),
        json.dumps({"tasks": [{'"' * 500_000: 1}]}),
        '{"tasks": [' + ",".join([json.dumps(a_task(type="demo.echo", data={"x": "%"}))] * 25) + "]}",
        '{"tasks": [' + ",".join([json.dumps(a_task(type="demo.echo", data={"q": '"' * 20_000}))] * 25) + "]}",
    ],
    ids=["unknown fields", "unknown fields around", "a long name", "long numbers", "quotes"],
)
def test_no_response_is_larger_than_lambda_can_send(submission: Submission, text: str) -> None:
    room = MAX_BATCH_BYTES - len(text) - 100
    text = text.replace('"%"', "[" + ",".join(["1e15"] * (room // 25 // 5)) + "]")
    assert len(text) <= MAX_BATCH_BYTES, "the request is not refused for its size"
    response = validator.handler(post_batch(text), CONTEXT)
    assert response["statusCode"] in (207, 400)
    assert len(json.dumps(response, ensure_ascii=False).encode()) < 6_000_000


def about(title: str) -> Callable[[str], bool]:
    """Whether a message is this task's."""
    return lambda body: f'"title":"{title}"' in body


def test_a_task_that_could_not_be_queued_stops_its_key_and_no_other(submission: Submission) -> None:
    submission.queue.refuses = about("a1")
    response = submission.post(tasks(*"aabaa"), headers=KEY)
    assert statuses(response) == [202, 503, 202, 503, 503]
    assert int(response.headers["Retry-After"]) >= 1
    assert sorted(submission.queued) == ["a0", "b2"], "no task overtakes the failed one of its key"
    details = [result["problem"]["detail"] for result in response.document["results"] if "problem" in result]
    assert "earlier task" not in details[0]
    assert details[1] == (
        "An earlier task with the same ordering key could not be queued. It is safe to try again."
    ), "the client learns why a task was not attempted"
    assert REPLAYED not in response.headers


def test_a_retry_queues_the_rest_in_order(submission: Submission) -> None:
    submission.queue.refuses = about("a1")
    submission.post(tasks(*"aabaa"), headers=KEY)
    submission.queue.refuses = lambda _: False
    submission.queue.sent.clear()
    response = submission.post(tasks(*"aabaa"), headers=KEY)
    assert statuses(response) == [202] * 5
    assert [title for title in submission.queued if title[0] == "a"] == ["a0", "a1", "a3", "a4"]
    assert [result.get("replayed") for result in response.document["results"]] == [True, True, True, None, None]
    assert REPLAYED not in response.headers, "some of it is new"
    assert len(submission.store.records) == 5


def test_a_record_that_cannot_be_written_stops_its_key_too(submission: Submission) -> None:
    submission.store.refuses = lambda record: about("a1")(record.body)
    assert statuses(submission.post(tasks(*"aaba"))) == [202, 503, 202, 503]
    assert sorted(submission.queued) == ["a0", "b2"]


def test_nothing_is_started_when_the_first_record_cannot_be_written(submission: Submission) -> None:
    """It decides which batch owns the key: of two different batches, only one may have tasks accepted."""
    submission.store.refuses = lambda record: about("a0")(record.body)
    response = submission.post(tasks("a", "b"), headers=KEY)
    assert (response.status, submission.journal) == (503, ["put"])
    assert int(response.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("given", [tasks("a"), tasks("a", "b", "a")], ids=len)
def test_a_batch_of_which_nothing_could_be_queued_is_unavailable(
    submission: Submission, given: list[dict[str, Any]]
) -> None:
    submission.queue.refuses = lambda _: True
    response = submission.post(given, headers=KEY)
    assert response.status == 503
    assert int(response.headers["Retry-After"]) >= 1


def test_a_batch_ends_in_time(submission: Submission) -> None:
    submission.at(0, START_WITHIN.total_seconds())
    assert submission.post(tasks("a")).status == 503
    assert submission.queue.sent == []
    function, gateway, one_task = 28, 29, 21
    assert validator.KEYS_IN_PARALLEL < 10, "botocore keeps ten connections"
    assert START_WITHIN.total_seconds() + one_task < function < gateway


def test_tasks_that_a_batch_has_no_time_for_are_reported(submission: Submission) -> None:
    submission.at(0, 0, START_WITHIN.total_seconds())
    response = submission.post(tasks("a", "b"))
    assert statuses(response) == [202, 503]
    detail = response.document["results"][1]["problem"]["detail"]
    assert detail == "Earlier tasks of the batch took too long. It is safe to try again."


def test_each_record_of_a_batch_is_written_once(submission: Submission) -> None:
    submission.post(tasks("a", "b", "a"), headers=KEY)
    assert (submission.journal.count("put"), submission.journal.count("send")) == (3, 3)
