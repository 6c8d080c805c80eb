"""What the OpenAPI document promises about a response, for every test that gets one."""

from functions.api.document.openapi import openapi_document
from functions.task_types import load_task_types
from tests.functions.document.schemas import Schemas
from tests.functions.support import ApiResponse

DOCUMENT = openapi_document(types=load_task_types())
SCHEMAS = Schemas(DOCUMENT)
SOMETIMES = {"Idempotent-Replayed", "Retry-After"}  # depend on the outcome of the tasks
OPERATIONS = {
    (method.upper(), path): operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}


def assert_documented(response: ApiResponse, method: str, path: str) -> None:
    """The document declares status, media type, a schema that the body fits, and only headers that are sent."""
    responses = OPERATIONS[method, path]["responses"]
    assert str(response.status) in responses, f"{method} {path} returned {response.status}, which is not documented"
    promised = responses[str(response.status)]
    ((media_type, content),) = promised["content"].items()
    assert response.headers["Content-Type"] == media_type
    assert SCHEMAS.errors(content["schema"], response.document) == [], "the document describes the response"
    optional = SOMETIMES if response.status < 400 else set[str]()
    assert promised.get("headers", {}).keys() - optional <= response.headers.keys(), "promised headers are sent"
    if response.status >= 400:
        assert content["example"]["title"] == response.document["title"], "the example is the same kind of problem"
