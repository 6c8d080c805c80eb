"""Location paths."""

from typing import Any

from asl.jsonata.compiler.grouping import compile_group
from asl.jsonata.compiler.interface import Compiler
from asl.jsonata.compiler.steps import compile_steps, flattened
from asl.jsonata.compiler.tree import Node
from asl.jsonata.compiler.tuples import CONTEXT
from asl.jsonata.runtime.calls import Eval
from asl.jsonata.runtime.frame import Frame
from asl.jsonata.runtime.values import (
    UNDEFINED,
    Constructed,
    Sequence,
    Value,
    is_list,
    is_object,
    look_up,
    settle,
)


def compile_path(compiler: Compiler, node: Node) -> Eval:
    """A path; one of a variable and names only, such as `$states.input.a`, takes a shortcut."""
    if not compiler.counting and _is_plain(node):
        return _plain_path(node)
    return _general_path(compiler, node)


def _is_plain(node: Node) -> bool:
    """Whether the path is a variable and names, with nothing that could change their meaning."""
    first, *rest = node.steps
    bare = not (node.group or node.keep_singleton_array or node.tuple or node.predicate or node.seeking_parent)
    return (
        bare
        and first.type == "variable"
        and first.value != ""
        and all(step.type == "name" for step in rest)
        and not any(_is_decorated(step) for step in node.steps)
    )


def _is_decorated(step: Node) -> bool:
    marks: tuple[Any, ...] = (step.stages, step.predicate, step.group, step.keep_array, step.focus, step.index)
    return any(mark not in (None, False, []) for mark in (*marks, step.tuple, step.ancestor))


def _plain_path(node: Node) -> Eval:
    """Goes from member to member, and maps over the first array that turns up."""
    variable, *names = (str(step.value) for step in node.steps)

    def run(_context: Value, env: Frame) -> Value:
        value = env.lookup(variable)
        for index, name in enumerate(names):
            if not is_object(value):
                return _through_array(value, names[index:])
            value = value.get(name, UNDEFINED)
        return value

    return run


def _through_array(value: Value, names: list[str]) -> Value:
    if not is_list(value):
        return UNDEFINED
    current: list[Value] = value
    for index, name in enumerate(names):
        found = [member for item in current if (member := settle(look_up(item, name))) is not UNDEFINED]
        current = flattened(found, index == len(names) - 1)
        if not current:
            break
    return current


def _general_path(compiler: Compiler, node: Node) -> Eval:
    walk = compile_steps(compiler, node.steps)
    group = compile_group(compiler, node.group) if node.group is not None else None
    absolute = node.steps[0].type == "variable"
    keep, carries_tuples = bool(node.keep_singleton_array), bool(node.tuple)

    def run(context: Value, env: Frame) -> Value:
        start: list[Value] = context if is_list(context) and not absolute else Sequence([context])
        result, tuples = walk(start, env)
        if tuples is not None:
            result = tuples if carries_tuples else Sequence(item[CONTEXT] for item in tuples)
        if keep and is_list(result):
            result = _kept(result)
        if group is not None:
            return group(tuples if tuples is not None else result, env)
        return result

    return run


def _kept(result: list[Value]) -> list[Value]:
    """A result that stays an array even if it has one element."""
    kept = Sequence([result]) if type(result) is Constructed else result
    if type(kept) is Sequence:
        kept.keep_singleton = True
    return kept
