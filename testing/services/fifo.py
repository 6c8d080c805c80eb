"""An in-memory SQS FIFO queue on virtual time, with the semantics that the design relies on.

Message groups (a group with a message in flight delivers no other), visibility timeouts, receipt handles that expire,
deduplication within a group for five minutes, receive counts, a dead-letter queue.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

DEDUPLICATION_SECONDS = 300.0


@dataclass
class Stored:
    """A message in the queue; times are virtual seconds."""

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
    """One queue. `now` is the virtual clock.

    A message that was received `max_receive_count` times moves to `dead_letters`; `undelivered` lists those that did.
    """

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
        self.undelivered: list[Stored] = []

    def send(self, body: str, group: str, deduplication_id: str) -> str:
        """Add a message behind all others of its group, unless it is a duplicate; returns its id."""
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
        self._move_undelivered(now)
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
        """Delete the message with this receipt handle. The handle of an earlier receive deletes nothing."""
        self.messages = [message for message in self.messages if message.receipt_handle != receipt_handle]

    def make_visible(self, receipt_handle: str) -> None:
        """Set a message's visibility timeout to zero: it can be received again."""
        for message in self.messages:
            if message.receipt_handle == receipt_handle:
                message.visible_at = self._now()

    def next_visible_at(self) -> float | None:
        """When the next message in flight becomes visible again; None if none is in flight."""
        now = self._now()
        return min((message.visible_at for message in self.messages if message.visible_at > now), default=None)

    def _move_undelivered(self, now: float) -> None:
        if self._dead_letters is None:
            return
        exhausted = [
            message
            for message in self.messages
            if message.receive_count >= self._max_receive_count and message.visible_at <= now
        ]
        for message in exhausted:
            self.messages.remove(message)
            self.undelivered.append(message)
            self._dead_letters.send(message.body, message.group, message.deduplication_id)
