"""GET /health, and methods that a path does not support."""

from datetime import UTC, datetime, timedelta

import pytest

from functions import reader, validator
from tests.functions.support import CONTEXT, ApiResponse, event, get_task


@pytest.mark.parametrize("file", ["get_health.json", "get_health_from_the_console.json"])
def test_health_is_ok_and_has_the_time(file: str) -> None:
    """The console's test button sends no headers at all."""
    response = ApiResponse.of(validator.handler(event(file), CONTEXT))
    assert response.status == 200
    assert response.document.keys() == {"status", "timestamp"}
    assert response.document["status"] == "healthy"
    reported = datetime.fromisoformat(response.document["timestamp"])
    assert abs(datetime.now(UTC) - reported) < timedelta(minutes=1)
    assert response.document["timestamp"].endswith("Z"), "times are UTC"


def test_health_needs_neither_table_nor_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validator, "build", lambda: pytest.fail("health builds no clients"))
    assert ApiResponse.of(validator.handler(event("get_health.json"), CONTEXT)).status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_health_is_only_read(method: str) -> None:
    response = ApiResponse.of(validator.handler(event("get_health.json", httpMethod=method), CONTEXT))
    assert (response.status, response.headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_task_is_only_read(method: str) -> None:
    response = ApiResponse.of(reader.handler(get_task("some-task") | {"httpMethod": method}, CONTEXT))
    assert (response.status, response.headers["Allow"]) == (405, "GET")
    assert response.document["instance"] == "/v1/tasks/some-task"
