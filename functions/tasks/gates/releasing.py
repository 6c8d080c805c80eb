"""Releasing: what the gatekeeper does with a gate that lets the next task pass.

Each step is conditional and can be taken again, whoever took it before and wherever it was interrupted: the gate says
what is left to do. A task is released in one transaction with its gate, and its message is sent afterwards; until that
is noted, whoever looks at the gate sends it again, under the same deduplication id.
"""

from dataclasses import dataclass
from typing import Protocol

from functions.tasks.errors import Unavailable
from functions.tasks.gates.model import Gate
from functions.tasks.intake.submission import TaskQueue

MOST_STEPS = 200


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a task is parked in its group: `name` orders the places."""

    name: str
    task_id: str


@dataclass(frozen=True, kw_only=True)
class Message:
    """What a released task's message consists of."""

    task_id: str
    body: str
    deduplication_id: str


class ParkedTasks(Protocol):
    """Gates and the tasks behind them. Every method raises `Unavailable` when the store does not respond.

    Reads are strongly consistent. Those that change something return whether they did: it may have changed meanwhile.
    """

    def gate(self, group: str) -> Gate | None:
        """The gate of a message group; None if it is open."""
        ...

    def first(self, group: str) -> Place | None:
        """The first place behind the gate that is taken."""
        ...

    def release(self, group: str, place: Place) -> bool:
        """Make the parked task the head, queued with a message that is to be sent, and clear its place."""
        ...

    def clear(self, group: str, place: Place) -> bool:
        """Clear the place of a task that is parked no more: it was cancelled. False if it still is."""
        ...

    def released(self, task_id: str, message_id: str) -> Message | None:
        """The message of a head that was released, or that has failed where only this message brings its dead letter;
        None when it waits for none.
        """
        ...

    def settle(self, group: str, head: str) -> bool:
        """Let go of a head that has succeeded or was cancelled: it may have no message that comes and does so. False
        if it has not.
        """
        ...

    def note_sent(self, group: str, message_id: str) -> None:
        """Note that this message of the head was sent; not a later one, with which it was released again."""
        ...

    def remove(self, group: str) -> bool:
        """Remove a gate that has no head, no hold and no task behind it: the key is open."""
        ...


def keep_moving(group: str, tasks: ParkedTasks, queue: TaskQueue) -> list[str]:
    """Take every step that the gate of this group allows; return the ids of the tasks that were released.

    `Unavailable` when a store or the queue does not respond, or when the gate keeps changing: then take them again.
    """
    released: list[str] = []
    for _ in range(MOST_STEPS):
        gate = tasks.gate(group)
        if gate is None:
            return released
        if gate.head is not None and gate.sending is not None:
            _send(gate.head, gate.sending, group, tasks, queue)
            return released
        if not gate.releases:
            return released
        place = tasks.first(group)
        if place is None:
            if tasks.remove(group):
                return released
        elif tasks.release(group, place):
            released.append(place.task_id)
        else:
            tasks.clear(group, place)
    raise Unavailable(f"the gate of the message group {group!r} keeps changing")


def _send(head: str, message_id: str, group: str, tasks: ParkedTasks, queue: TaskQueue) -> None:
    message = tasks.released(head, message_id)
    if message is not None:
        queue.send(body=message.body, group=group, deduplication_id=message.deduplication_id)
    elif tasks.settle(group, head):
        return
    tasks.note_sent(group, message_id)
