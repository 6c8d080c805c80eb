"""The overview, and the switch of the breaker."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from tests.steering.console.conftest import Opened, read
from tests.steering.console.fakes import NOW, FakeApi, at, problem, task


def metric(name: str, **dimensions: str) -> dict[str, Any]:
    return {
        "Namespace": "taskline-dev",
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in {"service": "events", **dimensions}.items()],
    }


def test_each_number_leads_to_the_list_that_proves_it(api: FakeApi, opened: Opened) -> None:
    api.tasks = {one["task_id"]: one for one in [task(1, "queued", created_at=at(125)), task(2, "processing")]}
    page = opened.see("/")
    text = read(page)
    assert re.search(r"Oldest waiting \d+ min", text)
    assert "Waiting 7 in the queue" in text
    assert "In progress 1 2 in flight" in text
    for path in ("/keys", "/tasks?status=queued", "/tasks?status=processing", "/dead-letters"):
        assert f'href="{path}"' in page


def test_a_failed_task_is_one_click_away(api: FakeApi, opened: Opened) -> None:
    one = task(1, "failed")
    api.tasks = {one["task_id"]: one}
    page = opened.see("/")
    assert f'href="/tasks/{one["task_id"]}"' in page


def test_counts_are_those_of_the_api_or_none(api: FakeApi, opened: Opened) -> None:
    assert "Not counted: this stage's API has no counts." in opened.text("/")


def test_counts_of_the_api_are_shown(api: FakeApi, opened: Opened) -> None:
    counts = {"queued": 12_345, "processing": 0, "succeeded": 0, "failed": 3, "cancelled": 0}
    api.stats = {"by_status": counts, "by_type": {}, "as_of": at(0)}
    text = opened.text("/")
    assert "queued 12 345" in text
    assert "failed 3" in text


def test_counts_per_minute_are_added_up_over_types_and_gaps_stay_gaps(api: FakeApi, opened: Opened) -> None:
    minute, before = NOW, NOW - timedelta(minutes=5)
    opened.aws.metrics = [
        (metric("Tasks", status="succeeded", type="a"), [(minute, {"Sum": 3.0}), (before, {"Sum": 1.0})]),
        (metric("Tasks", status="succeeded", type="b"), [(minute, {"Sum": 4.0})]),
        (metric("Tasks", status="failed", type="b", error_class="NETWORK"), [(before, {"Sum": 2.0})]),
        (metric("QueueToStart", status="processing", type="a"),
         [(minute, {"Sum": 1000.0, "SampleCount": 1.0, "Maximum": 1000.0})]),
        (metric("QueueToStart", status="processing", type="b"),
         [(minute, {"Sum": 5000.0, "SampleCount": 2.0, "Maximum": 4000.0})]),
    ]  # fmt: skip
    text = opened.text("/")
    assert "Failed, last hour 2 8 succeeded" in text
    assert re.search(r"Minute \(UTC\) failed succeeded cancelled \d\d:\d\d \u2013 7 \u2013 \d\d:\d\d 2 1 \u2013", text)
    assert re.search(r"longest mean \d\d:\d\d 4.0 s 2.0 s", text)


def test_a_chart_has_no_style_of_its_own_and_a_title_for_each_mark(api: FakeApi, opened: Opened) -> None:
    opened.aws.metrics = [(metric("Tasks", status="succeeded", type="a"), [(NOW, {"Sum": 3.0})])]
    chart = opened.see("/").partition('<svg xmlns="http://www.w3.org/2000/svg"')[2].partition("</svg>")[0]
    assert 'class="series succeeded"' in chart
    assert re.search(r"<title>\d\d:\d\d: 3</title>", chart)
    assert "style" not in chart
    assert "<script" not in chart


@pytest.mark.parametrize("most", [1.0, 2.0, 3.0, 40.0])
def test_an_axis_of_counts_has_whole_numbers_each_once(api: FakeApi, opened: Opened, most: float) -> None:
    opened.aws.metrics = [(metric("Tasks", status="succeeded", type="a"), [(NOW, {"Sum": most})])]
    chart = opened.see("/").partition('<svg xmlns="http://www.w3.org/2000/svg"')[2].partition("</svg>")[0]
    axis = chart.partition('class="axis y')[2].partition('class="plot overlay')[0]
    marks = re.findall(r"<text[^>]*>(\d+)</text>", axis)
    assert len(marks) >= 2
    assert len(set(marks)) == len(marks)


def test_percentiles_are_of_the_newest_tasks_that_ended(api: FakeApi, opened: Opened) -> None:
    tasks = [
        task(n, created_at=at(100), started_at=at(100 - n), finished_at=at(100 - n - 2 * n)) for n in range(1, 21)
    ]
    api.tasks = {one["task_id"]: one for one in [*tasks, task(50, "queued")]}
    text = opened.text("/")
    assert "Queue to start 10 s 19 s 20 s" in text
    assert "Start to finish 20 s 38 s 40 s" in text
    assert "Of the 20 newest tasks that have ended" in text


def test_what_aws_refuses_is_said_and_the_rest_is_shown(api: FakeApi, opened: Opened) -> None:
    opened.aws.denied = {"cloudwatch"}
    text = opened.text("/")
    assert "CloudWatch cannot be read: AccessDeniedException" in text
    assert "Waiting 7 in the queue" in text


def test_an_api_that_is_down_leaves_what_aws_says(api: FakeApi, opened: Opened) -> None:
    api.broken = lambda _request: problem(503, "Unavailable", "The table does not respond.")
    text = opened.text("/")
    assert "The table does not respond." in text
    assert "Waiting 7 in the queue" in text


def test_the_breaker_shows_its_cause_and_thresholds(api: FakeApi, opened: Opened) -> None:
    api.breaker |= {"state": "half_open", "reason": "the cool-down is over", "by": "schedule", "next_step_at": at(-60)}
    text = opened.text("/")
    assert "half-open: on trial" in text
    assert "Why the cool-down is over By schedule" in text
    assert "50 % of at least 20 runs failed within 60 s; half-open after 61 s" in text
    assert re.search(r"Next change .* by itself", text)


def test_a_pipe_that_is_on_its_way_is_told_apart(api: FakeApi, opened: Opened) -> None:
    api.breaker |= {"state": "open", "manual": True}
    api.breaker["pipe"] |= {"desired_state": "STOPPED"}
    text = opened.text("/")
    assert "open: nothing runs" in text
    assert "pipe stopping: up to two minutes" in text
    assert "when somebody closes it" in text


def test_a_pipe_that_somebody_else_stopped_is_a_warning_with_its_remedy(api: FakeApi, opened: Opened) -> None:
    api.breaker |= {"pipe_stopped": True}
    api.breaker["pipe"] |= {"current_state": "STOPPED", "desired_state": "STOPPED", "state_reason": "no permission"}
    text = opened.text("/")
    assert "The pipe is stopped, although the breaker lets it run" in text
    assert "no permission" in text
    assert "aws pipes start-pipe --name taskline-dev-tasks-pipe" in text


def test_opening_the_breaker_needs_a_reason(api: FakeApi, opened: Opened) -> None:
    assert opened.post("/breaker", state="open", reason="  ").status_code == 400
    assert api.bodies("PUT", "/breaker") == []
    assert opened.post("/breaker", state="open", reason="the bank is down").status_code == 303
    assert api.bodies("PUT", "/breaker") == [{"state": "open", "reason": "the bank is down"}]
    assert "the bank is down" in opened.text("/")


@pytest.mark.parametrize(
    ("actions", "shown"), [(["arn:topic"], "queue-age A task has waited"), ([], "no alarm is on")]
)
def test_alarms_that_notify_are_shown(opened: Opened, actions: list[str], shown: str) -> None:
    description = "A task has waited. See docs/guides/operations.md: queue-age."
    opened.aws.alarms = [
        {"AlarmName": "taskline-dev-queue-age", "StateValue": "ALARM", "AlarmDescription": description,
         "AlarmActions": actions, "StateUpdatedTimestamp": NOW},
    ]  # fmt: skip
    assert shown in opened.text("/")
    assert "Runbook: docs/guides/operations.md , queue-age" in opened.text("/system")


def test_the_system_page_shows_settings_and_no_other_variables(opened: Opened) -> None:
    text = opened.text("/system")
    assert "A run may take 30 s" in text
    assert "Breaker's cool-down 61 s" in text
    assert "Queue keeps messages for 4 d 0 h" in text
    assert "hidden" not in text
    assert "taskline-dev-tasks-pipe" in text
