"""Operators, negation and the constructors of arrays and objects."""

from asl.jsonata.compiler.compiler import Compiler, register
from asl.jsonata.compiler.parser import Node
from asl.jsonata.runtime.calls import Eval
from asl.jsonata.runtime.errors import JsonataError
from asl.jsonata.runtime.frame import Frame, check_size
from asl.jsonata.runtime.operators import OPERATIONS
from asl.jsonata.runtime.truth import is_numeric, truthy
from asl.jsonata.runtime.values import UNDEFINED, Constructed, Value, is_list


def _binary(compiler: Compiler, node: Node) -> Eval:
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
            # The right side is evaluated under the operator's own guard, so its errors bear the operator's
            # name too.
            error.token = symbol
            raise

    return run


def _unary(compiler: Compiler, node: Node) -> Eval:
    symbol = str(node.value)
    if symbol == "-":
        return _negation(compiler.compile(node.expression))
    return _array(compiler, node) if symbol == "[" else compiler.group(node)


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


register(binary=_binary, unary=_unary)
