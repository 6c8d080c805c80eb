"""An API in the test's own process, which answers as Taskline's does, and the command line that talks to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
from typer.testing import CliRunner, Result

from taskline.cli.app import app
from taskline.cli.running.session import World
from taskline.stages import Account, Search

URL = "https://api.example.org/v1"
NOW = "2026-11-27T12:00:00.000Z"
LATER = "2026-11-27T12:00:01.500Z"
Answer = httpx.Response | Mapping[str, Any]


def problem(status: int, title: str, detail: str = "", errors: Any = None, **more: Any) -> httpx.Response:
    document = {"type": f"urn:taskline:problem:{status}", "title": title, "status": status, "detail": detail, **more}
    content = json.dumps(document | ({"errors": errors} if errors else {}))
    headers = {"Content-Type": "application/problem+json", "x-amzn-RequestId": "request-1"}
    return httpx.Response(status, content=content, headers=headers)


def task(task_id: str = "t1", status: str = "succeeded", **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "task_id": task_id,
        "title": "Say hello",
        "description": "The first",
        "priority": "low",
        "status": status,
    }
    found |= {"type": "demo.echo", "ordering_key": "customer-42", "data": {"hello": "world"}, "attempts": 1}
    found |= {"created_at": NOW, "history": [{"status": "queued", "at": NOW}]}
    if status in ("succeeded", "failed"):
        found |= {"started_at": NOW, "finished_at": LATER}
        found["history"].append({"status": status, "at": LATER})
    if status == "failed":
        found["error"] = {"class": "NETWORK", "type": "TaskNetworkError", "message": "the bank is down"}
    return found | more


def summary(task_id: str = "t1", status: str = "succeeded", **more: Any) -> dict[str, Any]:
    names = (
        "task_id",
        "status",
        "type",
        "priority",
        "ordering_key",
        "attempts",
        "created_at",
        "started_at",
        "finished_at",
    )
    whole = task(task_id, status)
    return {name: whole[name] for name in names if name in whole} | more


BREAKER: dict[str, Any] = {
    "state": "closed",
    "since": NOW,
    "reason": "new",
    "by": "schedule",
    "manual": False,
    "next_step_at": None,
    "pipe": {"current_state": "RUNNING", "desired_state": "RUNNING", "state_reason": ""},
    "pipe_stopped": False,
}


class Api:
    """Answers by method and path: a document, a response, or a function of the request. Keeps all requests."""

    def __init__(self) -> None:
        self.routes: dict[tuple[str, str], Answer | Callable[[httpx.Request], Answer]] = {
            ("GET", "/v1/health"): {"status": "healthy", "timestamp": NOW},
            ("GET", "/v1/openapi.json"): {
                "openapi": "3.0.1",
                "info": {"title": "Taskline", "version": "1"},
                "paths": {},
            },
            ("GET", "/v1/tasks"): {"tasks": []},
            ("GET", "/v1/operations/tasks"): {"tasks": []},
            ("GET", "/v1/breaker"): BREAKER,
            ("GET", "/v1/keys"): {"keys": []},
        }
        self.requests: list[httpx.Request] = []
        self.error: Exception | None = None

    def on(self, method: str, path: str, answer: Answer | Callable[[httpx.Request], Answer]) -> None:
        self.routes[method, f"/v1{path}"] = answer

    def bodies(self, method: str = "POST") -> list[Any]:
        return [json.loads(one.content) for one in self.requests if one.method == method and one.content]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.error:
            raise self.error
        answer = self.routes.get((request.method, request.url.path))
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, httpx.Response):
            return answer
        if answer is None:
            return problem(404, "Not found", f"There is no {request.url.path}.")
        status = 202 if request.method == "POST" and request.url.path == "/v1/tasks" else 200
        headers = {"Date": format_datetime(datetime.now(UTC), usegmt=True)}
        return httpx.Response(status, json=answer, headers=headers)


class Aws:
    """What boto3 would ask: clients by service, each a namespace of functions."""

    def __init__(self, **clients: Any) -> None:
        self.clients = {name: SimpleNamespace(**functions) for name, functions in clients.items()}


class Cli:
    """Runs the command line in this process. Without arguments for a stage, it means the fake API."""

    def __init__(self, api: Api, folder: Path) -> None:
        self.api = api
        self.folder = folder
        self.environ = {"TASKLINE_URL": URL, "XDG_CONFIG_HOME": str(folder / "config")}
        self.clients: dict[str, Any] = {}

    def world(self) -> World:
        def account(**settings: Any) -> Account:
            return Account(**settings, _clients=self.clients)

        search = Search(environ=self.environ, folder=self.folder, account=account)
        return World(
            search=lambda: search,
            transport=httpx.MockTransport(self.api),
            async_transport=httpx.MockTransport(self._answer_later),
        )

    async def _answer_later(self, request: httpx.Request) -> httpx.Response:
        """As over a network: others run meanwhile."""
        await asyncio.sleep(0.001)
        return self.api(request)

    def __call__(self, *arguments: str, input: str | bytes | None = None, **environ: str) -> Result:  # noqa: A002
        return CliRunner().invoke(app, list(arguments), input=input, obj=self.world(), env=environ)

    def named(self, environ: Mapping[str, str]) -> str:
        """What the command prints under its name, as a shell starts it to complete words."""
        return CliRunner().invoke(app, [], obj=self.world(), env=environ, prog_name="taskline").stdout

    def json(self, *arguments: str, code: int = 0, **more: Any) -> Any:
        """The document on stdout, which has to be all that is there."""
        done = self(*arguments, "--json", **more)
        assert done.exit_code == code, done.output
        assert done.stdout.count("\n") == 1
        return json.loads(done.stdout)
