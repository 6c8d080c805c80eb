"""Where the places of each row stand beside one another: near what they are joined to, and apart."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf
from typing import Final

from taskline.console.executions.drawing.layers import Layers, Place

BETWEEN: Final = 22.0
"""Between two boxes of a row, in pixels."""
LINE_BETWEEN: Final = 12.0
MARGIN: Final = 12.0
SWEEPS: Final = 200
STILL: Final = 0.2
"""Nothing moves visibly any more."""
CAUGHT: Final = 0.3
"""How much the line of an error weighs."""


def spread(layers: Layers) -> None:
    """Give each place its x, beginning at the margin. Rows keep their order."""
    _Spreading(layers).spread()


class _Spreading:
    """Gives each place its x: near its neighbours above and below, apart from those beside it.

    The sum of the squared distances along all lines is made small, row by row; then lines are made upright where
    there is room. Rows keep their order.
    """

    def __init__(self, layers: Layers) -> None:
        self._rows = layers.rows
        self._lines = layers.lines
        self._ports = ports_of(layers)
        self._weights = {
            id(place): CAUGHT if line.edge is not None and line.edge.is_catch else 1.0
            for line in layers.lines
            for place in line.places[1:-1]
        }
        self._pulls = {id(place): self._pulls_of(place) for row in layers.rows for place in row}

    def _pulls_of(self, place: Place) -> list[tuple[Place, float, float]]:
        """Each neighbour, how far beside it this place wants to be, and how much."""
        return [
            (one, self._offset(one, place) - self._offset(place, one), self._weight(place, one))
            for one in (*place.above, *place.below)
        ]

    def _weight(self, place: Place, other: Place) -> float:
        """Lines are straight most of all where they pass by; those of errors give way."""
        line = place if place.is_line else other
        return self._weights[id(line)] * (3.0 if place.is_line and other.is_line else 2.0)

    def spread(self) -> None:
        """Place everything, beginning at the margin."""
        for row in self._rows:
            _line_up(row)
        for sweep in range(SWEEPS):
            rows = self._rows if sweep % 2 == 0 else reversed(self._rows)
            if max(_settle(row, [self._wanted(place) for place in row]) for row in rows) < STILL:
                break
        for _ in range(2):
            self._straighten()
        places = [place for row in self._rows for place in row]
        least = min(place.x - place.width / 2 for place in places)
        for place in places:
            place.x = round(place.x - least + MARGIN, 1)

    def _wanted(self, place: Place) -> tuple[float, float]:
        """Where a place wants to be, and how much."""
        pulls = self._pulls[id(place)]
        if not pulls:
            return place.x, 1.0
        total = sum(weight for _, _, weight in pulls)
        return sum((one.x + beside) * weight for one, beside, weight in pulls) / total, total

    def _straighten(self) -> None:
        """Let each line fall straight from one of its ends, if the places beside it leave room."""
        beside = {id(place): (left, right) for row in self._rows for left, place, right in _trios(row)}
        for line in self._lines:
            movable = [place for place in line.places if place.node is None]
            low = max(_low(place, beside[id(place)][0]) for place in movable)
            high = min(_high(place, beside[id(place)][1]) for place in movable)
            if low > high:
                continue
            ends = [
                end.x + self._offset(end, near)
                for end, near in ((line.places[0], line.places[1]), (line.places[-1], line.places[-2]))
                if end.node is not None
            ]
            free = [end for end in ends if low <= end <= high]
            x = free[0] if free else min(max(sum(ends) / len(ends), low), high)
            for place in movable:
                place.x = x

    def _offset(self, place: Place, neighbour: Place) -> float:
        return self._ports.get((id(place), id(neighbour)), 0.0)


def _line_up(row: Sequence[Place]) -> None:
    """Place a row as tightly as it can be, its middle at 0."""
    x = 0.0
    for before, place in zip([None, *row], row, strict=False):
        x += 0 if before is None else _apart(before, place)
        place.x = x
    for place in row:
        place.x -= x / 2


def _trios(row: Sequence[Place]) -> list[tuple[Place | None, Place, Place | None]]:
    return list(zip([None, *row], row, [*row[1:], None], strict=False))


def _low(place: Place, left: Place | None) -> float:
    return -inf if left is None else left.x + _apart(left, place)


def _high(place: Place, right: Place | None) -> float:
    return inf if right is None else right.x - _apart(place, right)


def ports_of(layers: Layers) -> dict[tuple[int, int], float]:
    """Where lines meet a node, from its middle: they share its edge, in the order of the row that they come from."""
    order = {id(place): at for row in layers.rows for at, place in enumerate(row)}
    ports: dict[tuple[int, int], float] = {}
    for place in (place for row in layers.rows for place in row if place.node is not None):
        for neighbours in (place.above, place.below):
            ordered = sorted(neighbours, key=lambda one: order[id(one)])
            step = min(30.0, place.width * 0.7 / max(1, len(ordered) - 1))
            for index, neighbour in enumerate(ordered):
                ports[id(place), id(neighbour)] = round((index - (len(ordered) - 1) / 2) * step, 1)
    return ports


def _apart(left: Place, right: Place) -> float:
    gap = LINE_BETWEEN if left.is_line or right.is_line else BETWEEN
    return (left.width + right.width) / 2 + gap


def _settle(row: Sequence[Place], wanted: Sequence[tuple[float, float]]) -> float:
    """Move a row as close to where its places want to be as their distances allow: pools of adjacent violators.

    Returns the largest distance that a place was moved by.
    """
    if not row:
        return 0.0
    offsets = [0.0]
    for left, right in pairwise(row):
        offsets.append(offsets[-1] + _apart(left, right))
    pools: list[tuple[float, float, int]] = []
    for (target, weight), offset in zip(wanted, offsets, strict=True):
        pool = (target - offset, weight, 1)
        while pools and pools[-1][0] > pool[0]:
            other = pools.pop()
            total = other[1] + pool[1]
            pool = ((other[0] * other[1] + pool[0] * pool[1]) / total, total, other[2] + pool[2])
        pools.append(pool)
    at, moved = 0, 0.0
    for target, _, count in pools:
        for place, offset in zip(row[at : at + count], offsets[at : at + count], strict=True):
            moved = max(moved, abs(place.x - target - offset))
            place.x = target + offset
        at += count
    return moved
