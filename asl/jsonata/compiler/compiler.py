"""The syntax tree to nested Python functions, one per node; compiled code holds no state and is shared by
threads."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from asl.jsonata.compiler.parser import Node
from asl.jsonata.runtime.calls import Eval
from asl.jsonata.runtime.errors import JsonataError
from asl.jsonata.runtime.frame import Frame
from asl.jsonata.runtime.truth import truthy
from asl.jsonata.runtime.values import UNDEFINED, FunctionValue, Sequence, Value, is_list, is_object, settle


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles nodes. `counting` makes every node count its depth, which only lambdas and very deep trees
    need."""

    counting: bool

    def compile(self, node: Node) -> Eval:
        """The function of one node, its predicates and grouping included."""
        run = COMPILERS[node.type](self, node)
        for predicate in node.predicate or ():
            run = _filtered(run, self.filter(predicate.expr))
        if node.group is not None and node.type != "path":
            run = _grouped(run, self.group(node.group))
        run = _settled(run, bool(node.keep_array)) if _may_be_sequence(node) else run
        return _counted(run) if self.counting else run

    def filter(self, node: Node) -> "Callable[[Value, Frame], Value]":
        """The function that keeps what a predicate selects."""
        from asl.jsonata.compiler.paths import compile_filter

        return compile_filter(self, node)

    def group(self, node: Node) -> Eval:
        """The function of an object constructor, applied to what comes before it."""
        from asl.jsonata.compiler.paths import compile_group

        return compile_group(self, node)


NodeCompiler = Callable[[Compiler, Node], Eval]
_SETTLED_TYPES: Final = frozenset({"path", "name", "wildcard", "descendant", "function", "apply", "parent"})


def _may_be_sequence(node: Node) -> bool:
    return node.type in _SETTLED_TYPES or bool(node.predicate) or bool(node.keep_array)


def _settled(run: Eval, keep: bool) -> Eval:
    def settled(context: Value, env: Frame) -> Value:
        value = run(context, env)
        return settle(value, keep) if type(value) is Sequence else value

    return settled


def _counted(run: Eval) -> Eval:
    def counted(context: Value, env: Frame) -> Value:
        scratch = env.scratch
        scratch.enter()
        value = run(context, env)
        scratch.depth -= 1
        return value

    return counted


def _filtered(run: Eval, keep: Callable[[Value, Frame], Value]) -> Eval:
    return lambda context, env: keep(run(context, env), env)


def _grouped(run: Eval, group: Eval) -> Eval:
    return lambda context, env: group(run(context, env), env)


def _literal(_compiler: Compiler, node: Node) -> Eval:
    value = _literal_value(node.value)
    return lambda _context, _env: value


def _literal_value(value: Value) -> Value:
    if isinstance(value, str) and not value.isascii():
        # The parser turns an escaped pair of surrogates into two characters; it means one.
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, int) and abs(value) >= 2**53:
        return float(value)
    return value


def look_up(value: Value, name: str) -> Value:
    """A member by name, mapped over arrays and flattened."""
    if is_object(value):
        return value.get(name, UNDEFINED)
    if not is_list(value):
        return UNDEFINED
    found = Sequence()
    for item in value:
        member = look_up(item, name)
        if is_list(member):
            found.extend(member)
        elif member is not UNDEFINED:
            found.append(member)
    return found


def _name(_compiler: Compiler, node: Node) -> Eval:
    name = str(node.value)
    return lambda context, _env: look_up(context, name)


def _variable(_compiler: Compiler, node: Node) -> Eval:
    name = str(node.value)
    if name == "":
        return _current_context
    # `$$` parses as a variable called `$`, which is bound to the input document.
    return lambda _context, env: env.lookup(name)


def _current_context(context: Value, _env: Frame) -> Value:
    return context[0] if type(context) is Sequence and context.outer_wrapper else context


def _parent(_compiler: Compiler, node: Node) -> Eval:
    # The parser may rename the slot's label after this node was made, so it is read late.
    slot = node.slot
    return lambda _context, env: env.lookup(slot.label)


def _wildcard(_compiler: Compiler, _node: Node) -> Eval:
    def run(context: Value, _env: Frame) -> Value:
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

    return run


def _flatten(items: list[Value]) -> list[Value]:
    flat: list[Value] = []
    for item in items:
        if is_list(item):
            flat.extend(_flatten(item))
        else:
            flat.append(item)
    return flat


def _descendant(_compiler: Compiler, _node: Node) -> Eval:
    def run(context: Value, _env: Frame) -> Value:
        if context is UNDEFINED:
            return UNDEFINED
        found = Sequence()
        _collect(context, found)
        return found[0] if len(found) == 1 else found

    return run


def _collect(value: Value, found: list[Value]) -> None:
    if is_list(value):
        for item in value:
            _collect(item, found)
        return
    found.append(value)
    if is_object(value):
        for item in value.values():
            _collect(item, found)


def _condition(compiler: Compiler, node: Node) -> Eval:
    test, then = compiler.compile(node.condition), compiler.compile(node.then)
    other: Eval = compiler.compile(node._else) if node._else is not None else (lambda _context, _env: UNDEFINED)
    return lambda context, env: (then if truthy(test(context, env)) else other)(context, env)


def _block(compiler: Compiler, node: Node) -> Eval:
    parts = [compiler.compile(part) for part in node.expressions]

    def run(context: Value, env: Frame) -> Value:
        scope = Frame(env)
        value: Value = UNDEFINED
        for part in parts:
            value = part(context, scope)
        return value

    return run


def _bind(compiler: Compiler, node: Node) -> Eval:
    name, right = str(node.lhs.value), compiler.compile(node.rhs)

    def run(context: Value, env: Frame) -> Value:
        value = right(context, env)
        env.bindings[name] = value
        return value

    return run


def _regex(_compiler: Compiler, node: Node) -> Eval:
    from asl.jsonata.runtime.regexes import Regex

    matcher: FunctionValue = Regex(node.value)
    return lambda _context, _env: matcher


def _operator_as_name(_compiler: Compiler, node: Node) -> Eval:
    raise JsonataError("S0201", token=node.value)


COMPILERS: Final[dict[str, NodeCompiler]] = {
    "string": _literal,
    "number": _literal,
    "value": _literal,
    "name": _name,
    "variable": _variable,
    "parent": _parent,
    "wildcard": _wildcard,
    "descendant": _descendant,
    "condition": _condition,
    "block": _block,
    "bind": _bind,
    "regex": _regex,
    "operator": _operator_as_name,
}
"""Node type to its compiler; `paths`, `calling` and `compound` add theirs."""


def register(**compilers: Any) -> None:
    """Add node types."""
    COMPILERS.update(compilers)
