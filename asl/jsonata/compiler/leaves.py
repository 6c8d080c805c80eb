"""Nodes with nothing below them: literals, names, variables and wildcards."""

from asl.jsonata.compiler.interface import Compiler
from asl.jsonata.compiler.tree import Node
from asl.jsonata.runtime.calls import Eval
from asl.jsonata.runtime.errors import JsonataError
from asl.jsonata.runtime.frame import Frame
from asl.jsonata.runtime.regexes import Regex
from asl.jsonata.runtime.values import UNDEFINED, FunctionValue, Sequence, Value, is_list, is_object, look_up


def compile_literal(_compiler: Compiler, node: Node) -> Eval:
    """A string, a number, `true`, `false` or `null`."""
    value = _literal_value(node.value)
    return lambda _context, _env: value


def _literal_value(value: Value) -> Value:
    if isinstance(value, str) and not value.isascii():
        # The parser turns an escaped pair of surrogates into two characters; it means one.
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, int) and abs(value) >= 2**53:
        return float(value)
    return value


def compile_name(_compiler: Compiler, node: Node) -> Eval:
    """A member of the current item."""
    name = str(node.value)
    return lambda context, _env: look_up(context, name)


def compile_variable(_compiler: Compiler, node: Node) -> Eval:
    """`$name`, or `$` for the current item."""
    name = str(node.value)
    if name == "":
        return _current_context
    # `$$` parses as a variable called `$`, which is bound to the input document.
    return lambda _context, env: env.lookup(name)


def _current_context(context: Value, _env: Frame) -> Value:
    return context[0] if type(context) is Sequence and context.outer_wrapper else context


def compile_parent(_compiler: Compiler, node: Node) -> Eval:
    """`%`: the item that the current one is a member of."""
    # The parser may rename the slot's label after it made this node, so the label is read late.
    slot = node.slot
    return lambda _context, env: env.lookup(slot.label)


def compile_wildcard(_compiler: Compiler, _node: Node) -> Eval:
    """`*`: all members of the current item."""
    return _members


def _members(context: Value, _env: Frame) -> Value:
    source = context[0] if type(context) is Sequence and context.outer_wrapper and context else context
    members: list[Value] = []
    if is_object(source):
        members = list(source.values())
    elif is_list(source):
        members = source
    found: list[Value] = Sequence()
    flattened = False
    for member in members:
        if is_list(member):
            found.extend(_flatten(member))
            flattened = True
        else:
            found.append(member)
    return list(found) if flattened else found


def _flatten(items: list[Value]) -> list[Value]:
    flat: list[Value] = []
    for item in items:
        if is_list(item):
            flat.extend(_flatten(item))
        else:
            flat.append(item)
    return flat


def compile_descendant(_compiler: Compiler, _node: Node) -> Eval:
    """`**`: the current item and everything below it."""
    return _descendants


def _descendants(context: Value, _env: Frame) -> Value:
    if context is UNDEFINED:
        return UNDEFINED
    found = Sequence()
    _collect(context, found)
    return found[0] if len(found) == 1 else found


def _collect(value: Value, found: list[Value]) -> None:
    if is_list(value):
        for item in value:
            _collect(item, found)
        return
    found.append(value)
    if is_object(value):
        for item in value.values():
            _collect(item, found)


def compile_regex(_compiler: Compiler, node: Node) -> Eval:
    """A regular expression, which is a function."""
    matcher: FunctionValue = Regex(node.value)
    return lambda _context, _env: matcher


def refuse_operator(_compiler: Compiler, node: Node) -> Eval:
    """An operator where a value belongs; raises S0201."""
    raise JsonataError("S0201", token=node.value)
