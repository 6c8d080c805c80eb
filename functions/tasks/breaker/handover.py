"""From the lanes of before to those of now: the pipes of the new ones wait until the old queues are empty.

Only then has each key no message left there, and its later ones, which are in a new queue, may follow.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from functions.tasks.breaker.states import Breaker

# SQS's counts may lag a minute behind, each by itself: a message that becomes visible again is missing in both for a
# moment, and one that was sent shortly before the change is missing as well.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/confirm-queue-is-empty.html
EMPTY_FOR = timedelta(minutes=3)


class Drain(Protocol):
    """The queues of the generation before. Raises `Unavailable` when they do not respond."""

    def is_empty(self) -> bool:
        """Whether SQS counts no message in any of them: visible, in flight or delayed."""
        ...


@dataclass(frozen=True, kw_only=True)
class Handover:
    """The change to `generation`, whose `pipes` wait. From `since` on, tasks go to its queues; `drain` are the old."""

    generation: int
    since: datetime
    pipes: frozenset[str]
    drain: Drain

    def waiting(self, breaker: Breaker) -> frozenset[str]:
        """The names of the pipes that must not run yet."""
        return frozenset() if breaker.generation >= self.generation else self.pipes

    def stepped(self, breaker: Breaker, now: datetime) -> Breaker:
        """A minute has passed: look at the old queues. Once they have been empty for long enough, no pipe waits.

        The start of those that waited is then owed, as if the breaker had stopped them.
        """
        if now < self.since or not self.waiting(breaker):
            return breaker
        if not self.drain.is_empty():
            return replace(breaker, empty_since=None)
        empty_since = breaker.empty_since
        if empty_since is None or empty_since < self.since:  # a reading from before does not count
            return replace(breaker, empty_since=now)
        if now < empty_since + EMPTY_FOR:
            return breaker
        return replace(breaker, generation=self.generation, empty_since=None, held=breaker.held | self.pipes)


def waiting_pipes(handover: Handover | None, breaker: Breaker) -> frozenset[str]:
    """The names of the pipes that must not run yet; none if no number of lanes changes."""
    return handover.waiting(breaker) if handover else frozenset()
