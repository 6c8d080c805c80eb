"""A machine as SVG: states are links, the path taken stands out, and colour never says anything alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Final

from markupsafe import Markup

from taskline.console.executions.definition import Definition, Scope
from taskline.console.executions.drawing.graph import Edge, Node, graph_of
from taskline.console.executions.drawing.layers import START as START_MARK
from taskline.console.executions.drawing.layout import Box, Layout, Mark, Route, lay_out
from taskline.console.executions.drawing.markup import Value, css, joined, number, shape, tag
from taskline.console.executions.drawing.words import counted, short, summary
from taskline.console.executions.model import Execution, StateRun, StepStatus
from taskline.console.executions.reading import END, START

ARROW: Final = 7.0
WIDE: Final = 1000
"""From this width on, a graph may be scaled down a little instead of scrolling."""

Link = Callable[[str], str]
"""The address that shows a state as selected."""


def graph_svg(
    definition: Definition, scope: Scope, execution: Execution | None, link: Link, selected: str = ""
) -> Markup:
    """The graph of one scope, with what an execution did in it; without an execution, the machine alone."""
    layout = lay_out(graph_of(definition, scope))
    picture = _Picture(layout, execution, link, selected)
    attributes: dict[str, Value] = {
        "class": f"graph{' is-wide' if layout.width > WIDE else ''}",
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {number(layout.width)} {number(layout.height)}",
        "width": layout.width,
        "height": layout.height,
        "role": "group",
        "aria-label": _name(scope),
    }
    return tag("svg", attributes, picture.lines(), picture.marks(), picture.labels(), picture.nodes())


def _name(scope: Scope) -> str:
    return (
        "Graph of the state machine" if scope.owner is None else f"Graph of branch {scope.branch + 1} of {scope.owner}"
    )


class _Picture:
    def __init__(self, layout: Layout, execution: Execution | None, link: Link, selected: str) -> None:
        self._layout = layout
        self._runs: Mapping[str, StateRun] = {} if execution is None else execution.states
        self._taken: Mapping[tuple[str, str], int] = {} if execution is None else execution.edges
        self._link = link
        self._selected = selected

    def lines(self) -> Markup:
        """All lines, those that were taken last, so that nothing crosses over them."""
        ordered = sorted(self._layout.routes, key=lambda route: bool(self._count(route)))
        return joined(self._line(route) for route in ordered)

    def labels(self) -> Markup:
        """What stands at the lines."""
        return joined(
            self._label(route.edge, route.label, self._count(route))
            for route in self._layout.routes
            if route.edge is not None and route.label is not None
        )

    def nodes(self) -> Markup:
        """All states, from top to bottom and left to right: the order of the keyboard."""
        ordered = sorted(self._layout.nodes, key=lambda pair: (pair[1].y, pair[1].x))
        return joined(self._node(node, box) for node, box in ordered)

    def marks(self) -> Markup:
        """Where it starts, and where it may end."""
        return joined(self._mark(mark) for mark in self._layout.marks)

    def _count(self, route: Route) -> int:
        if route.edge is not None:
            return self._taken.get((route.edge.source, route.edge.target), 0)
        starts = route.mark == START_MARK
        return self._taken.get((START, route.state) if starts else (route.state, END), 0)

    def _line(self, route: Route) -> Markup:
        count = self._count(route)
        classes = ["edge", "is-taken" if count else "", "is-catch" if route.edge and route.edge.is_catch else ""]
        path = tag("path", {"class": "edge-line", "d": _way(route)})
        head = tag("path", {"class": "edge-head", "d": _head(route)})
        title = tag("title", {}, _told(route.edge, count)) if route.edge else Markup("")
        return tag("g", {"class": " ".join(filter(None, classes)), "aria-hidden": "true"}, title, path, head)

    def _label(self, edge: Edge, box: Box, count: int) -> Markup:
        classes = f"edge-label{' is-taken' if count else ''}{' is-catch' if edge.is_catch else ''}"
        back = tag("rect", {"x": box.x, "y": box.y, "width": box.width, "height": box.height, "rx": 4.0})
        text = tag("text", {"x": box.middle, "y": box.y + 13, "text-anchor": "middle"}, edge.label)
        return tag("g", {"class": classes, "aria-hidden": "true"}, tag("title", {}, _told(edge, count)), back, text)

    def _node(self, node: Node, box: Box) -> Markup:
        run = self._runs.get(node.name) or StateRun(name=node.name, type=node.type, status=StepStatus.UNKNOWN)
        told = summary(run) if self._runs else f"{node.name}, {node.type}"
        chosen = node.name == self._selected
        classes = f"node is-{css(run.status)}{' is-selected' if chosen else ''}"
        if not self._runs:
            classes = f"node is-plain{' is-selected' if chosen else ''}"
        content = [tag("title", {}, told), _rectangle(box)]
        content += [shape(run.status, box.x + 10, box.y + 10)] if self._runs else []
        left = box.x + (34 if self._runs else 14)
        content.append(tag("text", {"class": "node-name", "x": left, "y": box.y + 22}, node.shown))
        line = short(run) if self._runs else node.type
        content.append(tag("text", {"class": "node-note", "x": left, "y": box.y + 38}, line))
        attributes = {"class": classes, "href": self._link(node.name), "aria-label": told}
        return tag("a", {**attributes, "aria-current": "true" if chosen else None}, joined(content))

    def _mark(self, mark: Mark) -> Markup:
        edge = (START, mark.state) if mark.kind == START_MARK else (mark.state, END)
        taken = " is-taken" if self._taken.get(edge) else ""
        if mark.kind == START_MARK:
            circle = tag("circle", {"cx": mark.x, "cy": mark.y, "r": 6.0})
            return tag("g", {"class": f"terminal is-start{taken}"}, tag("title", {}, "Start"), circle)
        outer = tag("circle", {"cx": mark.x, "cy": mark.y, "r": 7.0})
        inner = tag("circle", {"class": "terminal-dot", "cx": mark.x, "cy": mark.y, "r": 3.5})
        if mark.fails:
            x, y = mark.x, mark.y
            inner = tag("path", {"d": f"M{number(x - 3)} {number(y - 3)}l6 6M{number(x + 3)} {number(y - 3)}l-6 6"})
        title = tag("title", {}, f"End: the execution {'fails' if mark.fails else 'succeeds'}")
        return tag("g", {"class": f"terminal is-end{taken}"}, title, outer, inner)


def _rectangle(box: Box) -> Markup:
    return tag(
        "rect",
        {"class": "node-box", "x": box.x, "y": box.y, "width": box.width, "height": box.height, "rx": 8.0},
    )


def _told(edge: Edge | None, count: int) -> str:
    if edge is None:
        return ""
    taken = f", taken {counted(count, 'time', 'times')}" if count else ""
    return f"{edge.source} to {edge.target}: {edge.detail}{taken}"


def _way(route: Route) -> str:
    """A curve that is upright wherever it meets something."""
    points = list(route.points)
    if route.edge is not None and route.edge.source == route.edge.target:
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = points
        return f"M{_at(x0, y0)}C{_at(x1, y1)} {_at(x2, y2)} {_at(x3 + ARROW, y3)}"
    x, y = points[-1]
    points[-1] = (x, y - ARROW if points[-2][1] < y else y + ARROW)
    parts = [f"M{_at(*points[0])}"]
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (y0 + y1) / 2
        straight = abs(x0 - x1) < 0.05
        parts.append(f"V{number(y1)}" if straight else f"C{_at(x0, middle)} {_at(x1, middle)} {_at(x1, y1)}")
    return "".join(parts)


def _head(route: Route) -> str:
    """The arrow's tip, at the last point."""
    x, y = route.points[-1]
    if route.edge is not None and route.edge.source == route.edge.target:
        return f"M{_at(x, y)}l{_at(ARROW, -4)}v8z"
    back = -ARROW if route.points[-2][1] < y else ARROW
    return f"M{_at(x, y)}l{_at(-4, back)}h8z"


def _at(x: float, y: float) -> str:
    return f"{number(float(x))} {number(float(y))}"
