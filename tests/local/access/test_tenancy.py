"""Clients with keys of their own, over real HTTP and under the functions' own roles: each has its own tasks."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.local.edition.test_gateway import value_of
from tests.local.laptop import FINAL, SHORT_TIMES, Laptop, Response, eventually

NewLaptop = Callable[..., Laptop]
KEYED = {**SHORT_TIMES, "taskline:apiKeyRequired": True, "taskline:apiClients": "web,mobile"}


class Client:
    """A client with an API key."""

    def __init__(self, laptop: Laptop, name: str) -> None:
        self._laptop = laptop
        self._key = value_of(laptop, laptop.outputs["api_key_ids"][name])

    def request(self, method: str, path: str, task: Any = None, **headers: str) -> Response:
        body = None if task is None else json.dumps(task).encode()
        headers |= {"X_Api_Key": self._key, "Content_Type": "application/json"}
        return self._laptop.request(method, path, body, **headers)

    def submit(self, **fields: Any) -> str:
        task = {"title": "A title", "description": "A description", "priority": "low", **fields}
        response = self.request("POST", "/v1/tasks", task)
        assert response.status == 202, response
        return response.json["task_id"]

    def finished(self, task_id: str) -> dict[str, Any]:
        eventually(lambda: self.request("GET", f"/v1/tasks/{task_id}").json["status"] in FINAL)
        return self.request("GET", f"/v1/tasks/{task_id}").json

    def ids(self, query: str = "") -> list[str]:
        return [task["task_id"] for task in self.request("GET", f"/v1/tasks?{query}").json["tasks"]]


@pytest.mark.nightly
def test_each_client_has_its_own_tasks_and_operators_see_all(new_laptop: NewLaptop) -> None:
    laptop = new_laptop(**KEYED)
    laptop.start()
    web, mobile = Client(laptop, "web"), Client(laptop, "mobile")
    laptop.clients.pipes.stop_pipe(Name=laptop.outputs["pipe_name"])
    eventually(lambda: "pipe stopped" in laptop.output)
    first, second = web.submit(ordering_key="shared"), web.submit(ordering_key="shared")
    other = mobile.submit(ordering_key="shared")

    for method in ("GET", "DELETE"):
        stranger, unknown = mobile.request(method, f"/v1/tasks/{first}"), mobile.request(method, "/v1/tasks/unknown")
        assert (stranger.status, unknown.status) == (404, 404)
        assert stranger.body.decode().replace(first, "unknown") == unknown.body.decode()
    for query in ("", "ordering_key=shared", "status=queued"):
        assert (mobile.ids(query), web.ids(query)) == ([other], [second, first])
    assert web.request("DELETE", f"/v1/tasks/{second}").json["status"] == "cancelled"
    assert tenants(laptop) == {first: "web", second: "web", other: "mobile"}

    laptop.clients.pipes.start_pipe(Name=laptop.outputs["pipe_name"])
    assert {client.finished(one)["status"] for client, one in ((web, first), (mobile, other))} == {"succeeded"}
    assert laptop.request("GET", f"/v1/operations/tasks/{other}").json["status"] == "succeeded"


def tenants(laptop: Laptop) -> dict[str, str]:
    """The name of the client of each task, as an operator sees it."""
    names = {f"key:{key_id}": name for name, key_id in laptop.outputs["api_key_ids"].items()}
    listed = laptop.request("GET", "/v1/operations/tasks").json["tasks"]
    return {task["task_id"]: names[task["tenant"]] for task in listed}


@pytest.mark.nightly
def test_a_redriven_task_stays_its_client_s(new_laptop: NewLaptop) -> None:
    laptop = new_laptop(**KEYED)
    laptop.start()
    web, mobile = Client(laptop, "web"), Client(laptop, "mobile")
    failed = web.submit(type="demo.flaky", data={"probability": 1, "error_class": "VALIDATION"})
    assert web.finished(failed)["status"] == "failed"
    assert laptop.request("POST", f"/v1/tasks/{failed}/redrive").status == 202
    eventually(lambda: web.request("GET", f"/v1/tasks/{failed}").json["attempts"] == 2)
    assert web.ids() == [failed]
    assert mobile.request("GET", f"/v1/tasks/{failed}").status == 404


@pytest.mark.nightly
def test_shared_tasks_are_everyone_s(new_laptop: NewLaptop) -> None:
    laptop = new_laptop(**KEYED, **{"taskline:tenancy": "shared"})
    laptop.start()
    web, mobile = Client(laptop, "web"), Client(laptop, "mobile")
    task_id = web.submit()
    assert mobile.finished(task_id)["status"] == "succeeded"
    assert mobile.ids("status=succeeded") == web.ids() == [task_id]


@pytest.mark.nightly
@pytest.mark.check
def test_an_idempotency_key_is_known_after_a_stop_and_after_a_kill(new_laptop: NewLaptop) -> None:
    """What ids are computed with must not change, or a request that is sent again would be a second task."""
    body = json.dumps({"title": "once", "description": "d", "priority": "low"}).encode()
    ids: list[str] = []
    for how in ("stop", "kill", "stop"):
        laptop = new_laptop()
        laptop.start()
        response = laptop.request("POST", "/v1/tasks", body, Content_Type="application/json", Idempotency_Key="once")
        assert response.status == 202
        assert ("Idempotent-Replayed" in response.headers) == bool(ids)
        ids.append(response.json["task_id"])
        laptop.finished(ids[-1])
        if how == "stop":
            assert laptop.stop() == 0
        else:
            os.kill(laptop.runtime["emulator_pid"], signal.SIGKILL)
            os.kill(laptop.pid, signal.SIGKILL)
            laptop.wait()
    assert len(set(ids)) == 1
