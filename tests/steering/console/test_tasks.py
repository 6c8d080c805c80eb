"""The list of tasks and the page of one."""

from __future__ import annotations

import re

import pytest

from tests.steering.console.conftest import Opened, open_console, read
from tests.steering.console.fakes import FakeApi, at, problem, task

SCRIPT = "<script>alert(1)</script>"


def test_an_empty_stage_says_how_to_submit_a_first_task(opened: Opened) -> None:
    text = opened.text("/tasks")
    assert "No tasks yet" in text
    assert "taskline submit" in text


def test_no_match_is_another_text_than_no_task(api: FakeApi, opened: Opened) -> None:
    api.tasks = {one["task_id"]: one for one in [task(1)]}
    assert "No task matches" in opened.text("/tasks?status=failed")


def test_a_filter_that_the_api_knows_is_left_to_it(api: FakeApi, opened: Opened) -> None:
    api.tasks = {one["task_id"]: one for one in [task(1), task(2, "failed", ordering_key="other")]}
    text = opened.text("/tasks?status=failed&ordering_key=other")
    assert "1 task shown." in text
    assert "looked at" not in text


def test_a_filter_that_the_api_does_not_know_says_how_many_were_looked_at(api: FakeApi, opened: Opened) -> None:
    api.tasks = {one["task_id"]: one for one in [task(n, type="demo.slow" if n == 3 else "default") for n in range(9)]}
    text = opened.text("/tasks?type=demo.slow")
    assert "1 task shown; 9 looked at, newest first." in text


def test_looking_for_matches_ends_after_a_thousand_and_can_go_on(api: FakeApi, opened: Opened) -> None:
    api.tasks = {one["task_id"]: one for one in [task(n) for n in range(1200)]}
    page = opened.see("/tasks?type=demo.slow")
    assert "None of the newest 1 000 tasks matches" in read(page)
    older = re.search(r'rel="next" href="([^"]+)"', page)
    assert older
    assert "No task matches" in opened.text(older[1].replace("&amp;", "&"))


def test_pages_go_on_by_the_cursor_of_the_api_and_keep_the_filters(api: FakeApi, opened: Opened) -> None:
    api.tasks = {one["task_id"]: one for one in [task(n) for n in range(60)]}
    first = opened.see("/tasks?status=succeeded")
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older
    assert "status=succeeded" in older[1]
    assert "10 tasks shown." in opened.text(older[1].replace("&amp;", "&"))


def test_failed_in_the_last_hour_goes_by_when_it_failed(api: FakeApi, opened: Opened) -> None:
    old_but_failed_now = task(1, "failed", created_at=at(90_000), finished_at=at(60))
    failed_long_ago = task(2, "failed", created_at=at(90_000), finished_at=at(80_000))
    api.tasks = {one["task_id"]: one for one in (old_but_failed_now, failed_long_ago)}
    page = opened.see("/tasks?status=failed&within=1h")
    assert old_but_failed_now["task_id"] in page
    assert failed_long_ago["task_id"] not in page


def test_an_id_is_found_and_so_is_a_key(api: FakeApi, opened: Opened) -> None:
    one = task(1, ordering_key="a/b?c")
    api.tasks = {one["task_id"]: one}
    for wanted, place in ((one["task_id"], f"/tasks/{one['task_id']}"), ("a/b?c", "/keys/show?key=a%2Fb%3Fc")):
        response = opened.browser.get("/find", params={"q": wanted}, follow_redirects=False)
        assert response.headers["location"] == place
    assert "Nothing has that name" in opened.text("/find?q=unknown", 404)


