"""The lane of a task: by its message group, and while the number of lanes changes, by the moment at which it is sent.

A generation of lanes never changes: another number of lanes is another generation, with queues of its own. Which one a
task goes to follows from the time alone, because during a deployment senders with the old and with the new settings
work side by side, and only a moment that all of them know beforehand is the same for all.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.tasks.errors import Unavailable

# Around the change nothing is sent: a sender whose clock is late must not send a key's later task to the old queues
# when an earlier one is in the new ones already. Twice this is far more than the clocks of Lambda's hosts differ by.
QUIET = timedelta(seconds=1)
# A task is not even recorded so shortly before the quiet time that its message would come into it.
BEFORE_QUIET = timedelta(seconds=2)


@dataclass(frozen=True, kw_only=True)
class Lanes:
    """The URLs of the queues of a generation. Until `since`, tasks go to the queues of the generation `before`."""

    queues: tuple[str, ...]
    before: tuple[str, ...] = ()
    since: datetime | None = None

    def queues_at(self, moment: datetime) -> tuple[str, ...]:
        """The queues of the generation that tasks go to at this moment."""
        return self.before if self.since and moment < self.since else self.queues

    def queue_of(self, group: str, now: datetime) -> str:
        """The queue that a message of this group is sent to now; `Unavailable` in the quiet time around a change."""
        if self.since and abs(now - self.since) <= QUIET:
            raise _changing()
        queues = self.queues_at(now)
        return queues[lane_of(group, len(queues))]

    def check(self, now: datetime) -> None:
        """`Unavailable` if the message of a task that is recorded now might come into the quiet time."""
        if self.since and -BEFORE_QUIET - QUIET <= now - self.since <= QUIET:
            raise _changing()


def lane_of(group: str, lanes: int) -> int:
    """The number of a group's lane, from 0: the same in each process, unlike Python's own hash."""
    return zlib.crc32(group.encode()) % lanes if lanes > 1 else 0


def parse_lanes(queues: str, variables: Mapping[str, str]) -> Lanes:
    """The lanes with these queues and, while their number changes, what the variables of the function say of that."""
    since = variables.get("LANES_FROM")
    return Lanes(
        queues=split(queues),
        before=split(variables.get("QUEUE_URLS_BEFORE", "")),
        since=datetime.fromisoformat(since) if since else None,
    )


def split(joined: str) -> tuple[str, ...]:
    """The names in a variable, which are separated by commas."""
    return tuple(joined.split(",")) if joined else ()


def _changing() -> Unavailable:
    return Unavailable("The number of lanes changes at this moment.")
