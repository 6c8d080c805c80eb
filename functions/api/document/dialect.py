"""JSON Schema 2020-12, as Pydantic writes it, in the dialect of OpenAPI 3.0.

What the dialect cannot say is left out. A schema then allows more than its model, never less.
https://spec.openapis.org/oas/v3.0.3#schema-object
"""

from collections.abc import Callable, Mapping
from typing import Any

Document = dict[str, Any]
_TYPES = {"object", "array", "string", "boolean", "integer", "number"}
NULL: Document = {"nullable": True, "enum": [None]}
_SAME = {
    *("title", "description", "default", "format", "enum", "required", "discriminator", "$ref"),
    *("minLength", "maxLength", "pattern", "minimum", "maximum", "multipleOf"),
    *("minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"),
    *("nullable", "deprecated", "readOnly", "writeOnly", "example"),
}


def to_openapi_3_0(schema: Any) -> Document:
    """The schema in OpenAPI's dialect; `ValueError` if it is none."""
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    if not isinstance(schema, dict):
        raise ValueError(f"{schema!r} is not a schema")  # noqa: TRY004 it comes from a document
    given: Document = schema  # pyright: ignore[reportUnknownVariableType]
    converted: Document = {}
    for word, value in given.items():
        converted |= {word: value} if word in _SAME else _CONVERTED.get(word, _left_out)(value)
    if converted.get("default", ...) is None:
        del converted["default"]
    if converted.get("type") == "array":
        converted.setdefault("items", {})
    return _with_reference_alone(converted)


def _type(value: Any) -> Document:
    """`nullable` is OpenAPI's word for null, which is not a type there; and a schema has one type only."""
    names: list[str] = [value] if isinstance(value, str) else list(value)
    if unknown := set(names) - _TYPES - {"null"}:
        raise ValueError(f"{unknown} are not types")
    if names == ["null"]:
        return NULL
    return _any_of([{"type": name} for name in names]) if len(names) > 1 else {"type": names[0]}


def _any_of(schemas: list[Any]) -> Document:
    """Also for `oneOf`: a schema that allows too much could make a value fit two of them."""
    variants = [to_openapi_3_0(one) for one in schemas]
    others = [one for one in variants if one != NULL]
    if len(others) == 1 and "type" in others[0] and "enum" not in others[0] and NULL in variants:
        return {**others[0], "nullable": True}  # it says something only next to a type
    return variants[0] if len(variants) == 1 else {"anyOf": variants}


def _named(schemas: Mapping[str, Any]) -> Document:
    return {"properties": {name: to_openapi_3_0(one) for name, one in schemas.items()}}


def _others(schema: Any) -> Document:
    return {"additionalProperties": schema if isinstance(schema, bool) else to_openapi_3_0(schema)}


def _left_out(_: Any) -> Document:
    return {}


_CONVERTED: Mapping[str, Callable[[Any], Document]] = {
    "type": _type,
    "anyOf": _any_of,
    "oneOf": _any_of,
    "allOf": lambda schemas: {"allOf": [to_openapi_3_0(one) for one in schemas]},
    "properties": _named,
    "additionalProperties": _others,
    "patternProperties": lambda _: {"additionalProperties": True},
    "items": lambda schema: {"items": to_openapi_3_0(schema)},
    "const": lambda value: {"enum": [value]},
    "exclusiveMinimum": lambda value: {"minimum": value, "exclusiveMinimum": True},
    "exclusiveMaximum": lambda value: {"maximum": value, "exclusiveMaximum": True},
    "examples": lambda values: {"example": values[0]} if values else {},
}


def _with_reference_alone(schema: Document) -> Document:
    """OpenAPI 3.0 ignores everything next to a `$ref`."""
    if "$ref" not in schema or len(schema) == 1:
        return schema
    others = {name: value for name, value in schema.items() if name != "$ref"}
    return {"allOf": [{"$ref": schema["$ref"]}], **others}
