"""Where everything in a graph stands, in pixels: boxes for nodes and labels, and the way of each edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from taskline.console.executions.drawing.graph import Edge, Graph, Node
from taskline.console.executions.drawing.layers import END, Layers, Line, Place, Widths, layers_of
from taskline.console.executions.drawing.spreading import MARGIN, ports_of, spread

CHARACTER: Final = 8.2
"""The width of a character of a name, generously: fonts differ."""
SMALL_CHARACTER: Final = 6.6
NODE_HEIGHT: Final = 48.0
LABEL_HEIGHT: Final = 18.0
MARK_HEIGHT: Final = 16.0
GAP: Final = 16.0
"""Between two rows, at least: more where lines run across."""
ACROSS: Final = 3.0
LOOP: Final = 26.0


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
    spread(layers)
    return _Drawing(layers, looped).layout()


def _node_width(node: Node) -> float:
    return max(132.0, 52 + len(node.shown) * CHARACTER)


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
