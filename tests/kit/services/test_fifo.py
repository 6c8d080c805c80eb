"""The in-memory queue behaves like SQS FIFO where the design relies on it."""

import pytest

from testing.services.fifo import DEDUPLICATION_SECONDS, InMemoryFifo


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dead_letters(clock: Clock) -> InMemoryFifo:
    return InMemoryFifo(clock.now)


@pytest.fixture
def queue(clock: Clock, dead_letters: InMemoryFifo) -> InMemoryFifo:
    return InMemoryFifo(clock.now, visibility_timeout=30, max_receive_count=2, dead_letters=dead_letters)


def bodies(queue: InMemoryFifo) -> list[str]:
    """Receive until the queue returns nothing."""
    received: list[str] = []
    while message := queue.receive():
        received.append(message.body)
    return received


def test_a_group_with_a_message_in_flight_delivers_no_other(queue: InMemoryFifo) -> None:
    for body, group in (("a1", "a"), ("a2", "a"), ("b1", "b")):
        queue.send(body, group, body)

    assert bodies(queue) == ["a1", "b1"]


def test_deleting_a_message_frees_its_group(queue: InMemoryFifo) -> None:
    queue.send("a1", "a", "a1")
    queue.send("a2", "a", "a2")
    first = queue.receive()
    assert first is not None

    queue.delete(first.receipt_handle)

    assert bodies(queue) == ["a2"]


def test_a_message_returns_ahead_of_the_others_of_its_group(queue: InMemoryFifo, clock: Clock) -> None:
    queue.send("a1", "a", "a1")
    queue.send("a2", "a", "a2")
    bodies(queue)
    clock.time += 30

    assert bodies(queue) == ["a1"]


def test_the_receipt_handle_of_an_earlier_delivery_deletes_nothing(queue: InMemoryFifo, clock: Clock) -> None:
    queue.send("a1", "a", "a1")
    first = queue.receive()
    assert first is not None
    stale = first.receipt_handle
    clock.time += 30
    queue.receive()

    queue.delete(stale)

    assert len(queue.messages) == 1


def test_a_duplicate_within_five_minutes_is_dropped_only_within_its_group(queue: InMemoryFifo, clock: Clock) -> None:
    queue.send("first", "a", "same")
    queue.send("second", "a", "same")
    queue.send("other group", "b", "same")
    clock.time += DEDUPLICATION_SECONDS
    queue.send("later", "a", "same")

    assert [message.body for message in queue.messages] == ["first", "other group", "later"]


def test_a_message_received_too_often_moves_to_the_dead_letter_queue(
    queue: InMemoryFifo, dead_letters: InMemoryFifo, clock: Clock
) -> None:
    queue.send("a1", "a", "a1")
    queue.send("a2", "a", "a2")
    for _ in range(2):
        assert bodies(queue) == ["a1"]
        clock.time += 30

    assert bodies(queue) == ["a2"], "its group advances"
    assert [message.body for message in dead_letters.messages] == ["a1"]
