"""Where everything in a graph stands, in pixels: boxes for nodes and labels, and the way of each edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import inf
from typing import Final

from taskline.console.executions.drawing.graph import Edge, Graph, Node
from taskline.console.executions.drawing.layers import END, Layers, Line, Place, Widths, layers_of

CHARACTER: Final = 8.2
"""The width of a character of a name, generously: fonts differ."""
SMALL_CHARACTER: Final = 6.6
NODE_HEIGHT: Final = 48.0
LABEL_HEIGHT: Final = 18.0
MARK_HEIGHT: Final = 16.0
GAP: Final = 16.0
"""Between two rows, at least: more where lines run across."""
ACROSS: Final = 3.0
BETWEEN: Final = 22.0
"""Between two boxes of a row."""
LINE_BETWEEN: Final = 12.0
MARGIN: Final = 12.0
LOOP: Final = 26.0
SWEEPS: Final = 200
STILL: Final = 0.2
CAUGHT: Final = 0.3
"""How much the line of an error weighs."""
"""Nothing moves visibly any more."""


@dataclass(frozen=True, kw_only=True)
class Box:
    """A rectangle: its upper left corner and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """The x of its middle."""
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        """The y of its lower edge."""
        return self.y + self.height

    def overlaps(self, other: Box) -> bool:
        """Whether the two share any area."""
        beside = self.x + self.width <= other.x or other.x + other.width <= self.x
        return not beside and self.y < other.bottom and other.y < self.bottom


@dataclass(frozen=True, kw_only=True)
class Route:
    """An edge's way: points from its source to its target, and the box of its label.

    Without an edge it joins `state` to the mark of its start or its end, as `mark` says.
    """

    edge: Edge | None
    points: tuple[tuple[float, float], ...]
    label: Box | None = None
    state: str = ""
    mark: str = ""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Where the scope starts, or may end after `state`."""

    kind: str
    state: str
    x: float
    y: float
    fails: bool = False


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The whole picture."""

    width: float
    height: float
    nodes: tuple[tuple[Node, Box], ...]
    routes: tuple[Route, ...]
    marks: tuple[Mark, ...]

    def box(self, name: str) -> Box:
        """The box of a state."""
        return next(box for node, box in self.nodes if node.name == name)


@lru_cache(maxsize=64)
def lay_out(graph: Graph) -> Layout:
    """Lay out a graph; the same graph always gives the same layout."""
    looped = {edge.source for edge in graph.edges if edge.source == edge.target}
    widths = Widths(
        node={node.name: _node_width(node) + (LOOP if node.name in looped else 0) for node in graph.nodes},
        label={edge.label: len(edge.label) * SMALL_CHARACTER + 14 for edge in graph.edges},
    )
    layers = layers_of(graph, widths)
    _Spreading(layers).spread()
    return _Drawing(layers, looped).layout()


def _node_width(node: Node) -> float:
    return max(132.0, 52 + len(node.shown) * CHARACTER)


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


class _Drawing:
    """Turns places into boxes and routes."""

    def __init__(self, layers: Layers, looped: set[str]) -> None:
        self._layers = layers
        self._looped = looped
        self._tops: list[float] = []
        self._heights = [_row_height(row) for row in layers.rows]
        self._ports = ports_of(layers)
        y = MARGIN
        for row, height in zip(layers.rows, self._heights, strict=True):
            self._tops.append(y)
            y += height + GAP + ACROSS * min(8, _across(row))
        self._height = y - GAP + MARGIN

    def layout(self) -> Layout:
        """Everything at its place."""
        places = [place for row in self._layers.rows for place in row]
        nodes = tuple((place.node, self._box(place)) for place in places if place.node is not None)
        routes = [self._route(line) for line in self._layers.lines]
        routes += [self._loop(edge, {node.name: box for node, box in nodes}) for edge in self._layers.loops]
        return Layout(
            width=round(max(place.x + place.width / 2 for place in places) + MARGIN, 1),
            height=round(self._height, 1),
            nodes=nodes,
            routes=tuple(routes),
            marks=tuple(self._mark(place) for place in places if place.mark),
        )

    def _box(self, place: Place) -> Box:
        width = place.width
        if place.node is not None and place.node.name in self._looped:
            width -= LOOP
        height = NODE_HEIGHT if place.node is not None else LABEL_HEIGHT
        y = self._tops[place.row] + (self._heights[place.row] - height) / 2
        return Box(x=round(place.x - place.width / 2, 1), y=round(y, 1), width=round(width, 1), height=height)

    def _mark(self, place: Place) -> Mark:
        y = self._tops[place.row] + MARK_HEIGHT / 2
        if place.mark != END:
            return Mark(kind=place.mark, state=_state(place.below[0].below[0]), x=place.x, y=y)
        last = place.above[0].above[0]
        fails = last.node is not None and last.node.fails
        return Mark(kind=END, state=_state(last), x=place.x, y=y, fails=fails)

    def _route(self, line: Line) -> Route:
        top, *between, bottom = line.places
        points = [(self._port(top, line.places[1]), self._edge_of(top, lower=True))]
        for place in between:
            y = self._tops[place.row]
            points.append((place.x, y))
            if self._heights[place.row]:
                points.append((place.x, y + self._heights[place.row]))
        points.append((self._port(bottom, line.places[-2]), self._edge_of(bottom, lower=False)))
        labelled = next((place for place in between if place.label), None)
        return Route(
            edge=line.edge,
            points=tuple((round(x, 1), round(y, 1)) for x, y in (reversed(points) if line.up else points)),
            label=None if labelled is None else self._box(labelled),
            state=_state(top) or _state(bottom),
            mark=top.mark or bottom.mark,
        )

    def _port(self, place: Place, neighbour: Place) -> float:
        """Where a line meets a node, or a mark."""
        return self._middle(place) + self._ports.get((id(place), id(neighbour)), 0.0)

    def _middle(self, place: Place) -> float:
        return place.x if place.node is None else self._box(place).middle

    def _edge_of(self, place: Place, *, lower: bool) -> float:
        if place.node is not None:
            box = self._box(place)
            return box.bottom if lower else box.y
        return self._tops[place.row] + (MARK_HEIGHT if lower else 0)

    def _loop(self, edge: Edge, boxes: dict[str, Box]) -> Route:
        box = boxes[edge.source]
        right, low, high = box.x + box.width, box.y + 32, box.y + 16
        out = right + LOOP - 8
        return Route(edge=edge, points=((right, low), (out, low), (out, high), (right, high)), state=edge.source)


def _row_height(row: Sequence[Place]) -> float:
    if any(place.node is not None for place in row):
        return NODE_HEIGHT
    if any(place.mark for place in row):
        return MARK_HEIGHT
    return LABEL_HEIGHT if any(place.label for place in row) else 0.0


def _across(row: Sequence[Place]) -> int:
    """How many lines run far to the side below a row."""
    return sum(abs(place.x - one.x) > 60 for place in row for one in place.below)


def _state(place: Place) -> str:
    return "" if place.node is None else place.node.name
