"""Tuple streams: what `@`, `#` and `%` carry along a path besides the current item."""

from collections.abc import Callable
from typing import Final, cast

from asl.jsonata.compiler.compiler import Compiler
from asl.jsonata.compiler.parser import Node
from asl.jsonata.runtime.frame import Frame
from asl.jsonata.runtime.values import UNDEFINED, Sequence, Value, append, is_list

CONTEXT: Final = "@"
"""The member of a tuple that holds the current item."""

Tuple = dict[str, Value]
TupleStep = Callable[[list[Value], "list[Tuple] | None", Frame], "list[Tuple]"]


def tuple_frame(env: Frame, item: Tuple) -> Frame:
    """A scope with the tuple's bindings."""
    return Frame(env, dict(item))


def compile_tuple_step(compiler: Compiler, node: Node) -> TupleStep:
    """A step of a path that carries tuples."""
    from asl.jsonata.compiler.paths import compile_stages

    stages = compile_stages(compiler, node.stages)
    if node.type == "sort":
        return _sort_step(compiler, node, stages)
    run = compiler.compile(node)

    def step(items: list[Value], tuples: list[Tuple] | None, env: Frame) -> list[Tuple]:
        result = Sequence()
        result.tuples = True
        for item in tuples if tuples is not None else [{CONTEXT: value} for value in items]:
            value = run(item[CONTEXT], tuple_frame(env, item))
            if value is not UNDEFINED:
                result.extend(_spread(node, item, value))
        return cast("list[Tuple]", stages(result, env))

    return step


def _spread(node: Node, item: Tuple, value: Value) -> list[Tuple]:
    values: list[Value] = value if is_list(value) else [value]
    if type(value) is Sequence and value.tuples:
        return [{**item, **inner} for inner in values]
    return [_bound(node, item, one, index) for index, one in enumerate(values)]


def _bound(node: Node, item: Tuple, value: Value, index: int) -> Tuple:
    made = dict(item)
    if node.focus:
        made[str(node.focus)] = value
    else:
        made[CONTEXT] = value
    if node.index:
        made[str(node.index)] = index
    if node.ancestor is not None:
        made[str(node.ancestor.label)] = item[CONTEXT]
    return made


def _sort_step(compiler: Compiler, node: Node, stages: Callable[[Value, Frame], Value]) -> TupleStep:
    from asl.jsonata.compiler.sorting import compile_sort

    sort = compile_sort(compiler, node)

    def step(items: list[Value], tuples: list[Tuple] | None, env: Frame) -> list[Tuple]:
        result = Sequence()
        result.tuples = True
        if tuples is not None:
            result.extend(sort(tuples, env))
        else:
            for index, value in enumerate(sort(items, env)):
                made: Tuple = {CONTEXT: value}
                if node.index:
                    made[str(node.index)] = index
                result.append(made)
        return cast("list[Tuple]", stages(result, env))

    return step


def unite(data: Value) -> Tuple:
    """The tuples of one group as one tuple, member by member."""
    if not is_list(data):
        return dict(data)
    first, *rest = data
    united: Tuple = dict(first)
    for item in rest:
        for name, value in item.items():
            united[name] = append(united.get(name, UNDEFINED), value)
    return united
