"""State and pipe stay together, whatever dies in between, and whoever else has a hand in it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from functions.tasks.breaker.control import BreakerStatus, change, read_status, settle, tick
from functions.tasks.breaker.states import Attempts, Breaker, State, set_manually, tripped
from functions.tasks.errors import Unavailable
from tests.functions.breaker.switchgear import NOON, RULES, Died, Switchgear

LATER = NOON + RULES.cool_down


def alarm(gear: Switchgear) -> BreakerStatus:
    return change(gear.control, lambda b: tripped(b, reason="too many", at=NOON, now=NOON))


def put(gear: Switchgear, state: State) -> BreakerStatus:
    return change(gear.control, lambda b: set_manually(b, state, reason="says Anna", by="arn:anna", now=NOON))


def close(gear: Switchgear) -> BreakerStatus:
    return put(gear, State.CLOSED)


def at(gear: Switchgear, now: datetime) -> BreakerStatus:
    """A tick at that moment."""
    gear.now = now
    return tick(gear.control)


def cool_down(gear: Switchgear) -> BreakerStatus:
    return at(gear, LATER)


def opened() -> Switchgear:
    gear = Switchgear()
    alarm(gear)
    gear.calls.clear()
    return gear


def together(gear: Switchgear) -> bool:
    assert gear.breaker is not None
    return (gear.desired == "STOPPED") == (gear.breaker.state is State.OPEN) == gear.breaker.holds_pipe


def test_an_alarm_stops_the_pipe() -> None:
    gear = opened()
    assert (gear.desired, together(gear)) == ("STOPPED", True)


def test_an_alarm_that_comes_twice_stops_it_once() -> None:
    gear = opened()
    alarm(gear)
    assert "stop" not in gear.calls
    assert "save" not in gear.calls


def test_after_the_cool_down_the_pipe_runs_and_after_a_good_probe_the_breaker_is_closed() -> None:
    gear = opened()
    assert cool_down(gear).breaker.state is State.HALF_OPEN
    assert gear.desired == "RUNNING"
    gear.attempts = Attempts(count=10, failures=1)
    assert at(gear, LATER + RULES.probe).breaker.state is State.CLOSED
    assert together(gear)


def test_after_a_bad_probe_the_pipe_is_stopped_again() -> None:
    gear = opened()
    cool_down(gear)
    gear.attempts = Attempts(count=1, failures=1)
    assert at(gear, LATER + RULES.probe).breaker.state is State.OPEN
    assert gear.desired == "STOPPED"
    assert together(gear)


STORIES: dict[str, tuple[Callable[[], Switchgear], Callable[[Switchgear], BreakerStatus]]] = {
    "alarm": (Switchgear, alarm),
    "manual open": (Switchgear, lambda gear: put(gear, State.OPEN)),
    "manual close": (opened, close),
    "cool-down": (opened, cool_down),
}


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("dies_after", [False, True])
def test_a_death_at_any_call_is_mended_by_the_next_tick(story: str, dies_after: bool) -> None:
    start, act = STORIES[story]
    dying = 0
    while True:
        dying += 1
        gear = start()
        gear.dies_at, gear.dies_after = dying, dies_after
        try:
            act(gear)
            break
        except Died:
            gear.dies_at = 0
            at(gear, NOON)
            assert together(gear), f"{story}, died at call {dying}"
    assert dying > 4, "each of the calls was died at"


def test_a_pipe_that_somebody_else_stopped_is_told_and_not_started() -> None:
    gear = Switchgear(desired="STOPPED", current="STOPPED")
    status = at(gear, NOON)
    assert status.pipe_stopped
    assert "start" not in gear.calls
    assert not alarm(gear).pipe_stopped, "an open breaker's pipe stands as it should"
    assert close(gear).pipe_stopped, "and its own start is not owed"
    assert gear.desired == "STOPPED"


def test_a_pipe_that_aws_disabled_is_told() -> None:
    gear = Switchgear(desired="RUNNING", current="STOPPED")
    assert at(gear, NOON).pipe_stopped
    assert gear.calls.count("start") == 0


@pytest.mark.parametrize("state", ["STARTING", "CREATING", "UPDATING"])
def test_a_pipe_on_its_way_is_no_stopped_pipe(state: str) -> None:
    assert not at(Switchgear(current=state), NOON).pipe_stopped


@pytest.mark.parametrize("state", ["STOPPED", "STOPPING", "START_FAILED", "UPDATE_FAILED"])
def test_a_pipe_that_does_not_get_there_is_one(state: str) -> None:
    assert at(Switchgear(current=state), NOON).pipe_stopped


def test_a_pipe_that_somebody_starts_behind_an_open_breaker_is_stopped_again() -> None:
    gear = opened()
    gear.desired = gear.current = "RUNNING"
    at(gear, NOON)
    assert together(gear)


def test_a_pipe_in_the_middle_of_a_change_is_stopped_by_a_later_tick() -> None:
    gear = Switchgear(busy=True)
    alarm(gear)
    assert gear.desired == "RUNNING"
    gear.busy = False
    at(gear, NOON)
    assert together(gear)


def test_a_pipe_in_the_middle_of_a_change_is_started_by_a_later_tick() -> None:
    gear = opened()
    gear.busy = True
    assert not close(gear).pipe_stopped, "its start is on the way"
    gear.busy = False
    at(gear, NOON)
    assert together(gear)


def test_a_stop_that_comes_after_somebody_else_has_closed_the_breaker_is_undone() -> None:
    class Overtaken(Switchgear):
        def stop(self) -> bool:
            if "stop" not in self.calls:
                self.calls.append("stop")
                close(self)
            return super().stop()

    gear = Overtaken()
    alarm(gear)
    assert gear.breaker is not None
    assert gear.breaker.state is State.CLOSED
    assert (gear.desired, together(gear)) == ("RUNNING", True)


def test_two_that_change_it_at_a_time_do_not_overwrite_each_other() -> None:
    gear = Switchgear()
    first = True

    def trip(breaker: Breaker) -> Breaker:
        nonlocal first
        if first:
            first = False
            put(gear, State.OPEN)
        return tripped(breaker, reason="too many", at=NOON, now=NOON)

    assert change(gear.control, trip).breaker.manual, "the person's word stands"


def test_a_breaker_that_others_change_all_the_time_is_unavailable() -> None:
    class Contended(Switchgear):
        def save(self, breaker: Breaker) -> bool:
            return False

    with pytest.raises(Unavailable, match=r"^the breaker keeps being changed by others$"):
        alarm(Contended())
    gear = Contended(breaker=opened().breaker)
    with pytest.raises(Unavailable, match=r"^the pipe does not follow the breaker$"):
        settle(gear.control)


def test_looking_changes_nothing() -> None:
    gear = Switchgear()
    assert read_status(gear.control).breaker.state is State.CLOSED
    assert gear.calls == ["load", "describe"]


def test_a_quiet_tick_writes_nothing() -> None:
    gear = Switchgear()
    at(gear, NOON)
    gear.calls.clear()
    at(gear, NOON + timedelta(minutes=1))
    assert set(gear.calls) == {"load", "describe"}
