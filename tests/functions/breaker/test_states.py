"""The circuit breaker's states: every transition, and the invariants of any sequence of them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.tasks.breaker.states import (
    NEW,
    Attempts,
    Breaker,
    Rules,
    State,
    next_step_at,
    set_manually,
    stepped,
    tripped,
)

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
RULES = Rules(failure_rate=0.5, minimum=4, period=60 * SECOND, cool_down=300 * SECOND, probe=60 * SECOND)
COOL, PROBED = NOON + RULES.cool_down, NOON + RULES.probe


def a_breaker(state: State, manual: bool = False) -> Breaker:
    return Breaker(state=state, since=NOON, reason="a test", by="alarm", manual=manual, version=7)


def trip(breaker: Breaker, at: datetime = NOON + SECOND) -> Breaker:
    return tripped(breaker, reason="too many", at=at, now=at + SECOND)


def order(breaker: Breaker, state: State) -> Breaker:
    return set_manually(breaker, state, reason="Anna's order", by="arn:anna", now=NOON + SECOND)


def step(breaker: Breaker, now: datetime, *, runs: bool = True, failed: int = 0, of: int = 0) -> Breaker:
    attempts = Attempts(count=of, failures=failed)
    return stepped(breaker, now=now, rules=RULES, pipe_is_running=runs, probe=lambda: attempts)


@pytest.mark.parametrize(
    ("before", "what", "after", "manual"),
    [
        (State.CLOSED, trip, State.OPEN, False),
        (State.HALF_OPEN, trip, State.OPEN, False),
        (State.OPEN, trip, State.OPEN, False),
        (State.CLOSED, lambda b: order(b, State.OPEN), State.OPEN, True),
        (State.HALF_OPEN, lambda b: order(b, State.OPEN), State.OPEN, True),
        (State.OPEN, lambda b: order(b, State.OPEN), State.OPEN, True),
        (State.CLOSED, lambda b: order(b, State.CLOSED), State.CLOSED, False),
        (State.HALF_OPEN, lambda b: order(b, State.CLOSED), State.CLOSED, False),
        (State.OPEN, lambda b: order(b, State.CLOSED), State.CLOSED, False),
        (State.CLOSED, lambda b: step(b, COOL + COOL.resolution), State.CLOSED, False),
        (State.OPEN, lambda b: step(b, COOL - SECOND), State.OPEN, False),
        (State.OPEN, lambda b: step(b, COOL), State.HALF_OPEN, False),
        (State.HALF_OPEN, lambda b: step(b, PROBED - SECOND, failed=9, of=9), State.HALF_OPEN, False),
        (State.HALF_OPEN, lambda b: step(b, PROBED, failed=0, of=1), State.CLOSED, False),
        (State.HALF_OPEN, lambda b: step(b, PROBED, failed=1, of=3), State.CLOSED, False),
        (State.HALF_OPEN, lambda b: step(b, PROBED, failed=1, of=2), State.OPEN, False),
        (State.HALF_OPEN, lambda b: step(b, PROBED, failed=1, of=1), State.OPEN, False),
        (State.HALF_OPEN, lambda b: step(b, PROBED), State.HALF_OPEN, False),
        (State.HALF_OPEN, lambda b: step(b, PROBED + RULES.cool_down - SECOND), State.HALF_OPEN, False),
        (State.HALF_OPEN, lambda b: step(b, PROBED + RULES.cool_down), State.CLOSED, False),
    ],
)
def test_a_transition(before: State, what: Callable[[Breaker], Breaker], after: State, manual: bool) -> None:
    moved = what(a_breaker(before))
    assert (moved.state, moved.manual) == (after, manual)
    assert moved.version == 7, "the store counts versions"


def test_a_manually_opened_breaker_waits_for_an_operator() -> None:
    held = a_breaker(State.OPEN, manual=True)
    assert step(held, COOL + 1000 * RULES.cool_down) == held
    assert trip(held) == held
    assert next_step_at(held, RULES) is None
    assert order(held, State.CLOSED).manual is False


def test_opening_an_open_breaker_manually_ends_its_cool_down() -> None:
    held = order(a_breaker(State.OPEN), State.OPEN)
    assert step(held, COOL + RULES.cool_down) == held


def test_a_step_says_why_it_was_taken() -> None:
    assert step(a_breaker(State.OPEN), COOL).reason == "the cool-down is over"
    half_open = a_breaker(State.HALF_OPEN)
    assert step(half_open, PROBED, failed=1, of=3).reason == "1 of 3 attempts failed in the probe window"
    assert step(half_open, PROBED, failed=2, of=3).reason == "2 of 3 attempts failed in the probe window"


def test_an_alarm_from_before_the_current_state_is_ignored() -> None:
    closed = a_breaker(State.CLOSED)
    assert trip(closed, at=NOON - SECOND) == closed
    assert trip(replace(closed, since=NOON + timedelta(milliseconds=900)), at=NOON).state is State.OPEN, (
        "the time of an alarm may be truncated to a second"
    )


def test_any_alarm_opens_a_new_breaker() -> None:
    assert trip(NEW).state is State.OPEN


def test_the_first_tick_dates_a_new_breaker() -> None:
    assert step(NEW, NOON) == replace(NEW, since=NOON)


def test_the_probe_window_starts_when_the_pipe_runs() -> None:
    waiting = step(a_breaker(State.HALF_OPEN), PROBED, runs=False, failed=1, of=1)
    assert (waiting.state, waiting.since) == (State.HALF_OPEN, PROBED)
    assert step(waiting, PROBED + RULES.probe, failed=0, of=1).state is State.CLOSED


def test_attempts_are_counted_only_when_a_window_is_over() -> None:
    def never() -> Attempts:
        raise AssertionError("there is nothing to judge yet")

    for state, now in ((State.CLOSED, COOL), (State.OPEN, COOL), (State.HALF_OPEN, PROBED - SECOND)):
        stepped(a_breaker(state), now=now, rules=RULES, pipe_is_running=True, probe=never)


def test_every_state_knows_its_next_step() -> None:
    due = {state: next_step_at(a_breaker(state), RULES) for state in State}
    assert due == {State.CLOSED: None, State.OPEN: COOL, State.HALF_OPEN: PROBED}


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["alarm", "open", "close", "step"]),
        st.integers(min_value=0, max_value=400),
        st.booleans(),
        st.integers(min_value=0, max_value=3),
    ),
    max_size=30,
)


@given(EVENTS)
def test_the_breaker_keeps_its_promises_whatever_happens(events: list[tuple[str, int, bool, int]]) -> None:
    breaker, now = a_breaker(State.CLOSED), NOON
    for kind, seconds, runs, failed in events:
        now += timedelta(seconds=seconds)
        before = breaker
        if kind == "alarm":
            breaker = tripped(breaker, reason="r", at=now, now=now)
            assert breaker.state is State.OPEN, "a current alarm always opens the breaker"
        elif kind == "step":
            breaker = step(breaker, now, runs=runs, failed=failed, of=3)
        else:
            breaker = set_manually(
                breaker, State.OPEN if kind == "open" else State.CLOSED, reason="r", by="me", now=now
            )
            assert breaker.state is (State.OPEN if kind == "open" else State.CLOSED), "an operator's decision counts"
        left_by_itself = kind == "step" and before.state is State.OPEN and breaker.state is not State.OPEN
        assert not (before.manual and left_by_itself), "opened manually, closed manually"
        assert not left_by_itself or now >= before.since + RULES.cool_down, "never before the cool-down"
        assert not (before.state is State.OPEN and breaker.state is State.CLOSED and kind != "close"), (
            "only a probe window leads from open to closed"
        )
        assert not breaker.manual or breaker.state is State.OPEN
        assert breaker.since <= now
