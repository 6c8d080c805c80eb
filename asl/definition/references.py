"""What an expression may refer to: checked before a machine runs, as AWS does when it creates one."""

from collections.abc import Iterator
from typing import Final

from asl.jsonata import Node, children

INPUT_ONLY: Final = frozenset({"input", "context"})
WITH_RESULT: Final = INPUT_ONLY | {"result"}
WITH_ERROR: Final = INPUT_ONLY | {"errorOutput"}
"""The members of `$states` that a field may use."""


def problems_of(tree: Node, allowed: frozenset[str]) -> Iterator[str]:
    """The references of an expression that are not allowed."""
    yield from _reserved(tree, allowed)
    for name in dict.fromkeys(_without_context(tree)):
        yield f"Reference to '{name}' at the top level is not supported."


def _reserved(node: Node, allowed: frozenset[str]) -> Iterator[str]:
    if node.type == "path" and node.steps[0].type == "variable" and node.steps[0].value == "states":
        name = node.steps[1].value if len(node.steps) > 1 and node.steps[1].type == "name" else None
        if name is not None and name not in allowed:
            yield f"Reference to '$states.{name}' is not supported in this field."
    for child in children(node):
        yield from _reserved(child, allowed)


def _without_context(node: Node) -> Iterator[str]:
    """Names without a current item: an expression of a state machine has no input document."""
    if node.type == "variable" and node.value in ("", "$"):
        yield f"${node.value}"
    if node.type == "path":
        yield from _without_context(node.steps[0])
        return
    if node.type == "name":
        yield str(node.value)
    if node.type in ("lambda", "transform"):
        # A transform has its own context, and a lambda may be given one.
        return
    for child in _outside_predicates(node):
        yield from _without_context(child)


def _outside_predicates(node: Node) -> list[Node]:
    inside = [*(node.predicate or ()), *(node.stages or ()), node.group]
    return [child for child in children(node) if not any(child is other for other in inside)]
