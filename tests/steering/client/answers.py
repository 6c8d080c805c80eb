"""Documents as the API sends them, and handlers that send them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx

from functions.api.document import examples

TASK = examples.QUEUED_TASK
NEW = examples.NEW_TASK
KEYLESS_POSTS = ("redrive", "redrive_task", "call")


class Script:
    """Answers the requests one by one; the last answer again and again. An exception is raised."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(request.content) for request in self.requests]

    @property
    def keys(self) -> list[str | None]:
        return [request.headers.get("Idempotency-Key") for request in self.requests]


def ok(document: Any, status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=document, headers={name.replace("_", "-"): headers[name] for name in headers})


def problem(status: int, title: str = "A title", errors: Sequence[Any] = (), **headers: str) -> httpx.Response:
    document = {"type": "urn:x", "title": title, "status": status, "detail": "A detail."}
    return ok(document | ({"errors": list(errors)} if errors else {}), status, **headers)


def accepted() -> httpx.Response:
    return ok(TASK, 202)


def page(*task_ids: str, cursor: str | None = None) -> httpx.Response:
    tasks = [{**examples.TASKS["tasks"][0], "task_id": task_id} for task_id in task_ids]
    return ok({"tasks": tasks} | ({"cursor": cursor} if cursor else {}))
