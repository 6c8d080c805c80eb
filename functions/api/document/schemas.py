"""The schemas of the OpenAPI document, generated from the models that validate."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from functions.api.document.models import BatchResponse, TaskView
from functions.tasks.breaker.view import BreakerChange, BreakerView
from functions.tasks.intake.batch import Batch
from functions.tasks.listing.model import ListRequest, OperatorListRequest, TaskList
from functions.tasks.model import NewTask
from functions.tasks.redrive.model import RedriveReport, RedriveRequest

Document = dict[str, Any]
_REFERENCE = "#/components/schemas/{model}"
_MODELS: tuple[type[BaseModel], ...] = (
    *(NewTask, TaskView, Batch, BatchResponse),
    *(ListRequest, OperatorListRequest, TaskList),
    *(RedriveRequest, RedriveReport),
    *(BreakerChange, BreakerView),
)
_QUERIES = {"ListRequest", "OperatorListRequest"}  # these become parameters
_PROBLEM: Document = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "Every field that is wrong.",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


def reference(model: str) -> Document:
    """A reference to the schema of a model."""
    return {"$ref": _REFERENCE.format(model=model)}


def schemas() -> Document:
    """All schemas by name."""
    schemas = {name: schema for name, schema in _models().items() if name not in _QUERIES}
    return {**schemas, "Problem": _PROBLEM}


def query_parameters(model: str) -> list[Document]:
    """The parameters of a query string, one per field of the model. A parameter may be absent, but never null."""
    schema = _models()[model]
    return [_query_parameter(name, field, schema.get("required", ())) for name, field in schema["properties"].items()]


def _query_parameter(name: str, field: Document, required: Sequence[str]) -> Document:
    others = {"description", "nullable", "title"}
    schema = {word: value for word, value in field.items() if word not in others}
    return {
        "name": name,
        "in": "query",
        "required": name in required,
        "description": field["description"],
        "schema": schema["allOf"][0] if schema.keys() == {"allOf"} else schema,
    }


def _models() -> Document:
    _, definitions = models_json_schema([(model, "validation") for model in _MODELS], ref_template=_REFERENCE)
    return {name: _to_openapi_3_0(schema) for name, schema in definitions["$defs"].items()}


def _to_openapi_3_0(schema: Any) -> Any:
    """Pydantic's JSON Schema 2020-12 in the dialect of OpenAPI 3.0, which has `nullable` for null."""
    if isinstance(schema, list):
        return [_to_openapi_3_0(item) for item in schema]  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(schema, dict):
        return schema
    converted: Document = {name: _to_openapi_3_0(value) for name, value in schema.items()}  # pyright: ignore[reportUnknownVariableType]
    if "default" in converted and converted["default"] is None:
        del converted["default"]
    variants = converted.get("anyOf", [])
    if {"type": "null"} in variants:
        del converted["anyOf"]
        (variant,) = (one for one in variants if one != {"type": "null"})
        converted = {**variant, **converted, "nullable": True}
    return _with_reference_alone(converted)


def _with_reference_alone(schema: Document) -> Document:
    """OpenAPI 3.0 ignores everything next to a `$ref`."""
    if "$ref" not in schema or len(schema) == 1:
        return schema
    others = {name: value for name, value in schema.items() if name != "$ref"}
    return {"allOf": [{"$ref": schema["$ref"]}], **others}
