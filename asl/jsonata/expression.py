"""A compiled expression and how to evaluate it."""

import random
import threading
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from asl.jsonata.compiler.compiler import compile_tree
from asl.jsonata.compiler.parser import parse
from asl.jsonata.compiler.tree import Node
from asl.jsonata.library import LIBRARY
from asl.jsonata.runtime.calls import Eval
from asl.jsonata.runtime.errors import JsonataError
from asl.jsonata.runtime.frame import Frame, Scratch
from asl.jsonata.runtime.values import UNDEFINED, Value

_PARSING: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression, parsed and compiled once. Several threads may evaluate it at a time."""

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
    return Expression(text, tree, compile_tree(tree))
