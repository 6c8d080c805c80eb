"""The forms of task types, from the OpenAPI document: which fields a type's data has, and of what kind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

Document = dict[str, Any]
TYPE_PREFIX: Final = "NewTask."
SIMPLE: Final = ("string", "integer", "number", "boolean")


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of a form. `kind` is string, integer, number, boolean, choice, or json for everything else."""

    name: str
    kind: str
    description: str
    required: bool
    default: Any = None
    choices: tuple[str, ...] = ()
    minimum: Any = None
    maximum: Any = None
    pattern: str = ""
    max_length: int | None = None


@dataclass(frozen=True, kw_only=True)
class TypeForm:
    """What a task type takes as data: named fields, or (without any) one JSON object."""

    name: str
    description: str
    fields: tuple[Field, ...]


def type_names(document: Mapping[str, Any]) -> list[str]:
    """The types that the document describes."""
    schemas: Document = document["components"]["schemas"]
    return sorted(name.removeprefix(TYPE_PREFIX) for name in schemas if name.startswith(TYPE_PREFIX))


def type_form(document: Mapping[str, Any], name: str) -> TypeForm:
    """The form of a type; one JSON object for a type that the document does not describe."""
    schemas: Document = document["components"]["schemas"]
    task: Document = schemas.get(f"{TYPE_PREFIX}{name}", {})
    data = _resolved(schemas, task.get("properties", {}).get("data", {}))
    required: list[str] = data.get("required", [])
    fields = tuple(_field(schemas, field, one, field in required) for field, one in data.get("properties", {}).items())
    return TypeForm(name=name, description=str(data.get("description", "")), fields=fields)


def _field(schemas: Document, name: str, schema: Document, required: bool) -> Field:
    whole = _resolved(schemas, schema)
    return Field(
        name=name,
        kind=_kind(whole),
        description=str(schema.get("description") or whole.get("description") or ""),
        required=required,
        default=schema.get("default", whole.get("default")),
        choices=tuple(str(one) for one in whole.get("enum", ())),
        minimum=whole.get("minimum", whole.get("exclusiveMinimum")),
        maximum=whole.get("maximum", whole.get("exclusiveMaximum")),
        pattern=str(whole.get("pattern", "")),
        max_length=whole.get("maxLength"),
    )


def _kind(schema: Document) -> str:
    if schema.get("enum") and schema.get("type", "string") == "string":
        return "choice"
    return schema["type"] if schema.get("type") in SIMPLE else "json"


def _resolved(schemas: Document, schema: Document) -> Document:
    """The schema with what it refers to; names that lead nowhere are left out."""
    whole = dict(schema)
    for part in (schema, *schema.get("allOf", ())):
        name = str(part.get("$ref", "")).rpartition("/")[2]
        whole = {**_resolved(schemas, schemas[name]), **whole} if name in schemas else {**part, **whole}
    return whole


def filled(form: TypeForm, given: Mapping[str, str]) -> tuple[Document, dict[str, str]]:
    """The data that the fields of a form describe, and what is wrong with them by field. Empty fields are left out."""
    data: Document = {}
    errors: dict[str, str] = {}
    for one in form.fields:
        text = given.get(f"data.{one.name}", "").strip()
        if one.kind == "boolean":
            data[one.name] = text == "true"
        elif text:
            try:
                data[one.name] = text if one.kind in ("string", "choice") else json.loads(text)
            except ValueError:
                errors[one.name] = "must be JSON" if one.kind == "json" else "must be a number"
    return data, errors