def test_a_title_and_a_key_that_are_markup_are_shown_as_text(api: FakeApi, opened: Opened) -> None:
    hostile = task(1, "failed", title=SCRIPT, ordering_key="<b>'\"&", data={"x": SCRIPT}, description=SCRIPT)
    hostile["error"]["message"] = SCRIPT
    api.tasks = {hostile["task_id"]: hostile}
    for path in (f"/tasks/{hostile['task_id']}", "/tasks", "/keys/show?key=%3Cb%3E%27%22%26", "/dead-letters", "/"):
        page = opened.see(path)
        assert "<script>alert" not in page, path
        assert "<b>'" not in page, path


def test_a_failed_task_shows_its_error_first_and_what_to_do(api: FakeApi, opened: Opened) -> None:
    api.tasks = {one["task_id"]: one for one in [task(1, "failed")]}
    text = opened.text(f"/tasks/{task(1)['task_id']}")
    assert text.index("Failed in attempt 1: TaskNetworkError NETWORK") < text.index("Timeline")
    assert "Check that it is back, then redrive." in text


def test_waits_runs_and_back_off_are_told_apart(api: FakeApi, opened: Opened) -> None:
    one = task(1, "succeeded")
    failure = {"class": "NETWORK", "type": "TaskNetworkError", "message": "no"}
    one["history"] = [
        {"status": "queued", "at": at(20)},
        {"status": "processing", "at": at(15)},
        {"status": "processing", "at": at(13), "attempt": 1, "started_at": at(14), "retry_in": 8.0, "error": failure},
        {"status": "succeeded", "at": at(2)},
    ]
    api.tasks = {one["task_id"]: one}
    page = opened.see(f"/tasks/{one['task_id']}")
    rows = re.findall(r'<tr class="span ([\w-]+)">.*?</tr>', page, flags=re.S)
    assert rows == ["waiting", "between", "run", "back-off", "run"]
    text = read(page)
    assert "Waiting" in text
    assert "Run 1 failed NETWORK" in text
    assert "Run 2 succeeded" in text
    assert re.search(r"Waited 5.0 s Ran 4.0 s", text)


def test_a_redriven_task_shows_both_waits(api: FakeApi, opened: Opened) -> None:
    one = task(1, "queued", redrives=1)
    one["history"] = [
        {"status": "queued", "at": at(100)},
        {"status": "processing", "at": at(90)},
        {"status": "failed", "at": at(80)},
        {"status": "queued", "at": at(10)},
    ]
    api.tasks = {one["task_id"]: one}
    page = opened.see(f"/tasks/{one['task_id']}")
    assert re.findall(r'<tr class="span ([\w-]+)">', page).count("waiting") == 2
    assert "redriven" in opened.text(f"/tasks/{one['task_id']}?view=events")


def test_an_open_breaker_is_why_a_task_waits(api: FakeApi, opened: Opened) -> None:
    one = task(1, "queued", created_at=at(100))
    one["history"] = [{"status": "queued", "at": at(100)}]
    api.tasks = {one["task_id"]: one}
    api.breaker |= {"state": "open", "since": at(40)}
    assert "Held by the breaker" in opened.text(f"/tasks/{one['task_id']}")


def test_the_next_try_is_named_while_a_task_waits_for_it(api: FakeApi, opened: Opened) -> None:
    one = task(1, "processing", attempts=2)
    one["history"].append({"status": "processing", "at": at(1), "attempt": 2, "started_at": at(2), "retry_in": 4.0})
    api.tasks = {one["task_id"]: one}
    assert "Attempt 2 failed. The next one is at" in opened.text(f"/tasks/{one['task_id']}")


def test_who_comes_before_and_who_waits_behind_is_shown(api: FakeApi, opened: Opened) -> None:
    lane = [task(1), task(2, "processing"), task(3, "queued"), task(4, "queued")]
    api.tasks = {one["task_id"]: one for one in lane}
    page = opened.see(f"/tasks/{lane[1]['task_id']}")
    assert re.search(rf'href="/tasks/{lane[0]["task_id"]}" rel="prev"', page)
    assert re.search(rf'href="/tasks/{lane[2]["task_id"]}" rel="next"', page)
    assert "2 tasks wait behind it" in read(page)


