"""Function calls, lambdas, partial application, the chain operator and the transform operator."""

from typing import Any

from asl.jsonata.compiler.compiler import Compiler, register
from asl.jsonata.compiler.parser import Node
from asl.jsonata.runtime.calls import Eval, Lambda, Native, Partial, TailCall, apply
from asl.jsonata.runtime.errors import JsonataError
from asl.jsonata.runtime.frame import Frame
from asl.jsonata.runtime.signature import Signature
from asl.jsonata.runtime.truth import are_strings
from asl.jsonata.runtime.values import UNDEFINED, FunctionValue, Value, is_list, is_object


def _procedure_name(node: Node) -> Value:
    procedure = node.procedure
    value = procedure.steps[0].value if procedure.type == "path" else procedure.value
    return UNDEFINED if value is None else str(value)


def _function(compiler: Compiler, node: Node) -> Eval:
    call = _compile_call(compiler, node)
    return lambda context, env: call(context, env, [])


def _compile_call(compiler: Compiler, node: Node) -> Any:
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


def _lambda(compiler: Compiler, node: Node) -> Eval:
    if node.thunk:
        return _thunk(compiler, node)
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


def _thunk(compiler: Compiler, node: Node) -> Eval:
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


def _partial(compiler: Compiler, node: Node) -> Eval:
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


def _apply(compiler: Compiler, node: Node) -> Eval:
    left = compiler.compile(node.lhs)
    if node.rhs.type == "function":
        call = _compile_call(compiler, node.rhs)
        return lambda context, env: call(context, env, [left(context, env)])
    right = compiler.compile(node.rhs)

    def run(context: Value, env: Frame) -> Value:
        value = left(context, env)
        function = right(context, env)
        if not isinstance(function, FunctionValue):
            raise JsonataError("T2006", value=function)
        if isinstance(value, FunctionValue):
            return _chain(value, function)
        return apply(function, [value], None, env)

    return run


def _chain(first: FunctionValue, second: FunctionValue) -> FunctionValue:
    def chained(env: Frame, value: Value = UNDEFINED) -> Value:
        return apply(second, [apply(first, [value], None, env)], None, env)

    return Native(chained, None, 1, True)


def _transform(compiler: Compiler, node: Node) -> Eval:
    pattern, update = compiler.compile(node.pattern), compiler.compile(node.update)
    delete = compiler.compile(node.delete) if node.delete is not None else None

    def run(_context: Value, env: Frame) -> Value:
        def transform(_scope: Frame, value: Value = UNDEFINED) -> Value:
            if value is UNDEFINED:
                return UNDEFINED
            clone = env.lookup("clone")
            if not isinstance(clone, FunctionValue):
                raise JsonataError("T2013")
            result = apply(clone, [value], None, env)
            matches = pattern(result, env)
            for match in [] if matches is UNDEFINED else matches if is_list(matches) else [matches]:
                _update(match, update(match, env))
                if delete is not None:
                    _delete(match, delete(match, env))
            return result

        return Native(transform, "<(oa):o>", 1, True)

    return run


def _update(match: Value, update: Value) -> None:
    if update is UNDEFINED:
        return
    if not is_object(update):
        raise JsonataError("T2011", value=update)
    if is_object(match):
        match.update(update)


def _delete(match: Value, names: Value) -> None:
    if names is UNDEFINED:
        return
    listed = names if is_list(names) else [names]
    if not are_strings(listed):
        raise JsonataError("T2012", value=names)
    if is_object(match):
        for name in listed:
            match.pop(name, None)


register(function=_function, partial=_partial, apply=_apply, transform=_transform, **{"lambda": _lambda})
