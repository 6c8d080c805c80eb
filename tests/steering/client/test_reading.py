"""Lists over their pages, waiting, and redriving with its continuations."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from functions.api.document import examples
from taskline.client import (
    Conflict,
    NotFound,
    TaskFailed,
    TasklineError,
    TimedOut,
    Unavailable,
    UnexpectedReply,
    ValidationFailed,
    WaitTimedOut,
)
from tests.steering.client.answers import TASK, Script, ok, page, problem
from tests.steering.client.both import FakeClock

Connect = Callable[..., Any]


def with_status(status: str, **fields: Any) -> httpx.Response:
    return ok({**TASK, "status": status, **fields})


# Pages


def test_a_short_or_empty_page_with_a_cursor_is_not_the_end(connect: Connect) -> None:
    script = Script(page("1", "2", cursor="a"), page(cursor="b"), page("3", cursor="c"), page())
    found = connect(script).iter_tasks(status="failed", ordering_key="a key", page_size=2)
    assert [task.task_id for task in found] == ["1", "2", "3"]
    queries = [dict(request.url.params) for request in script.requests]
    assert queries[0] == {"status": "failed", "ordering_key": "a key", "limit": "2"}
    assert [one.get("cursor") for one in queries] == [None, "a", "b", "c"]
    assert all({**queries[0], "cursor": "x"} == {**one, "cursor": "x"} for one in queries), "with the same filters"


def test_pages_keep_their_cursors_and_can_be_gone_on_with(connect: Connect) -> None:
    script = Script(page("1", cursor="a"), page("2"))
    client = connect(script)
    first, last = client.iter_tasks().pages()
    assert (first.cursor, last.cursor) == ("a", None)
    assert next(iter(client.iter_tasks(cursor="a"))).task_id == "2"
    assert script.requests[-1].url.params["cursor"] == "a"


def test_pages_are_fetched_when_they_are_needed_and_a_list_can_be_walked_twice(connect: Connect) -> None:
    script = Script(page("1", cursor="a"), page("2", cursor="b"), page("3"))
    tasks = connect(script).iter_tasks()
    assert script.requests == []
    walk = iter(tasks)
    assert (next(walk).task_id, len(script.requests)) == ("1", 1)
    assert (next(walk).task_id, len(script.requests)) == ("2", 2)
    assert [task.task_id for task in tasks] == ["3"]


def test_a_list_that_does_not_go_on_is_given_up(connect: Connect) -> None:
    with pytest.raises(UnexpectedReply, match="does not go on"):
        list(connect(Script(page("1", cursor="a"))).iter_tasks())


def test_a_page_that_is_lost_is_fetched_again(connect: Connect) -> None:
    script = Script(page("1", cursor="a"), httpx.ReadError("reset"), problem(503), page("2"))
    assert [task.task_id for task in connect(script).iter_tasks()] == ["1", "2"]


def test_a_tenant_is_named_on_the_operators_path(connect: Connect) -> None:
    script = Script(page())
    client = connect(script)
    client.list()
    client.list(operator=True)
    client.list(tenant="none")
    assert [one.url.path.removeprefix("/v1") for one in script.requests] == ["/tasks", *["/operations/tasks"] * 2]


# Waiting


def test_waiting_looks_again_until_the_task_is_over(connect: Connect, clock: FakeClock) -> None:
    states = ["queued", "parked", "processing", "a_new_status", "succeeded"]
    task = connect(Script(*map(with_status, states))).wait("an-id")
    assert (task.status, clock.slept) == ("succeeded", pytest.approx([0.1, 0.15, 0.225, 0.3375]))


def test_pauses_between_looks_grow_to_five_seconds(connect: Connect, clock: FakeClock) -> None:
    with pytest.raises(WaitTimedOut):
        connect(Script(with_status("queued"))).wait("an-id", timeout=600)
    assert max(clock.slept) == 5
    assert len(clock.slept) < 150


def test_waiting_ends_in_time_with_what_was_last_seen(connect: Connect, clock: FakeClock) -> None:
    began = clock.seconds
    with pytest.raises(WaitTimedOut, match="its status is processing") as caught:
        connect(Script(with_status("queued"), with_status("processing"))).wait("an-id", timeout=3)
    assert clock.seconds - began == pytest.approx(3)
    assert caught.value.partial.status == "processing"
    assert isinstance(caught.value, TimedOut)


def test_a_look_that_hangs_does_not_make_the_wait_longer(connect: Connect, clock: FakeClock) -> None:
    def hang(request: httpx.Request) -> httpx.Response:
        clock.pass_by(request.extensions["timeout"]["read"])
        raise httpx.ReadTimeout("late")

    began = clock.seconds
    with pytest.raises(WaitTimedOut) as caught:
        connect(hang).wait("an-id", timeout=4)
    assert clock.seconds - began <= 4
    assert caught.value.partial is None


def test_a_wait_of_no_time_looks_once(connect: Connect) -> None:
    assert connect(Script(with_status("succeeded"))).wait("an-id", timeout=0).status == "succeeded"
    script = Script(with_status("queued"))
    with pytest.raises(WaitTimedOut):
        connect(script).wait("an-id", timeout=0)
    assert len(script.requests) == 1


def test_a_failed_task_is_a_result_unless_an_error_is_asked_for(connect: Connect) -> None:
    error = {"class": "NETWORK", "type": "TaskNetworkError", "message": "the printer is busy"}
    client = connect(Script(with_status("failed", error=error)))
    assert client.wait("an-id").error.error_class == "NETWORK"
    with pytest.raises(TaskFailed, match="the printer is busy") as caught:
        client.wait("an-id", raise_on_failure=True)
    assert caught.value.partial.status == "failed"
    with pytest.raises(TaskFailed, match="cancelled"):
        connect(Script(with_status("cancelled"))).wait("an-id", raise_on_failure=True)


def test_waiting_for_no_task_is_an_error(connect: Connect) -> None:
    with pytest.raises(NotFound):
        connect(Script(problem(404))).wait("an-id", timeout=5)


# Redriving


def report(*task_ids: str, continuation: str | None = None, dry_run: bool = False, **fields: Any) -> httpx.Response:
    line = examples.REDRIVEN["tasks"][0]
    document = {"dry_run": dry_run, "tasks": [{**line, "task_id": one} for one in task_ids], **fields}
    return ok(document | ({"continuation": continuation} if continuation else {}), 200 if dry_run else 202)


def test_a_redrive_is_a_dry_run_unless_it_is_said_otherwise(connect: Connect) -> None:
    script = Script(report("1", dry_run=True))
    assert connect(script).redrive(error_class="NETWORK").dry_run is True
    assert script.bodies == [{"error_class": "NETWORK", "dry_run": True}]


def test_a_redrive_follows_its_continuation_with_the_same_filters(connect: Connect) -> None:
    malformed = {"message_id": "m", "reason": "no task"}
    script = Script(
        report("1", "2", continuation="a", dead_letters_removed=2, busy_keys=["x"], malformed=[malformed]),
        report(continuation="b", malformed=[malformed]),
        report("3", dead_letters_removed=1, busy_keys=["w", "x"]),
    )
    moment = datetime(2026, 11, 21, 12, tzinfo=UTC)
    whole = connect(script).redrive(task_type="t", failed_from=moment, page_size=2, dry_run=False)
    assert [task.task_id for task in whole.tasks] == ["1", "2", "3"]
    assert (whole.dead_letters_removed, whole.busy_keys, whole.continuation) == (3, ("w", "x"), None)
    assert [one.message_id for one in whole.malformed] == ["m"]
    first = {"type": "t", "failed_from": "2026-11-21T12:00:00+00:00", "limit": 2, "dry_run": False}
    assert script.bodies == [first, {**first, "continuation": "a"}, {**first, "continuation": "b"}]
    assert whole.document["tasks"][2]["task_id"] == "3"
    assert "continuation" not in whole.document


def test_a_redrive_can_be_watched_and_stopped(connect: Connect) -> None:
    script = Script(report("1", continuation="a"), report("2", continuation="b"))
    reports = iter(connect(script).iter_redrive(dry_run=False))
    assert next(reports).tasks[0].task_id == "1"
    assert len(script.requests) == 1
    assert next(reports).continuation == "b"
    reports.close()
    assert len(script.requests) == 2


def test_a_redrive_that_is_interrupted_says_what_was_done_and_how_to_go_on(connect: Connect) -> None:
    script = Script(report("1", continuation="a"), report("2", continuation="b"), problem(503), report("3"))
    client = connect(script)
    with pytest.raises(Unavailable) as caught:
        client.redrive(dry_run=False)
    done = caught.value.partial
    assert ([task.task_id for task in done.tasks], done.continuation) == (["1", "2"], "b")
    assert len(script.requests) == 3, "it is not sent again: what it did is not known"
    client.redrive(dry_run=False, continuation=done.continuation)
    assert script.bodies[-1] == {"dry_run": False, "continuation": "b"}


def test_a_redrive_that_does_not_go_on_is_given_up(connect: Connect, clock: FakeClock) -> None:
    script = Script(report("1", continuation="a"), report(continuation="a"))
    with pytest.raises(UnexpectedReply, match="redrove nothing") as caught:
        connect(script).redrive(dry_run=False)
    assert len(script.requests) == 6
    assert len(clock.slept) == 4
    assert caught.value.partial.tasks[0].task_id == "1"


class FailedTasks:
    """Tasks by id, and the redrives that were asked for."""

    def __init__(self, **created: str) -> None:
        self.created = created
        self.status = dict.fromkeys(created, "failed")
        self.redriven: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        task_id = request.url.path.removesuffix("/redrive").rsplit("/", 1)[1]
        if request.method == "GET":
            return with_status(self.status[task_id], task_id=task_id, created_at=self.created[task_id])
        self.redriven.append(task_id)
        return report(task_id)


def test_tasks_named_by_their_ids_are_redriven_in_the_order_of_acceptance(connect: Connect) -> None:
    api = FailedTasks(third="2026-11-03", first="2026-11-01", second="2026-11-02")
    client = connect(api)
    would = client.redrive(task_ids=["third", "first", "second", "first"])
    assert (would.dry_run, [task.task_id for task in would.tasks]) == (True, ["first", "second", "third"])
    assert api.redriven == []
    done = client.redrive(task_ids=(one for one in ["third", "first", "second"]), dry_run=False)
    assert api.redriven == [task.task_id for task in done.tasks] == ["first", "second", "third"]
    assert client.redrive(task_ids=[]).tasks == ()


def test_nothing_is_redriven_if_one_of_the_ids_has_not_failed(connect: Connect) -> None:
    api = FailedTasks(first="2026-11-01", second="2026-11-02")
    api.status["second"] = "succeeded"
    with pytest.raises(Conflict, match="second is succeeded"):
        connect(api).redrive(task_ids=["first", "second"], dry_run=False)
    assert api.redriven == []


@pytest.mark.parametrize(
    "wrong",
    [{"task_ids": ["a"], "error_class": "NETWORK"}, {"task_ids": "an-id"}, {"failed_from": datetime(2026, 1, 1)}],  # noqa: DTZ001
)
def test_a_redrive_that_could_mean_more_than_was_meant_is_refused(connect: Connect, wrong: dict[str, Any]) -> None:
    script = Script(report())
    with pytest.raises(ValueError, match=r"task_ids|time zone"):
        connect(script).redrive(**wrong)
    assert script.requests == []


def test_an_error_in_a_dry_run_by_ids_is_the_callers_to_see(connect: Connect) -> None:
    with pytest.raises(TasklineError):
        connect(Script(problem(404))).redrive(task_ids=["gone"])


# Closed keys

CLOSED = {"key": "a/b", "state": "closed", "cause": "failed", "head": "an-id", "parked": 3, "since": "2026-11-28"}


def test_closed_keys_are_walked_through_over_all_pages(connect: Connect) -> None:
    script = Script(ok({"keys": [CLOSED], "cursor": "x"}), ok({"keys": [], "cursor": "y"}), ok({"keys": [CLOSED]}))
    found = list(connect(script).iter_keys(page_size=1))
    assert [(key.key, key.cause, key.head, key.parked) for key in found] == [("a/b", "failed", "an-id", 3)] * 2
    assert [dict(request.url.params) for request in script.requests] == [
        {"limit": "1"}, {"limit": "1", "cursor": "x"}, {"limit": "1", "cursor": "y"},
    ]  # fmt: skip


def test_closed_keys_that_do_not_go_on_are_given_up(connect: Connect) -> None:
    with pytest.raises(UnexpectedReply, match="does not go on"):
        list(connect(Script(ok({"keys": [CLOSED], "cursor": "x"}))).iter_keys())


def test_a_key_stands_encoded_in_the_path_and_its_client_in_the_query(connect: Connect) -> None:
    script = Script(ok(CLOSED))
    client = connect(script)
    client.key("a/b?c", tenant="key:abc")
    client.close_key("a/b?c", "a migration", tenant="key:abc")
    assert {request.url.raw_path for request in script.requests} == {b"/v1/keys/a%2Fb%3Fc?tenant=key%3Aabc"}
    assert json.loads(script.requests[1].content) == {"state": "closed", "reason": "a migration"}


@pytest.mark.parametrize("key", ["", ".", ".."])
def test_a_key_that_cannot_be_in_a_path_is_refused_before_it_is_sent(connect: Connect, key: str) -> None:
    script = Script(ok(CLOSED))
    with pytest.raises(ValidationFailed, match="cannot stand in an address"):
        connect(script).open_key(key, "A reason")
    assert script.requests == []
