"""A sweep of the dead-letter queue: every dead letter is received once, judged by its task's record, and held.

SQS offers no other way to find or delete one. Held dead letters are hidden from everyone else until they are removed
or released; failing that, they become visible again after a minute.
"""

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter

from functions.tasks.errors import Unavailable
from functions.tasks.redrive.dead_letters import (
    DeadLetter,
    DeadLetters,
    Kind,
    Received,
    Verdict,
    judge,
)
from functions.tasks.redrive.state import FailedTasks, TaskState


@dataclass(frozen=True, kw_only=True)
class Undelivered:
    """A message that can be sent again; `state` is None when it was never claimed."""

    dead_letter: DeadLetter
    state: TaskState | None

    @property
    def ordering_key(self) -> str:
        """The task's key: from its record, or the message's group."""
        return self.state.ordering_key if self.state else self.dead_letter.received.group

    @property
    def type(self) -> str:
        """The task's type."""
        return self.state.type if self.state else self.dead_letter.type


@dataclass(kw_only=True)
class Sweep:
    """What was found. `undelivered` has when each message was sent, and None for one that blocks its key for now."""

    dead_letters: DeadLetters
    tasks: FailedTasks
    now: Callable[[], datetime]
    fresh_for: timedelta
    undelivered: dict[str, list[tuple[datetime, Undelivered | None]]] = field(
        default_factory=lambda: defaultdict[str, list[tuple[datetime, Undelivered | None]]](list)
    )
    malformed: list[DeadLetter] = field(default_factory=list[DeadLetter])
    removed: int = 0
    _held: dict[str, list[Received]] = field(default_factory=lambda: defaultdict[str, list[Received]](list))
    _stale: list[Received] = field(default_factory=list[Received])
    _drops_malformed: bool = False
    _saw_all: bool = False

    def run(self, until: datetime) -> None:
        """Receive and judge dead letters until there are no more, or until the time is up."""
        self._saw_all = False
        while self.now() < until:
            batch = self.dead_letters.receive()
            if not batch:
                self._saw_all = True
                return
            states = self.tasks.states({dead_letter.task_id for dead_letter in batch if dead_letter.task_id})
            for dead_letter in batch:
                self._classify(dead_letter, states.get(dead_letter.task_id))

    def take_undelivered(self) -> dict[str, list[Undelivered | None]]:
        """What was found since the last call, by ordering key, in the order in which it was sent."""
        found = {
            key: [one for _, one in sorted(messages, key=itemgetter(0))] for key, messages in self.undelivered.items()
        }
        self.undelivered.clear()
        return found

    def remove_dead_letters_of(self, task_id: str) -> None:
        """The task was redriven: its dead letters are no longer needed."""
        self._stale = [*self._held.pop(task_id, ()), *self._stale]

    def drop_malformed(self) -> None:
        """Delete malformed messages, with those that are found from now on."""
        self._drops_malformed = True
        self.remove_dead_letters_of("")

    def delete_removed(self, until: datetime) -> None:
        """Delete them now, so that the messages behind them in their groups can be received."""
        while self._stale and self.now() < until:
            self.dead_letters.delete(self._stale[0])
            del self._stale[0]
            self.removed += 1

    def look_behind(self, until: datetime) -> None:
        """Delete what is stale, and what is stale behind that: a group shows its next messages only once its first
        ones are deleted. Best effort, and not if there are more messages than the time was enough for.
        """
        with suppress(Unavailable):
            while self._stale and self._saw_all and self.now() < until:
                self.delete_removed(until)
                self.run(until)

    def finish(self, until: datetime, *, remove: bool) -> None:
        """Delete what is stale, and release the rest. Best effort: a later sweep finds what is left."""
        try:
            if remove:
                self.delete_removed(until)
            for received in [*self._stale, *(one for group in self._held.values() for one in group)]:
                if self.now() >= until:
                    return
                self.dead_letters.release(received)
        except Unavailable:
            return

    def _classify(self, dead_letter: DeadLetter, state: TaskState | None) -> None:
        if dead_letter.kind is Kind.MALFORMED:
            self.malformed.append(dead_letter)
            (self._stale if self._drops_malformed else self._held[""]).append(dead_letter.received)
            return
        verdict = judge(dead_letter, state, self.now(), self.fresh_for)
        if verdict is Verdict.STALE:
            self._stale.append(dead_letter.received)
            return
        self._held[dead_letter.task_id].append(dead_letter.received)
        if dead_letter.kind is Kind.UNDELIVERED and verdict is not Verdict.CURRENT:
            found = Undelivered(dead_letter=dead_letter, state=state)
            sendable = found if verdict is Verdict.SEND else None
            self.undelivered[found.ordering_key].append((dead_letter.received.sent_at, sendable))
