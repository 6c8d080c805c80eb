"""The schemas of the OpenAPI document, generated from the models that validate."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from functions.api.batch_models import BatchAnswer
from functions.tasks.batch import Batch
from functions.tasks.breaker_view import BreakerChange, BreakerView
from functions.tasks.model import NewTask, TaskView
from functions.tasks.redrive.model import RedriveReport, RedriveRequest

Document = dict[str, Any]
_REFERENCE = "#/components/schemas/{model}"
_MODELS: tuple[type[BaseModel], ...] = (
    NewTask,
    TaskView,
    Batch,
    BatchAnswer,
    RedriveRequest,
    RedriveReport,
    BreakerChange,
    BreakerView,
)
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
    """Where a model's schema stands."""
    return {"$ref": _REFERENCE.format(model=model)}


def schemas() -> Document:
    """All schemas by their names."""
    _, definitions = models_json_schema([(model, "validation") for model in _MODELS], ref_template=_REFERENCE)
    schemas = {name: _to_openapi_3_0(schema) for name, schema in definitions["$defs"].items()}
    return {**schemas, "Problem": _PROBLEM}


def _to_openapi_3_0(schema: Any) -> Any:
    """JSON Schema 2020-12 as pydantic writes it, in the dialect of OpenAPI 3.0, which has `nullable` for null."""
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
    """OpenAPI 3.0 ignores whatever stands beside a `$ref`."""
    if "$ref" not in schema or len(schema) == 1:
        return schema
    beside = {name: value for name, value in schema.items() if name != "$ref"}
    return {"allOf": [{"$ref": schema["$ref"]}], **beside}
