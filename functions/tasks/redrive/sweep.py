"""Going through the dead-letter queue: every letter is received once, judged by its task's record, and held.

SQS has no other way to find a letter, or to delete one. Letters that are held are hidden from everybody else until
they are removed or released; if that never happens, they come back by themselves after a minute.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter

from functions.tasks.errors import Unavailable
from functions.tasks.redrive.dead_letters import DeadLetters, Kind, Letter, Received, Verdict, judge, read_letter
from functions.tasks.redrive.state import FailedTasks, TaskState


@dataclass(frozen=True, kw_only=True)
class Undelivered:
    """A message that can be sent again; `state` is None when nothing has ever claimed it."""

    letter: Letter
    state: TaskState | None

    @property
    def ordering_key(self) -> str:
        """The task's key: its record's, or the group that the message had."""
        return self.state.ordering_key if self.state else self.letter.received.group

    @property
    def type(self) -> str:
        """The task's type."""
        return self.state.type if self.state else self.letter.type


@dataclass(kw_only=True)
class Sweep:
    """What was found. `undelivered` has None for a message that blocks its key for now, and when each was sent."""

    letters: DeadLetters
    tasks: FailedTasks
    now: Callable[[], datetime]
    fresh_for: timedelta
    undelivered: dict[str, list[tuple[datetime, Undelivered | None]]] = field(
        default_factory=lambda: defaultdict[str, list[tuple[datetime, Undelivered | None]]](list)
    )
    malformed: list[Letter] = field(default_factory=list[Letter])
    removed: int = 0
    _held: dict[str, list[Received]] = field(default_factory=lambda: defaultdict[str, list[Received]](list))
    _stale: list[Received] = field(default_factory=list[Received])

    def run(self, until: datetime) -> None:
        """Receive and judge letters until there are no more, or until the time is over."""
        while self.now() < until and (batch := self.letters.receive()):
            read = [read_letter(received) for received in batch]
            states = self.tasks.states({letter.task_id for letter in read if letter.task_id})
            for letter in read:
                self._take(letter, states.get(letter.task_id))

    def take_undelivered(self) -> dict[str, list[Undelivered | None]]:
        """What was found since the last time, by ordering key, in the order in which it was sent."""
        found = {
            key: [one for _, one in sorted(messages, key=itemgetter(0))] for key, messages in self.undelivered.items()
        }
        self.undelivered.clear()
        return found

    def remove_letters_of(self, task_id: str) -> None:
        """Its task has been put back: its letters have done their service."""
        self._stale = [*self._held.pop(task_id, ()), *self._stale]

    def drop_malformed(self) -> None:
        """Delete what is no task."""
        self.remove_letters_of("")

    def delete_removed(self, until: datetime) -> None:
        """Delete now, so that what lies behind these letters in their groups can be received."""
        while self._stale and self.now() < until:
            self.letters.delete(self._stale[0])
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
                self.letters.release(received)
        except Unavailable:
            return

    def _take(self, letter: Letter, state: TaskState | None) -> None:
        if letter.kind is Kind.MALFORMED:
            self.malformed.append(letter)
            self._held[""].append(letter.received)
            return
        verdict = judge(letter, state, self.now(), self.fresh_for)
        if verdict is Verdict.STALE:
            self._stale.append(letter.received)
            return
        self._held[letter.task_id].append(letter.received)
        if letter.kind is Kind.UNDELIVERED and verdict is not Verdict.CURRENT:
            found = Undelivered(letter=letter, state=state)
            sendable = found if verdict is Verdict.SEND else None
            self.undelivered[found.ordering_key].append((letter.received.sent_at, sendable))
