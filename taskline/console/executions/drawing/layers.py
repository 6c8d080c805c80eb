"""Layers of a graph: what stands in which row, and in which order, so that few lines cross.

Rows alternate: even ones hold nodes, odd ones the labels of edges. An edge over several rows has a place in each.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from taskline.console.executions.drawing.graph import Edge, Graph, Node, back_edges, ranks_of

SWEEPS: Final = 24
START: Final = "start"
END: Final = "end"


@dataclass(eq=False, kw_only=True)
class Place:
    """Something that takes width in a row: a node, the mark of a start or an end, a label, or a line passing by."""

    row: int
    width: float
    node: Node | None = None
    mark: str = ""
    label: str = ""
    above: list[Place] = field(default_factory=list["Place"])
    below: list[Place] = field(default_factory=list["Place"])
    x: float = 0.0

    @property
    def is_line(self) -> bool:
        """Whether only a line passes through, with or without its label."""
        return self.node is None and not self.mark


@dataclass(kw_only=True)
class Line:
    """An edge with its places from top to bottom; `up` if it leads upwards. Marks have no edge."""

    edge: Edge | None
    places: list[Place]
    up: bool = False


@dataclass(kw_only=True)
class Layers:
    """The rows, each in its order from left to right, the lines between them, and edges from a node to itself."""

    rows: list[list[Place]]
    lines: list[Line]
    loops: list[Edge]


@dataclass(frozen=True, kw_only=True)
class Widths:
    """How wide things are, in pixels."""

    node: Mapping[str, float]
    label: Mapping[str, float]
    line: float = 10.0
    mark: float = 16.0


def layers_of(graph: Graph, widths: Widths) -> Layers:
    """The layers of a graph, in an order in which few lines cross."""
    pairs = [(edge.source, edge.target) for edge in graph.edges if edge.source != edge.target]
    names = [node.name for node in graph.nodes]
    back = back_edges(graph.start, names, pairs)
    ranks = ranks_of(names, [(b, a) if (a, b) in back else (a, b) for a, b in pairs])
    places = {
        node.name: Place(row=2 * ranks[node.name] + 2, width=widths.node[node.name], node=node) for node in graph.nodes
    }
    lines = [_start(places[graph.start], widths)]
    lines += [
        _line(edge, places, (edge.source, edge.target) in back, widths)
        for edge in graph.edges
        if edge.source != edge.target
    ]
    lines += [_end(places[node.name], widths) for node in graph.nodes if node.ends]
    rows = _rows([*places.values()], lines)
    loops = [edge for edge in graph.edges if edge.source == edge.target]
    return Layers(rows=_ordered(rows), lines=lines, loops=loops)


def _start(first: Place, widths: Widths) -> Line:
    mark = Place(row=first.row - 2, width=widths.mark, mark=START)
    return _joined(None, [mark, Place(row=first.row - 1, width=widths.line), first])


def _end(last: Place, widths: Widths) -> Line:
    mark = Place(row=last.row + 2, width=widths.mark, mark=END)
    return _joined(None, [last, Place(row=last.row + 1, width=widths.line), mark])


def _line(edge: Edge, places: Mapping[str, Place], up: bool, widths: Widths) -> Line:
    source, target = places[edge.source], places[edge.target]
    top, bottom = (target, source) if up else (source, target)
    between = [Place(row=row, width=widths.line) for row in range(top.row + 1, bottom.row)]
    if edge.label:
        labelled = between[-1] if up else between[0]
        labelled.label, labelled.width = edge.label, widths.label[edge.label]
    return _joined(edge, [top, *between, bottom], up)


def _joined(edge: Edge | None, places: list[Place], up: bool = False) -> Line:
    for one, other in itertools.pairwise(places):
        one.below.append(other)
        other.above.append(one)
    return Line(edge=edge, places=places, up=up)


def _rows(nodes: Sequence[Place], lines: Sequence[Line]) -> list[list[Place]]:
    everything = {id(place): place for place in nodes}
    for line in lines:
        everything.update((id(place), place) for place in line.places)
    rows: list[list[Place]] = [[] for _ in range(1 + max(place.row for place in everything.values()))]
    for place in _walk(nodes, lines, everything):
        rows[place.row].append(place)
    return rows


def _walk(nodes: Sequence[Place], lines: Sequence[Line], everything: Mapping[int, Place]) -> list[Place]:
    """From the start downwards, so that what belongs together begins together."""
    seen: dict[int, Place] = {}
    for root in (lines[0].places[0], *nodes, *everything.values()):
        waiting = [root]
        while waiting:
            place = waiting.pop()
            if id(place) not in seen:
                seen[id(place)] = place
                waiting += reversed(place.below)
    return list(seen.values())


def _ordered(rows: list[list[Place]]) -> list[list[Place]]:
    best, least = [list(row) for row in rows], crossings(rows)
    for sweep in range(SWEEPS):
        if not least:
            break
        rows = _swept([list(row) for row in rows], down=sweep % 2 == 0)
        count = crossings(rows)
        if count < least:
            best, least = [list(row) for row in rows], count
    return best


def _swept(rows: list[list[Place]], down: bool) -> list[list[Place]]:
    order = range(1, len(rows)) if down else range(len(rows) - 2, -1, -1)
    for index in order:
        fixed = {id(place): position for position, place in enumerate(rows[index - 1 if down else index + 1])}
        own = {id(place): position for position, place in enumerate(rows[index])}
        keys = {id(place): _barycentre(place, down, fixed, own[id(place)]) for place in rows[index]}
        rows[index].sort(key=lambda place, keys=keys: keys[id(place)])
    for index in range(len(rows)):
        _exchange(rows, index)
    return rows


def _barycentre(place: Place, down: bool, fixed: Mapping[int, int], own: int) -> float:
    neighbours = place.above if down else place.below
    return sum(fixed[id(one)] for one in neighbours) / len(neighbours) if neighbours else own


def _exchange(rows: list[list[Place]], index: int) -> None:
    """Exchange neighbours of a row for as long as that saves crossings."""
    row, better = rows[index], True
    positions = [{id(place): at for at, place in enumerate(other)} for other in (rows[index - 1] if index else [],)]
    positions.append({id(place): at for at, place in enumerate(rows[index + 1] if index + 1 < len(rows) else [])})
    while better:
        better = False
        for at in range(len(row) - 1):
            left, right = row[at], row[at + 1]
            if _cross(right, left, positions) < _cross(left, right, positions):
                row[at], row[at + 1] = right, left
                better = True


def _cross(left: Place, right: Place, positions: Sequence[Mapping[int, int]]) -> int:
    above = sum(positions[0][id(a)] > positions[0][id(b)] for a in left.above for b in right.above)
    return above + sum(positions[1][id(a)] > positions[1][id(b)] for a in left.below for b in right.below)


def crossings(rows: Sequence[Sequence[Place]]) -> int:
    """How many pairs of lines cross."""
    count = 0
    for upper, lower in itertools.pairwise(rows):
        positions = {id(place): at for at, place in enumerate(lower)}
        seen: list[int] = []
        for place in upper:
            targets = [positions[id(one)] for one in place.below]
            count += sum(len(seen) - bisect_right(seen, target) for target in targets)
            for target in targets:
                insort(seen, target)
    return count
