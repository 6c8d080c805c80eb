"""Finds the target of a verb and a path."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Generic, TypeVar

from local.host.errors import LaptopError
from local.program.declarations.openapi import ANY

T = TypeVar("T")
NONE: Final[dict[str, str]] = {}


class Router(Generic[T]):
    """Matches the most specific path: a literal segment wins over a parameter, a verb's own target over that of ANY.

    Trailing slashes and empty segments are ignored.
    """

    def __init__(self, targets: Iterable[tuple[str, str, T]]) -> None:
        """`targets` are triples of path template (`/tasks/{task_id}`), verb and target."""
        self._root: _Node[T] = _Node()
        for path, verb, target in targets:
            self._node(path).targets[verb] = target

    def find(self, verb: str, path: str) -> tuple[T, dict[str, str]] | None:
        """The target and the path parameters, as the client has percent-encoded them.

        HTTP APIs decode path parameters, REST APIs do not: observed in https://github.com/aws/aws-sam-cli/issues/771
        and https://github.com/aws/aws-sam-cli/issues/3524; AWS's own emulator of REST APIs, in aws-lambda-dotnet's
        Lambda test tool, does the same.
        """
        found = _find(self._root, [segment for segment in path.split("/") if segment], 0)
        if found is None:
            return None
        node, parameters = found
        target = node.targets.get(verb)
        if target is None:
            target = node.targets.get(ANY)
        return None if target is None else (target, parameters)

    def _node(self, path: str) -> _Node[T]:
        node = self._root
        for segment in filter(None, path.split("/")):
            node = node.below(segment)
        return node


class _Node(Generic[T]):
    """A node of the tree of paths. A node with targets is the end of a path."""

    __slots__ = ("literals", "name", "parameter", "targets")

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.targets: dict[str, T] = {}
        self.literals: dict[str, _Node[T]] = {}
        self.parameter: _Node[T] | None = None

    def below(self, segment: str) -> _Node[T]:
        """The node of the next segment of a template, created if missing."""
        if not segment.startswith("{"):
            return self.literals.setdefault(segment, _Node())
        if self.parameter is None:
            self.parameter = _Node(segment[1:-1])
        if self.parameter.name != segment[1:-1]:
            raise LaptopError(
                f"The API's path parameters {{{self.parameter.name}}} and {segment} are at the same position.",
                "Give them the same name; API Gateway rejects the document otherwise.",
            )
        return self.parameter


def _find(node: _Node[T], segments: list[str], depth: int) -> tuple[_Node[T], dict[str, str]] | None:
    if depth == len(segments):
        return (node, NONE) if node.targets else None
    segment = segments[depth]
    literal = node.literals.get(segment)
    if literal is not None and (found := _find(literal, segments, depth + 1)) is not None:
        return found
    if node.parameter is None or (found := _find(node.parameter, segments, depth + 1)) is None:
        return None
    end, parameters = found
    return end, {node.parameter.name: segment, **parameters}
