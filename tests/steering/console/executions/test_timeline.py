"""An execution to true scale."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskline.console.executions.drawing.timeline import RowKind, ticks, timeline_of
from taskline.console.executions.model import StepStatus
from tests.steering.console.executions.recordings import PATHS, START_MS, each, fan, record, recorded

LATER = START_MS + 10**7


def timeline(path):
    return drawn_of(recorded(path).execution())


def drawn_of(execution, now=LATER) -> Any:
    """The timeline, which there is."""
    drawn = timeline_of(execution, now)
    assert drawn is not None
    return drawn


@pytest.mark.parametrize("path", PATHS)
def test_bars_are_to_one_scale(path):
    drawn = timeline(path)
    execution = recorded(path).execution()
    assert drawn.start == execution.start
    assert drawn.total == max(1, execution.duration or 0)
    for row in drawn.rows:
        assert row.left == pytest.approx(100 * row.offset / drawn.total, abs=0.001)
        assert row.width == pytest.approx(100 * row.duration / drawn.total, abs=0.001)
        assert row.left + row.width <= 100.01


def test_states_and_waits_are_rows_in_the_order_of_time():
    rows = timeline("back-off, then success").rows
    assert [(row.name, row.kind) for row in rows][4:7] == [
        ("ProcessTask", RowKind.STATE),
        ("DecideOnRetry", RowKind.STATE),
        ("BackOff", RowKind.WAIT),
    ]
    assert [row.offset for row in rows] == sorted(row.offset for row in rows)
    assert [row.duration for row in rows if row.kind is RowKind.WAIT] == [2500, 4000]


def test_tries_and_the_back_off_between_them_fill_their_state():
    _, _, state, first, wait, second, *_ = timeline("retries of one state").rows
    assert [row.kind for row in (state, first, wait, second)] == [
        RowKind.STATE,
        RowKind.TRY,
        RowKind.WAIT,
        RowKind.TRY,
    ]
    assert (first.status, second.status) == (StepStatus.FAILED, StepStatus.SUCCEEDED)
    assert first.duration + wait.duration + second.duration == state.duration
    assert wait.offset == first.offset + first.duration
    assert {row.depth for row in (first, wait, second)} == {1}


def test_a_state_that_runs_goes_on_until_now():
    recording = recorded("success")
    cut = [event for event in recording.events if event.at <= START_MS + 17][:-1]
    execution = recording.execution(cut, now=START_MS + 512)
    last = drawn_of(execution, START_MS + 512).rows[-1]
    assert (last.name, last.duration, last.status) == ("ProcessTask", None, StepStatus.RUNNING)
    assert last.left + last.width == pytest.approx(100, abs=0.001)


def test_what_is_inside_a_state_follows_it():
    execution = record(fan(), {}, {"Left": [{"result": 1, "seconds": 3}], "Right": [{"result": 1}]}).execution()
    rows = [(row.name, row.depth) for row in drawn_of(execution).rows]
    assert rows[0] == ("Fan", 0)
    assert sorted(rows[1:4]) == [("After", 1), ("Left", 1), ("Right", 1)]
    assert rows[4] == ("Done", 0)


def test_a_map_of_many_items_is_cut():
    execution = record(each(), list(range(300)), {"Work": [{"result": 1}]}).execution()
    drawn = drawn_of(execution)
    assert len(drawn.rows) + drawn.left_out == 601
    assert len(drawn.rows) == 400
    assert "Prepare [0]" in {row.name for row in drawn.rows}


def test_without_events_there_is_none():
    assert timeline_of(recorded("success").execution([]), LATER) is None


@given(st.integers(1, 10**9))
def test_ticks_are_few_and_round(total):
    made = ticks(total)
    assert 1 <= len(made) <= 7
    assert made[0] == (0, 0)
    assert all(0 <= percent <= 100 for percent, _ in made)
    assert all(str(at).rstrip("0") in {"", *map(str, range(1, 100))} for _, at in made)
