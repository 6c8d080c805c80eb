"""DELETE /tasks/{task_id}: a queued task is cancelled, whatever happens concurrently."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.adapters.task_table.indexes import status_shard
from functions.tasks.cancelling import cancel
from functions.tasks.errors import Conflict, NotFound, Unavailable
from functions.tasks.model import Status
from functions.tasks.record import Record
from functions.tasks.tenancy import View
from tests.builders import A_FAILURE, TASK_ID, TIMES, a_task, an_item
from tests.functions.conftest import FRESH_HOURS, Pipeline
from tests.functions.events.support import to_event

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def item(pipeline: Pipeline) -> dict[str, Any]:
    (only,) = pipeline.records()
    return only


def test_a_queued_task_is_cancelled_and_shown(pipeline: Pipeline) -> None:
    task_id = pipeline.post(a_task()).document["task_id"]

    response = pipeline.cancel(task_id)

    assert response.status == 200
    assert response.document == pipeline.read(task_id).document
    assert response.document["status"] == "cancelled"
    assert [entry["status"] for entry in response.document["history"]] == ["queued", "cancelled"]
    assert response.document["history"][-1]["at"] == response.document["finished_at"]
    assert response.document["links"].keys() == {"self", "same_key"}, "it can neither be cancelled nor redriven"


def test_the_record_of_a_cancelled_task_outlives_its_message(pipeline: Pipeline) -> None:
    pipeline.put(an_item("queued"))
    before = datetime.now(UTC)
    pipeline.cancel(TASK_ID)
    expires_at = datetime.fromtimestamp(int(item(pipeline)["expires_at"]["N"]), UTC)
    assert abs(expires_at - before - timedelta(hours=FRESH_HOURS)) < timedelta(minutes=1)


def test_a_task_is_cancelled_once_and_the_second_response_is_the_same(pipeline: Pipeline) -> None:
    pipeline.put(an_item("queued"))
    first, second = pipeline.cancel(TASK_ID), pipeline.cancel(TASK_ID)
    assert (second.status, second.document) == (200, first.document)


@pytest.mark.parametrize(
    ("too_late", "reason"),
    [
        (an_item("queued", "processing"), "is being processed"),
        (an_item("queued", "processing", "succeeded", result={"S": "null"}), "has succeeded"),
        (an_item("queued", "processing", "failed", **A_FAILURE), "has failed"),
    ],
    ids=lambda value: value if isinstance(value, str) else value["status"]["S"],
)
def test_a_task_that_is_no_longer_queued_stays_as_it_is(
    pipeline: Pipeline, too_late: dict[str, Any], reason: str
) -> None:
    pipeline.put(too_late)
    response = pipeline.cancel(TASK_ID)
    assert response.status == 409
    assert reason in response.document["detail"]
    assert item(pipeline) == too_late


@pytest.mark.parametrize("task_id", ["no-such-task", "x" * 129, "x" * 3000])
def test_an_unknown_task_cannot_be_cancelled(pipeline: Pipeline, task_id: str) -> None:
    """Nor can a message of another producer that has no record yet: there is nothing to write to."""
    assert pipeline.cancel(task_id).status == 404
    assert pipeline.records() == [], "no record is created"


def test_a_redriven_task_that_waits_again_leaves_the_index_of_failed_tasks(pipeline: Pipeline) -> None:
    pipeline.put(an_item("queued", "processing", "queued", failed_key={"S": "task-processing"}, redrives={"N": "1"}))
    assert pipeline.cancel(TASK_ID).status == 200
    assert "failed_key" not in item(pipeline)


def test_a_cancelled_task_is_listed_as_such(pipeline: Pipeline) -> None:
    pipeline.put(an_item("queued"))
    pipeline.cancel(TASK_ID)
    assert item(pipeline)["status_shard"] == {"S": status_shard(Status.CANCELLED, TASK_ID)}
    assert [task["task_id"] for task in pipeline.page(status="cancelled").document["tasks"]] == [TASK_ID]
    assert pipeline.page(status="queued").document == {"tasks": []}


def test_a_cancellation_is_an_event(pipeline: Pipeline) -> None:
    pipeline.put(an_item("queued"))
    old = item(pipeline)
    pipeline.cancel(TASK_ID)
    event = to_event(
        {"eventID": "1", "dynamodb": {"SequenceNumber": "1", "OldImage": old, "NewImage": item(pipeline)}}
    )
    assert event is not None
    assert (event.attributes()["status"], event.previous_status) == ("cancelled", "queued")
    document = json.loads(event.document())
    assert document.keys().isdisjoint({"error", "start_to_finish_ms", "queue_to_start_ms"})
    assert event.at == item(pipeline)["finished_at"]["S"]


def a_record(status: Status) -> Record:
    return Record(
        task_id=TASK_ID, status=status, ordering_key="k", type="t", priority="low", created_at=TIMES[0], body="{}"
    )


class Contested:
    """Records that an execution claims and returns while they are being cancelled."""

    def __init__(self, *seen: Status) -> None:
        self.seen = list(seen)
        self.tries = 0

    def cancel(self, task_id: str, view: View, *, at: str, expires_at: int) -> Record | None:
        self.tries += 1
        return None if self.seen else a_record(Status.CANCELLED)

    def request_cancel(self, task_id: str, view: View, *, at: str) -> Record | None:
        return None

    def get(self, task_id: str) -> Record | None:
        return a_record(self.seen.pop(0))


def test_cancelling_is_retried_when_the_task_returns_to_the_queue() -> None:
    records = Contested(Status.QUEUED)
    assert cancel(TASK_ID, View(), records=records, now=NOW, keep_for=timedelta(1)).status is Status.CANCELLED
    assert records.tries == 2


def test_a_task_that_does_not_exist_is_named() -> None:
    class Empty(Contested):
        def get(self, task_id: str) -> None:
            return None

    with pytest.raises(NotFound, match=rf"^There is no task '{TASK_ID}'\.$"):
        cancel(TASK_ID, View(), records=Empty(Status.QUEUED), now=NOW, keep_for=timedelta(1))


def test_a_claim_that_comes_first_wins() -> None:
    with pytest.raises(Conflict, match=r"^The task '.+' is being processed\.$"):
        cancel(TASK_ID, View(), records=Contested(Status.PROCESSING), now=NOW, keep_for=timedelta(1))


def test_cancelling_gives_up_on_a_task_that_keeps_being_claimed_and_returned() -> None:
    with pytest.raises(Unavailable, match=rf"^the task '{TASK_ID}' keeps being claimed and returned to the queue$"):
        cancel(TASK_ID, View(), records=Contested(*[Status.QUEUED] * 9), now=NOW, keep_for=timedelta(1))
