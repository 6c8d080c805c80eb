"""Deliberate mistakes in idempotent and batch submission; see `catalog.py`."""

import uuid
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

from functions.tasks.errors import Unavailable
from functions.tasks.intake import batch, submission
from functions.tasks.intake.batch import Chain, Outcome, Submission
from functions.tasks.intake.idempotency import IdempotencyKey
from functions.tasks.intake.submission import Accepted, Ports, TaskQueue
from functions.tasks.record import Record

Patch = AbstractContextManager[Any]


def _replays_without_sending() -> Patch:
    def submit(record: Record, ports: Ports) -> Accepted:
        accepted = submission.write(record, ports.records)
        if not accepted.replayed:
            submission.send(accepted.record, ports.queue)
        return accepted

    return mock.patch.object(submission, "submit", submit)


def _sends_before_writing() -> Patch:
    def submit(record: Record, ports: Ports) -> Accepted:
        submission.send(record, ports.queue)
        return submission.write(record, ports.records)

    return mock.patch.object(submission, "submit", submit)


def _shares_keys_between_callers() -> Patch:
    task_id = IdempotencyKey.task_id

    def unscoped(self: IdempotencyKey, number: int = 0) -> str:
        return task_id(replace(self, caller=None), number)

    return mock.patch.object(IdempotencyKey, "task_id", unscoped)


def _hashes_without_a_secret() -> Patch:
    task_id = IdempotencyKey.task_id

    def plain(self: IdempotencyKey, number: int = 0) -> str:
        return task_id(replace(self, secret=b""), number)

    return mock.patch.object(IdempotencyKey, "task_id", plain)


def _generates_a_new_id_each_time() -> Patch:
    return mock.patch.object(IdempotencyKey, "task_id", side_effect=lambda *_: str(uuid.uuid4()))


@contextmanager
def _ignores_the_payload() -> Generator[None]:
    with (
        mock.patch.object(submission, "request_hash", return_value="the same"),
        mock.patch.object(batch, "request_hash", return_value="the same"),
    ):
        yield


def _continues_after_a_failure() -> Patch:
    def submit_chain(self: Submission, chain: Chain, first: Accepted) -> Mapping[int, Outcome]:
        return {position: self._submit(record, first) for position, record in chain}

    return mock.patch.object(Submission, "_submit_chain", submit_chain)


def _submits_in_reverse() -> Patch:
    chains = batch.by_ordering_key
    return mock.patch.object(batch, "by_ordering_key", lambda waiting: [chain[::-1] for chain in chains(waiting)])


def _ignores_a_failed_send() -> Patch:
    send = submission.send

    def ignoring(record: Record, queue: TaskQueue) -> None:
        try:
            send(record, queue)
        except Unavailable:
            return

    return mock.patch.object(batch, "send", ignoring)


IDEMPOTENCY_MISTAKES: Mapping[str, Callable[[], Patch]] = {
    "a replay does not send the message again": _replays_without_sending,
    "a message is sent before its record is written": _sends_before_writing,
    "idempotency keys are not scoped to their caller": _shares_keys_between_callers,
    "a task's id is a plain hash of caller and key": _hashes_without_a_secret,
    "an idempotency key creates a new task each time": _generates_a_new_id_each_time,
    "an idempotency key accepts any payload": _ignores_the_payload,
    "a batch continues after a task that was not queued": _continues_after_a_failure,
    "a batch submits its tasks in reverse order": _submits_in_reverse,
    "a batch treats a failed send as a success": _ignores_a_failed_send,
}
