"""What the compiler of one node type needs from the compiler of whole trees."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from asl.jsonata.compiler.tree import Node
from asl.jsonata.runtime.calls import Eval


class Compiler(Protocol):
    """Compiles the nodes below a node, whatever their types."""

    @property
    def counting(self) -> bool:
        """Whether every node counts its depth. Only lambdas and very deep trees need that."""
        ...

    def compile(self, node: Node) -> Eval:
        """The function of one node, with its predicates and grouping."""
        ...


NodeCompiler: TypeAlias = Callable[[Compiler, Node], Eval]
"""Compiles nodes of one type."""
