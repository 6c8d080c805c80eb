"""Deliberate mistakes in sending, receiving and deleting messages; see `catalog.py`."""

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest import mock

from functions.adapters.queue import SQSTaskQueue
from functions.tasks.errors import Unavailable
from local.services.pipes.pipe import Execution, Message, PipeWorker

Patch = AbstractContextManager[object]


def _deletes_failures() -> Patch:
    def settle(self: Any, message: Message, execution: Execution) -> None:
        self._source.delete(message.receipt_handle)

    return mock.patch.object(PipeWorker, "settle", settle)


def _deletes_before_executing() -> Patch:
    event = PipeWorker.event

    def deleting(self: Any, message: Message) -> str:
        self._source.delete(message.receipt_handle)
        return event(self, message)

    return mock.patch.object(PipeWorker, "event", deleting)


def _never_deletes() -> Patch:
    return mock.patch.object(PipeWorker, "settle")


def _ignores_a_failed_send() -> Patch:
    send = SQSTaskQueue.send

    def ignoring(self: SQSTaskQueue, **message: str) -> None:
        try:
            send(self, **message)
        except Unavailable:
            return

    return mock.patch.object(SQSTaskQueue, "send", ignoring)


@contextmanager
def _sending(**changed: Callable[[dict[str, str]], str]) -> Generator[None]:
    send = SQSTaskQueue.send

    def wrong(self: SQSTaskQueue, **message: str) -> None:
        send(self, **{**message, **{name: change(message) for name, change in changed.items()}})

    with mock.patch.object(SQSTaskQueue, "send", wrong):
        yield


def _separates_the_messages_of_a_key() -> Patch:
    return _sending(group=lambda message: message["deduplication_id"])


def _deduplicates_a_whole_key() -> Patch:
    return _sending(deduplication_id=lambda message: message["group"])


MESSAGE_MISTAKES: Mapping[str, Callable[[], Patch]] = {
    "the pipe deletes the messages of failed executions": _deletes_failures,
    "the pipe deletes messages before it executes them": _deletes_before_executing,
    "the pipe never deletes a message": _never_deletes,
    "a failed send returns 202": _ignores_a_failed_send,
    "the messages of a key have different groups": _separates_the_messages_of_a_key,
    "the messages of a key share a deduplication id": _deduplicates_a_whole_key,
}
