"""Shared by the tests of the handlers: API Gateway's events, Lambda's context, and parsed responses."""

import base64
import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from aws_lambda_powertools.utilities.typing import LambdaContext

EVENTS = Path(__file__).with_name("payloads")


class FakeLambdaContext:
    """The attributes of Lambda's context object that Powertools reads."""

    function_name = "taskline-test-function"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-west-1:111122223333:function:taskline-test-function"
    aws_request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

    def get_remaining_time_in_millis(self) -> int:
        return 28_000


CONTEXT = cast("LambdaContext", FakeLambdaContext())


def event(file: str, **changes: Any) -> dict[str, Any]:
    """An event from `payloads/`; `headers` are added to its headers, None removes one."""
    made: dict[str, Any] = json.loads((EVENTS / file).read_text())
    for name, value in (changes.pop("headers", None) or {}).items():
        made["headers"].pop(name, None)
        if value is not None:
            made["headers"][name] = value
    return made | copy.deepcopy(changes)


def post(body: Any, **changes: Any) -> dict[str, Any]:
    """POST /tasks with this body: text unchanged, anything else as JSON."""
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    return event("post_task.json", body=text, **changes)


def post_batch(tasks: Any, **changes: Any) -> dict[str, Any]:
    """POST /tasks/batch with these tasks, or with this text."""
    made = post(tasks if isinstance(tasks, str) else {"tasks": tasks}, resource="/tasks/batch", **changes)
    made["path"] = "/tasks/batch"
    made["requestContext"]["path"] = "/v1/tasks/batch"
    return made


def from_caller(sent: dict[str, Any], api_key_id: str | None) -> dict[str, Any]:
    """The event with an API key."""
    sent["requestContext"]["identity"]["apiKeyId"] = api_key_id
    return sent


def post_bytes(body: bytes, **changes: Any) -> dict[str, Any]:
    """POST /tasks with a body that API Gateway treats as binary."""
    return post(base64.b64encode(body).decode(), isBase64Encoded=True, **changes)


def get_task(task_id: str) -> dict[str, Any]:
    made = event("get_task.json", path=f"/tasks/{task_id}", pathParameters={"task_id": task_id})
    made["requestContext"]["path"] = f"/v1/tasks/{task_id}"
    return made


def delete_task(task_id: str) -> dict[str, Any]:
    return get_task(task_id) | {"httpMethod": "DELETE"}


def get_tasks(query: dict[str, list[str]]) -> dict[str, Any]:
    """GET /tasks; `query` has all values of each parameter."""
    last = {name: values[-1] for name, values in query.items()}
    made = event(
        "get_task.json",
        resource="/tasks",
        path="/tasks",
        pathParameters=None,
        queryStringParameters=last or None,
        multiValueQueryStringParameters=query or None,
    )
    made["requestContext"] |= {"resourcePath": "/tasks", "path": "/v1/tasks"}
    return made


@dataclass(frozen=True)
class ApiResponse:
    """A parsed proxy response; parsing checks what holds for every response of the API."""

    status: int
    headers: dict[str, str]
    document: dict[str, Any]

    @classmethod
    def of(cls, proxy_response: dict[str, Any]) -> "ApiResponse":
        assert proxy_response.keys() == {"statusCode", "headers", "body", "isBase64Encoded"}, "not a proxy response"
        assert proxy_response["isBase64Encoded"] is False, "responses are text"
        json.dumps(proxy_response, ensure_ascii=False).encode()  # as Lambda's runtime does; fails on a lone surrogate
        document = json.loads(proxy_response["body"])
        response = cls(proxy_response["statusCode"], proxy_response["headers"], document)
        if response.status >= 400:
            response._check_problem()
        else:
            assert response.headers["Content-Type"] == "application/json"
        return response

    def _check_problem(self) -> None:
        assert self.headers["Content-Type"] == "application/problem+json", "errors are problem documents"
        assert self.document.keys() - {"errors"} == {"type", "title", "status", "detail", "instance"}
        assert self.document["status"] == self.status, "the document has the status of the response"
        assert "Traceback" not in json.dumps(self.document), "a stack trace is for the log, not for the client"
        if self.status == 400:
            assert all(field in self.document["detail"] for field in self.fields), "the detail names every field"

    @property
    def fields(self) -> set[str]:
        """The fields that the problem document names."""
        return {error["field"] for error in self.document.get("errors", [])}

    def message(self, field: str) -> str:
        """Its messages about this field."""
        return "; ".join(error["message"] for error in self.document["errors"] if error["field"] == field)
