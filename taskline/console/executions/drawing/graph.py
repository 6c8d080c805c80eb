"""The graph of a scope: a node for each state, an edge for each pair of states that transitions join."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from taskline.console.executions.definition import Definition, Kind, Scope, Transition

LONGEST_NAME: Final = 28
LONGEST_LABEL: Final = 30


@dataclass(frozen=True, kw_only=True)
class Node:
    """A state to draw. `ends` if the scope can end with it, `fails` if that is a failure."""

    name: str
    type: str
    ends: bool
    fails: bool

    @property
    def shown(self) -> str:
        """The name, shortened in the middle if it is long."""
        return shorten(self.name, LONGEST_NAME)


@dataclass(frozen=True, kw_only=True)
class Edge:
    """All transitions from one state to another, as one line."""

    source: str
    target: str
    transitions: tuple[Transition, ...]

    @property
    def label(self) -> str:
        """What stands at the line; "" for a plain `Next`."""
        labels = [one.label or "next" for one in self.transitions]
        if labels == ["next"]:
            return ""
        if "next" in labels:
            return shorten(" or ".join(labels), LONGEST_LABEL)
        more = f" +{len(labels) - 1}" if len(labels) > 1 else ""
        return shorten(labels[0], LONGEST_LABEL - len(more)) + more

    @property
    def is_catch(self) -> bool:
        """Whether only errors lead along it."""
        return all(one.kind is Kind.CATCH for one in self.transitions)

    @property
    def detail(self) -> str:
        """The whole conditions and errors."""
        return "; ".join(_detail(one) for one in self.transitions)


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Nodes in the order of the definition, and edges between them."""

    start: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def graph_of(definition: Definition, scope: Scope) -> Graph:
    """The graph of one scope of a definition."""
    grouped: dict[tuple[str, str], list[Transition]] = {}
    for one in scope.transitions:
        grouped.setdefault((one.source, one.target), []).append(one)
    states = [definition.states[name] for name in scope.states]
    return Graph(
        start=scope.start,
        nodes=tuple(
            Node(name=state.name, type=state.type, ends=state.ends, fails=state.type == "Fail") for state in states
        ),
        edges=tuple(Edge(source=a, target=b, transitions=tuple(group)) for (a, b), group in grouped.items()),
    )


def back_edges(start: str, names: Sequence[str], edges: Sequence[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """The edges that close a circle, as a walk from the start meets them. Without them, the graph has no circle."""
    following: dict[str, list[str]] = {name: [] for name in names}
    for source, target in edges:
        following[source].append(target)
    done: set[str] = set()
    back: set[tuple[str, str]] = set()
    for root in (start, *names):
        path: list[tuple[str, list[str]]] = [(root, list(following[root]))] if root not in done else []
        on_path = {root}
        while path:
            name, waiting = path[-1]
            if not waiting:
                path.pop()
                on_path.discard(name)
                done.add(name)
                continue
            target = waiting.pop(0)
            if target in on_path:
                back.add((name, target))
            elif target not in done:
                path.append((target, list(following[target])))
                on_path.add(target)
    return frozenset(back)


def ranks_of(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The longest way to each node, from 0; the edges have no circle."""
    before: dict[str, list[str]] = {name: [] for name in names}
    after: dict[str, list[str]] = {name: [] for name in names}
    for source, target in edges:
        before[target].append(source)
        after[source].append(target)
    missing = {name: len(before[name]) for name in names}
    ready = [name for name in names if not missing[name]]
    ranks: dict[str, int] = {}
    while ready:
        name = ready.pop(0)
        ranks[name] = max((ranks[one] + 1 for one in before[name]), default=0)
        for one in after[name]:
            missing[one] -= 1
            if not missing[one]:
                ready.append(one)
    return ranks


def shorten(text: str, most: int) -> str:
    """At most so many characters; what is left out is left out in the middle."""
    if len(text) <= most:
        return text
    tail = (most - 1) // 3
    return f"{text[: most - 1 - tail]}…{text[-tail:] if tail else ''}"


def _detail(one: Transition) -> str:
    if one.kind is Kind.CATCH:
        return f"on {one.detail}"
    if one.kind is Kind.CHOICE:
        return f"{one.label}: {one.detail}"
    return one.label or "next"
