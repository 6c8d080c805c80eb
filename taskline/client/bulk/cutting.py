"""Cuts tasks into batches. The same tasks are cut in the same way each time, so that a batch can be sent again.

Each ordering key belongs to one of sixteen lanes, and a lane sends one batch at a time. A batch is cut when it is
full, or when its first task is `WINDOW` tasks behind: so neither a reply nor the clock decides what is in a batch.
What decides is a promise to those who repeat a submission with the same key prefix: another number of lanes, another
window or another size would cut the same tasks in another way, and submit them twice.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

LANES = 16
MAX_TASKS = 25
MAX_BYTES = 1024 * 1024
WINDOW = LANES * MAX_TASKS
DEFAULT_KEY = (
    "task-processing"  # what a task without an ordering key has, unless its stage orders such tasks not at all
)


@dataclass(frozen=True, kw_only=True)
class Item:
    """A task of the input, as JSON, and its position from 0."""

    index: int
    body: bytes
    ordering_key: str = DEFAULT_KEY

    @property
    def lane(self) -> int:
        """The lane of its key: the same in each process, unlike Python's own hash."""
        return zlib.crc32(self.ordering_key.encode(errors="surrogatepass")) % LANES


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Tasks of one lane that are sent together."""

    lane: int
    items: tuple[Item, ...]

    @property
    def index(self) -> int:
        """The position of its first task, which no other batch has."""
        return self.items[0].index

    def body(self, batch_id: str | None) -> bytes:
        """The request: its tasks, and the id of the batch if the caller named it."""
        return envelope(batch_id).replace(b"[]", b"[" + b",".join(one.body for one in self.items) + b"]", 1)

    def alone(self) -> Iterator[Batch]:
        """Each of its tasks in a batch of its own."""
        return (Batch(lane=self.lane, items=(item,)) for item in self.items)


@dataclass(kw_only=True)
class Cutter:
    """Collects tasks in their lanes until a batch is full or old enough."""

    batch_id: str | None = None
    _lanes: list[list[Item]] = field(default_factory=lambda: [[] for _ in range(LANES)], init=False)
    _bytes: list[int] = field(default_factory=lambda: [0] * LANES, init=False)

    def add(self, item: Item) -> Iterator[Batch]:
        """The batches that are complete, now that this item came."""
        lane, size = item.lane, len(item.body) + 1
        if self._lanes[lane] and self._bytes[lane] + size > self._space:
            yield self._take(lane)
        self._lanes[lane].append(item)
        self._bytes[lane] += size
        if len(self._lanes[lane]) == MAX_TASKS:
            yield self._take(lane)
        yield from self.old(item.index)

    def old(self, index: int) -> Iterator[Batch]:
        """The batches that have waited long enough when the input has come to this position."""
        for lane, items in enumerate(self._lanes):
            if items and items[0].index <= index - WINDOW:
                yield self._take(lane)

    def rest(self) -> Iterator[Batch]:
        """What is left at the end of the input."""
        for lane, items in enumerate(self._lanes):
            if items:
                yield self._take(lane)

    @property
    def _space(self) -> int:
        return MAX_BYTES - len(envelope(self.batch_id))

    def _take(self, lane: int) -> Batch:
        batch = Batch(lane=lane, items=tuple(self._lanes[lane]))
        self._lanes[lane], self._bytes[lane] = [], 0
        return batch


def envelope(batch_id: str | None) -> bytes:
    """A batch without tasks."""
    fields: Mapping[str, Any] = {"tasks": [], **({} if batch_id is None else {"batch_id": batch_id})}
    return json.dumps(fields, separators=(",", ":")).encode()
