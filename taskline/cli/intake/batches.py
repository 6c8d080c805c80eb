"""Cuts a file into batches. The same file is cut in the same way each time, so that a batch can be sent again.

Each ordering key belongs to one lane, and a lane sends one batch at a time: that keeps the order of a key, while
different lanes need not wait for each other.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from taskline.cli.intake.lines import Line

LANES = 16  # part of what a resumed submission relies on: another number cuts a file in another way
BATCH_TASKS = 25
BATCH_BYTES = 1_000_000  # the API takes 1 MiB, with what stands around the tasks
KEY_DIGITS = 40


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Lines of one lane that are sent together; the `number`-th of its lane."""

    lane: int
    number: int
    lines: tuple[Line, ...]

    def key(self, digest: str) -> str:
        """The Idempotency-Key: the file's digest, and the first line of the batch, which no other batch has."""
        return f"{digest[:KEY_DIGITS]}-{self.lines[0].number}"


class Packer:
    """Collects lines until a batch of their lane is full."""

    def __init__(self) -> None:
        self._lines: list[list[Line]] = [[] for _ in range(LANES)]
        self._bytes = [0] * LANES
        self._numbers = [0] * LANES

    def add(self, line: Line) -> Batch | None:
        """The batch before this line, if the line does not fit into it any more."""
        lane = lane_of(line)
        size = len(json.dumps(line.task)) + 2
        lines = self._lines[lane]
        full = len(lines) == BATCH_TASKS or (lines and self._bytes[lane] + size > BATCH_BYTES)
        batch = self._take(lane) if full else None
        self._lines[lane].append(line)
        self._bytes[lane] += size
        return batch

    def rest(self) -> Iterator[Batch]:
        """What is left at the end of the file."""
        for lane in range(LANES):
            if self._lines[lane]:
                yield self._take(lane)

    def first_waiting(self) -> int | None:
        """The number of the first line that is in no batch yet."""
        return min((lines[0].number for lines in self._lines if lines), default=None)

    def _take(self, lane: int) -> Batch:
        batch = Batch(lane=lane, number=self._numbers[lane], lines=tuple(self._lines[lane]))
        self._numbers[lane] += 1
        self._lines[lane], self._bytes[lane] = [], 0
        return batch


def lane_of(line: Line) -> int:
    """The lane of a line's key: the same in each process, unlike Python's own hash."""
    return zlib.crc32(line.ordering_key.encode()) % LANES
