"""The decisions of the pipe, with a fake queue and a fake engine: what is deleted, what stays, what a target gets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from local.services.pipes.pipe import LONGEST_PAUSE, Execution, Message, PipeRoute, PipeWorker, accepted, record

Lines = list[Mapping[str, object]]
ROUTE = PipeRoute(source_arn="arn:aws:sqs:r:1:q.fifo", target_arn="arn:aws:states:r:1:stateMachine:m", region="r")


def message(message_id: str = "m-1") -> Message:
    return Message(
        message_id=message_id,
        receipt_handle=f"receipt-{message_id}",
        body='{"task_id": "ü"}',
        body_md5="md5",
        attributes={"ApproximateReceiveCount": "1", "MessageGroupId": "g", "SentTimestamp": "1700000000000"},
        message_attributes={"trace": {"StringValue": "abc", "DataType": "String"}},
    )


@dataclass
class FakeQueue:
    waiting: list[Message | Exception] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)

    def receive(self) -> Message | None:
        if not self.waiting:
            return None
        following = self.waiting.pop(0)
        if isinstance(following, Exception):
            raise following
        return following

    def delete(self, receipt_handle: str) -> None:
        self.deleted.append(receipt_handle)


@dataclass
class FakeEngine:
    outcome: Execution | Exception
    inputs: list[str] = field(default_factory=list)

    def start_sync_execution(self, state_machine_arn: str, input: str) -> Execution:  # noqa: A002 as in the protocol
        assert state_machine_arn == ROUTE.target_arn
        self.inputs.append(input)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def worker(queue: FakeQueue, outcome: Execution | Exception) -> tuple[PipeWorker, FakeEngine, Lines]:
    lines: Lines = []
    engine = FakeEngine(outcome)
    return PipeWorker(ROUTE, queue, engine, lines.append), engine, lines


def test_a_succeeded_execution_deletes_its_message_and_gets_an_array_of_one() -> None:
    queue = FakeQueue([message()])
    one, engine, lines = worker(queue, Execution(status="SUCCEEDED", output="{}"))
    assert one.step() == 0
    assert queue.deleted == ["receipt-m-1"]
    assert json.loads(engine.inputs[0]) == [record(message(), ROUTE)]
    assert lines == []


def test_a_record_has_exactly_the_shape_that_eventbridge_pipes_sends() -> None:
    assert record(message(), ROUTE) == {
        "messageId": "m-1",
        "receiptHandle": "receipt-m-1",
        "body": '{"task_id": "ü"}',
        "attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": "g", "SentTimestamp": "1700000000000"},
        "messageAttributes": {
            "trace": {"stringValue": "abc", "dataType": "String", "stringListValues": [], "binaryListValues": []}
        },
        "md5OfBody": "md5",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:r:1:q.fifo",
        "awsRegion": "r",
    }


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_a_message_whose_execution_did_not_succeed_stays(status: str) -> None:
    queue = FakeQueue([message()])
    one, _, lines = worker(queue, Execution(status=status, error="Broken", cause="why"))
    assert one.step() == 0
    assert queue.deleted == []
    assert (lines[0]["error"], lines[0]["cause"], lines[0]["message_id"]) == ("Broken", "why", "m-1")


def test_errors_are_logged_and_slow_the_worker_down_until_a_step_succeeds() -> None:
    queue = FakeQueue([OSError("gone") for _ in range(6)])
    one, _, lines = worker(queue, Execution(status="SUCCEEDED"))
    pauses = [one.step() for _ in range(6)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (0.5, LONGEST_PAUSE)
    assert len(lines) == 6
    assert one.step() == 0
    queue.waiting.append(OSError("again"))
    assert one.step() == 0.5, "after a success the pauses start again"


def test_an_execution_that_cannot_be_started_keeps_its_message() -> None:
    queue = FakeQueue([message()])
    one, _, lines = worker(queue, ValueError("no such machine"))
    assert one.step() > 0
    assert queue.deleted == []
    assert lines[0]["message_id"] == "m-1"


@pytest.mark.parametrize(
    ("output", "deleted"),
    [
        (None, True),
        ("", True),
        ("null", True),
        ("[1]", True),
        ("not JSON", True),
        ('{"result": 1}', True),
        ('{"batchItemFailures": []}', True),
        ('{"batchItemFailures": null}', True),
        ('{"batchItemFailures": [{"itemIdentifier": "m-1"}]}', False),
        ('{"batchItemFailures": [{"itemIdentifier": "unknown"}]}', False),
        ('{"batchItemFailures": "malformed"}', False),
        ('{"batchItemFailures": {}}', False),
    ],
)
def test_a_target_can_report_its_message_as_failed(output: str | None, deleted: bool) -> None:
    assert accepted(output) is deleted
