"""Functions as values, and applying them. A loop runs tail calls without nesting."""

from collections.abc import Callable
from typing import TypeAlias

from asl.jsonata.runtime.errors import JsonataError
from asl.jsonata.runtime.frame import Frame
from asl.jsonata.runtime.signature import Signature
from asl.jsonata.runtime.values import UNDEFINED, FunctionValue, Value

Eval: TypeAlias = Callable[[Value, Frame], Value]
"""A compiled node: context and scope in, value out."""


class Native(FunctionValue):
    """A built-in function. Its `arity`, which decides what `$map` passes, is the reference implementation's."""

    __slots__ = ("implementation", "signature", "wants_scope")

    def __init__(
        self, implementation: Callable[..., Value], signature: str | None, arity: int, wants_scope: bool
    ) -> None:
        self.implementation = implementation
        self.signature = None if signature is None else Signature(signature)
        self.arity = arity
        self.wants_scope = wants_scope

    def call(self, args: list[Value], env: Frame) -> Value:
        """Run the implementation on validated arguments."""
        return self.implementation(env, *args) if self.wants_scope else self.implementation(*args)

    def invoke(self, args: list[Value], context: Value, env: Frame) -> Value:
        """Validate and run."""
        return self.call(args if self.signature is None else self.signature.validate(args, context), env)


class Lambda(FunctionValue):
    """A function defined in an expression, with the context and scope of its definition."""

    __slots__ = ("body", "context", "names", "scope", "signature", "tail")

    def __init__(
        self, names: list[str], body: Eval, context: Value, scope: Frame, signature: Signature | None
    ) -> None:
        self.arity = len(names)
        self.names = names
        self.body = body
        self.context = context
        self.scope = scope
        self.signature = signature
        self.tail: TailCall | None = None

    def run(self, args: list[Value]) -> Value:
        """Evaluate the body. A parameter without an argument is undefined."""
        self.scope.scratch.tick()
        given = len(args)
        bindings = {name: args[index] if index < given else UNDEFINED for index, name in enumerate(self.names)}
        return self.body(self.context, Frame(self.scope, bindings))

    def invoke(self, args: list[Value], context: Value, env: Frame) -> Value:  # noqa: ARG002
        """Validate and run."""
        return self.run(args if self.signature is None else self.signature.validate(args, context))


class TailCall:
    """The call that a lambda ends with, kept unevaluated so that `apply` can run it without nesting."""

    __slots__ = ("arguments", "name", "procedure")

    def __init__(self, procedure: Eval, arguments: list[Eval], name: Value) -> None:
        self.procedure = procedure
        self.arguments = arguments
        self.name = name


class Partial(FunctionValue):
    """A function with some of its arguments given. Those that fill the holes are not checked against a signature."""

    __slots__ = ("function", "given", "holes")

    def __init__(self, function: FunctionValue, given: list[Value], holes: list[int]) -> None:
        self.function = function
        self.given = given
        self.holes = holes
        self.arity = len(holes)

    def invoke(self, args: list[Value], context: Value, env: Frame) -> Value:  # noqa: ARG002
        """Fill the holes in order and run."""
        filled = list(self.given)
        for hole, value in zip(self.holes, args, strict=False):
            filled[hole] = value
        inner = self.function
        if isinstance(inner, Lambda):
            return inner.run(filled)
        return inner.call(filled, env) if isinstance(inner, Native) else inner.invoke(filled, None, env)


def apply(function: Value, args: list[Value], context: Value, env: Frame) -> Value:
    """Apply a function, and its tail calls one after another."""
    result = _apply_once(function, args, context, env)
    while type(result) is Lambda and result.tail is not None:
        tail = result.tail
        callee = tail.procedure(result.context, result.scope)
        values = [argument(result.context, result.scope) for argument in tail.arguments]
        try:
            result = _apply_once(callee, values, context, env)
        except JsonataError as error:
            if error.token is UNDEFINED:
                error.token = tail.name
            raise
    return result


def _apply_once(function: Value, args: list[Value], context: Value, env: Frame) -> Value:
    if not isinstance(function, FunctionValue):
        raise JsonataError("T1006")
    return function.invoke(args, context, env)


def call_with(function: FunctionValue, args: list[Value], env: Frame) -> Value:
    """Call a function from a higher-order one, with as many of `args` as it takes, but at least one."""
    return apply(function, args[: max(1, function.arity)], None, env)
