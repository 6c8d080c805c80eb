"""Reads a JSON object of a definition field by field, and notes every problem with its location."""

import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from asl.core.errors import REFERENCE, SCHEMA, SYNTAX, UNSUPPORTED, Problem
from asl.core.templates import ExpressionsInvalid, Json, Template, compile_template, is_expression
from asl.definition.fields import why_rejected
from asl.definition.references import problems_of
from asl.jsonpath import Path, PathError, RuleError, compile_path, compile_payload, path_template

_TYPES: Final[Mapping[type, str]] = {str: "STRING", bool: "BOOLEAN", int: "INTEGER", list: "ARRAY", dict: "OBJECT"}

_VARIABLE: Final = re.compile(r"[^\W\d]\w{0,79}")


@dataclass(frozen=True)
class Fields:
    """The fields of a state, or of a part of one.

    `where` is the state's location, as in `/States/A`, and `path` leads from there to the part, as in `Choices[0]/`.
    """

    data: Mapping[str, Json]
    where: str
    problems: list[Problem]
    language: str = "JSONata"
    path: str = ""
    kind: str = "EXPRESS"

    def complain(self, message: str, field: str = "", hint: str = "", code: str = SCHEMA) -> None:
        """Note a problem of one field, or of the whole object."""
        location = f"{self.where}/{self.path}{field}"
        self.problems.append(Problem(code, message, location.removesuffix("/") or "/", hint))

    def __contains__(self, field: str) -> bool:
        return field in self.data

    def only(self, allowed: set[str], ignored: Container[str] = ()) -> None:
        """Reject every field that is not allowed here. AWS has no objection to those that are `ignored`."""
        for field in self.data:
            if field in ignored:
                self.complain(f"This runner does not support the field '{field}'", code=UNSUPPORTED)
            elif field not in allowed:
                self.complain(why_rejected(field, self.language))

    def require(self, *fields: str) -> None:
        """Reject the object if some of these fields are missing."""
        missing = [field for field in fields if field not in self.data]
        if missing:
            self.complain(f"These fields are required: [{', '.join(missing)}]")

    def one_of(self, *fields: str) -> None:
        """Reject the object unless it has exactly one of these fields; one that is false counts as absent."""
        found, listed = sum(self.data.get(field, False) is not False for field in fields), f"[{', '.join(fields)}]"
        if not found:
            self.complain(f"This object should have only one of the following fields: {listed}")
        elif found > 1:
            self.complain(f"There should only be one of the following fields: {listed}")

    def choice(self, field: str, *values: str) -> None:
        """Reject a value other than these; the field may be absent."""
        value = self.data.get(field, values[0])
        if not isinstance(value, str):
            self.expected(field, str)
        elif value not in values:
            self.complain(f"Value should be one of the following: [{', '.join(values)}]", field)

    def expected(self, field: str, *kinds: type) -> None:
        """Note that a value is of none of these types."""
        self.complain(f"Expected value of type [{', '.join(_TYPES[kind] for kind in kinds)}]", field)

    def part(self, data: Json, path: str) -> "Fields":
        """The fields of an object inside this one."""
        if not isinstance(data, dict):
            self.expected(path, dict)
            data = {}
        return replace(self, data=cast(dict[str, Json], data), path=f"{self.path}{path}/")

    def parts(self, field: str) -> "list[Fields]":
        """The fields of each object in an array."""
        return [self.part(item, f"{field}[{index}]") for index, item in enumerate(self.array(field))]

    def array(self, field: str) -> list[Json]:
        """An array; absent is empty."""
        value: Any = self.data.get(field, [])
        if not isinstance(value, list):
            self.expected(field, list)
            return []
        return cast(list[Json], value)

    def filled(self, field: str) -> list[Json]:
        """A required array with something in it."""
        self.require(field)
        if self.data.get(field) == []:
            self.complain("Value cannot be empty", field)
        return self.array(field)

    def text(self, field: str) -> str:
        """A string; absent is ""."""
        value = self.data.get(field, "")
        if not isinstance(value, str):
            self.expected(field, str)
            return ""
        return value

    def target(self, field: str) -> str:
        """A required name of a state."""
        self.require(field)
        if self.data.get(field) == "":
            self.complain("Value cannot be empty", field)
        return self.text(field)

    def number(self, field: str, default: float | None, low: float, high: float, whole: bool = True) -> Any:
        """A number within bounds; expressions are not allowed."""
        if field not in self.data:
            return default
        value: Any = self.data[field]
        if whole and isinstance(value, float) and value.is_integer():
            value = int(value)  # 3.0 is a whole number in JSON
        if type(value) not in ((int,) if whole else (int, float)):
            self.complain(f"Expected value of type [{'INTEGER' if whole else 'NUMBER'}]", field)
        elif value < low:
            self.complain(f"Minimum value is {low}", field)
        elif value > high:
            self.complain(f"Maximum value is {high}", field)
        else:
            return value
        return default

    def limit(self, field: str, allowed: frozenset[str], low: int, high: int) -> Template | None:
        """A whole number within bounds, or an expression for one."""
        if not self.is_expression(field):
            self.number(field, None, low, high)
        return self.template(field, allowed)

    def is_expression(self, field: str) -> bool:
        """Whether the whole field is an expression, which is never so in JSONPath mode."""
        return self.language == "JSONata" and is_expression(self.data.get(field))

    def template(self, field: str, allowed: frozenset[str]) -> Template | None:
        """Any JSON. Expressions in it may use these members of `$states`."""
        if field not in self.data:
            return None
        value = self.data[field]
        if self.language != "JSONata":
            return self._compiled(field, compile_payload)
        try:
            template = compile_template(value, self.path + field)
        except ExpressionsInvalid as invalid:
            for place, error in invalid.errors:
                self.complain(error.message, place.removeprefix(self.path), code=SYNTAX)
            return None
        for leaf in template.expressions:
            for problem in problems_of(leaf.expression.tree, allowed):
                self.complain(problem, leaf.field.removeprefix(self.path), code=REFERENCE)
        return template

    def referenced(self, field: str) -> Template | None:
        """A field of JSONPath mode whose value is a path."""
        return self._compiled(field, path_template) if field in self.data else None

    def path_or_nothing(self, field: str) -> Path | None:
        """A path: `$` if it is absent, `None` if it is null."""
        if field in self.data and self.data[field] is None:
            return None
        try:
            return compile_path(self.data.get(field, "$"))
        except PathError as error:
            self.refuse_path(field, error)
            return None

    def refuse_path(self, field: str, error: PathError) -> None:
        """Note that something of JSONPath is invalid, or that this runner does not know it."""
        if not error.supported:
            self.complain(str(error), field, code=UNSUPPORTED)
        elif isinstance(error, RuleError):
            self.complain(str(error), field)
        else:
            self.complain("Value must be a valid JSONPath.", field, hint=str(error))

    def _compiled(self, field: str, compiler: Callable[[Json, str], Template]) -> Template | None:
        try:
            return compiler(self.data[field], self.path + field)
        except PathError as error:
            self.refuse_path(field, error)
            return None

    def string(self, field: str, allowed: frozenset[str]) -> Template | None:
        """A string or an expression for one."""
        self.text(field)
        return self.template(field, allowed)

    def structure(self, field: str, allowed: frozenset[str], *kinds: type) -> Template | None:
        """A literal of one of these types with expressions inside, or an expression for the whole."""
        value = self.data.get(field)
        if field in self.data and not isinstance(value, kinds) and not self.is_expression(field):
            self.expected(field, *kinds)
        return self.template(field, allowed)

    def assign(self, allowed: frozenset[str]) -> Template | None:
        """An `Assign`: an object whose members become variables."""
        value: Any = self.data.get("Assign", {})
        if not isinstance(value, dict):
            self.expected("Assign", dict)
            return None
        for key in cast(dict[str, Json], value):
            name = key if self.language == "JSONata" else key.removesuffix(".$")
            if name == "states" or not _VARIABLE.fullmatch(name):
                self.complain(f"'{name}' cannot be the name of a variable", f"Assign/{name}")
        return self.template("Assign", allowed)
