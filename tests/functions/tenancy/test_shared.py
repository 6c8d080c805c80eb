"""Tasks that belong to no client: from before there were tenants, and where all clients share them."""

from collections.abc import Iterator

import pytest

from functions import canceller, reader, validator
from tests.builders import TASK_ID, a_task, an_item
from tests.functions.conftest import Pipeline
from tests.functions.tenancy.callers import ANYONE, OPERATOR, A, B, Client, role, submitted

KEY = {"Idempotency_Key": "order-4711"}


def test_a_task_from_before_there_were_tenants_is_for_operators_where_clients_have_credentials(
    pipeline: Pipeline,
) -> None:
    pipeline.put(an_item("queued"))
    for client in (A, Client(role("x"))):
        assert (client.read(TASK_ID).status, client.cancel(TASK_ID).status, client.ids()) == (404, 404, [])
    assert OPERATOR.ids() == OPERATOR.ids(tenant="none") == [TASK_ID]
    assert "tenant" not in OPERATOR.read(TASK_ID).document
    assert OPERATOR.cancel(TASK_ID).status == 200


def test_a_task_from_before_there_were_tenants_is_everyone_s_where_no_one_has_credentials(pipeline: Pipeline) -> None:
    pipeline.put(an_item("queued"))
    assert (ANYONE.ids(), ANYONE.read(TASK_ID).status, ANYONE.cancel(TASK_ID).status) == ([TASK_ID], 200, 200)


@pytest.fixture
def shared(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TENANCY", "shared")
    _forget()
    yield
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    for module in (validator, reader, canceller):
        module.build.cache_clear()


@pytest.mark.usefixtures("shared")
def test_shared_tasks_are_read_listed_and_cancelled_by_all(pipeline: Pipeline) -> None:
    ids = [submitted(client, ordering_key="k") for client in (A, B, ANYONE)]
    for client in (A, B, ANYONE):
        assert client.ids() == client.ids(ordering_key="k") == client.ids(status="queued") == ids[::-1]
        assert [client.read(task_id).status for task_id in ids] == [200] * 3
    assert B.cancel(ids[0]).status == 200
    groups = {message["Attributes"]["MessageGroupId"] for message in pipeline.messages()}
    assert groups == {"k"}, "they share the order of a key, too"


@pytest.mark.usefixtures("shared")
def test_shared_tasks_show_no_tenant_to_clients(pipeline: Pipeline) -> None:
    pipeline.put(an_item("queued", tenant={"S": "key:aaaaaaaaaa"}))
    assert all("tenant" not in task for task in B.page().document["tasks"])
    assert "tenant" not in B.read(TASK_ID).document


@pytest.mark.usefixtures("shared")
def test_shared_tasks_still_have_idempotency_keys_of_each_caller(pipeline: Pipeline) -> None:
    assert A.submit(a_task(title="a"), **KEY).status == B.submit(a_task(title="b"), **KEY).status == 202


def test_tasks_become_shared_with_the_setting_and_belong_to_no_one_when_it_is_taken_back(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolated = submitted(A)
    monkeypatch.setenv("TENANCY", "shared")
    _forget()
    shared = submitted(A)
    assert sorted(B.ids()) == sorted((isolated, shared))
    monkeypatch.setenv("TENANCY", "isolated")
    _forget()
    assert (A.ids(), B.ids()) == ([isolated], [])
    assert OPERATOR.read(shared).status == 200
