"""Both clients against a real laptop edition, and the guide's examples on it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.credentials import Credentials

from local.emulator.clients import ROOT_KEY
from local.host.options import PROJECT_ROOT
from taskline.client import (
    AsyncTaskline,
    Conflict,
    IamAuth,
    NewTask,
    NotFound,
    TaskFailed,
    Taskline,
    ValidationFailed,
)
from tests.documents.running.live import DOCUMENTED_URL
from tests.documents.running.markdown import Document
from tests.local.laptop import SHORT_TIMES, Laptop, eventually

pytestmark = pytest.mark.check
SIGNED = IamAuth(credentials=Credentials(ROOT_KEY, ROOT_KEY), region="us-east-1")
GUIDE = PROJECT_ROOT / "docs/guides/client.md"


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """Its operators have to sign, as on AWS."""
    state = tmp_path_factory.mktemp("client") / "state"
    running = Laptop(state, config={**SHORT_TIMES, "taskline:operatorAuthorization": "iam"})
    running.start()
    yield running
    running.ensure_stopped()


@pytest.fixture(scope="module")
def client(laptop: Laptop) -> Iterator[Taskline]:
    with Taskline(laptop.api, auth=SIGNED) as made:
        yield made


def a_task(**fields: Any) -> NewTask:
    values: dict[str, Any] = {"title": "A title", "description": "A description", "priority": "low", **fields}
    return NewTask(**values)


def test_a_task_is_followed_to_its_result(client: Taskline) -> None:
    accepted = client.submit(a_task(type="demo.echo", data={"n": 1.5}), idempotency_key="once")
    again = client.submit(a_task(type="demo.echo", data={"n": 1.5}), idempotency_key="once")
    assert (again.task_id, accepted.replayed, again.replayed) == (accepted.task_id, False, True)
    task = client.wait(accepted.task_id, timeout=60)
    assert (task.status, task.result, task.is_over) == ("succeeded", {"n": 1.5}, True)
    assert [step.status for step in task.history] == ["queued", "processing", "succeeded"]
    assert task.extra == {}, "the client knows every field of this version"
    assert client.get(accepted.task_id, operator=True).task_id == accepted.task_id


def test_a_failed_task_is_listed_redriven_and_known_to_the_operator(client: Taskline) -> None:
    data = {"probability": 1, "error_class": "VALIDATION"}
    failed = client.submit(a_task(type="demo.flaky", ordering_key="flaky", data=data))
    with pytest.raises(TaskFailed) as caught:
        client.wait(failed.task_id, timeout=60, raise_on_failure=True)
    assert caught.value.partial.error.error_class == "VALIDATION"
    eventually(lambda: [one.task_id for one in client.iter_tasks(status="failed", ordering_key="flaky")])
    with pytest.raises(Conflict):
        client.cancel(failed.task_id)
    eventually(lambda: client.redrive(ordering_key="flaky").tasks)
    done = client.redrive(ordering_key="flaky", dry_run=False)
    assert [task.task_id for task in done.tasks] == [failed.task_id]
    assert client.wait(failed.task_id, timeout=60).redrives == 1
    by_id = client.redrive(task_ids=[failed.task_id], dry_run=False)
    assert [task.redrives for task in by_id.tasks] == [2]


def test_operators_have_to_sign_and_learn_it(laptop: Laptop, client: Taskline) -> None:
    with Taskline(laptop.api) as unsigned, pytest.raises(NotFound, match="AWS signature"):
        unsigned.breaker()
    assert client.breaker().state == "closed"
    assert client.open_breaker("A test").manual
    assert client.close_breaker("The test is over").state == "closed"


def test_the_service_describes_itself_and_counts(client: Taskline) -> None:
    assert client.health().status == "healthy"
    assert client.document()["info"]["title"] == "Taskline"
    batch_id = "the-test-that-counts"
    outcomes = list(client.submit_many([a_task(ordering_key="counted") for _ in range(3)], batch_id=batch_id))
    assert [one.raise_for_rejected().batch_id for one in outcomes] == [batch_id] * 3
    eventually(lambda: client.stats(batch_id=batch_id).by_status.total == 3)
    assert client.stats(ordering_key="counted", operator=True).by_status.total == 3
    assert client.stats().last_day is not None


@pytest.mark.nightly
def test_many_tasks_run_in_the_order_of_their_keys(laptop: Laptop) -> None:
    tasks = [a_task(title=f"{n}", ordering_key=f"many-{n % 7}") for n in range(150)]

    async def submit() -> list[str]:
        async with AsyncTaskline(laptop.api) as client:
            outcomes = [one async for one in client.submit_many(tasks, idempotency_prefix="many")]
            again = [one async for one in client.submit_many(tasks, idempotency_prefix="many", in_flight=9)]
            ids = [one.raise_for_rejected().task_id for one in outcomes]
            assert ids == [one.raise_for_rejected().task_id for one in again]
            return [(await client.wait(one, timeout=120)).started_at or "" for one in ids]

    started = asyncio.run(submit())
    for key in range(7):
        assert started[key::7] == sorted(started[key::7])


def test_a_refused_task_names_its_fields(client: Taskline) -> None:
    with pytest.raises(ValidationFailed) as caught:
        client.submit({"title": "", "description": "x", "priority": "urgent"})
    assert {one.field for one in caught.value.errors} == {"title", "priority"}
    assert caught.value.request_id


def test_the_examples_of_the_guide_run(laptop: Laptop) -> None:
    """All of them signed, because this laptop wants that of operators."""
    programs = [block.text for language, block in Document.read(GUIDE).fences() if language == "python"]
    assert len(programs) == 9
    names: dict[str, Any] = {"signed": SIGNED}
    printed: list[str] = []
    for program in programs:
        here = program.replace(f'Taskline("{DOCUMENTED_URL}/v1"', f'Taskline("{laptop.api}", auth=signed')
        with contextlib.redirect_stdout(io.StringIO()) as output:
            exec(compile(here, str(GUIDE), "exec"), names)
        printed.append(output.getvalue())
    shown = re.search(r"# (succeeded .*)", programs[0])
    assert shown
    assert printed[0].strip() == shown[1]
