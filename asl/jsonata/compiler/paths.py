"""Location paths: steps over sequences, filters and grouping."""

from collections.abc import Callable
from typing import Any, Final, cast

from asl.jsonata.compiler.compiler import Compiler, look_up, register
from asl.jsonata.compiler.parser import Node
from asl.jsonata.compiler.tuples import CONTEXT, TupleStep, compile_tuple_step, tuple_frame, unite
from asl.jsonata.runtime.calls import Eval
from asl.jsonata.runtime.errors import EngineFailed, JsonataError
from asl.jsonata.runtime.frame import Frame
from asl.jsonata.runtime.truth import are_numbers, is_numeric, truthy
from asl.jsonata.runtime.values import UNDEFINED, Constructed, Sequence, Value, append, is_list, is_object

StepRun = Callable[[list[Value], Frame, bool], Value]


def _path(compiler: Compiler, node: Node) -> Eval:
    if not compiler.counting and _is_plain(node):
        return _plain_path(node)
    return _general_path(compiler, node)


def _is_plain(node: Node) -> bool:
    """Whether the path is a variable and names, with nothing that could change what they mean."""
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
    marks: tuple[Any, ...] = (
        step.stages,
        step.predicate,
        step.group,
        step.keep_array,
        step.focus,
        step.index,
    )
    return any(mark not in (None, False, []) for mark in (*marks, step.tuple, step.ancestor))


def _plain_path(node: Node) -> Eval:
    """`$states.input.a.b` without a sequence in between; as soon as an array turns up, `look_up` maps over
    it."""
    variable, *names = (str(step.value) for step in node.steps)

    def run(_context: Value, env: Frame) -> Value:
        value = env.lookup(variable)
        for index, name in enumerate(names):
            if not is_object(value):
                return _through(value, names[index:])
            value = value.get(name, UNDEFINED)
        return value

    return run


def _through(value: Value, names: list[str]) -> Value:
    if not is_list(value):
        return UNDEFINED
    current: list[Value] = value
    for index, name in enumerate(names):
        found = [member for item in current if (member := look_up_settled(item, name)) is not UNDEFINED]
        current = _flattened(found, index == len(names) - 1)
        if not current:
            break
    return current


def look_up_settled(value: Value, name: str) -> Value:
    """A step that is a name, applied to one item."""
    from asl.jsonata.runtime.values import settle

    return settle(look_up(value, name))


def _general_path(compiler: Compiler, node: Node) -> Eval:
    steps = [_compile_step(compiler, step) for step in node.steps]
    group = compiler.group(node.group) if node.group is not None else None
    absolute = node.steps[0].type == "variable"
    keep, carries_tuples = bool(node.keep_singleton_array), bool(node.tuple)

    def run(context: Value, env: Frame) -> Value:
        start: list[Value] = context if is_list(context) and not absolute else Sequence([context])
        result, tuples = _walk(steps, start, env)
        if tuples is not None:
            result = tuples if carries_tuples else Sequence(item[CONTEXT] for item in tuples)
        if keep and is_list(result):
            result = Sequence([result]) if type(result) is Constructed else result
            _keep(result)
        if group is not None:
            return group(tuples if tuples is not None else result, env)
        return result

    return run


def _keep(result: list[Value]) -> None:
    if type(result) is Sequence:
        result.keep_singleton = True


class _Step:
    __slots__ = ("constructs", "focus", "in_tuples", "plain", "start")

    def __init__(self, compiler: Compiler, node: Node) -> None:
        self.in_tuples: TupleStep = compile_tuple_step(compiler, node)
        self.plain = _compile_plain_step(compiler, node)
        self.constructs = compiler.compile(node) if node.consarray else None
        self.start = bool(node.tuple)
        self.focus = node.focus is not None


def _compile_step(compiler: Compiler, node: Node) -> _Step:
    return _Step(compiler, node)


def _walk(steps: list[_Step], start: list[Value], env: Frame) -> tuple[Value, "list[dict[str, Value]] | None"]:
    sequence, result = start, cast(Value, UNDEFINED)
    tuples: list[dict[str, Value]] | None = None
    streaming = False
    for index, step in enumerate(steps):
        streaming = streaming or step.start
        if index == 0 and step.constructs is not None:
            result = step.constructs(sequence, env)
        elif streaming:
            tuples = step.in_tuples(sequence, tuples, env)
        else:
            result = step.plain(sequence, env, index == len(steps) - 1)
        if not streaming and (result is UNDEFINED or not result):
            break
        if not step.focus:
            sequence = result if is_list(result) else sequence
    return result, tuples


