"""When a queue is worth asking: many workers share one, and an empty answer costs as much as a message.

No AWS and no clock here. One worker at a time *listens* (a long poll, so that no message waits long, whoever sent it);
the others ask at once, and only with a reason: somebody has posted something, or a message that was found may be the
first of many.
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Hashable


class Reason(enum.Enum):
    """Why a worker asks."""

    POSTED = "posted"  # a message is known to have come
    MORE = "more"  # where one was found, there may be others
    LISTEN = "listen"  # to wait for whatever comes


class Demand:
    """Shared by the workers of one queue. A worker is whatever tells them apart.

    A guess that is wrong costs an empty answer, or the time until the listening worker finds the message.
    """

    def __init__(self) -> None:
        self._posted = 0  # what nobody has asked for yet
        self._expected = 0  # what has been posted and was not found: its group may have a message in flight
        self._more = True  # there may be something from before
        self._chained = True  # whether that is because a message was found
        self._behind = False  # whether others may wait behind one that was found
        self._busy: set[Hashable] = set()
        self._listening = False
        self._changed = threading.Condition()

    def posted(self) -> None:
        """A message has come."""
        with self._changed:
            self._posted += 1
            self._expected += 1
            self._changed.notify()

    def freed(self, worker: Hashable) -> None:
        """The worker's message is finished: the next of its group can be had."""
        with self._changed:
            self._busy.discard(worker)
            if self._expected or self._behind:
                self._behind = False
                self._wake(chained=False)

    def reason(self, worker: Hashable, seconds: float) -> Reason | None:
        """Wait for a reason to ask; None if there was none in time. `answered` must follow a reason."""
        with self._changed:
            self._busy.discard(worker)
            if not self._waits():
                return self._take()
            self._changed.wait(seconds)
            return None if self._waits() else self._take()

    def answered(self, worker: Hashable, reason: Reason, *, found: bool) -> None:
        """What came of asking."""
        with self._changed:
            if reason is Reason.LISTEN:
                self._listening = False
                self._changed.notify()
            if found:
                self._busy.add(worker)
                self._found()
            elif reason is Reason.MORE:
                self._behind = self._chained and bool(self._busy)
                self._expected = max(0, self._expected - 1)

    def _found(self) -> None:
        if self._expected:
            self._expected -= 1
        else:  # nobody has said that it would come, so nobody knows how many there are
            self._wake(chained=True)

    def _waits(self) -> bool:
        return not (self._posted or self._more) and self._listening

    def _take(self) -> Reason:
        if self._posted:
            self._posted -= 1
            return Reason.POSTED
        if self._more:
            self._more = False
            return Reason.MORE
        self._listening = True
        return Reason.LISTEN

    def _wake(self, *, chained: bool) -> None:
        self._more, self._chained = True, chained
        self._changed.notify()
