"""How a refusal of POST /tasks looks."""

from typing import Any

from tests.functions.conftest import Pipeline


def assert_names(pipeline: Pipeline, body: Any, *fields: str) -> str:
    """The task is refused (400) for exactly these fields; returns the message about the first."""
    response = pipeline.post(body)
    assert response.status == 400, f"an invalid task is refused with 400: {response.document}"
    assert response.fields == set(fields), "the problem document names each field that is wrong, and no other"
    assert response.document["type"] == "urn:taskline:problem:invalid-task"
    assert response.document["instance"] == "/v1/tasks"
    return response.message(fields[0])
