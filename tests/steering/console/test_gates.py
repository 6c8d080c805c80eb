"""Closed keys: seen, opened, and closed by hand."""

from __future__ import annotations

from tests.steering.console.conftest import Opened
from tests.steering.console.fakes import FakeApi, at, closed_key, task


def test_a_halted_key_is_on_the_overview_and_says_what_it_waits_for(api: FakeApi, opened: Opened) -> None:
    api.closed = {"k": closed_key("k", head="an-id"), "d": closed_key("d", cause="draining")}
    assert "1 key is halted" in opened.text("/")
    page = opened.see("/keys")
    assert "its head has failed" in opened.text("/keys")
    assert 'href="/tasks/an-id"' in page
    assert page.count('action="/keys/open"') == 1, "a key that drains opens by itself"


def test_without_closed_keys_nothing_is_said_of_them(opened: Opened) -> None:
    assert "halted" not in opened.text("/")
    assert "Every key is open." in opened.text("/keys")


def test_the_head_that_was_shown_is_skipped_and_no_other(api: FakeApi, opened: Opened) -> None:
    api.closed = {"k": closed_key("k", head="an-id")}
    opened.post("/keys/open", key="k", head="an-id", reason="booked by hand")
    assert api.bodies("PUT", "/keys/k") == [{"state": "open", "reason": "booked by hand", "head": "an-id"}]
    assert api.closed == {}


def test_a_key_is_closed_with_a_reason(api: FakeApi, opened: Opened) -> None:
    opened.post("/keys/close", key="a/b", reason="")
    assert api.closed == {}
    opened.post("/keys/close", key="a/b", reason="being migrated")
    assert "being migrated" in opened.text("/keys")


def test_a_parked_task_says_why_it_waits_and_can_be_cancelled(api: FakeApi, opened: Opened) -> None:
    one = task(1, "parked")
    api.tasks = {one["task_id"]: one}
    page = opened.see(f"/tasks/{one['task_id']}")
    assert "its key is closed" in page
    assert "Only a queued or parked task can be cancelled" not in page
    opened.post(f"/tasks/{one['task_id']}/cancel")
    assert api.tasks[one["task_id"]]["status"] == "cancelled"


def test_a_parked_task_and_a_failed_head_lead_to_their_key(api: FakeApi, opened: Opened) -> None:
    head, behind = task(1, "failed"), task(2, "parked")
    api.tasks = {one["task_id"]: one for one in (head, behind)}
    assert "is skipped" not in opened.text(f"/tasks/{head['task_id']}")
    api.closed = {"customer-1": closed_key("customer-1", head=head["task_id"], parked=1)}
    opened.api.calls.clear()
    forget(opened)
    assert "closed until it succeeds or is skipped: 1 task is parked" in opened.text(f"/tasks/{head['task_id']}")
    assert f'href="/tasks/{head["task_id"]}"' in opened.see(f"/tasks/{behind['task_id']}")
    api.closed = {"customer-1": closed_key("customer-1", head="another")}
    forget(opened)
    assert "is skipped" not in opened.text(f"/tasks/{head['task_id']}"), "the key waits for another one"


def test_a_key_says_whether_it_is_closed_and_lets_that_be_changed(api: FakeApi, opened: Opened) -> None:
    head, behind = task(1, "failed"), task(2, "parked")
    api.tasks = {one["task_id"]: one for one in (head, behind)}
    assert "Close this key" in opened.text("/keys/show?key=customer-1")
    opened.post("/keys/close", key="customer-1", reason="being migrated")
    text = opened.text("/keys/show?key=customer-1")
    assert "being migrated" in text
    assert "1 parked" in text
    assert "Close this key" not in text
    assert "being migrated" not in opened.text("/keys/show?key=customer-2")


def test_each_client_of_a_key_has_a_gate_of_its_own(api: FakeApi, opened: Opened) -> None:
    api.tasks = {one["task_id"]: one for one in (task(1, tenant="key:ann"), task(2, tenant="key:bob"))}
    api.closed = {"customer-1": closed_key("customer-1", cause="held", tenant="key:bob")}
    page = opened.see("/keys/show?key=customer-1")
    assert page.count('action="/keys/open"') == 1
    assert 'name="tenant" value="key:bob"' in page


def test_a_key_that_another_task_keeps_closed_says_so(api: FakeApi, opened: Opened) -> None:
    api.opens = False
    api.closed = {"k": closed_key("k", head="another")}
    answer = opened.post("/keys/open", key="k", head="an-id", reason="booked by hand")
    assert "still closed: the task another has failed" in answer.headers["set-cookie"]
    api.closed = {"k": closed_key("k", head="another", cause="draining")}
    answer = opened.post("/keys/open", key="k", head="an-id", reason="booked by hand")
    assert "as soon as its parked tasks have run" in answer.headers["set-cookie"]


def test_the_history_says_when_a_task_was_parked_and_who_skipped_it(api: FakeApi, opened: Opened) -> None:
    one = task(1, "failed")
    failed = one["history"].pop()
    steps = [("queued", 9000), ("parked", 8000), ("queued", 7000), ("processing", 6000)]
    skipped = {"status": "failed", "at": at(10), "skipped_by": "arn:ann", "reason": "booked by hand"}
    one["history"] = [{"status": status, "at": at(ago)} for status, ago in steps]
    one["history"] += [{**failed, "at": at(5000)}, skipped]
    api.tasks = {one["task_id"]: one}
    events = opened.text(f"/tasks/{one['task_id']}?view=events")
    assert "skipped by arn:ann: booked by hand" in events
    assert "its turn has come" in events
    assert "redriven" not in events
    timeline = opened.text(f"/tasks/{one['task_id']}")
    assert "Parked" in timeline
    assert "Waited 50 min" in timeline, "that it was skipped much later is no part of its life"


def test_parked_tasks_are_found_by_their_status(api: FakeApi, opened: Opened) -> None:
    api.tasks = {one["task_id"]: one for one in (task(1, "parked"), task(2))}
    assert "<option selected>parked</option>" in opened.see("/tasks?status=parked")
    assert "1 task shown" in opened.text("/tasks?status=parked")
    counts = dict.fromkeys(("queued", "processing", "succeeded", "failed", "cancelled"), 0)
    api.stats = {"by_status": {**counts, "parked": 7}, "by_type": {}, "as_of": at(1)}
    forget(opened)
    assert "parked 7" in opened.text("/")


def forget(opened: Opened) -> None:
    """Sending a form makes the console read everything anew."""
    opened.post("/preferences", times="utc", back="/")


def test_a_key_whose_head_takes_long_is_not_halted_and_its_head_can_be_cancelled(api: FakeApi, opened: Opened) -> None:
    head, behind = task(1, "processing"), task(2, "parked")
    head |= {"progress": {"percent": 40, "text": "page 5", "at": head["created_at"]}}
    api.tasks = {one["task_id"]: one for one in (head, behind)}
    api.closed = {"customer-1": closed_key("customer-1", cause="running", head=head["task_id"], parked=1)}
    assert "halted" not in opened.text("/")
    page = opened.see("/keys")
    assert "its head takes long" in page
    assert 'action="/keys/open"' not in page, "it opens by itself"
    page = opened.see(f"/tasks/{head['task_id']}")
    assert "40 %: page 5" in page
    assert "<button>Cancel" in page
    api.closed = {}
    forget(opened)
    assert "<button>Cancel" not in opened.see(f"/tasks/{head['task_id']}"), "any other that runs cannot be cancelled"
