"""An in-memory SQS FIFO queue with the semantics that the design rests on, on virtual time.

Groups (a group with a message in flight gives no other), visibility timeouts, receipt handles that go stale,
deduplication for five minutes per group, receive counts, redrive to a dead-letter queue.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

DEDUPLICATION_SECONDS = 300.0


@dataclass
class Stored:
    """A message in the queue; times in seconds of virtual time."""

    message_id: str
    body: str
    group: str
    deduplication_id: str
    sent_at: float
    sequence: int
    receive_count: int = 0
    received_at: float = 0.0
    visible_at: float = 0.0
    receipt_handle: str = ""


class InMemoryFifo:
    """One queue. `now` is the virtual clock; `dead_letters` takes what was received `max_receive_count` times."""

    def __init__(
        self,
        now: Callable[[], float],
        visibility_timeout: float = 30.0,
        max_receive_count: int = 0,
        dead_letters: "InMemoryFifo | None" = None,
    ) -> None:
        self._now = now
        self._visibility_timeout = visibility_timeout
        self._max_receive_count = max_receive_count
        self._dead_letters = dead_letters
        self._sequence = itertools.count(1)
        self._sent: dict[tuple[str, str], float] = {}
        self.messages: list[Stored] = []
        self.given_up: list[Stored] = []

    def send(self, body: str, group: str, deduplication_id: str) -> str:
        """Queue a message behind all others of its group, unless it is a duplicate; returns its id."""
        now = self._now()
        key = (group, deduplication_id)
        sequence = next(self._sequence)
        message_id = f"message-{sequence}"
        if now - self._sent.get(key, -DEDUPLICATION_SECONDS) < DEDUPLICATION_SECONDS:
            return message_id
        self._sent[key] = now
        self.messages.append(Stored(message_id, body, group, deduplication_id, now, sequence))
        return message_id

    def receive(self, visibility_timeout: float | None = None) -> Stored | None:
        """The first visible message of a group that has none in flight."""
        now = self._now()
        self._redrive(now)
        blocked: set[str] = set()
        for message in self.messages:
            if message.group in blocked:
                continue
            if message.visible_at <= now:
                message.receive_count += 1
                message.received_at = now
                message.visible_at = now + (visibility_timeout or self._visibility_timeout)
                message.receipt_handle = f"{message.message_id}-receipt-{message.receive_count}"
                return message
            blocked.add(message.group)
        return None

    def delete(self, receipt_handle: str) -> None:
        """Delete the message of that receipt. A handle of an earlier receive has gone stale and deletes nothing."""
        self.messages = [message for message in self.messages if message.receipt_handle != receipt_handle]

    def show_again(self, receipt_handle: str) -> None:
        """End a message's invisibility now: how a duplicate delivery comes about."""
        for message in self.messages:
            if message.receipt_handle == receipt_handle:
                message.visible_at = self._now()

    def next_visible_at(self) -> float | None:
        """When the next message that is in flight becomes visible again; None when none is."""
        now = self._now()
        return min((message.visible_at for message in self.messages if message.visible_at > now), default=None)

    def _redrive(self, now: float) -> None:
        if self._dead_letters is None:
            return
        spent = [
            message
            for message in self.messages
            if message.receive_count >= self._max_receive_count and message.visible_at <= now
        ]
        for message in spent:
            self.messages.remove(message)
            self.given_up.append(message)
            self._dead_letters.send(message.body, message.group, message.deduplication_id)
