"""A task of each registered type: the fields of every task, and the `data` that its type takes.

Names cannot collide. A type's name has no capital letter and Pydantic's names of models have no dot, so `NewTask.TYPE`
is no model, and `TYPE.MODEL` neither one of ours nor one of another type.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic.json_schema import models_json_schema

from functions.api.document.dialect import to_openapi_3_0
from functions.tasks.model import DEFAULT_TYPE
from functions.tasks.registry import Registry, TaskType

Document = dict[str, Any]
_COMPONENTS = "#/components/schemas/"
_ANY_DATA: Document = {
    "type": "object",
    "description": "The input of the task type, whose model cannot be described here. It is checked all the same.",
}


def with_task_types(schemas: Document, types: Registry) -> Document:
    """The schemas with `NewTask` as one of a variant per type. Types whose names no task can have are left out."""
    new_task = schemas["NewTask"]
    possible = re.compile(new_task["properties"]["type"]["pattern"])
    known = [found for name in types.open() if possible.search(name) and (found := types.find(name))]
    variants = {one.name: _variant(new_task, one) for one in known}
    if not known:
        return schemas
    data = {name: schema for _, definitions in variants.values() for name, schema in definitions.items()}
    return {
        **schemas,
        "NewTask": _one_of(new_task, list(variants)),
        **{f"NewTask.{name}": variant for name, (variant, _) in variants.items()},
        **data,
    }


def _one_of(new_task: Document, names: list[str]) -> Document:
    """Without a `discriminator`: tools take it for a required field, and a task may leave `type` out."""
    return {
        "title": new_task["title"],
        "description": f"{new_task['description']} Its `type` decides which `data` it takes.",
        "oneOf": [{"$ref": f"{_COMPONENTS}NewTask.{name}"} for name in names],
    }


def _variant(new_task: Document, task_type: TaskType) -> tuple[Document, Document]:
    """A task of this type, and the schemas that its `data` refers to. Without `type` it is of the default one."""
    name, is_default = task_type.name, task_type.name == DEFAULT_TYPE
    data, definitions = _data(task_type)
    fields = new_task["properties"]
    of_type = {"type": "string", "enum": [name], "description": fields["type"]["description"]}
    required = [*new_task["required"], *(() if is_default else ("type",)), *_needed_data(task_type)]
    variant: Document = {
        **new_task,
        "title": f"NewTask.{name}",
        "description": f"A task of the type `{name}`{', or without a type' if is_default else ''}.",
        "properties": {**fields, "type": of_type | ({"default": name} if is_default else {}), "data": data},
        "required": required,
    }
    return variant, definitions


def _needed_data(task_type: TaskType) -> Iterator[str]:
    """Whether a task of this type needs `data`: left out, it is an empty object."""
    try:
        if task_type.data_errors({}):
            yield "data"
    except Exception:  # the model's own code
        return


def _data(task_type: TaskType) -> tuple[Document, Document]:
    """The schema of the type's `data`, and those that it refers to.

    A model may have parts that no schema describes, and code of its own that fails: that must not take the document
    away from all other types.
    """
    try:
        return _described(task_type)
    except Exception:  # the model's own code
        return _ANY_DATA, {}


def _described(task_type: TaskType) -> tuple[Document, Document]:
    prefix = f"{_COMPONENTS}{task_type.name}."
    key = (task_type.data, "validation")
    references, made = models_json_schema([key], ref_template=prefix + "{model}")  # pyright: ignore[reportArgumentType]
    definitions = {f"{task_type.name}.{name}": to_openapi_3_0(one) for name, one in made["$defs"].items()}
    json.dumps(definitions, allow_nan=False)
    data = {"allOf": [to_openapi_3_0(references[key])], "description": "The input of the task type."}  # pyright: ignore[reportArgumentType]
    known = {_COMPONENTS + name for name in definitions}
    if unknown := set(_references([data, definitions])) - known:
        raise ValueError(f"{unknown} do not exist")
    return data, definitions


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:  # pyright: ignore[reportUnknownVariableType]
            yield from _references(one)
    elif isinstance(value, dict):
        for name, one in value.items():  # pyright: ignore[reportUnknownVariableType]
            if name == "$ref" and isinstance(one, str):
                yield one
            yield from _references(one)
