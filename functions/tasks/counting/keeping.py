"""Keeping the counts: each change of a record is counted once, however often it is delivered.

The stream delivers each shard in order, and may begin again anywhere before. With the counters, and in the same
transaction, the position is written up to which the shard is counted: what comes again lies before it.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from functions.tasks.counting.cells import Cell, Counter, Kind, RecordChange, moves
from functions.tasks.errors import Unavailable

MAX_CELLS = 99  # of the hundred items of a transaction, one is the position
MAX_TRIES = 20
Amounts = Mapping[Cell, Mapping[str, int]]


@dataclass(frozen=True, kw_only=True)
class Addition:
    """Amounts to add for a shard's changes after `after`, up to `until`; None when none was counted so far."""

    shard: str
    after: int | None
    until: int
    amounts: Amounts


class Counts(Protocol):
    """Where counts are kept. Every method raises `Unavailable` when the store does not respond."""

    def position(self, shard: str) -> int | None:
        """Up to where the shard's changes are counted (a strongly consistent read)."""
        ...

    def add(self, addition: Addition) -> bool:
        """Add the amounts and move the position, both or neither; False if the position is no longer `after`.

        Also False if another writer interfered.
        """
        ...

    def drop_empty(self, cells: Sequence[Cell]) -> None:
        """Delete those cells in which everything is zero. Best effort."""
        ...


def count(changes: Sequence[RecordChange], shard: str, counts: Counts) -> int:
    """Count the changes that are not counted yet, oldest first; return how many moved anything.

    `Unavailable` when that does not succeed: the same changes may then be counted again.
    """
    counted = tries = 0
    position = counts.position(shard)
    waiting = _after(position, changes)
    while waiting:
        chunk = _chunk(waiting)
        if chunk.amounts:
            addition = Addition(shard=shard, after=position, until=chunk.until, amounts=chunk.amounts)
            if not counts.add(addition):
                tries += 1
                if tries == MAX_TRIES:
                    raise Unavailable(f"the counts of {shard} are too contended")
                position = counts.position(shard)
                waiting = _after(position, waiting)
                continue
            counts.drop_empty(_left(chunk.amounts))
            position = chunk.until
            counted += chunk.moved
        waiting = waiting[chunk.length :]
    return counted


def _after(position: int | None, changes: Sequence[RecordChange]) -> Sequence[RecordChange]:
    return [change for change in changes if position is None or change.position > position]


@dataclass(frozen=True, kw_only=True)
class _Chunk:
    """The first `length` changes, whose amounts fit into one transaction. `moved` of them count."""

    length: int
    moved: int
    until: int
    amounts: Amounts


def _chunk(changes: Sequence[RecordChange]) -> _Chunk:
    """Changes that cancel each other out count, too: a later delivery may bring only some of them."""
    amounts: defaultdict[Cell, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    length = moved = 0
    for change in changes:
        found = list(moves(change))
        new = {cell for (cell, _), _ in found} - amounts.keys()
        if len(amounts) + len(new) > MAX_CELLS:
            break
        _add(amounts, found)
        moved += bool(found)
        length += 1
    return _Chunk(length=length, moved=moved, until=changes[length - 1].position, amounts=amounts)


def _add(amounts: defaultdict[Cell, defaultdict[str, int]], found: Sequence[tuple[Counter, int]]) -> None:
    for (cell, name), amount in found:
        amounts[cell][name] += amount


def _left(amounts: Amounts) -> list[Cell]:
    """The cells that tasks have left, which may be empty now. Those of all tasks are few, and stay."""
    kinds = (Kind.KEY, Kind.BATCH, Kind.OPEN)
    return [cell for cell, changed in amounts.items() if cell.kind in kinds and sum(changed.values()) < 0]


def parts(cells: Sequence[Cell], size: int) -> Iterator[tuple[Cell, ...]]:
    """The cells, at most `size` at a time."""
    rest = iter(cells)
    while part := tuple(itertools.islice(rest, size)):
        yield part
