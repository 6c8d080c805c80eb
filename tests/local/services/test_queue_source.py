"""How the pipe's workers poll their queue: one waits for messages, the others poll when there is a reason."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from local.services.pipes.runner import POLL_SECONDS, SqsSource
from testing.services.fifo import InMemoryFifo


def a_message(name: str) -> dict[str, Any]:
    return {"MessageId": name, "ReceiptHandle": f"receipt-{name}", "Body": "{}", "MD5OfBody": "0"}


class FakeSqs:
    """A queue that hands out its messages, and notes the wait time of each poll."""

    def __init__(self, *names: str) -> None:
        self.messages = [a_message(name) for name in names]
        self.waits: list[int] = []
        self.deleted: list[str] = []
        self.broken: Exception | None = None

    def receive_message(self, **request: Any) -> dict[str, Any]:
        assert request["MaxNumberOfMessages"] == 1, "one, so that a group has one message in flight"
        self.waits.append(request["WaitTimeSeconds"])
        if self.broken is not None:
            raise self.broken
        return {"Messages": [self.messages.pop(0)]} if self.messages else {}

    def delete_message(self, **request: Any) -> None:
        self.deleted.append(request["ReceiptHandle"])


def source(sqs: Any, is_open: bool = True) -> SqsSource:
    return SqsSource(sqs, "url", lambda: is_open)


def test_a_quiet_queue_is_polled_long_and_one_that_had_a_message_immediately() -> None:
    sqs = FakeSqs("one")
    one = source(sqs)
    assert one.receive() is not None
    assert one.receive() is None
    assert one.receive() is None
    assert sqs.waits == [0, 0, POLL_SECONDS], "there may be more where one was found"


def test_a_posted_message_is_polled_for_immediately() -> None:
    sqs = FakeSqs()
    one = source(sqs)
    for _ in range(2):
        one.receive()
    sqs.messages = [a_message("one")]
    one.posted()
    assert one.receive() is not None
    assert sqs.waits == [0, POLL_SECONDS, 0]


def test_after_a_finished_message_the_next_of_its_group_is_polled_for_immediately() -> None:
    sqs = FakeSqs("one")
    one = source(sqs)
    first = one.receive()
    assert first is not None
    with ThreadPoolExecutor(1) as other:
        assert other.submit(one.receive).result() is None, "its group has one in flight"
    one.delete(first.receipt_handle)
    sqs.messages = [a_message("two")]
    assert one.receive() is not None
    assert sqs.waits == [0, 0, 0]
    assert sqs.deleted == ["receipt-one"]


def test_a_closed_source_does_not_poll() -> None:
    sqs = FakeSqs("one")
    assert source(sqs, is_open=False).receive() is None
    assert sqs.waits == []


def test_a_queue_that_does_not_respond_is_polled_again() -> None:
    sqs = FakeSqs()
    one = source(sqs)
    sqs.broken = OSError("gone")
    for _ in range(3):
        with pytest.raises(OSError, match="gone"):
            one.receive()
    sqs.broken = None
    one.receive()
    assert sqs.waits == [0, POLL_SECONDS, POLL_SECONDS, POLL_SECONDS], "a failed poll leaves no listener behind"


@dataclass
class SlowSqs:
    """A queue that responds when it may."""

    polled: threading.Event = field(default_factory=threading.Event)
    may_respond: threading.Event = field(default_factory=threading.Event)
    log: list[str] = field(default_factory=list[str])

    def receive_message(self, **_: Any) -> dict[str, Any]:
        self.polled.set()
        assert self.may_respond.wait(20)
        self.log.append("received")
        return {"Messages": [a_message("one")]}


def test_a_source_has_settled_when_no_receive_is_in_flight() -> None:
    """A message that a stopped pipe still received would be in flight with no worker to process it."""
    sqs = SlowSqs()
    one = source(sqs)

    def settle() -> None:
        one.settle()
        sqs.log.append("settled")

    with ThreadPoolExecutor(2) as threads:
        receiving = threads.submit(one.receive)
        assert sqs.polled.wait(20)
        settling = threads.submit(settle)
        sqs.may_respond.set()
        settling.result(20)
        assert receiving.result(20) is not None
    assert sqs.log == ["received", "settled"]
    one.settle()


class FifoSqs:
    """A FIFO queue for any thread, with long polls that end when a message is visible."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self._fifo = InMemoryFifo(lambda: 0.0)
        self._changed = threading.Condition()

    def send(self, body: str, group: str) -> None:
        with self._changed:
            self._fifo.send(body, group, body)
            self._changed.notify_all()

    def receive_message(self, **request: Any) -> dict[str, Any]:
        with self._changed:
            message = self._fifo.receive()
            if message is None and request["WaitTimeSeconds"]:
                self._changed.wait(0.01)
                message = self._fifo.receive()
            if message is None:
                return {}
            self.taken.append(message.body)
            handles = {"MessageId": message.message_id, "ReceiptHandle": message.receipt_handle}
            return {"Messages": [{**handles, "Body": message.body, "MD5OfBody": "0"}]}

    def delete_message(self, **request: Any) -> None:
        with self._changed:
            self._fifo.delete(request["ReceiptHandle"])
            self._changed.notify_all()


def work(one: SqsSource, processed: threading.Semaphore, done: threading.Event) -> None:
    while not done.is_set():
        message = one.receive()
        if message is not None:
            one.delete(message.receipt_handle)
            processed.release()


def produce(sqs: FifoSqs, announce: Callable[[], None], number: int) -> None:
    for task in range(50):
        sqs.send(f"{number}-{task:02}", f"key-{number % 3}")
        announce()


def test_many_workers_and_producers_lose_nothing_and_keep_the_order_of_each_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("local.services.pipes.runner.POLL_SECONDS", 0.01)
    sqs, processed, done = FifoSqs(), threading.Semaphore(0), threading.Event()
    one = source(sqs)
    announcing: list[Callable[[], None]] = [one.posted, one.posted, lambda: None]
    with ThreadPoolExecutor(12) as threads:
        running = [threads.submit(work, one, processed, done) for _ in range(8)]
        running += [threads.submit(produce, sqs, announce, number) for number, announce in enumerate(announcing)]
        everything = all(processed.acquire(timeout=30) for _ in range(150))
        done.set()
        for future in running:
            future.result(60)
    assert everything, "a message was lost"
    for number in range(3):
        of_one = [body for body in sqs.taken if body.startswith(f"{number}-")]
        assert len(of_one) == 50
        assert of_one == sorted(of_one)
