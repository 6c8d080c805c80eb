"""Closed keys: seen, opened, and closed by hand."""

from __future__ import annotations

from tests.steering.console.conftest import Opened
from tests.steering.console.fakes import FakeApi, closed_key, task


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