def _compile_plain_step(compiler: Compiler, node: Node) -> StepRun:
    if node.type == "sort":
        from asl.jsonata.compiler.sorting import compile_sort

        sort = compile_sort(compiler, node)
        stages = compile_stages(compiler, node.stages)
        return lambda items, env, _last: stages(sort(items, env), env)
    run = compiler.compile(node)
    filters = [compiler.filter(stage.expr) for stage in node.stages or () if stage.type == "filter"]

    def step(items: list[Value], env: Frame, last: bool) -> Value:
        found: list[Value] = []
        for item in items:
            value = run(item, env)
            for keep in filters:
                value = keep(value, env)
            if value is not UNDEFINED:
                found.append(value)
        return _flattened(found, last)

    return step


def _flattened(found: list[Value], last: bool) -> list[Value]:
    if last and len(found) == 1 and is_list(found[0]) and type(found[0]) is not Sequence:
        return found[0]
    result = Sequence()
    for value in found:
        if is_list(value) and type(value) is not Constructed:
            result.extend(value)
        else:
            result.append(value)
    return result


def compile_stages(compiler: Compiler, stages: list[Node] | None) -> Callable[[Value, Frame], Value]:
    """Filters and position variables after a step, in order."""
    compiled = [
        (stage.type, compiler.filter(stage.expr) if stage.type == "filter" else stage.value) for stage in stages or ()
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


def compile_filter(compiler: Compiler, node: Node) -> Callable[[Value, Frame], Value]:
    """A predicate: a position for a number, positions for an array of them, a condition for all else."""
    if node.type == "number":
        position = int(node.value // 1)
        return lambda value, _env: _at(value, position)
    test = compiler.compile(node)

    def run(value: Value, env: Frame) -> Value:
        items: list[Value] = value if is_list(value) else Sequence([value])
        results = Sequence()
        results.tuples = type(value) is Sequence and value.tuples
        for index, item in enumerate(items):
            scope = tuple_frame(env, item) if results.tuples else env
            verdict = test(item[CONTEXT] if results.tuples else item, scope)
            if _selects(verdict, index, len(items), results, item):
                results.append(item)
        return results

    return run


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
    place = position + len(items) if position < 0 else position
    results = Sequence()
    results.tuples = type(value) is Sequence and value.tuples
    if not 0 <= place < len(items) or items[place] is UNDEFINED:
        return results
    item = items[place]
    if is_list(item):
        return item
    results.append(item)
    return results


_UNSEEN: Final = object()


def compile_group(compiler: Compiler, node: Node) -> Eval:
    """An object constructor: members with equal keys are grouped, and a value sees its whole group as
    context."""
    pairs = [(compiler.compile(key), compiler.compile(value)) for key, value in node.lhs_object]

    def run(context: Value, env: Frame) -> Value:
        streaming = type(context) is Sequence and context.tuples
        items: list[Value] = (context if is_list(context) else [context]) or [UNDEFINED]
        if streaming and not context:
            raise EngineFailed
        groups: dict[str, list[Value]] = {}
        for item in items:
            scope = tuple_frame(env, item) if streaming else env
            for index, (key, _value) in enumerate(pairs):
                _file(groups, key(item[CONTEXT] if streaming else item, scope), index, item)
        result: dict[str, Value] = {}
        for name, (index, data) in groups.items():
            value: Value = pairs[index][1](*_group_context(data, streaming, env))  # pyright: ignore[reportUnknownVariableType]
            if value is not UNDEFINED:
                result[name] = value
        return result

    return run


def _file(groups: dict[str, list[Value]], name: Value, index: int, item: Value) -> None:
    if name is UNDEFINED:
        return
    if not isinstance(name, str):
        raise JsonataError("T1003", value=name)
    entry = groups.get(name)
    if entry is None:
        groups[name] = [index, item]
    elif entry[0] != index:
        raise JsonataError("D1009", value=name)
    else:
        entry[1] = append(entry[1], item)


def _group_context(data: Value, streaming: bool, env: Frame) -> tuple[Value, Frame]:
    if not streaming:
        return data, env
    united = unite(data)
    context = united.pop(CONTEXT)
    return context, Frame(env, united)


register(path=_path)
