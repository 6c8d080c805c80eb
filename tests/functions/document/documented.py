"""What the OpenAPI document promises of an answer, for every test that gets one."""

from functions.api.document.openapi import openapi_document
from tests.functions.document.schemas import Schemas
from tests.functions.support import Answer

DOCUMENT = openapi_document()
SCHEMAS = Schemas(DOCUMENT)
SOMETIMES = {"Idempotent-Replayed", "Retry-After"}  # depend on what has become of the tasks
OPERATIONS = {
    (method.upper(), path): operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}


def assert_documented(answer: Answer, method: str, path: str) -> None:
    """The status is declared, with this media type, a schema that the body fits, and no header that is not sent."""
    responses = OPERATIONS[method, path]["responses"]
    assert str(answer.status) in responses, f"{method} {path} answers {answer.status}, which the document does not say"
    promised = responses[str(answer.status)]
    ((media_type, content),) = promised["content"].items()
    assert answer.headers["Content-Type"] == media_type
    assert SCHEMAS.errors(content["schema"], answer.document) == [], "the document describes the answer"
    optional = SOMETIMES if answer.status < 400 else set[str]()
    assert promised.get("headers", {}).keys() - optional <= answer.headers.keys(), "a header that is promised is sent"
    if answer.status >= 400:
        assert content["example"]["title"] == answer.document["title"], "the example is such a problem"
