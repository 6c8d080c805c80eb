"""Predicates, and the stages of a path step, which are predicates and position variables."""

from collections.abc import Callable
from typing import TypeAlias

from asl.jsonata.compiler.interface import Compiler
from asl.jsonata.compiler.tree import Node
from asl.jsonata.compiler.tuples import CONTEXT, tuple_frame
from asl.jsonata.runtime.frame import Frame
from asl.jsonata.runtime.truth import are_numbers, is_numeric, truthy
from asl.jsonata.runtime.values import UNDEFINED, Sequence, Value, is_list

Filter: TypeAlias = Callable[[Value, Frame], Value]
"""From a value, or a stream of tuples, to what is selected from it."""


def compile_stages(compiler: Compiler, stages: list[Node] | None) -> Filter:
    """The predicates and position variables after a step, in order."""
    compiled = [
        (stage.type, compile_filter(compiler, stage.expr) if stage.type == "filter" else stage.value)
        for stage in stages or ()
    ]

    def run(value: Value, env: Frame) -> Value:
        for kind, action in compiled:
            if kind == "filter":
                value = action(value, env)
                continue
            for index, item in enumerate(value):
                item[action] = index
        return value

    return run


def compile_filter(compiler: Compiler, node: Node) -> Filter:
    """A predicate: a position if it is a number, positions if an array of numbers, and otherwise a condition."""
    if node.type == "number":
        position = int(node.value // 1)
        return lambda value, _env: _at(value, position)
    test = compiler.compile(node)

    def run(value: Value, env: Frame) -> Value:
        items: list[Value] = value if is_list(value) else Sequence([value])
        results = _results_of(value)
        for index, item in enumerate(items):
            scope = tuple_frame(env, item) if results.tuples else env
            verdict = test(item[CONTEXT] if results.tuples else item, scope)
            if _selects(verdict, index, len(items), results, item):
                results.append(item)
        return results

    return run


def _results_of(value: Value) -> Sequence:
    results = Sequence()
    results.tuples = type(value) is Sequence and value.tuples
    return results


def _selects(verdict: Value, index: int, size: int, results: list[Value], item: Value) -> bool:
    if verdict is True or verdict is False:
        return verdict
    if is_numeric(verdict):
        verdict = [verdict]
    if not are_numbers(verdict):
        return truthy(verdict)
    for number in verdict:
        position = int(number // 1)
        if (position + size if position < 0 else position) == index:
            results.append(item)
    return False


def _at(value: Value, position: int) -> Value:
    items: list[Value] = value if is_list(value) else Sequence([value])
    index = position + len(items) if position < 0 else position
    results = _results_of(value)
    if not 0 <= index < len(items) or items[index] is UNDEFINED:
        return results
    item = items[index]
    if is_list(item):
        return item
    results.append(item)
    return results
