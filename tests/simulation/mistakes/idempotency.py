"""Deliberate mistakes in idempotent and batch submission, one at a time; see `catalog.py`."""

import uuid
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest import mock

from functions.tasks.errors import Unavailable
from functions.tasks.intake import batch, submission
from functions.tasks.intake.batch import Chain, Outcome, Submission
from functions.tasks.intake.idempotency import IdempotencyKey
from functions.tasks.intake.submission import Accepted, Ports, TaskQueue
from functions.tasks.record import Record

Patch = AbstractContextManager[Any]


def _sends_no_replay() -> Patch:
    def submit(record: Record, ports: Ports) -> Accepted:
        accepted = submission.write(record, ports.records)
        if not accepted.replayed:
            submission.send(accepted.record, ports.queue)
        return accepted

    return mock.patch.object(submission, "submit", submit)


def _sends_first() -> Patch:
    def submit(record: Record, ports: Ports) -> Accepted:
        submission.send(record, ports.queue)
        return submission.write(record, ports.records)

    return mock.patch.object(submission, "submit", submit)


def _has_one_scope_for_all() -> Patch:
    task_id = IdempotencyKey.task_id

    def unscoped(self: IdempotencyKey, number: int = 0) -> str:
        return task_id(IdempotencyKey(caller=None, text=self.text), number)

    return mock.patch.object(IdempotencyKey, "task_id", unscoped)


def _makes_a_new_id_each_time() -> Patch:
    return mock.patch.object(IdempotencyKey, "task_id", side_effect=lambda *_: str(uuid.uuid4()))


@contextmanager
def _looks_at_no_payload() -> Generator[None]:
    with (
        mock.patch.object(submission, "request_hash", return_value="the same"),
        mock.patch.object(batch, "request_hash", return_value="the same"),
    ):
        yield


def _goes_on_behind_a_failure() -> Patch:
    def submit_chain(self: Submission, chain: Chain, first: Accepted) -> Mapping[int, Outcome]:
        return {position: self._submit(record, first) for position, record in chain}

    return mock.patch.object(Submission, "_submit_chain", submit_chain)


def _goes_backwards() -> Patch:
    chains = batch.by_ordering_key
    return mock.patch.object(batch, "by_ordering_key", lambda waiting: [one[::-1] for one in chains(waiting)])


def _believes_a_failed_send() -> Patch:
    send = submission.send

    def careless(record: Record, queue: TaskQueue) -> None:
        try:
            send(record, queue)
        except Unavailable:
            return

    return mock.patch.object(batch, "send", careless)


IDEMPOTENCY_MISTAKES: Mapping[str, Callable[[], Patch]] = {
    "a replay does not send again": _sends_no_replay,
    "a message is sent before its record is written": _sends_first,
    "idempotency keys are not scoped to their caller": _has_one_scope_for_all,
    "an idempotency key makes a new task each time": _makes_a_new_id_each_time,
    "an idempotency key is taken for any payload": _looks_at_no_payload,
    "a batch goes on behind a task that was not queued": _goes_on_behind_a_failure,
    "a batch hands its tasks in backwards": _goes_backwards,
    "a batch believes that a failed send was one": _believes_a_failed_send,
}
