"""The steps of a path: over plain items, or over tuples from the first step on that binds something."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, cast

from asl.jsonata.compiler.filters import Filter, compile_filter, compile_stages
from asl.jsonata.compiler.interface import Compiler
from asl.jsonata.compiler.sorting import compile_sort
from asl.jsonata.compiler.tree import Node
from asl.jsonata.compiler.tuples import CONTEXT, Tuple, new_stream, tuple_frame
from asl.jsonata.runtime.calls import Eval
from asl.jsonata.runtime.frame import Frame
from asl.jsonata.runtime.values import UNDEFINED, Constructed, Sequence, Value, is_list

_PlainStep: TypeAlias = Callable[[list[Value], Frame], Value]
_TupleStep: TypeAlias = Callable[[list[Value], list[Tuple] | None, Frame], list[Tuple]]

Walked: TypeAlias = tuple[Value, list[Tuple] | None]
"""The result of the plain steps of a path, and the tuples of the steps after them, if there are any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One compiled step; either `plain` or `over_tuples` is set."""

    plain: _PlainStep | None = None
    over_tuples: _TupleStep | None = None
    streaming: bool
    focuses: bool


def compile_steps(compiler: Compiler, nodes: list[Node]) -> Callable[[list[Value], Frame], Walked]:
    """All steps of a path as one function from items to the path's result."""
    streaming = False
    steps: list[_Step] = []
    for index, node in enumerate(nodes):
        streaming = streaming or bool(node.tuple)
        focuses = node.focus is not None
        if streaming and not (index == 0 and node.consarray):
            over_tuples = _compile_tuple_step(compiler, node)
            steps.append(_Step(over_tuples=over_tuples, streaming=True, focuses=focuses))
        else:
            plain = _compile_plain_step(compiler, node, index, len(nodes))
            steps.append(_Step(plain=plain, streaming=streaming, focuses=focuses))
    return lambda start, env: _walk(steps, start, env)


def _walk(steps: list[_Step], start: list[Value], env: Frame) -> Walked:
    sequence, result = start, cast(Value, UNDEFINED)
    tuples: list[Tuple] | None = None
    for step in steps:
        if step.plain is not None:
            result = step.plain(sequence, env)
        elif step.over_tuples is not None:
            tuples = step.over_tuples(sequence, tuples, env)
        if not step.streaming and (result is UNDEFINED or not result):
            break
        if not step.focuses:
            sequence = result if is_list(result) else sequence
    return result, tuples


def _compile_plain_step(compiler: Compiler, node: Node, index: int, count: int) -> _PlainStep:
    if index == 0 and node.consarray:
        return compiler.compile(node)
    if node.type == "sort":
        sort, stages = compile_sort(compiler, node), compile_stages(compiler, node.stages)
        return lambda items, env: stages(sort(items, env), env)
    filters = [compile_filter(compiler, stage.expr) for stage in node.stages or () if stage.type == "filter"]
    return _plain_step(compiler.compile(node), filters, last=index == count - 1)


def _plain_step(run: Eval, filters: list[Filter], last: bool) -> _PlainStep:
    def step(items: list[Value], env: Frame) -> Value:
        found: list[Value] = []
        for item in items:
            value = run(item, env)
            for keep in filters:
                value = keep(value, env)
            if value is not UNDEFINED:
                found.append(value)
        return flattened(found, last)

    return step


def flattened(found: list[Value], last: bool) -> list[Value]:
    """The values of a step as one sequence; constructed arrays stay whole, and so does a single array at the end."""
    if last and len(found) == 1 and is_list(found[0]) and type(found[0]) is not Sequence:
        return found[0]
    result = Sequence()
    for value in found:
        if is_list(value) and type(value) is not Constructed:
            result.extend(value)
        else:
            result.append(value)
    return result


def _compile_tuple_step(compiler: Compiler, node: Node) -> _TupleStep:
    stages = compile_stages(compiler, node.stages)
    if node.type == "sort":
        return _tuple_sort(compiler, node, stages)
    run = compiler.compile(node)

    def step(items: list[Value], tuples: list[Tuple] | None, env: Frame) -> list[Tuple]:
        result = new_stream()
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
    bound = dict(item)
    if node.focus:
        bound[str(node.focus)] = value
    else:
        bound[CONTEXT] = value
    if node.index:
        bound[str(node.index)] = index
    if node.ancestor is not None:
        bound[str(node.ancestor.label)] = item[CONTEXT]
    return bound


def _tuple_sort(compiler: Compiler, node: Node, stages: Filter) -> _TupleStep:
    sort = compile_sort(compiler, node)

    def step(items: list[Value], tuples: list[Tuple] | None, env: Frame) -> list[Tuple]:
        result = new_stream()
        if tuples is not None:
            result.extend(sort(tuples, env))
        else:
            result.extend(_numbered(node, sort(items, env)))
        return cast("list[Tuple]", stages(result, env))

    return step


def _numbered(node: Node, values: list[Value]) -> list[Tuple]:
    numbers = [{str(node.index): index} if node.index else {} for index in range(len(values))]
    return [{CONTEXT: value, **number} for value, number in zip(values, numbers, strict=True)]
