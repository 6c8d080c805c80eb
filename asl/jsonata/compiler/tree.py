"""The syntax tree: its nodes and how to walk them."""

from typing import Any, Final, TypeAlias

Node: TypeAlias = Any
"""A node as the parser of `jsonata-python` makes it; its attributes are untyped there."""

_CHILDREN: Final = (
    *("lhs", "rhs", "expression", "condition", "then", "_else", "body"),
    *("procedure", "pattern", "update", "delete", "expr", "group"),
)
_LISTS: Final = ("steps", "predicate", "stages", "arguments", "expressions", "terms")


def children(node: Node) -> list[Node]:
    """The nodes directly below a node."""
    below = [getattr(node, name, None) for name in _CHILDREN]
    for name in _LISTS:
        below.extend(getattr(node, name, None) or ())
    for pair in getattr(node, "lhs_object", None) or ():
        below.extend(pair)
    return [child for child in below if hasattr(child, "lhs_object")]


def has_type(node: Node, kind: str) -> bool:
    """Whether the node, or one below it, is of this type."""
    stack: list[Node] = [node]
    while stack:
        current = stack.pop()
        if current.type == kind:
            return True
        stack.extend(children(current))
    return False


def depth_of(node: Node) -> int:
    """The number of nodes on the longest way down."""
    level, deepest = [node], 0
    while level:
        deepest += 1
        level = [child for current in level for child in children(current)]
    return deepest
