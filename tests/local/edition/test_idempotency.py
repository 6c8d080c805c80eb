"""Idempotency keys and batches over real HTTP, under the functions' own roles: a repeated request has one effect."""

from __future__ import annotations

import collections
import contextlib
import json
import socket
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.local.edition.test_iam import without
from tests.local.laptop import Laptop, Response, eventually, let_changes_take_effect

KEYS = 100
REQUESTS = 1000
CLIENTS = 8
VALIDATOR = "taskline-dev-validator"


def a_task(**changes: Any) -> dict[str, Any]:
    return {"title": "A title", "description": "A description", "priority": "low", **changes}


def post(laptop: Laptop, key: str, body: Any, path: str = "/v1/tasks") -> Response:
    headers = {"Content_Type": "application/json", "Idempotency_Key": key}
    return laptop.request("POST", path, json.dumps(body).encode(), **headers)


def count_of(laptop: Laptop, title: str) -> int:
    """The number of records of tasks with this title."""
    table, dynamodb = laptop.outputs["table_name"], laptop.clients.get("dynamodb")
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return sum(f'"title":"{title}"' in item["body"]["S"] for page in pages for item in page["Items"])


@pytest.fixture
def clients() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(CLIENTS) as pool:
        yield pool


@pytest.mark.check
@pytest.mark.nightly
def test_a_thousand_submissions_with_a_hundred_keys_create_a_hundred_tasks_that_run_once(
    laptop: Laptop, clients: ThreadPoolExecutor
) -> None:
    tasks = [
        a_task(title="crowd", ordering_key=f"crowd-{n % 20}", data={"n": n}, type="demo.echo") for n in range(KEYS)
    ]
    order = [n for n in range(KEYS) for _ in range(REQUESTS // KEYS)]  # a key's requests overlap
    responses = list(clients.map(lambda n: (n, post(laptop, f"crowd-{n}", tasks[n])), order))

    assert {response.status for _, response in responses} == {202}
    ids = collections.defaultdict(set)
    for n, response in responses:
        ids[n].add(response.json["task_id"])
    assert all(len(of_key) == 1 for of_key in ids.values()), "every request with a key gets the same task"
    assert len(set.union(*ids.values())) == KEYS == count_of(laptop, "crowd")
    new = [response for _, response in responses if "Idempotent-Replayed" not in response.headers]
    assert len(new) >= KEYS, "the first request of each key is not a replay"
    for (task_id,) in ids.values():
        task = laptop.finished(task_id)
        assert (task["status"], task["attempts"]) == ("succeeded", 1), "each was processed once"


def only_task_of(laptop: Laptop, ordering_key: str) -> str:
    """The id of a task whose client was never told."""
    (task,) = laptop.request("GET", f"/v1/tasks?ordering_key={ordering_key}").json["tasks"]
    return task["task_id"]


def test_a_task_that_was_recorded_but_not_sent_runs_once_after_the_client_s_retry(laptop: Laptop) -> None:
    task = a_task(title="unsent", ordering_key="unsent")
    with without(laptop, VALIDATOR, "sqs:SendMessage"):
        rejected = post(laptop, "unsent", task)
        assert rejected.status == 503
        assert int(rejected.headers["Retry-After"]) >= 1
    task_id = only_task_of(laptop, "unsent")
    assert laptop.read(task_id)["status"] == "queued", "recorded, but not in the queue"

    for _ in range(3):
        response = post(laptop, "unsent", task)
        assert (response.status, response.json["task_id"]) == (202, task_id)
        assert response.headers["Idempotent-Replayed"] == "true"
    done = laptop.finished(task_id)
    assert (done["status"], done["attempts"]) == ("succeeded", 1)
    assert count_of(laptop, "unsent") == 1


@contextlib.contextmanager
def _hanging_send(laptop: Laptop) -> Generator[None]:
    """SQS accepts the validator's connection and never responds, until Lambda kills the validator."""
    client: Any = laptop.clients.lambda_
    usual = client.get_function_configuration(FunctionName=VALIDATOR)
    variables = usual["Environment"]["Variables"]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        hanging = {"Variables": variables | {"AWS_ENDPOINT_URL_SQS": address}}
        client.update_function_configuration(FunctionName=VALIDATOR, Timeout=3, Environment=hanging)
        try:
            let_changes_take_effect()
            eventually(lambda: laptop.request("GET", "/v1/health").status == 200)  # so that the cold start is over
            yield
        finally:
            client.update_function_configuration(
                FunctionName=VALIDATOR, Timeout=usual["Timeout"], Environment={"Variables": variables}
            )
            let_changes_take_effect()


@pytest.mark.nightly
@pytest.mark.check
def test_a_validator_that_dies_between_put_and_send_is_made_good_by_the_client_s_retry(laptop: Laptop) -> None:
    task = a_task(title="died", ordering_key="died")
    with _hanging_send(laptop):
        died = post(laptop, "died", task)
        assert (died.status, died.json["title"]) == (500, "Internal error"), "no one was left to respond"
    task_id = only_task_of(laptop, "died")
    assert laptop.read(task_id)["status"] == "queued", "it died after the put"

    response = post(laptop, "died", task)
    assert (response.status, response.json["task_id"]) == (202, task_id)
    done = laptop.finished(task_id)
    assert (done["status"], done["attempts"]) == ("succeeded", 1)
    assert count_of(laptop, "died") == 1


def test_another_payload_with_the_same_key_is_rejected(laptop: Laptop) -> None:
    assert post(laptop, "reused", a_task()).status == 202
    response = post(laptop, "reused", a_task(title="another"))
    assert response.status == 422
    assert response.headers["Content-Type"].startswith("application/problem+json")


def test_a_batch_is_processed_in_order_and_once(laptop: Laptop) -> None:
    given = [
        a_task(title="in-batch", ordering_key=f"batch-{n % 3}", data={"n": n}, type="demo.echo") for n in range(25)
    ]
    first, second = (post(laptop, "a-batch", {"tasks": given}, "/v1/tasks/batch") for _ in range(2))
    assert (first.status, second.status) == (207, 207), first
    ids = [[result["task"]["task_id"] for result in response.json["results"]] for response in (first, second)]
    assert ids[0] == ids[1]
    assert second.headers["Idempotent-Replayed"] == "true"
    done = [laptop.finished(task_id) for task_id in ids[0]]
    assert [(task["result"], task["attempts"]) for task in done] == [({"n": n}, 1) for n in range(25)]
    for key in range(3):
        starts = [task["started_at"] for task in done[key::3]]
        assert starts == sorted(starts)
    assert count_of(laptop, "in-batch") == 25


def test_a_batch_with_an_invalid_task_and_an_empty_batch(laptop: Laptop) -> None:
    response = post(laptop, "mixed", {"tasks": [a_task(), a_task(title="")]}, "/v1/tasks/batch")
    assert [result["status"] for result in response.json["results"]] == [202, 400]
    assert post(laptop, "none", {"tasks": []}, "/v1/tasks/batch").status == 400
    assert laptop.request("GET", "/v1/tasks/batch").status == 405