def test_a_large_payload_is_cut_and_can_be_had_whole(api: FakeApi, opened: Opened) -> None:
    one = task(1, data={"text": "x" * 100_000 + "END"})
    api.tasks = {one["task_id"]: one}
    path = f"/tasks/{one['task_id']}"
    assert "END" not in opened.see(path)
    assert "Cut at 32 KiB" in opened.text(path)
    assert "END" in opened.see(f"{path}?show=data")
    response = opened.browser.get(f"{path}/data.json")
    assert response.json() == one["data"]
    assert response.headers["content-disposition"].startswith("attachment")


def test_what_cannot_be_done_is_disabled_and_says_why(api: FakeApi, opened: Opened) -> None:
    api.tasks = {one["task_id"]: one for one in [task(1, "succeeded")]}
    page = opened.see(f"/tasks/{task(1)['task_id']}")
    assert 'disabled title="Only a failed task can be redriven; this one is succeeded."' in page
    why = "Only a queued or parked task can be cancelled, or one that takes long; this one is succeeded."
    assert f'disabled title="{why}"' in page


def test_a_task_is_redriven_and_cancelled_from_its_page(api: FakeApi, opened: Opened) -> None:
    one = task(1, "failed")
    api.tasks = {one["task_id"]: one}
    path = f"/tasks/{one['task_id']}"
    assert opened.post(f"{path}/redrive").headers["location"] == path
    assert "Waits in the queue" in opened.text(path)
    assert opened.post(f"{path}/cancel").status_code == 303
    assert api.tasks[one["task_id"]]["status"] == "cancelled"


def test_what_the_api_refuses_is_said_with_the_id_of_the_request(api: FakeApi, opened: Opened) -> None:
    api.tasks = {one["task_id"]: one for one in [task(1, "succeeded")]}
    response = opened.post(f"/tasks/{task(1)['task_id']}/redrive")
    assert response.status_code == 409
    assert "Not failed" in read(response.text)
    assert "req-4711" in response.text


def test_an_unknown_task_may_have_expired(opened: Opened) -> None:
    assert "expire" in opened.text("/tasks/unknown", 404)


def test_an_api_that_is_down_gets_a_page_that_says_so(api: FakeApi, opened: Opened) -> None:
    api.broken = lambda _request: problem(503, "Unavailable", "The table does not respond.")
    assert "Wait a moment, and try again." in opened.text("/tasks", 503)


@pytest.mark.parametrize(("times", "shown"), [("utc", "UTC"), ("local", "CET")])
def test_every_time_has_the_zone_that_was_chosen(api: FakeApi, opened: Opened, times: str, shown: str) -> None:
    one = task(1, created_at="2026-01-05T23:30:00.123Z")
    api.tasks = {one["task_id"]: one}
    page = opened.see("/tasks", taskline_zone="Europe/Berlin", taskline_times=times)
    hour = {"UTC": "2026-01-05 23:30:00 UTC", "CET": "2026-01-06 00:30:00 CET"}[shown]
    assert hour in page
    assert f"{hour[:-4]}.123 {shown}" in page, "milliseconds are in the title"


def test_an_unknown_zone_is_utc(api: FakeApi, opened: Opened) -> None:
    api.tasks = {one["task_id"]: one for one in [task(1)]}
    assert "UTC" in opened.text("/tasks", taskline_zone="../etc/passwd", taskline_times="local")


def test_every_page_offers_its_command(api: FakeApi) -> None:
    opened = open_console(api, name="prod", is_laptop=False)
    for path, command in (("/tasks?status=failed", "taskline list --stage prod --status failed"),
                          ("/keys", "taskline keys --stage prod"), ("/", "taskline stats --stage prod"),
                          ("/system", "taskline doctor --stage prod")):  # fmt: skip
        assert command in opened.text(path)
