"""Lists and cancellations over real HTTP, under the functions' own roles, while tasks are being processed."""

from __future__ import annotations

from typing import Any

from tests.local.laptop import Laptop, Response, eventually

SLOW = {"milliseconds": 1500}


def cancel(laptop: Laptop, task_id: str) -> Response:
    return laptop.request("DELETE", f"/v1/tasks/{task_id}")


def page(laptop: Laptop, query: str) -> dict[str, Any]:
    response = laptop.request("GET", f"/v1/tasks?{query}")
    assert response.status == 200, response
    return response.json


def test_a_task_that_waits_behind_a_slow_one_is_cancelled_and_never_runs(laptop: Laptop) -> None:
    assert cancel(laptop, "nobody").status == 404, "now the function is warm"
    laptop.finished(laptop.post(ordering_key="cancel"))

    slow = laptop.post(ordering_key="cancel", type="demo.slow", data=SLOW)
    waiting = laptop.post(ordering_key="cancel")
    cancelled = cancel(laptop, waiting)
    last = laptop.post(ordering_key="cancel")

    assert (cancelled.status, cancelled.json["status"]) == (200, "cancelled"), cancelled
    eventually(lambda: laptop.read(slow)["status"] != "queued")
    assert cancel(laptop, slow).status == 409, "it is being processed"
    assert laptop.finished(last)["status"] == "succeeded", "its message does not block the key"
    assert laptop.finished(slow)["status"] == "succeeded"
    assert laptop.read(waiting) == cancelled.json, "it is unchanged"
    assert cancel(laptop, waiting).json == cancelled.json, "cancelling again gets the same response"
    assert cancel(laptop, last).status == 409, "it has ended"
    assert laptop.request("POST", f"/v1/tasks/{waiting}/redrive").status == 409, "it did not fail"


def test_pages_neither_repeat_nor_skip_a_task_while_others_are_submitted(laptop: Laptop) -> None:
    old = [laptop.post(ordering_key="listed", type="demo.slow") for _ in range(12)]
    seen: list[str] = []
    query, cursor = "ordering_key=listed&limit=5", ""
    for _ in range(10):
        found = page(laptop, query + cursor)
        seen += [task["task_id"] for task in found["tasks"]]
        laptop.post(ordering_key="listed")
        if "cursor" not in found:
            break
        cursor = f"&cursor={found['cursor']}"
    assert seen == old[::-1], "newest first, each once"


def test_lists_are_ordered_by_time_and_filtered_by_status(laptop: Laptop) -> None:
    ids = [laptop.post(ordering_key=f"status-{number}") for number in range(6)]
    for task_id in ids:
        laptop.finished(task_id)
    assert [task["task_id"] for task in page(laptop, "limit=6")["tasks"]] == ids[::-1]
    succeeded = page(laptop, "limit=6&status=succeeded")["tasks"]
    assert [task["task_id"] for task in succeeded] == ids[::-1]
    assert {(task["status"], task["attempts"]) for task in succeeded} == {("succeeded", 1)}
    link = laptop.read(ids[0])["links"]["same_key"]
    response = laptop.request("GET", link)
    assert [task["task_id"] for task in response.json["tasks"]] == ids[:1], "links can be followed"


def test_invalid_parameters_that_the_gateway_passes_on_are_named(laptop: Laptop) -> None:
    for query, field in (("limit=0", "limit"), ("status=queued&status=failed", "status"), ("page=2", "page")):
        response = laptop.request("GET", f"/v1/tasks?{query}")
        assert response.status == 400, response
        assert [error["field"] for error in response.json["errors"]] == [field]
    allowed = laptop.request("PUT", "/v1/tasks", b"{}")
    assert (allowed.status, allowed.headers["Allow"]) == (405, "GET, HEAD, OPTIONS, POST")
