"""Each client has its own tasks: for all others they do not exist."""

import itertools
import json

import pytest

from functions.tasks.listing.cursor import encode_cursor
from functions.tasks.model import Status
from functions.tasks.tenancy import View
from tests.builders import A_FAILURE, TASK_ID, a_task, an_item
from tests.functions.conftest import Pipeline
from tests.functions.support import ApiResponse
from tests.functions.tenancy.callers import ANYONE, OPERATOR, ROLE, A, B, Client, role, submitted, tasks_of_both, walk

KEY = {"Idempotency_Key": "order-4711"}
UNKNOWN = "0198c0de-0000-7000-8000-00000000dead"


def same_as_for_an_unknown_id(response: ApiResponse, unknown: ApiResponse, task_id: str) -> None:
    assert (response.status, response.headers) == (unknown.status, unknown.headers)
    assert json.dumps(response.document) == json.dumps(unknown.document).replace(UNKNOWN, task_id)


@pytest.mark.parametrize("statuses", [("queued",), ("queued", "processing"), ("queued", "processing", "failed")])
def test_a_task_of_another_client_does_not_exist(pipeline: Pipeline, statuses: tuple[str, ...]) -> None:
    """Whatever its status: a 409 would tell that it exists."""
    failure = A_FAILURE if statuses[-1] == "failed" else {}
    item = an_item(*statuses, tenant={"S": "key:aaaaaaaaaa"}, **failure)
    pipeline.put(item)
    for other in (B, ANYONE, Client(role("x"))):
        same_as_for_an_unknown_id(other.read(TASK_ID), other.read(UNKNOWN), TASK_ID)
        same_as_for_an_unknown_id(other.cancel(TASK_ID), other.cancel(UNKNOWN), TASK_ID)
    assert pipeline.records() == [item], "nothing was cancelled"
    assert A.read(TASK_ID).status == 200


def test_a_client_reads_and_cancels_its_own_task(pipeline: Pipeline) -> None:
    task_id = submitted(A)
    assert A.read(task_id).document["status"] == "queued"
    assert A.cancel(task_id).document["status"] == "cancelled"
    assert A.cancel(task_id).status == 200
    assert "tenant" not in A.read(task_id).document, "only operators see whose it is"


def test_all_sessions_of_a_role_are_one_client(pipeline: Pipeline) -> None:
    task_id = submitted(Client(role("session-1")))
    assert Client(role("session-2")).read(task_id).status == 200
    (record,) = pipeline.records()
    assert record["tenant"] == {"S": f"iam:{ROLE}"}


def test_without_credentials_all_are_one_client(pipeline: Pipeline) -> None:
    task_id = submitted(ANYONE)
    assert ANYONE.read(task_id).status == 200
    assert ANYONE.ids() == [task_id]
    (record,) = pipeline.records()
    assert "tenant" not in record, "and their records are as they were before there were tenants"


# Lists


@pytest.mark.parametrize(
    "filters", [{}, {"status": "queued"}, {"ordering_key": "k"}, {"ordering_key": "k", "status": "queued"}]
)
def test_a_list_has_the_client_s_own_tasks_page_by_page(pipeline: Pipeline, filters: dict[str, str]) -> None:
    made = tasks_of_both()
    for client in (A, B):
        expected = made[client][1::2] if "ordering_key" in filters else made[client]
        for limit in ("1", "2", "100"):
            assert list(walk(client, **filters, limit=limit)) == expected
    assert ANYONE.page(**filters).document == {"tasks": []}


def test_the_last_page_has_no_cursor_although_others_have_older_tasks(pipeline: Pipeline) -> None:
    """A cursor would tell that they exist."""
    submitted(A)
    submitted(B)
    assert "cursor" not in B.page(limit="1").document


def test_a_cursor_of_another_client_is_refused(pipeline: Pipeline) -> None:
    made = tasks_of_both()
    cursor = A.page(limit="1").document["cursor"]
    assert A.ids(limit="1", cursor=cursor) == made[A][1:2]
    for other in (B, ANYONE, OPERATOR):
        response = other.page(cursor=cursor)
        assert (response.status, response.fields) == (400, {"cursor"})


POSITIONS = ("", "!", "0", "9", "t", "t~", "~", "t0#2026", "2026-01-31T12:00:00.000Z#x", "\x7f")


@pytest.mark.parametrize("filters", [{}, {"status": "queued"}, {"ordering_key": "k"}])
def test_no_cursor_that_a_client_makes_up_leads_to_tasks_of_others(
    pipeline: Pipeline, filters: dict[str, str]
) -> None:
    """The check sum is no secret: anyone can compute it for any position."""
    made = tasks_of_both(("k",)) | {ANYONE: [submitted(ANYONE, ordering_key="k")]}
    status = Status(filters["status"]) if "status" in filters else None
    clients = ((A, "key:aaaaaaaaaa"), (B, "key:bbbbbbbbbb"), (ANYONE, None))
    for (client, tenant), position in itertools.product(clients, POSITIONS):
        cursor = encode_cursor(position, View(tenant=tenant), status, filters.get("ordering_key"))
        response = client.page(**filters, cursor=cursor)
        assert response.status == 200
        assert {task["task_id"] for task in response.document["tasks"]} <= set(made[client]), position


def test_the_record_decides_whose_a_task_is_whatever_the_index_says(pipeline: Pipeline) -> None:
    pipeline.put(an_item("queued", tenant={"S": "key:aaaaaaaaaa"}))  # listed as no one's
    assert ANYONE.ids() == []


# Idempotency keys


def test_the_same_idempotency_key_of_two_clients_makes_two_tasks(pipeline: Pipeline) -> None:
    first, second = A.submit(a_task(title="a"), **KEY), B.submit(a_task(title="b"), **KEY)
    assert (first.status, second.status) == (202, 202), "no 422: it would tell that another has used the key"
    assert "Idempotent-Replayed" not in second.headers
    assert (A.submit(a_task(title="a"), **KEY).document["title"], A.ids()) == ("a", [first.document["task_id"]])
    assert B.ids() == [second.document["task_id"]]


def test_the_tasks_of_a_batch_belong_to_its_client(pipeline: Pipeline) -> None:
    results = A.submit_batch([a_task(), a_task(), a_task()], **KEY).document["results"]
    ids = [result["task"]["task_id"] for result in results]
    assert B.submit_batch([a_task(title="b")], **KEY).document["results"][0]["status"] == 202
    assert [A.read(task_id).status for task_id in ids] == [200] * 3
    assert [B.read(task_id).status for task_id in ids] == [404] * 3


# Order


def test_two_clients_that_use_the_same_ordering_key_do_not_wait_for_each_other(pipeline: Pipeline) -> None:
    for client in (A, A, B, ANYONE):
        submitted(client, ordering_key="k" * 128)
    groups = [message["Attributes"]["MessageGroupId"] for message in pipeline.messages()]
    assert sorted(map(groups.count, set(groups))) == [1, 1, 2]
    assert "k" * 128 in groups, "without credentials, the key itself"
    assert all(len(group) <= 128 for group in groups), "SQS takes no longer name"


def test_the_clients_of_a_key_have_different_groups_and_each_client_s_keys_too(pipeline: Pipeline) -> None:
    for client, key in ((A, "k"), (A, "l"), (B, "k"), (B, "l")):
        submitted(client, ordering_key=key)
    assert len({message["Attributes"]["MessageGroupId"] for message in pipeline.messages()}) == 4
