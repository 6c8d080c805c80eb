"""Function calls, lambdas, partial application and the chain operator."""

from collections.abc import Callable
from typing import Any, TypeAlias

from asl.jsonata.compiler.interface import Compiler
from asl.jsonata.compiler.tree import Node
from asl.jsonata.runtime.calls import Eval, Lambda, Native, Partial, TailCall, apply
from asl.jsonata.runtime.errors import JsonataError
from asl.jsonata.runtime.frame import Frame
from asl.jsonata.runtime.signature import Signature
from asl.jsonata.runtime.values import UNDEFINED, FunctionValue, Value

_Call: TypeAlias = Callable[[Value, Frame, list[Value]], Value]
"""A call that takes further arguments, which come before its own."""


def compile_call(compiler: Compiler, node: Node) -> Eval:
    """`$f(a, b)`."""
    call = _call(compiler, node)
    return lambda context, env: call(context, env, [])


def _call(compiler: Compiler, node: Node) -> _Call:
    procedure = compiler.compile(node.procedure)
    arguments = [compiler.compile(argument) for argument in node.arguments]
    name, by_path = _procedure_name(node), node.procedure.type == "path"

    def call(context: Value, env: Frame, first: list[Value]) -> Value:
        function = procedure(context, env)
        if function is UNDEFINED and by_path and env.lookup(name) is not UNDEFINED:
            raise JsonataError("T1005", token=name)
        args = [*first, *(argument(context, env) for argument in arguments)]
        try:
            return apply(function, args, context, env)
        except JsonataError as error:
            if error.token is UNDEFINED:
                error.token = name
            raise

    return call


def _procedure_name(node: Node) -> Value:
    procedure = node.procedure
    value = procedure.steps[0].value if procedure.type == "path" else procedure.value
    return UNDEFINED if value is None else str(value)


def compile_lambda(compiler: Compiler, node: Node) -> Eval:
    """`function($a, $b) { ... }`, or the deferred tail call that the parser makes one of."""
    if node.thunk:
        return _tail_call(compiler, node)
    names = [str(argument.value) for argument in node.arguments]
    body = compiler.compile(node.body)
    signature = _signature(node)

    def run(context: Value, env: Frame) -> Value:
        return Lambda(names, body, context, env, signature)

    return run


def _signature(node: Node) -> Signature | None:
    """A lambda's own signature, rebuilt from the parameters that the library parsed."""
    parsed: Any = node.signature
    if parsed is None:
        return None
    text = ""
    for parameter in parsed._params:
        kind = str(parameter.type) + (f"<{parameter.subtype}>" if parameter.subtype else "")
        pattern = str(parameter.regex)
        suffix = "-" if parameter.context else pattern[-1] if pattern[-1] in "?+" else ""
        text += kind + suffix
    return Signature(f"<{text}>")


def _tail_call(compiler: Compiler, node: Node) -> Eval:
    call = node.body
    tail = TailCall(
        compiler.compile(call.procedure),
        [compiler.compile(argument) for argument in call.arguments],
        call.procedure.value if call.procedure.type == "variable" else UNDEFINED,
    )

    def run(context: Value, env: Frame) -> Value:
        deferred = Lambda([], _never, context, env, None)
        deferred.tail = tail
        return deferred

    return run


def _never(_context: Value, _env: Frame) -> Value:
    return UNDEFINED


def compile_partial(compiler: Compiler, node: Node) -> Eval:
    """`$f(?, b)`."""
    procedure, name = compiler.compile(node.procedure), _procedure_name(node)
    holes = [i for i, arg in enumerate(node.arguments) if arg.type == "operator" and arg.value == "?"]
    given = [None if i in holes else compiler.compile(arg) for i, arg in enumerate(node.arguments)]
    by_path = node.procedure.type == "path"

    def run(context: Value, env: Frame) -> Value:
        values = [UNDEFINED if argument is None else argument(context, env) for argument in given]
        function = procedure(context, env)
        if not isinstance(function, FunctionValue):
            helpful = function is UNDEFINED and by_path and env.lookup(name) is not UNDEFINED
            raise JsonataError("T1007" if helpful else "T1008", token=name)
        return Partial(function, values, holes)

    return run


def compile_chain(compiler: Compiler, node: Node) -> Eval:
    """`a ~> $f`: applies a function to a value, or combines two functions into one."""
    left = compiler.compile(node.lhs)
    if node.rhs.type == "function":
        call = _call(compiler, node.rhs)
        return lambda context, env: call(context, env, [left(context, env)])
    right = compiler.compile(node.rhs)

    def run(context: Value, env: Frame) -> Value:
        value = left(context, env)
        function = right(context, env)
        if not isinstance(function, FunctionValue):
            raise JsonataError("T2006", value=function)
        if isinstance(value, FunctionValue):
            return _combined(value, function)
        return apply(function, [value], None, env)

    return run


def _combined(first: FunctionValue, second: FunctionValue) -> FunctionValue:
    def combined(env: Frame, value: Value = UNDEFINED) -> Value:
        return apply(second, [apply(first, [value], None, env)], None, env)

    return Native(combined, None, 1, True)
