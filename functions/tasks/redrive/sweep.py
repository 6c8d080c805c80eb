"""Going through the dead-letter queue: every dead letter is received once, judged by its task's record, and held.

SQS has no other way to find a dead letter, or to delete one. Dead letters that are held are hidden from everyone else
until they are removed or released; if that never happens, they become visible again after a minute.
"""

from collections import defaultdict
from collections.abc import Callable
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
    """A message that can be sent again; `state` is None when nothing has ever claimed it."""

    dead_letter: DeadLetter
    state: TaskState | None

    @property
    def ordering_key(self) -> str:
        """The task's key: its record's, or the group that the message had."""
        return self.state.ordering_key if self.state else self.dead_letter.received.group

    @property
    def type(self) -> str:
        """The task's type."""
        return self.state.type if self.state else self.dead_letter.type


@dataclass(kw_only=True)
class Sweep:
    """What was found. `undelivered` has None for a message that blocks its key for now, and when each was sent."""

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

    def run(self, until: datetime) -> None:
        """Receive and judge dead letters until there are no more, or until the time is over."""
        while self.now() < until and (batch := self.dead_letters.receive()):
            states = self.tasks.states({dead_letter.task_id for dead_letter in batch if dead_letter.task_id})
            for dead_letter in batch:
                self._classify(dead_letter, states.get(dead_letter.task_id))

    def take_undelivered(self) -> dict[str, list[Undelivered | None]]:
        """What was found since the last time, by ordering key, in the order in which it was sent."""
        found = {
            key: [one for _, one in sorted(messages, key=itemgetter(0))] for key, messages in self.undelivered.items()
        }
        self.undelivered.clear()
        return found

    def remove_dead_letters_of(self, task_id: str) -> None:
        """Its task has been redriven: its dead letters have done their service."""
        self._stale = [*self._held.pop(task_id, ()), *self._stale]

    def drop_malformed(self) -> None:
        """Delete what is no task."""
        self.remove_dead_letters_of("")

    def delete_removed(self, until: datetime) -> None:
        """Delete now, so that what lies behind these dead letters in their groups can be received."""
        while self._stale and self.now() < until:
            self.dead_letters.delete(self._stale[0])
            del self._stale[0]
            self.removed += 1

    def finish(self, until: datetime, *, remove: bool) -> None:
        """Delete what is stale, and show the rest again. Best effort: what stays is found by a later sweep."""
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
            self._held[""].append(dead_letter.received)
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
