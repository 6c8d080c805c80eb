"""Dead letters in groups, and redrives."""

from __future__ import annotations

import re
import time

import pytest

from taskline.console.reading.failures import pattern
from tests.steering.console.conftest import Opened, read
from tests.steering.console.fakes import FakeApi, task


def failed(api: FakeApi, number: int, **fields: object) -> None:
    one = task(number, "failed", **fields)
    api.tasks[one["task_id"]] = one


def finished(opened: Opened, path: str) -> str:
    """The page of a job once it has ended."""
    text = ""
    for _ in range(200):
        text = opened.text(path)
        if "under way" not in text and "stopping" not in text:
            return text
        time.sleep(0.02)
    raise AssertionError(text)


@pytest.mark.parametrize(
    ("message", "alike"),
    [
        ("no route to host 4711", "no route to host #"),
        ("task 01a21df4-c43f-790e-be2b-a815923b99a6 failed after 1.5 s", "task <id> failed after # s"),
        ("key deadbeef42 at 10:30:00", "key <id> at #"),
        ("a facade\n  of words", "a facade of words"),
    ],
)
def test_ids_and_numbers_are_taken_out_of_messages(message: str, alike: str) -> None:
    assert pattern(message) == alike


def test_failures_are_grouped_with_counts_keys_and_samples(api: FakeApi, opened: Opened) -> None:
    for number in range(5):
        failed(api, number, ordering_key=f"key-{number % 2}")
    failed(api, 9, error={"class": "VALIDATION", "type": "TaskValidationError", "message": "no title"})
    page = opened.see("/dead-letters")
    text = read(page)
    assert "5 NETWORK demo.echo TaskNetworkError: no route to host # 2 ordering keys" in text
    assert "1 VALIDATION demo.echo TaskValidationError: no title 1 ordering key" in text
    assert text.index("no route") < text.index("no title"), "the largest first"
    assert "All 6 failed tasks were looked at." in text


def test_without_the_right_to_read_messages_groups_are_by_class(api: FakeApi, opened: Opened) -> None:
    failed(api, 1)
    opened.aws.denied = {"dynamodb"}
    text = opened.text("/dead-letters")
    assert "Groups are by type and class alone." in text
    assert "1 NETWORK demo.echo The message is not known." in text


def test_nothing_failed_is_another_text_than_nothing_matches(api: FakeApi, opened: Opened) -> None:
    assert "No failed tasks" in opened.text("/dead-letters")
    failed(api, 1)
    opened.post("/preferences", back="/")
    assert "No failed task matches" in opened.text("/dead-letters?error_class=VALIDATION")


def test_a_dry_run_says_in_words_what_it_would_do_and_does_nothing(api: FakeApi, opened: Opened) -> None:
    for number in range(3):
        failed(api, number, ordering_key=f"key-{number % 2}")
    text = opened.text("/dead-letters/redrive?error_class=NETWORK&type=demo.echo")
    assert "Failed tasks of the class NETWORK, of the type demo.echo: 3, of 2 ordering keys." in text
    assert "Each key keeps its order" in text
    assert all(body["dry_run"] for body in api.bodies("POST", "/redrive"))


def test_what_the_dry_run_showed_is_redriven_page_by_page(api: FakeApi, opened: Opened) -> None:
    for number in range(70):
        failed(api, number)
    failed(api, 99, type="demo.slow")
    words = "failed tasks of the type demo.echo"
    started = opened.post("/dead-letters/redrive", type="demo.echo", words=words, expected="70")
    text = finished(opened, started.headers["location"])
    assert "70 tasks of 70 redriven" in text
    assert [one["status"] for one in api.tasks.values()].count("failed") == 1


def test_a_lost_filter_stops_a_redrive(api: FakeApi, opened: Opened) -> None:
    failed(api, 1)
    response = opened.post("/dead-letters/redrive", words="failed tasks of the type demo.slow", expected="1")
    assert response.status_code == 409
    assert "The filters have changed" in read(response.text)
    assert api.bodies("POST", "/redrive") == []


@pytest.mark.parametrize(("typed", "status"), [("", 400), ("100", 400), ("101", 303)])
def test_above_a_hundred_the_number_has_to_be_typed(api: FakeApi, opened: Opened, typed: str, status: int) -> None:
    for number in range(101):
        failed(api, number)
    assert "Type 101 to confirm" in opened.text("/dead-letters/redrive")
    words = "all failed tasks, no filter"
    assert opened.post("/dead-letters/redrive", words=words, expected="101", typed=typed).status_code == status


def test_a_group_is_redriven_oldest_first_and_nothing_else_is(api: FakeApi, opened: Opened) -> None:
    for number in (3, 1, 2):
        failed(api, number)
    other = {"class": "NETWORK", "type": "TaskNetworkError", "message": "another one"}
    failed(api, 4, error=other)
    page = opened.see("/dead-letters")
    address = re.search(r'href="(/dead-letters/group[^"]+host[^"]+)"', page)
    assert address
    assert "message “no route to host #”: 3, of 1 ordering key." in opened.text(address[1].replace("&amp;", "&"))
    fields = {"type": "demo.echo", "error_class": "NETWORK", "message": "no route to host #", "expected": "3"}
    text = finished(opened, opened.post("/dead-letters/group", **fields).headers["location"])
    assert "3 tasks of 3 redriven" in text
    order = [where for verb, where, _ in api.calls if where.endswith("/redrive") and verb == "POST"]
    assert order == [f"/tasks/{task(number)['task_id']}/redrive" for number in (1, 2, 3)]
    assert api.tasks[task(4)["task_id"]]["status"] == "failed"


def test_a_group_that_has_changed_since_its_dry_run_is_not_redriven(api: FakeApi, opened: Opened) -> None:
    failed(api, 1)
    fields = {"type": "demo.echo", "error_class": "NETWORK", "message": "no route to host #", "expected": "2"}
    response = opened.post("/dead-letters/group", **fields)
    assert response.status_code == 409
    assert api.tasks[task(1)["task_id"]]["status"] == "failed"


def test_a_redrive_that_fails_says_so_and_can_go_on(api: FakeApi, opened: Opened) -> None:
    for number in range(120):
        failed(api, number)
    api.fails_once = 2
    words = "all failed tasks, no filter"
    started = opened.post("/dead-letters/redrive", words=words, expected="120", typed="120").headers["location"]
    text = finished(opened, started)
    assert "The queue does not respond." in text
    assert "50 tasks of 120 redriven" in text
    went_on = opened.post(f"{started}/go-on").headers["location"]
    assert "70 tasks of 70 redriven" in finished(opened, went_on)


def test_a_redrive_that_a_restart_forgot_says_what_became_of_it(opened: Opened) -> None:
    assert "What it had redriven stays so" in opened.text("/redrives/unknown", 404)
