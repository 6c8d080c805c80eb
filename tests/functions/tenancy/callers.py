"""Requests of different callers, as API Gateway reports them."""

import copy
from collections.abc import Iterator
from typing import Any

from functions import canceller, reader, validator
from tests.builders import a_task
from tests.functions.document.documented import assert_documented
from tests.functions.support import CONTEXT, ApiResponse, delete_task, get_task, get_tasks, post, post_batch

KEY_A: dict[str, Any] = {"identity": {"apiKeyId": "aaaaaaaaaa"}}
KEY_B: dict[str, Any] = {"identity": {"apiKeyId": "bbbbbbbbbb"}}
NOBODY: dict[str, Any] = {"identity": {}}
ROLE = "arn:aws:sts::111122223333:assumed-role/importer"


def role(session: str) -> dict[str, Any]:
    """A caller that has assumed the role ROLE."""
    return {"identity": {"userArn": f"{ROLE}/{session}", "caller": f"AROAEXAMPLE:{session}"}}


class Client:
    """Sends requests as one caller; `context` is what API Gateway says about it."""

    def __init__(self, context: dict[str, Any]) -> None:
        self._context = context

    def submit(self, task: Any, **headers: str) -> ApiResponse:
        """POST /tasks."""
        return self._send(validator, post(task, headers=named(headers)), "POST", "/tasks")

    def submit_batch(self, tasks: Any, **headers: str) -> ApiResponse:
        """POST /tasks/batch."""
        return self._send(validator, post_batch(tasks, headers=named(headers)), "POST", "/tasks/batch")

    def read(self, task_id: str) -> ApiResponse:
        """GET /tasks/{task_id}."""
        return self._send(reader, get_task(task_id), "GET", "/tasks/{task_id}")

    def cancel(self, task_id: str) -> ApiResponse:
        """DELETE /tasks/{task_id}."""
        return self._send(canceller, delete_task(task_id), "DELETE", "/tasks/{task_id}")

    def page(self, **query: str) -> ApiResponse:
        """GET /tasks."""
        return self._send(reader, get_tasks({name: [value] for name, value in query.items()}), "GET", "/tasks")

    def ids(self, **query: str) -> list[str]:
        """The ids on a page of GET /tasks."""
        return [task["task_id"] for task in self.page(**query).document["tasks"]]

    def _send(self, function: Any, event: dict[str, Any], method: str, path: str) -> ApiResponse:
        event["requestContext"] |= copy.deepcopy(self._context)
        response = ApiResponse.of(function.handler(event, CONTEXT))
        assert_documented(response, method, path)
        return response


class Operator(Client):
    """Sends the same requests on the operators' paths."""

    def _send(self, function: Any, event: dict[str, Any], method: str, path: str) -> ApiResponse:
        event["resource"] = path = f"/operations{path}"
        return super()._send(function, event, method, path)


def named(headers: dict[str, str]) -> dict[str, str]:
    """Keyword arguments as headers."""
    return {name.replace("_", "-"): value for name, value in headers.items()}


A, B, ANYONE, OPERATOR = Client(KEY_A), Client(KEY_B), Client(NOBODY), Operator(role("anna"))


def submitted(client: Client, **changes: Any) -> str:
    """Submit a task; return its id."""
    response = client.submit(a_task(**changes))
    assert response.status == 202, response
    return response.document["task_id"]


def tasks_of_both(keys: tuple[str, ...] = ("k", "other")) -> dict[Client, list[str]]:
    """Twelve tasks, in turn of one and the other; the ids of each, newest first."""
    made: dict[Client, list[str]] = {A: [], B: []}
    for number in range(12):
        client = (A, B)[number % 2]
        made[client].insert(0, submitted(client, ordering_key=keys[number // 2 % len(keys)]))
    return made


def walk(client: Client, **query: str) -> Iterator[str]:
    """All ids, page by page."""
    while True:
        document = client.page(**query).document
        yield from (task["task_id"] for task in document["tasks"])
        if "cursor" not in document:
            return
        query["cursor"] = document["cursor"]
