"""The transform operator."""

from dataclasses import dataclass

from asl.jsonata.compiler.interface import Compiler
from asl.jsonata.compiler.tree import Node
from asl.jsonata.runtime.calls import Eval, Native, apply
from asl.jsonata.runtime.errors import JsonataError
from asl.jsonata.runtime.frame import Frame
from asl.jsonata.runtime.truth import are_strings
from asl.jsonata.runtime.values import UNDEFINED, FunctionValue, Value, is_list, is_object


def compile_transform(compiler: Compiler, node: Node) -> Eval:
    """`|pattern|update, delete|`: a function that changes the matches in a copy of its argument."""
    transform = _Transform(
        compiler.compile(node.pattern),
        compiler.compile(node.update),
        compiler.compile(node.delete) if node.delete is not None else None,
    )

    def run(_context: Value, env: Frame) -> Value:
        def transformed(_scope: Frame, value: Value = UNDEFINED) -> Value:
            return UNDEFINED if value is UNDEFINED else transform.apply(value, env)

        return Native(transformed, "<(oa):o>", 1, True)

    return run


@dataclass(frozen=True, slots=True)
class _Transform:
    pattern: Eval
    update: Eval
    delete: Eval | None

    def apply(self, value: Value, env: Frame) -> Value:
        clone = env.lookup("clone")
        if not isinstance(clone, FunctionValue):
            raise JsonataError("T2013")
        result = apply(clone, [value], None, env)
        matches = self.pattern(result, env)
        for match in [] if matches is UNDEFINED else matches if is_list(matches) else [matches]:
            _update(match, self.update(match, env))
            if self.delete is not None:
                _delete(match, self.delete(match, env))
        return result


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
