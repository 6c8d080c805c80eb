"""Operators, conditions, blocks, bindings and array constructors."""

from asl.jsonata.compiler.grouping import compile_group
from asl.jsonata.compiler.interface import Compiler
from asl.jsonata.compiler.tree import Node
from asl.jsonata.runtime.calls import Eval
from asl.jsonata.runtime.errors import JsonataError
from asl.jsonata.runtime.frame import Frame, check_size
from asl.jsonata.runtime.operators import OPERATIONS
from asl.jsonata.runtime.truth import is_numeric, truthy
from asl.jsonata.runtime.values import UNDEFINED, Constructed, Value, is_list


def compile_binary(compiler: Compiler, node: Node) -> Eval:
    """An operator between two operands. Its errors name the operator."""
    symbol = str(node.value)
    left, right = compiler.compile(node.lhs), compiler.compile(node.rhs)
    if symbol in ("and", "or"):
        return _boolean(symbol, left, right)
    operation = OPERATIONS[symbol]

    def run(context: Value, env: Frame) -> Value:
        ours = left(context, env)
        theirs = right(context, env)
        try:
            return operation(ours, theirs)
        except JsonataError as error:
            error.token = symbol
            raise

    return run


def _boolean(symbol: str, left: Eval, right: Eval) -> Eval:
    deciding = symbol == "or"

    def run(context: Value, env: Frame) -> Value:
        ours = left(context, env)
        try:
            if truthy(ours) is deciding:
                return deciding
            return truthy(right(context, env))
        except JsonataError as error:
            # The right side is evaluated inside the operator, so its errors name the operator too.
            error.token = symbol
            raise

    return run


def compile_unary(compiler: Compiler, node: Node) -> Eval:
    """A negation, or an array or object constructor."""
    symbol = str(node.value)
    if symbol == "-":
        return _negation(compiler.compile(node.expression))
    return _array(compiler, node) if symbol == "[" else compile_group(compiler, node)


def _negation(operand: Eval) -> Eval:
    def run(context: Value, env: Frame) -> Value:
        value = operand(context, env)
        if value is UNDEFINED:
            return UNDEFINED
        if is_numeric(value):
            return -value
        raise JsonataError("D1002", token="-", value=value)  # noqa: S106

    return run


def _array(compiler: Compiler, node: Node) -> Eval:
    items = [(compiler.compile(item), str(item.value) == "[") for item in node.expressions]
    build = Constructed if node.consarray else list[Value]

    def run(context: Value, env: Frame) -> Value:
        result: list[Value] = build()
        for item, is_array in items:
            value = item(context, env)
            if value is UNDEFINED:
                continue
            if is_array or not is_list(value):
                result.append(value)
            else:
                check_size(len(result) + len(value))
                result.extend(value)
        return result

    return run


def compile_condition(compiler: Compiler, node: Node) -> Eval:
    """`a ? b : c`; without `c`, a false condition yields nothing."""
    test, then = compiler.compile(node.condition), compiler.compile(node.then)
    other: Eval = compiler.compile(node._else) if node._else is not None else (lambda _context, _env: UNDEFINED)
    return lambda context, env: (then if truthy(test(context, env)) else other)(context, env)


def compile_block(compiler: Compiler, node: Node) -> Eval:
    """`(a; b)`: a scope, whose value is that of its last expression."""
    parts = [compiler.compile(part) for part in node.expressions]

    def run(context: Value, env: Frame) -> Value:
        scope = Frame(env)
        value: Value = UNDEFINED
        for part in parts:
            value = part(context, scope)
        return value

    return run


def compile_bind(compiler: Compiler, node: Node) -> Eval:
    """`$name := value`."""
    name, right = str(node.lhs.value), compiler.compile(node.rhs)

    def run(context: Value, env: Frame) -> Value:
        value = right(context, env)
        env.bindings[name] = value
        return value

    return run
