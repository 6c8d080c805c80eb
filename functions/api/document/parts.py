"""What operations of the OpenAPI document have in common: parameters, contents, and errors."""

from typing import Any

from functions.api.document import examples
from functions.api.document.schemas import reference
from functions.api.headers import JSON, KEY_HEADER, PROBLEM_JSON
from functions.api.idempotency import KEY_PATTERN, MAX_KEY_CHARACTERS
from functions.api.problems import Problem
from functions.tasks.model import MAX_ID_CHARACTERS, ORDERING_KEY_PATTERN

Document = dict[str, Any]
RETRY_AFTER: Document = {"description": "Seconds to wait before trying again.", "schema": {"type": "string"}}


def idempotency_key() -> Document:
    """The header that lets a request take effect once."""
    return {
        "name": KEY_HEADER,
        "in": "header",
        "required": False,
        "description": "A request that is repeated with the same key takes effect once. Printable ASCII characters.",
        "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_CHARACTERS, "pattern": KEY_PATTERN},
    }


def replayed() -> Document:
    """The header of a reply to a request that had taken effect before."""
    return {
        "description": "Sent when an earlier request with this key had already submitted everything.",
        "schema": {"type": "string", "enum": ["true"]},
    }


def task_id() -> Document:
    """The id of a task in a path."""
    return {
        "name": "task_id",
        "in": "path",
        "required": True,
        "description": "The task's id.",
        "schema": {"type": "string", "maxLength": MAX_ID_CHARACTERS},
    }


def ordering_key() -> Document:
    """An ordering key in a path."""
    return {
        "name": "key",
        "in": "path",
        "required": True,
        "description": "The ordering key, percent-encoded: `a/b` is `a%2Fb`.",
        "schema": {"type": "string", "pattern": ORDERING_KEY_PATTERN},
    }


def content(model: str, example: Document) -> Document:
    """A JSON document of a model, with an example."""
    return {JSON: {"schema": reference(model), "example": example}}


def problem(description: str, example: Problem | None = None) -> Document:
    """An error; without an example it gets the one for its status."""
    content: Document = {"schema": reference("Problem")}
    if example:
        content["example"] = example.document(examples.INSTANCE)
    return {"description": description, "content": {PROBLEM_JSON: content}}


def unavailable() -> Document:
    """The reply when a dependency does not respond."""
    return {
        **problem("The task store or the queue did not respond; it is safe to try again."),
        "headers": {"Retry-After": RETRY_AFTER},
    }
