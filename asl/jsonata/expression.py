"""A compiled expression and how to evaluate it."""

import random
import threading
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from asl.jsonata.compiler import calling as _calling
from asl.jsonata.compiler import compound as _compound
from asl.jsonata.compiler import paths as _paths
from asl.jsonata.compiler.compiler import Compiler
from asl.jsonata.compiler.parser import Node, parse
from asl.jsonata.library import LIBRARY
from asl.jsonata.runtime.calls import Eval
from asl.jsonata.runtime.errors import JsonataError
from asl.jsonata.runtime.frame import MAX_DEPTH, Frame, Scratch
from asl.jsonata.runtime.values import UNDEFINED, Value

REGISTERED = (_calling, _compound, _paths)
"""Importing these adds their node types to the compiler."""

_PARSING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression parsed and compiled once; evaluating it from several threads at a time is safe."""

    text: str
    tree: Node = field(repr=False, compare=False)
    run: Eval = field(repr=False, compare=False)

    def evaluate(self, scope: Frame) -> Value:
        """The value in this scope, which must carry a `Scratch`. Raises `JsonataError` or `ResourceLimit`."""
        return self.run(UNDEFINED, scope)

    def with_bindings(self, bindings: dict[str, Value], rng: random.Random | None = None, now: float = 0.0) -> Value:
        """The value with these variables; for use outside a state machine."""
        return self.evaluate(Frame(LIBRARY, bindings, Scratch(now, rng or random.Random(0))))


@lru_cache(maxsize=4096)
def compile_expression(text: str) -> Expression:
    """Parse and compile an expression; raises `JsonataError` with a syntax code."""
    with _PARSING:
        try:
            tree = parse(text)
        except RecursionError as error:
            raise JsonataError("S0206", token=text[:20]) from error
    return Expression(text, tree, Compiler(_needs_counting(tree)).compile(tree))


def _needs_counting(tree: Node) -> bool:
    """Whether the depth bound can matter: only where a function can call itself, or the text itself nests
    that deep."""
    return has_type(tree, "lambda") or depth_of(tree) > MAX_DEPTH


_CHILDREN = (
    "lhs", "rhs", "expression", "condition", "then", "_else", "body", "procedure", "pattern", "update",
    "delete",
    "expr", "group",
)  # fmt: skip
_LISTS = ("steps", "predicate", "stages", "arguments", "expressions", "terms")


def children(node: Node) -> list[Node]:
    """The nodes right below a node."""
    below = [getattr(node, name, None) for name in _CHILDREN]
    for name in _LISTS:
        below.extend(getattr(node, name, None) or ())
    for pair in getattr(node, "lhs_object", None) or ():
        below.extend(pair)
    return [child for child in below if hasattr(child, "lhs_object")]


def has_type(node: Node, kind: str) -> bool:
    """Whether the node or one below it is of that type."""
    stack: list[Any] = [node]
    while stack:
        current = stack.pop()
        if current.type == kind:
            return True
        stack.extend(children(current))
    return False


def depth_of(node: Node) -> int:
    """How many nodes nest at the deepest."""
    level, deepest = [node], 0
    while level:
        deepest += 1
        level = [child for current in level for child in children(current)]
    return deepest
