"""When to poll a queue: many workers share one, and an empty response costs as much as a message.

No AWS and no clock here. One worker at a time *listens* (a long poll, so that no message waits long, whoever sent it).
The others poll immediately, and only with a reason: a message was posted, or one that was found may be the first of
many.
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Hashable


class Reason(enum.Enum):
    """Why a worker polls."""

    POSTED = "posted"  # a message is known to have arrived
    MORE = "more"  # where one was found, there may be others
    LISTEN = "listen"  # to wait for whatever arrives


class Demand:
    """Shared by the workers of one queue. A worker is any value that tells it from the others.

    A wrong guess costs an empty response, or the time until the listening worker finds the message.
    """

    def __init__(self) -> None:
        self._posted = 0  # posted messages that no worker has polled for yet
        self._expected = 0  # posted messages that were not found: their group may have a message in flight
        self._more = True  # there may be messages from before the start
        self._chained = True  # whether that is because a message was found
        self._behind = False  # whether others may wait behind one that was found
        self._busy: set[Hashable] = set()
        self._listening = False
        self._changed = threading.Condition()

    def posted(self) -> None:
        """A message has arrived."""
        with self._changed:
            self._posted += 1
            self._expected += 1
            self._changed.notify()

    def freed(self, worker: Hashable) -> None:
        """The worker's message is finished: the next one of its group can be received."""
        with self._changed:
            self._busy.discard(worker)
            if self._expected or self._behind:
                self._behind = False
                self._wake(chained=False)

    def reason(self, worker: Hashable, seconds: float) -> Reason | None:
        """Wait for a reason to poll; None if there was none in time. `polled` must follow a reason."""
        with self._changed:
            self._busy.discard(worker)
            if not self._waits():
                return self._take()
            self._changed.wait(seconds)
            return None if self._waits() else self._take()

    def polled(self, worker: Hashable, reason: Reason, *, found: bool) -> None:
        """The result of a poll."""
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
        else:  # it was not announced, so there may be any number of others
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
