"""Several lanes on the overview and on the system page."""

from __future__ import annotations

from typing import Any

import pytest

from tests.steering.console.conftest import Opened, open_console
from tests.steering.console.fakes import OUTPUTS, FakeApi

NAMES = ("tasks-g01-1of2", "tasks-g01-2of2", "tasks")
LANES = OUTPUTS | {
    "queue_url": "https://sqs.example/taskline-dev-tasks-g01-1of2.fifo",
    "pipe_name": "taskline-dev-tasks-g01-1of2-pipe",
    "lanes": {"now": [*NAMES[:2]], "before": ["tasks"]},
}


def pipe(name: str, state: str = "RUNNING", **more: Any) -> dict[str, Any]:
    states = {"current_state": state, "desired_state": state, "state_reason": ""}
    return {"name": f"taskline-dev-{name}-pipe", **states, "waits": False, "stopped": False, **more}


@pytest.fixture
def changing(api: FakeApi) -> Opened:
    """The console of a stage that goes from one lane to two."""
    new = [pipe(name, "STOPPED", waits=True) for name in NAMES[:2]]
    api.breaker |= {"pipes": [*new, pipe("tasks")]}
    return open_console(api, outputs=LANES)


def test_the_overview_adds_up_the_messages_of_all_lanes(changing: Opened) -> None:
    text = changing.text("/")
    assert "Waiting 21 in the queue" in text
    assert "6 in flight" in text


def test_the_overview_says_that_new_lanes_wait(changing: Opened) -> None:
    assert "2 new lanes will start when the lanes before are empty" in changing.text("/")


def test_the_system_page_has_a_row_for_each_lane(changing: Opened) -> None:
    text = changing.text("/system")
    assert "tasks-g01-1of2 7 2 stopped waits until the lanes before are empty" in text
    assert "tasks 7 2 running gets no new tasks, and drains" in text


def test_a_stage_with_one_lane_has_no_table_of_lanes(opened: Opened) -> None:
    assert "Lanes" not in opened.text("/system")


def test_the_pipe_that_is_stopped_is_named_with_its_remedy(api: FakeApi) -> None:
    api.breaker |= {"pipe_stopped": True, "pipes": [pipe(NAMES[0]), pipe(NAMES[1], "STOPPED", stopped=True)]}
    text = open_console(api, outputs=LANES).text("/")
    assert "A pipe is stopped, although the breaker lets it run" in text
    assert "aws pipes start-pipe --name taskline-dev-tasks-g01-2of2-pipe" in text
    assert "aws pipes start-pipe --name taskline-dev-tasks-g01-1of2-pipe" not in text
