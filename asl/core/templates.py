"""Payload templates: JSON in which strings of the form `{% ... %}` are expressions."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard, cast
from uuid import uuid4

from asl.core.errors import ExpressionFailed
from asl.jsonata import (
    UNDEFINED,
    EngineFailed,
    Expression,
    Frame,
    JsonataError,
    NotJson,
    ResourceLimit,
    compile_expression,
    to_json,
)

Json = Any
"""A JSON value."""


def is_expression(value: Json) -> TypeGuard[str]:
    """Whether a value is an expression; a string with spaces around the delimiters is not."""
    return isinstance(value, str) and len(value) >= 4 and value.startswith("{%") and value.endswith("%}")


def compact(value: Json) -> str:
    """JSON text without spaces, as in causes and histories."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled template. A `constant` one contains no expression: its value is its `source`."""

    source: Json
    field: str
    constant: bool
    run: Callable[[Frame], Json]
    expressions: "tuple[Leaf, ...]"

    def evaluate(self, scope: Frame) -> Json:
        """The value in this scope; raises `ExpressionFailed`."""
        return self.run(scope)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One expression of a template, and the path of its field."""

    expression: Expression
    field: str

    def evaluate(self, scope: Frame) -> Json:
        """The value; raises `ExpressionFailed` if the expression throws, yields nothing or yields no JSON."""
        try:
            value = self.expression.evaluate(scope)
        except JsonataError as error:
            raise self.failed(f"threw an error during evaluation. {error}") from error
        except EngineFailed as error:
            raise self.failed(f"threw an internal error during evaluation. {uuid4()}") from error
        except (ResourceLimit, RecursionError) as error:
            reason = error if isinstance(error, ResourceLimit) else ResourceLimit.depth()
            raise self.failed(f"threw an error during evaluation: {reason}") from error
        if value is UNDEFINED:
            raise self.failed("returned nothing (undefined).")
        try:
            return to_json(value)
        except NotJson as error:
            raise self.failed("returned an unsupported result type.") from error

    def failed(self, ending: str) -> ExpressionFailed:
        """A failure whose cause names the expression and its field first."""
        opening = f"The JSONata expression '{self.expression.text}' specified for the field '{self.field}' "
        return ExpressionFailed(opening + ending, self.field)


class ExpressionsInvalid(Exception):
    """Expressions of a template that do not parse: for each the path of its field, and the error."""

    def __init__(self, errors: list[tuple[str, JsonataError]]) -> None:
        super().__init__(errors)
        self.errors = errors


def compile_template(value: Json, field: str) -> Template:
    """Compile a template; raises `ExpressionsInvalid`."""
    compiler = _Compiler()
    run = compiler.compile(value, field)
    if compiler.errors:
        raise ExpressionsInvalid(compiler.errors)
    return Template(value, field, not compiler.leaves, run, tuple(compiler.leaves))


def constant_template(value: Json, field: str) -> Template:
    """A template that is its own value, even if its strings look like expressions."""
    return Template(value, field, True, lambda _scope: value, ())


class _Compiler:
    """Compiles one template, and collects its expressions and the errors in them."""

    def __init__(self) -> None:
        self.leaves: list[Leaf] = []
        self.errors: list[tuple[str, JsonataError]] = []

    def compile(self, value: Json, field: str) -> Callable[[Frame], Json]:
        """How to evaluate this part of the template, which is found at `field`."""
        if is_expression(value):
            return self._leaf(value[2:-2].strip(), field)
        before = len(self.leaves)
        run: Callable[[Frame], Json] | None = None
        if isinstance(value, Mapping):
            run = self._object(cast(Mapping[str, Json], value), field)
        elif isinstance(value, list):
            run = self._array(cast(list[Json], value), field)
        return _constant(value) if run is None or len(self.leaves) == before else run

    def _leaf(self, text: str, field: str) -> Callable[[Frame], Json]:
        try:
            leaf = Leaf(compile_expression(text), field)
        except JsonataError as error:
            self.errors.append((field, error))
            return _constant(None)
        self.leaves.append(leaf)
        return leaf.evaluate

    def _object(self, value: Mapping[str, Json], field: str) -> Callable[[Frame], Json]:
        members = [(key, self.compile(item, f"{field}/{key}")) for key, item in value.items()]
        return lambda scope: {key: run(scope) for key, run in members}

    def _array(self, value: list[Json], field: str) -> Callable[[Frame], Json]:
        items = [self.compile(item, f"{field}[{index}]") for index, item in enumerate(value)]
        return lambda scope: [run(scope) for run in items]


def _constant(value: Json) -> Callable[[Frame], Json]:
    return lambda _scope: value


_TYPES: Final[Mapping[type, str]] = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    type(None): "null",
    list: "array",
    dict: "object",
}


def json_type(value: Json) -> str:
    """The name of a JSON value's type in causes."""
    return _TYPES[type(value)]


def typed(template: Template, scope: Frame, expected: str) -> Json:
    """The value of a field that takes one type only; raises `ExpressionFailed` for any other."""
    value = template.evaluate(scope)
    found = json_type(value)
    if found != expected:
        leaf = template.expressions[0]
        raise leaf.failed(
            f"returned an unexpected result type. Expected '{expected}', but was '{found}' for value: {compact(value)}"
        )
    return value
