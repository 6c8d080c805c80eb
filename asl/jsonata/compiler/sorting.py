"""The order-by operator."""

from collections.abc import Callable
from typing import Any, TypeAlias

from asl.jsonata.compiler.interface import Compiler
from asl.jsonata.compiler.tree import Node
from asl.jsonata.compiler.tuples import CONTEXT, tuple_frame
from asl.jsonata.runtime.errors import JsonataError
from asl.jsonata.runtime.frame import Frame
from asl.jsonata.runtime.ordering import compare, sort_by
from asl.jsonata.runtime.values import UNDEFINED, Sequence, Value, is_number

Sort: TypeAlias = Callable[[Any, Frame], list[Value]]


def compile_sort(compiler: Compiler, node: Node) -> Sort:
    """Sorts by the terms in order of priority; undefined comes last."""
    terms = [(compiler.compile(term.expression), bool(term.descending)) for term in node.terms]

    def run(items: Any, env: Frame) -> list[Value]:
        streaming = type(items) is Sequence and items.tuples

        def value_of(term: Any, item: Value) -> Value:
            return term(item[CONTEXT], tuple_frame(env, item)) if streaming else term(item, env)

        def swaps(left: Value, right: Value) -> bool:
            for term, descending in terms:
                order = _order(value_of(term, left), value_of(term, right), descending)
                if order:
                    return order > 0
            return False

        return items if len(items) <= 1 else sort_by(items, swaps)

    return run


def _order(left: Value, right: Value, descending: bool) -> int:
    if left is UNDEFINED or right is UNDEFINED:
        return (left is UNDEFINED) - (right is UNDEFINED)
    for value in (left, right):
        if not (isinstance(value, str) or is_number(value)):
            raise JsonataError("T2008", value=value)
    if isinstance(left, str) is not isinstance(right, str):
        raise JsonataError("T2007", value=left, value2=right)
    return -compare(left, right) if descending else compare(left, right)
