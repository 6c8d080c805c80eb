"""The schemas of the OpenAPI document, generated from the models that validate."""

import copy
import functools
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from functions.api.document.dialect import NULL, to_openapi_3_0
from functions.api.document.models import BatchResponse, HeartbeatReply, TaskView, WorkerReply
from functions.api.document.task_types import with_task_types
from functions.tasks.breaker.view import BreakerChange, BreakerView
from functions.tasks.counting.model import OperatorStatsRequest, Stats, StatsRequest
from functions.tasks.gates.view import KeyChange, KeyList, KeyListQuery, KeyQuery, KeyView
from functions.tasks.intake.batch import Batch
from functions.tasks.intake.ordering import DefaultOrdering
from functions.tasks.listing.model import ListRequest, OperatorListRequest, TaskList
from functions.tasks.model import DEFAULT_ORDERING_KEY, NewTask
from functions.tasks.redrive.model import RedriveReport, RedriveRequest
from functions.tasks.registry import Registry
from functions.tasks.runs.workers import Completion, Heartbeat, WorkerFailure

Document = dict[str, Any]
_REFERENCE = "#/components/schemas/{model}"
_MODELS: tuple[type[BaseModel], ...] = (
    *(NewTask, TaskView, Batch, BatchResponse),
    *(ListRequest, OperatorListRequest, TaskList),
    *(StatsRequest, OperatorStatsRequest, Stats),
    *(RedriveRequest, RedriveReport),
    *(BreakerChange, BreakerView),
    *(Completion, WorkerFailure, Heartbeat, WorkerReply, HeartbeatReply),
    *(KeyChange, KeyQuery, KeyListQuery, KeyView, KeyList),
)
# These become parameters.
_QUERIES = {"ListRequest", "OperatorListRequest", "StatsRequest", "OperatorStatsRequest", "KeyQuery", "KeyListQuery"}
_WITHOUT_KEY = {
    DefaultOrdering.ONE_KEY: f"Left out, it is `{DEFAULT_ORDERING_KEY}`: all tasks without a key "
    "wait for each other and run one at a time.",
    DefaultOrdering.UNORDERED: "Left out, it is the task's own id: the task waits for no other, and has no order.",
}
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


def schemas(types: Registry, ordering: DefaultOrdering) -> Document:
    """All schemas by name, for a stage with these task types and this order of tasks without a key."""
    schemas = {name: copy.deepcopy(schema) for name, schema in _models().items() if name not in _QUERIES}
    _explain_key(schemas["NewTask"]["properties"]["ordering_key"], ordering)
    return {**with_task_types(schemas, types), "Problem": _PROBLEM}


def _explain_key(field: Document, ordering: DefaultOrdering) -> None:
    """Complete the field in place: what leaving it out means on this stage."""
    field["description"] += f" {_WITHOUT_KEY[ordering]}"
    if ordering is DefaultOrdering.UNORDERED:
        del field["default"]


def query_parameters(model: str) -> list[Document]:
    """The parameters of a query string, one per field of the model. A parameter may be absent, but never null."""
    schema = copy.deepcopy(_models()[model])
    return [_query_parameter(name, field, schema.get("required", ())) for name, field in schema["properties"].items()]


def _query_parameter(name: str, field: Document, required: Sequence[str]) -> Document:
    """A query has text only: what may be null in the model can be left out there."""
    others = {"description", "nullable", "title"}
    schema = {word: value for word, value in field.items() if word not in others}
    if not_null := [one for one in schema.get("anyOf", ()) if one != NULL]:
        schema = not_null[0] if len(not_null) == 1 else {**schema, "anyOf": not_null}
    return {
        "name": name,
        "in": "query",
        "required": name in required,
        "description": field["description"],
        "schema": schema["allOf"][0] if schema.keys() == {"allOf"} else schema,
    }


@functools.cache
def _models() -> Document:
    """The schemas of all models, which are made once, because that takes long. Not to be changed."""
    _, definitions = models_json_schema([(model, "validation") for model in _MODELS], ref_template=_REFERENCE)
    return {name: to_openapi_3_0(schema) for name, schema in definitions["$defs"].items()}
