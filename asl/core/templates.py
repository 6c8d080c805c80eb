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


def compile_template(value: Json, field: str) -> Template:
    """Compile a template; raises `JsonataError` for an expression that does not parse."""
    leaves: list[Leaf] = []
    run = _compile(value, field, leaves)
    return Template(value, field, not leaves, run, tuple(leaves))


def constant_template(value: Json, field: str) -> Template:
    """A template that is its own value, even if its strings look like expressions."""
    return Template(value, field, True, lambda _scope: value, ())


def _compile(value: Json, field: str, leaves: list[Leaf]) -> Callable[[Frame], Json]:
    if is_expression(value):
        leaf = Leaf(compile_expression(value[2:-2].strip()), field)
        leaves.append(leaf)
        return leaf.evaluate
    before = len(leaves)
    run: Callable[[Frame], Json] | None = None
    if isinstance(value, Mapping):
        run = _object(cast(Mapping[str, Json], value), field, leaves)
    elif isinstance(value, list):
        run = _array(cast(list[Json], value), field, leaves)
    return _constant(value) if run is None or len(leaves) == before else run


def _constant(value: Json) -> Callable[[Frame], Json]:
    return lambda _scope: value


def _object(value: Mapping[str, Json], field: str, leaves: list[Leaf]) -> Callable[[Frame], Json]:
    members = [(key, _compile(item, f"{field}/{key}", leaves)) for key, item in value.items()]
    return lambda scope: {key: run(scope) for key, run in members}


def _array(value: list[Json], field: str, leaves: list[Leaf]) -> Callable[[Frame], Json]:
    items = [_compile(item, f"{field}[{index}]", leaves) for index, item in enumerate(value)]
    return lambda scope: [run(scope) for run in items]


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
