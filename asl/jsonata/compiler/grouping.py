"""Object constructors, which group by key when they follow a path."""

from dataclasses import dataclass, field

from asl.jsonata.compiler.interface import Compiler
from asl.jsonata.compiler.tree import Node
from asl.jsonata.compiler.tuples import CONTEXT, tuple_frame, unite
from asl.jsonata.runtime.calls import Eval
from asl.jsonata.runtime.errors import EngineFailed, JsonataError
from asl.jsonata.runtime.frame import Frame
from asl.jsonata.runtime.values import UNDEFINED, Sequence, Value, append, is_list


@dataclass(slots=True)
class _Group:
    """The items that share a key, and which pair of the constructor gave that key."""

    pair: int
    data: Value = field(default=UNDEFINED)


def compile_group(compiler: Compiler, node: Node) -> Eval:
    """An object constructor. Items with the same key form a group, and the value is evaluated once per group."""
    pairs = [(compiler.compile(key), compiler.compile(value)) for key, value in node.lhs_object]
    keys, values = [key for key, _ in pairs], [value for _, value in pairs]

    def run(context: Value, env: Frame) -> Value:
        streaming = type(context) is Sequence and context.tuples
        if streaming and not context:
            raise EngineFailed
        result: dict[str, Value] = {}
        for name, group in _groups(keys, context, streaming, env).items():
            value = values[group.pair](*_group_context(group.data, streaming, env))
            if value is not UNDEFINED:
                result[name] = value
        return result

    return run


def _groups(keys: list[Eval], context: Value, streaming: bool, env: Frame) -> dict[str, _Group]:
    items: list[Value] = (context if is_list(context) else [context]) or [UNDEFINED]
    groups: dict[str, _Group] = {}
    for item in items:
        scope = tuple_frame(env, item) if streaming else env
        for pair, key in enumerate(keys):
            _add(groups, key(item[CONTEXT] if streaming else item, scope), pair, item)
    return groups


def _add(groups: dict[str, _Group], name: Value, pair: int, item: Value) -> None:
    if name is UNDEFINED:
        return
    if not isinstance(name, str):
        raise JsonataError("T1003", value=name)
    group = groups.get(name)
    if group is None:
        groups[name] = _Group(pair, item)
    elif group.pair != pair:
        raise JsonataError("D1009", value=name)
    else:
        group.data = append(group.data, item)


def _group_context(data: Value, streaming: bool, env: Frame) -> tuple[Value, Frame]:
    if not streaming:
        return data, env
    united = unite(data)
    context = united.pop(CONTEXT)
    return context, Frame(env, united)
