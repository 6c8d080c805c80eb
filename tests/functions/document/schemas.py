"""A validator for the part of OpenAPI 3.0's schema language that Taskline's document uses.

https://spec.openapis.org/oas/v3.0.3#schema-object. A keyword that it does not know is an error, so that nothing in
the document goes unchecked.
"""

import re
from collections.abc import Iterator
from typing import Any

TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}
NOTES = {"title", "description", "default", "example", "format"}  # our own formats are not checked either


class Schemas:
    """The schemas of a document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def resolve(self, reference: str) -> Any:
        """What `#/components/schemas/X` refers to; KeyError for a dangling reference."""
        found: Any = self._document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        return found

    def errors(self, schema: dict[str, Any], value: Any, path: str = "$") -> list[str]:
        """Everything about `value` that the schema does not allow."""
        if "$ref" in schema:
            return self.errors(self.resolve(schema["$ref"]), value, path)
        if value is None and schema.get("nullable"):
            return []
        return [error for keyword in schema for error in self._check(keyword, schema, value, path)]

    def _check(  # noqa: C901 one case per keyword
        self, keyword: str, schema: dict[str, Any], value: Any, path: str
    ) -> Iterator[str]:
        rule = schema[keyword]
        match keyword:
            case "type":
                fits = isinstance(value, TYPES[rule]) and (rule == "boolean" or not isinstance(value, bool))
                if not fits:
                    yield f"{path}: {value!r} is not of type {rule}"
            case "allOf":
                for part in rule:
                    yield from self.errors(part, value, path)
            case "anyOf" if all(self.errors(part, value, path) for part in rule):
                yield f"{path}: none of the variants fits"
            case "oneOf" if (fitting := sum(not self.errors(part, value, path) for part in rule)) != 1:
                yield f"{path}: {fitting} of the variants fit"
            case "enum" if value not in rule:
                yield f"{path}: {value!r} is not one of {rule}"
            case "required" if isinstance(value, dict):
                yield from (f"{path}: {name} is missing" for name in rule if name not in value)
            case "properties" if isinstance(value, dict):
                for name in rule.keys() & value.keys():
                    yield from self.errors(rule[name], value[name], f"{path}.{name}")
            case "additionalProperties" if isinstance(value, dict):
                for name in value.keys() - schema.get("properties", {}).keys():
                    if rule is False:
                        yield f"{path}: {name} is not allowed"
                    elif isinstance(rule, dict):
                        yield from self.errors(rule, value[name], f"{path}.{name}")
            case "items" if isinstance(value, list):
                for index, item in enumerate(value):
                    yield from self.errors(rule, item, f"{path}[{index}]")
            case "minItems" if isinstance(value, list) and len(value) < rule:
                yield f"{path}: fewer than {rule}"
            case "maxItems" if isinstance(value, list) and len(value) > rule:
                yield f"{path}: more than {rule}"
            case "minLength" if isinstance(value, str) and len(value) < rule:
                yield f"{path}: shorter than {rule}"
            case "maxLength" if isinstance(value, str) and len(value) > rule:
                yield f"{path}: longer than {rule}"
            case "pattern" if isinstance(value, str) and not re.search(rule, value):
                yield f"{path}: {value!r} does not match {rule}"
            case "maximum" if isinstance(value, int | float):
                if value > rule or (value == rule and schema.get("exclusiveMaximum")):
                    yield f"{path}: above {rule}"
            case "minimum" if isinstance(value, int | float):
                if value < rule or (value == rule and schema.get("exclusiveMinimum")):
                    yield f"{path}: below {rule}"
            case _ if keyword not in KEYWORDS:
                yield f"{path}: {keyword!r} is not a keyword of OpenAPI 3.0 that Taskline uses"
            case _:
                pass


KEYWORDS = NOTES | {
    "type",
    "allOf",
    "enum",
    "required",
    "properties",
    "additionalProperties",
    "items",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "anyOf",
    "oneOf",
    "nullable",
}
