"""Reads a JSON object of a definition field by field, and notes every problem with its location."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from asl.core.templates import Json, Template, compile_template, is_expression
from asl.definition.fields import why_rejected
from asl.definition.references import problems_of
from asl.jsonata import JsonataError
from asl.jsonpath import Path, PathError, compile_path, compile_payload, path_template

_VARIABLE: Final = re.compile(r"[^\W\d]\w{0,79}")


@dataclass(frozen=True)
class Fields:
    """The fields of a state, or of a part of one. `path` leads from the state to the part, as in `Choices[0]/`."""

    data: Mapping[str, Json]
    where: str
    problems: list[str]
    language: str = "JSONata"
    path: str = ""

    def complain(self, field: str, reason: str) -> None:
        """Note a problem of one field."""
        self.problems.append(f"{self.where}, field '{self.path}{field}': {reason}")

    def __contains__(self, field: str) -> bool:
        return field in self.data

    def only(self, allowed: set[str]) -> None:
        """Reject every field that is not allowed here."""
        for field in self.data:
            if field not in allowed:
                self.complain(field, why_rejected(field, self.language))

    def part(self, data: Json, path: str) -> "Fields":
        """The fields of an object inside this one."""
        if not isinstance(data, dict):
            self.complain(path, "must be an object")
            data = {}
        return replace(self, data=cast(dict[str, Json], data), path=f"{self.path}{path}/")

    def parts(self, field: str) -> "list[Fields]":
        """The fields of each object in an array."""
        return [self.part(item, f"{field}[{index}]") for index, item in enumerate(self.array(field))]

    def array(self, field: str) -> list[Json]:
        """An array; absent is empty."""
        value: Any = self.data.get(field, [])
        if not isinstance(value, list):
            self.complain(field, "must be an array")
            return []
        return cast(list[Json], value)

    def text(self, field: str) -> str:
        """A required string."""
        value = self.data.get(field)
        if not isinstance(value, str):
            self.complain(field, "must be a string" if field in self.data else "is missing")
            return ""
        return value

    def target(self, field: str) -> str:
        """A required name of a state."""
        name = self.text(field)
        if self.data.get(field) == "":
            self.complain(field, "must name a state")
        return name

    def number(self, field: str, default: float | None, low: float, high: float, whole: bool = True) -> Any:
        """A number within bounds; expressions are not allowed."""
        if field not in self.data:
            return default
        value: Any = self.data[field]
        if whole and isinstance(value, float) and value.is_integer():
            value = int(value)  # 3.0 is a whole number in JSON
        kinds = (int,) if whole else (int, float)
        if type(value) not in kinds or not low <= value <= high:
            self.complain(field, f"must be {'an integer' if whole else 'a number'} from {low} to {high}")
            return default
        return value

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
        except JsonataError as error:
            self.complain(field, f"invalid expression: {error}")
            return None
        for leaf in template.expressions:
            for problem in problems_of(leaf.expression.tree, allowed):
                self.problems.append(f"{self.where}, field '{leaf.field}': {problem}")
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
            self.complain(field, str(error))
            return None

    def _compiled(self, field: str, compiler: Callable[[Json, str], Template]) -> Template | None:
        try:
            return compiler(self.data[field], self.path + field)
        except PathError as error:
            self.complain(field, str(error))
            return None

    def string(self, field: str, allowed: frozenset[str]) -> Template | None:
        """A string or an expression for one."""
        if field in self.data:
            self.text(field)
        return self.template(field, allowed)

    def structure(self, field: str, allowed: frozenset[str], *kinds: type) -> Template | None:
        """A literal of one of these types with expressions inside, or an expression for the whole."""
        value = self.data.get(field)
        if field in self.data and not isinstance(value, kinds) and not self.is_expression(field):
            self.complain(field, "has the wrong type")
        return self.template(field, allowed)

    def assign(self, allowed: frozenset[str]) -> Template | None:
        """An `Assign`: an object whose members become variables."""
        value: Any = self.data.get("Assign", {})
        if not isinstance(value, dict):
            self.complain("Assign", "must be an object")
            return None
        for key in cast(dict[str, Json], value):
            name = key if self.language == "JSONata" else key.removesuffix(".$")
            if name == "states" or not _VARIABLE.fullmatch(name):
                self.complain(f"Assign/{name}", f"'{name}' cannot be the name of a variable")
        return self.template("Assign", allowed)
