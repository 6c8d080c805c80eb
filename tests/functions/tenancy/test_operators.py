"""Operators see, cancel and redrive the tasks of all clients."""

import pytest

from functions import redrive
from functions.adapters.dead_letters import SQSDeadLetters
from functions.api.access import OPERATIONS, TASKS
from functions.api.routes import ROUTES
from tests.builders import A_FAILURE, TASK_ID, a_task, an_item
from tests.functions.conftest import Pipeline
from tests.functions.support import CONTEXT
from tests.functions.tenancy.callers import ANYONE, OPERATOR, A, B, submitted, tasks_of_both, walk


def test_operators_read_and_cancel_any_task_and_see_whose_it_is(pipeline: Pipeline) -> None:
    task_id = submitted(A, ordering_key="a/b")
    document = OPERATOR.read(task_id).document
    assert document["tenant"] == "key:aaaaaaaaaa"
    assert document["links"] == {
        "self": f"/v1/operations/tasks/{task_id}",
        "same_key": "/v1/operations/tasks?ordering_key=a%2Fb",
        "cancel": f"/v1/operations/tasks/{task_id}",
    }
    assert OPERATOR.cancel(task_id).document["status"] == "cancelled"
    assert A.read(task_id).document["status"] == "cancelled"
    assert OPERATOR.read("unknown").status == OPERATOR.cancel("unknown").status == 404


def test_the_link_to_redrive_a_task_is_the_same_for_operators(pipeline: Pipeline) -> None:
    pipeline.put(an_item("queued", "processing", "failed", tenant={"S": "key:aaaaaaaaaa"}, **A_FAILURE))
    links = OPERATOR.read(TASK_ID).document["links"]
    assert links["redrive"] == A.read(TASK_ID).document["links"]["redrive"] == f"/v1/tasks/{TASK_ID}/redrive"


@pytest.mark.parametrize("filters", [{}, {"status": "queued"}, {"ordering_key": "k"}])
@pytest.mark.parametrize("limit", ["1", "5", "100"])
def test_operators_list_all_tasks_client_by_client(pipeline: Pipeline, filters: dict[str, str], limit: str) -> None:
    made = tasks_of_both(("k",)) | {ANYONE: [submitted(ANYONE, ordering_key="k")]}
    listed = list(walk(OPERATOR, **filters, limit=limit))
    assert sorted(listed) == sorted(task_id for ids in made.values() for task_id in ids)
    for ids in made.values():
        first = listed.index(ids[0])
        assert listed[first : first + len(ids)] == ids, "newest first, and no other client's in between"


def test_operators_list_one_client_s_tasks(pipeline: Pipeline) -> None:
    made = tasks_of_both() | {ANYONE: [submitted(ANYONE)]}
    for client, tenant in ((A, "key:aaaaaaaaaa"), (B, "key:bbbbbbbbbb"), (ANYONE, "none")):
        assert list(walk(OPERATOR, tenant=tenant, limit="4")) == made[client]
    shown = OPERATOR.page(tenant="key:aaaaaaaaaa").document["tasks"]
    assert {task["tenant"] for task in shown} == {"key:aaaaaaaaaa"}
    assert OPERATOR.ids(tenant="key:unknown") == []


def test_a_cursor_of_one_client_s_list_is_for_that_list(pipeline: Pipeline) -> None:
    tasks_of_both()
    cursor = OPERATOR.page(tenant="key:aaaaaaaaaa", limit="1").document["cursor"]
    assert OPERATOR.page(tenant="key:bbbbbbbbbb", cursor=cursor).status == 400
    assert OPERATOR.page(cursor=cursor).status == 400


def test_clients_cannot_name_a_tenant(pipeline: Pipeline) -> None:
    assert A.page(tenant="key:bbbbbbbbbb").fields == {"tenant"}
    assert A.submit(a_task(tenant="key:bbbbbbbbbb")).fields == {"tenant"}


def test_a_redriven_task_stays_its_client_s_and_keeps_its_group(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SQSDeadLetters, "wait_seconds", 0)
    task_id = submitted(A, ordering_key="k")
    (message,) = pipeline.messages()
    (record,) = pipeline.records()
    failed = an_item("queued", "processing", "failed", **A_FAILURE, failed_key={"S": "k"}, sequence_number={"S": "1"})
    kept = {name: record[name] for name in ("task_id", "tenant", "ordering_key", "body", "list_order")}
    pipeline.put(failed | kept)
    event = {
        "httpMethod": "POST",
        "resource": "/tasks/{task_id}/redrive",
        "pathParameters": {"task_id": task_id},
        "requestContext": {"stage": "v1", "path": f"/v1/tasks/{task_id}/redrive"},
    }
    assert redrive.handler(event, CONTEXT)["statusCode"] == 202
    (again,) = pipeline.messages()
    assert again["Attributes"]["MessageGroupId"] == message["Attributes"]["MessageGroupId"]
    assert A.read(task_id).document["status"] == "queued"
    assert B.read(task_id).status == 404


def test_every_route_that_shows_tasks_is_a_client_s_or_an_operator_s() -> None:
    """A new route has to be added to these tests."""
    shown = {
        (route.operation, route.tag) for route in ROUTES if route.function in ("validator", "reader", "canceller")
    }
    assert shown - {("health", "service")} == {
        ("submit_task", TASKS),
        ("submit_tasks", TASKS),
        ("read_task", TASKS),
        ("list_tasks", TASKS),
        ("stats", TASKS),
        ("all_stats", OPERATIONS),
        ("cancel_task", TASKS),
        ("read_any_task", OPERATIONS),
        ("list_all_tasks", OPERATIONS),
        ("cancel_any_task", OPERATIONS),
    }
